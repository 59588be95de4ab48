//! Puts the parts together: the one place that knows them all.
//!
//! ```text
//! Root  rest_for_one
//! ```

use std::{net::SocketAddr, sync::Arc, time::Duration};

use secrecy::SecretString;
use stagedoor_gateway::Authenticator;
use stagedoor_supervision::{Lifecycle, Root, Strategy, SupervisorRef, SupervisorSpec};
use tokio::net::TcpListener;

use crate::{
    config::Config,
    daemon::{Addresses, RunError, StartError},
};

/// The running parts.
#[derive(Debug)]
pub(crate) struct Parts {
    addresses: Addresses,
    root: Root,
}

/// Binds the listeners and starts the tree.
pub(crate) async fn start(
    config: &Config,
    _authenticator: Authenticator,
    _inspect_token: Option<SecretString>,
) -> Result<Parts, StartError> {
    let public = listen("gateway.listen", config.gateway.listen).await?;
    let admin = listen("gateway.admin_listen", config.gateway.admin_listen).await?;
    let addresses = Addresses {
        public: local_address("gateway.listen", &public)?,
        admin: local_address("gateway.admin_listen", &admin)?,
        inspect_socket: config.inspect.socket_path(&config.state_dir),
        inspect: None,
    };
    let tree = SupervisorRef::new(|| SupervisorSpec::new(Strategy::RestForOne));
    let root = Root::start(tree, Lifecycle::new()).await.map_err(StartError::Tree)?;
    Ok(Parts { addresses, root })
}

impl Parts {
    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    #[expect(clippy::unused_self, reason = "PresenceManager takes it")]
    pub(crate) fn set_cleanup_timeout(&self, _timeout: Duration) {}

    pub(crate) async fn ended(&self) {
        self.root.ended().await;
    }

    pub(crate) async fn stop(self, limit: Duration) -> Result<(), RunError> {
        if self.root.stop(limit).await { Ok(()) } else { Err(RunError::TooSlow(limit)) }
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
