//! Which runs there are, and their lines.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{machine, peer::Peer};

/// Everything that both sides can do.
const PHASES: &str = "phases=join,mem,snap,call,cast,crash,rejoin,leave";

/// What is run how often.
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) sizes: Vec<usize>,
    pub(super) sockets: usize,
    pub(super) pipes: usize,
}

impl Plan {
    /// Runs everything, one process after the other, and gives back all lines.
    pub(super) fn carry_out(&self) -> Result<Value> {
        let peer = Peer::build()?;
        let mut pairs = Vec::new();
        for round in 1..=self.rounds {
            for n in &self.sizes {
                eprintln!("round {round} of {}, {n} users: ours, then the peer", self.rounds);
                let words = [format!("n={n}"), "kids=4".to_owned(), PHASES.to_owned()];
                let ours = ours("trees", &words)?;
                pairs.push(json!({ "n": n, "ours": ours, "peer": peer.run(&words)? }));
            }
        }
        let mut default = Vec::new();
        let mut sockets = Vec::new();
        let most = self.sizes.iter().max().copied().unwrap_or(1000);
        for round in 1..=self.rounds {
            eprintln!("round {round} of {}: default trees, sockets, pipes", self.rounds);
            let words = [
                format!("n={most}"),
                "kids=default".to_owned(),
                "phases=join,mem,idle,leave".to_owned(),
            ];
            default.push(ours("trees", &words)?);
            let (tcp, pipes) = (format!("n={}", self.sockets), format!("n={}", self.pipes));
            for words in [
                vec![tcp.clone()],
                vec![tcp, "trees".to_owned()],
                vec![pipes.clone(), "pipes".to_owned()],
                vec![pipes, "pipes".to_owned(), "trees".to_owned()],
            ] {
                sockets.push(ours("sockets", &words)?);
            }
        }
        Ok(json!({
            "machine": machine::describe(),
            "rounds": self.rounds,
            "pairs": pairs,
            "default": default,
            "sockets": sockets,
        }))
    }
}

fn ours(command: &str, words: &[String]) -> Result<Value> {
    let output = Command::new(std::env::current_exe()?)
        .arg(command)
        .args(words)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{command} {words:?} failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command} {words:?}"))
}
