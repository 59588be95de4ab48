//! Where tokens are refreshed.

use futures_util::future::BoxFuture;

use secrecy::SecretString;
use stagedoor_domain::Platform as PlatformId;
use stagedoor_platforms::{Grant, GrantError};
use tokio::sync::Semaphore;

use crate::Platforms;

/// How many refreshes of a platform may be under way: after a long sleep all tokens have ended at once.
const AT_ONCE: usize = 16;

/// What a refresh comes to.
pub(super) type Refreshed<'a> = BoxFuture<'a, Result<Grant, GrantError>>;

/// Where tokens are refreshed.
pub(super) trait Endpoint: Send + Sync {
    /// How many may be refreshed at once on a platform; none where it is not configured.
    fn turns(&self, platform: &PlatformId) -> Option<&Semaphore>;

    /// Asks the platform for the next pair. Nothing is asked before it is polled.
    fn refresh<'a>(&'a self, platform: &'a PlatformId, refresh: &'a SecretString) -> Refreshed<'a>;
}

/// The platforms that are configured.
pub(super) struct Configured {
    platforms: Platforms,
    turns: Vec<(PlatformId, Semaphore)>,
}

impl Configured {
    pub(super) fn new(platforms: Platforms) -> Self {
        let turns = platforms.iter().map(|platform| (platform.id(), Semaphore::new(AT_ONCE)));
        Self { turns: turns.collect(), platforms }
    }
}

impl Endpoint for Configured {
    fn turns(&self, platform: &PlatformId) -> Option<&Semaphore> {
        self.turns.iter().find(|(id, _)| id == platform).map(|(_, turns)| turns)
    }

    fn refresh<'a>(&'a self, platform: &'a PlatformId, refresh: &'a SecretString) -> Refreshed<'a> {
        Box::pin(async move {
            let Some(platform) = self.platforms.get(platform) else {
                return Err(GrantError::Unavailable { what: "it is not configured".into() });
            };
            platform.oauth().refresh(refresh).await
        })
    }
}
