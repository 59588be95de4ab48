use serde::{Deserialize, Serialize};
use stagedoor_domain::{DestinationId, LivestreamId};

/// What is wanted of a live input's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "snake_case")]
pub enum Wanted {
    /// Nothing is sent anywhere, and nobody waits to hear of it.
    #[default]
    Nothing,
    /// The stream is sent to these.
    Attached {
        /// For which livestream.
        livestream: LivestreamId,
        /// Where to.
        destinations: Vec<DestinationId>,
    },
    /// Nothing is sent anywhere any more, and of each of these it is told when that is so.
    Detached {
        /// Of which livestream.
        livestream: LivestreamId,
        /// Where it was sent to.
        destinations: Vec<DestinationId>,
    },
}

impl Wanted {
    /// The livestream that it is about, and the destinations of which is told.
    pub(crate) fn told(&self) -> Option<(LivestreamId, &[DestinationId])> {
        match self {
            Self::Nothing => None,
            Self::Attached { livestream, destinations }
            | Self::Detached { livestream, destinations } => Some((*livestream, destinations)),
        }
    }

    pub(super) fn attaches(&self, destination: &DestinationId) -> bool {
        matches!(self, Self::Attached { destinations, .. } if destinations.contains(destination))
    }
}
