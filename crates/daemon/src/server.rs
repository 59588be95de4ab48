//! An actor that runs an async component: what listens becomes a child like any other.
//!
//! ```text
//! pre_start ── serve(shutdown) ──▶ task ── ended, panicked ──▶ ServerMsg::Ended ──▶ failure, restart
//! post_stop ── shutdown.cancel() ──▶ task ends in good order
//! ```

use std::{future::Future, pin::Pin};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use stagedoor_supervision::Observable;
use thiserror::Error;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

/// What a component does until its token is cancelled.
pub(crate) type Serve =
    Box<dyn FnOnce(CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What a component shows of itself.
pub(crate) type Look = Box<dyn Fn() -> serde_json::Value + Send>;

/// Runs a component under a supervisor.
pub(crate) struct Server;

/// Messages of [`Server`].
#[derive(Debug)]
pub(crate) enum ServerMsg {
    /// The component has ended, which it does not by itself. (fact)
    Ended(Result<(), JoinError>),
    /// Answers what the component shows. (call)
    GetSnapshot(RpcReplyPort<serde_json::Value>),
}

/// What a [`Server`] starts with.
pub(crate) struct ServerArgs {
    pub(crate) serve: Serve,
    pub(crate) look: Look,
}

/// Why a [`Server`] failed.
#[derive(Debug, Error)]
enum ServerError {
    #[error("the component ended by itself")]
    Ended,
    #[error("the component failed: {0}")]
    Failed(JoinError),
}

/// What it knows.
pub(crate) struct State {
    look: Look,
    shutdown: CancellationToken,
    component: JoinHandle<()>,
}

impl Actor for Server {
    type Msg = ServerMsg;
    type State = State;
    type Arguments = ServerArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        ServerArgs { serve, look }: ServerArgs,
    ) -> Result<State, ActorProcessingErr> {
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(shutdown.clone()));
        let component = tokio::spawn(async move {
            // Aborted with this task, so that a killed server leaves no component behind.
            let mut served = AbortOnDrop(served);
            let ended = (&mut served.0).await;
            // A server that is stopping wants to know no more.
            let _ = myself.cast(ServerMsg::Ended(ended));
        });
        Ok(State { look, shutdown, component })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ServerMsg::Ended(Ok(())) => Err(ServerError::Ended.into()),
            ServerMsg::Ended(Err(error)) => Err(ServerError::Failed(error).into()),
            ServerMsg::GetSnapshot(reply) => {
                // An answer that nobody waits for any more is no failure.
                drop(reply.send((state.look)()));
                Ok(())
            }
        }
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.shutdown.cancel();
        // The component's own limits bound it, and the child's shutdown time bounds those.
        Ok((&mut state.component).await?)
    }
}

impl Observable for ServerMsg {
    type Snapshot = serde_json::Value;

    fn get_snapshot(reply: RpcReplyPort<Self::Snapshot>) -> Self {
        Self::GetSnapshot(reply)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.component.abort();
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
