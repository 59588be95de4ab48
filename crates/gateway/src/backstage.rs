//! What the gateway needs of what is behind it: the users' trees, and what they share.

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use stagedoor_platforms::kick::Kick;
use stagedoor_stream::{EventDoor, Services, UserTrees};

/// What is behind the gateway.
#[derive(Clone)]
pub struct Backstage {
    /// The way into the trees that run.
    pub trees: UserTrees,
    /// What is there whether a tree runs or not.
    pub services: Arc<Services>,
    /// Where events come in.
    pub door: EventDoor,
    /// What Cloudflare's webhooks must carry in `cf-webhook-auth`. Without it they are not taken.
    pub webhook_secret: Option<SecretString>,
    /// Kick, which delivers its events to the gateway: the one that is among the platforms, if it is configured.
    pub kick: Option<Arc<Kick>>,
}

impl fmt::Debug for Backstage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backstage")
            .field("services", &self.services)
            .field("webhooks", &self.webhook_secret.is_some())
            .field("kick", &self.kick.is_some())
            .finish_non_exhaustive()
    }
}
