use serde::{Deserialize, Serialize};

/// What a call is worth. Where a budget runs low, the lesser ones wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// To end something, to ban somebody.
    Stop,
    /// To send a chat message, to begin a broadcast.
    Send,
    /// To change a title; to find what is there.
    Metadata,
    /// To read the chat, to subscribe to events.
    Chat,
    /// To ask how many watch.
    Viewers,
}
