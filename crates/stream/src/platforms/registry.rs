//! The platforms that are configured.

use std::sync::Arc;

use stagedoor_domain::Platform as PlatformId;
use stagedoor_platforms::Platform;

/// The platforms that are configured: one value for all users. A clone costs a reference count.
#[derive(Clone, Debug, Default)]
pub struct Platforms(Arc<[Arc<dyn Platform>]>);

impl Platforms {
    /// These.
    #[must_use]
    pub fn new(platforms: impl IntoIterator<Item = Arc<dyn Platform>>) -> Self {
        Self(platforms.into_iter().collect())
    }

    /// One of them, if it is configured.
    #[must_use]
    pub fn get(&self, id: &PlatformId) -> Option<&Arc<dyn Platform>> {
        self.0.iter().find(|platform| platform.id() == *id)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Platform>> {
        self.0.iter()
    }
}
