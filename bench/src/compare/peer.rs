//! The peer: built with what the machine has, run by its own script.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{HERE, target};

/// The built peer.
pub(super) struct Peer {
    scripts: PathBuf,
    built: PathBuf,
}

impl Peer {
    pub(super) fn build() -> Result<Self> {
        for program in ["erl", "elixirc"] {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .stdout(Stdio::null())
                .status()?;
            ensure!(
                found.success(),
                "{program} is not installed; the peer needs Erlang/OTP 25 or later and Elixir: \
                 apt-get install -y erlang elixir"
            );
        }
        let peer =
            Self { scripts: Path::new(HERE).join("peers/beam"), built: target().join("beam-peer") };
        let built = peer.script("build.sh").stdout(Stdio::null()).status()?;
        ensure!(built.success(), "the peer cannot be built");
        Ok(peer)
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.scripts.join(name));
        command.env("OUT", &self.built);
        command
    }

    pub(super) fn run(&self, words: &[String]) -> Result<Value> {
        let output = self.script("run.sh").args(words).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the peer failed: {words:?}");
        serde_json::from_slice(&output.stdout).context("the peer's line")
    }
}
