//! ConsoleLogger: the example component. It writes a line a second.

use std::time::Duration;

use jiff::Timestamp;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;
use stagedoor_supervision::{Address, ChildSpec, Observable, Worker};
use tokio::task::JoinHandle;

use crate::UserContext;

const INTERVAL: Duration = Duration::from_secs(1);

/// The component's entry.
pub(crate) fn component(cx: &UserContext) -> ChildSpec {
    let user = cx.user().clone();
    let logger = Worker::new(&Address::new(), move || (ConsoleLogger, user.clone()));
    ChildSpec::worker("console_logger", logger)
}

/// Logs that it is there, once a second.
pub struct ConsoleLogger;

/// Messages of [`ConsoleLogger`].
#[derive(Debug)]
pub enum ConsoleLoggerMsg {
    /// A second has passed. (timer)
    SecondPassed,
    /// Answers how many lines it has written. (call)
    GetSnapshot(RpcReplyPort<ConsoleLoggerSnapshot>),
}

/// What [`ConsoleLogger`] shows of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLoggerSnapshot {
    /// Lines written since it started.
    pub lines: u64,
}

/// What it knows.
pub struct State {
    user: UserId,
    lines: u64,
    timer: JoinHandle<()>,
}

impl Actor for ConsoleLogger {
    type Msg = ConsoleLoggerMsg;
    type State = State;
    type Arguments = UserId;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        user: UserId,
    ) -> Result<State, ActorProcessingErr> {
        let timer = myself.send_interval(INTERVAL, || ConsoleLoggerMsg::SecondPassed);
        Ok(State { user, lines: 0, timer })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ConsoleLoggerMsg::SecondPassed => state.write_line(),
            ConsoleLoggerMsg::GetSnapshot(reply) => {
                // An answer that nobody waits for any more is no failure.
                drop(reply.send(ConsoleLoggerSnapshot { lines: state.lines }));
            }
        }
        Ok(())
    }
}

impl Observable for ConsoleLoggerMsg {
    type Snapshot = ConsoleLoggerSnapshot;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

impl State {
    fn write_line(&mut self) {
        self.lines += 1;
        let now = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.6fZ");
        tracing::info!(
            actor = %format_args!("UserStreamManager:{}", self.user),
            "Console log #{} - {now}", self.lines
        );
    }
}

impl Drop for State {
    /// However it ends: a timer that runs on would hold the dead actor's memory.
    fn drop(&mut self) {
        self.timer.abort();
    }
}
