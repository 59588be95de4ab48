//! What is bound before anything starts, and stays bound through every restart.

use std::{net::SocketAddr, sync::Arc};

use secrecy::SecretString;
use stagedoor_inspect::Listener;
use tokio::net::TcpListener;

use crate::{
    config::Config,
    daemon::{Addresses, StartError},
};

/// The listeners.
#[derive(Clone, Debug)]
pub(super) struct Listeners {
    pub(super) public: Arc<TcpListener>,
    pub(super) admin: Arc<TcpListener>,
    pub(super) inspect_socket: Listener,
    pub(super) inspect_tcp: Option<Listener>,
}

impl Listeners {
    pub(super) async fn bind(
        config: &Config,
        token: Option<SecretString>,
    ) -> Result<Self, StartError> {
        let (gateway, inspect) = (&config.gateway, &config.inspect);
        let inspect_tcp = match (inspect.listen, token) {
            (Some(address), Some(token)) => Some(Listener::tcp(address, token).await?),
            _ => None,
        };
        Ok(Self {
            public: listen("gateway.listen", gateway.listen).await?,
            admin: listen("gateway.admin_listen", gateway.admin_listen).await?,
            inspect_socket: Listener::unix(inspect.socket_path(&config.state_dir)).await?,
            inspect_tcp,
        })
    }

    pub(super) fn addresses(&self, config: &Config) -> Result<Addresses, StartError> {
        Ok(Addresses {
            public: local_address("gateway.listen", &self.public)?,
            admin: local_address("gateway.admin_listen", &self.admin)?,
            inspect_socket: config.inspect.socket_path(&config.state_dir),
            inspect: self.inspect_tcp.as_ref().and_then(Listener::local_addr),
        })
    }
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<Arc<TcpListener>, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map(Arc::new).map_err(|source| StartError::Listen {
        key,
        address: address.to_string(),
        source,
    })
}

fn local_address(key: &'static str, listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen {
        key,
        address: "its own address".into(),
        source,
    })
}
