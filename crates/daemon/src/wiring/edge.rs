//! What faces outwards: the gateway and the inspector.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use stagedoor_gateway::Gateway;
use stagedoor_inspect::{
    ConnectionCounters, InspectMsg, Inspector, InspectorArgs, Listener, ServeConfig, serve,
};
use stagedoor_supervision::{Address, ChildSpec, Lifecycle, Shutdown, SupervisorHandle, Worker};

use super::{USERS, listeners::Listeners, sources::Facts};
use crate::server::{Server, ServerArgs};

/// What the parts at the edge are made of, at each of their starts.
pub(super) struct Edge {
    pub(super) gateway: Gateway,
    pub(super) inspector: Address<InspectMsg>,
    pub(super) facts: Arc<Facts>,
    pub(super) lifecycle: Lifecycle,
    pub(super) root: RootSlot,
    pub(super) connection_limit: usize,
    pub(super) listeners: Listeners,
}

/// The root, for the inspector that is a part of it: filled when the root is made, emptied when it has stopped, since a
/// tree that held itself would never be freed.
#[derive(Clone, Debug, Default)]
pub(super) struct RootSlot(Arc<Mutex<Option<SupervisorHandle>>>);

impl RootSlot {
    pub(super) fn set(&self, root: Option<SupervisorHandle>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = root;
    }

    fn get(&self) -> SupervisorHandle {
        let root = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        root.clone().expect("the slot is filled before the tree starts")
    }
}

impl Edge {
    pub(super) fn children(&self) -> Vec<ChildSpec> {
        let connections = ConnectionCounters::default();
        let mut children = vec![self.gateway(), self.inspector(&connections)];
        children.push(self.door("inspect_socket", &self.listeners.inspect_socket, &connections));
        if let Some(tcp) = &self.listeners.inspect_tcp {
            children.push(self.door("inspect_tcp", tcp, &connections));
        }
        children
    }

    fn gateway(&self) -> ChildSpec {
        let (gateway, listeners) = (self.gateway.clone(), self.listeners.clone());
        let server = Worker::new(&Address::new(), move || {
            let (gateway, listeners, look) = (gateway.clone(), listeners.clone(), gateway.clone());
            let args = ServerArgs {
                serve: Box::new(move |shutdown| {
                    Box::pin(async move {
                        gateway.run(listeners.public, listeners.admin, shutdown).await;
                    })
                }),
                look: Box::new(
                    move || json!({ "sockets": look.sessions().len(), "leases": look.lease_count() }),
                ),
            };
            (Server, args)
        });
        // Its drain timeouts bound it.
        ChildSpec::worker("gateway", server).shutdown(Shutdown::Infinity)
    }

    fn inspector(&self, connections: &ConnectionCounters) -> ChildSpec {
        let (root, lifecycle) = (self.root.clone(), self.lifecycle.clone());
        let (facts, connections) = (Arc::clone(&self.facts), connections.clone());
        let inspector = Worker::new(&self.inspector, move || {
            let args = InspectorArgs {
                root: root.get(),
                lifecycle: lifecycle.clone(),
                sources: Arc::clone(&facts) as _,
                users: USERS,
                metrics: "metrics",
                connections: connections.clone(),
            };
            (Inspector, args)
        });
        ChildSpec::worker("inspector", inspector)
    }

    /// A door through which debug clients come in.
    fn door(
        &self,
        id: &'static str,
        listener: &Listener,
        connections: &ConnectionCounters,
    ) -> ChildSpec {
        let (listener, inspector) = (listener.clone(), self.inspector.clone());
        let config = ServeConfig {
            connection_limit: self.connection_limit,
            connections: connections.clone(),
            ..ServeConfig::default()
        };
        let server = Worker::new(&Address::new(), move || {
            let (listener, inspector, config) =
                (listener.clone(), inspector.clone(), config.clone());
            let args = ServerArgs {
                serve: Box::new(move |shutdown| {
                    Box::pin(serve(listener, inspector, config, shutdown))
                }),
                look: Box::new(|| json!({ "listening": true })),
            };
            (Server, args)
        });
        ChildSpec::worker(id, server)
    }
}
