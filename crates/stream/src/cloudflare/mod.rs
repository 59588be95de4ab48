//! CloudflareManager: the user's live input and its outputs.

use stagedoor_domain::{DestinationId, LivestreamId};

/// What is wanted of a live input's outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Messages of CloudflareManager.
#[derive(Debug)]
pub enum CloudflareMsg {
    /// From now on this is wanted: it sees to it until it is so, and tells StreamStateServer of each destination. (cast)
    Want(Wanted),
}
