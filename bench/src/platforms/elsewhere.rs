//! The process in which the platforms are, as the measuring one sees it.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stagedoor_store::Tokens;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::cast::{Turns, Wire};

/// The process. It ends with this value.
pub(super) struct Elsewhere {
    addresses: Value,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Elsewhere {
    pub(super) async fn start(program: &Path, turns: &Turns) -> Result<Self> {
        let on: Vec<_> = turns.on.iter().map(ToString::to_string).collect();
        let mut process = Command::new(program)
            .args([
                "platform-fakes",
                &format!("users={}", turns.users),
                &format!("on={}", on.join(",")),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let commands = process.stdin.take().context("stdin is piped")?;
        let mut answers = BufReader::new(process.stdout.take().context("stdout is piped")?).lines();
        let addresses = read(answers.next_line().await?)?;
        Ok(Self { addresses, commands, answers, _process: process })
    }

    /// An address: `/kick/api`.
    pub(super) fn address(&self, pointer: &str) -> Result<String> {
        let address = self.addresses.pointer(pointer).and_then(Value::as_str);
        Ok(address.with_context(|| format!("no address {pointer}"))?.to_owned())
    }

    /// What the channel of user number `index` has granted.
    pub(super) fn tokens(&self, wire: Wire, index: usize) -> Result<Tokens> {
        let grant = &self.addresses[wire.platform().as_str()]["grants"][index];
        let token = |at: usize| grant[at].as_str().map(|token| token.to_owned().into());
        Ok(Tokens { access: token(0).context("a grant")?, refresh: token(1) })
    }

    /// Has it do something, and waits until it has.
    pub(super) async fn tell(&mut self, command: &str) -> Result<Value> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await?;
        read(self.answers.next_line().await?).with_context(|| command.to_owned())
    }
}

fn read(line: Option<String>) -> Result<Value> {
    let line = line.context("the process with the platforms has ended")?;
    let value: Value = serde_json::from_str(&line).context(line)?;
    ensure!(value.is_object(), "not an answer");
    Ok(value)
}
