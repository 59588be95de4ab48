//! The client's end of the wire.

mod ask;
mod connect;
mod endpoint;
mod link;

pub(crate) use connect::connect;
pub use endpoint::Endpoint;
pub(crate) use link::Link;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;

use crate::message::InspectMsg;

/// The actor that takes [`InspectMsg`] in the client and carries it to the daemon.
///
/// [`InspectClient::connect`](crate::InspectClient::connect) starts one. It lives as long as its connection is useful
/// and longer: when the connection is lost it answers every question with that.
#[derive(Clone, Copy, Debug)]
pub struct RemoteInspector;

/// The tasks that read and write the connection.
pub(crate) type Carriers = Vec<Pin<Box<dyn Future<Output = ()> + Send>>>;

/// A connection for the one life of a [`RemoteInspector`].
#[derive(Clone)]
pub(crate) struct Connected(Arc<Mutex<Option<(Link, Carriers)>>>);

impl Connected {
    pub(crate) fn new(link: Link, carriers: Carriers) -> Self {
        Self(Arc::new(Mutex::new(Some((link, carriers)))))
    }

    fn take(&self) -> Option<(Link, Carriers)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What [`RemoteInspector`] starts with.
pub struct RemoteInspectorArgs(pub(crate) Connected);

/// What [`RemoteInspector`] keeps. Its tasks end with it.
pub struct State {
    link: Link,
    _carriers: JoinSet<()>,
}

impl Actor for RemoteInspector {
    type Msg = InspectMsg;
    type State = State;
    type Arguments = RemoteInspectorArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<InspectMsg>,
        RemoteInspectorArgs(connected): RemoteInspectorArgs,
    ) -> Result<State, ActorProcessingErr> {
        let (link, carriers) = connected.take().ok_or("a connection has one life only")?;
        Ok(State { link, _carriers: carriers.into_iter().collect() })
    }

    async fn handle(
        &self,
        _myself: ActorRef<InspectMsg>,
        message: InspectMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let (question, answer) = ask::question(message);
        state.link.ask(question, answer);
        Ok(())
    }
}
