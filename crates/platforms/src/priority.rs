use serde::{Deserialize, Serialize};
use stagedoor_budget::{Rank, Reserved};

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

/// What lesser calls leave for greater ones, of whatever a platform allows: whoever asks how many watch has 40 % at most,
/// who reads the chat 55 %, who changes a title 70 % and who sends 85 %.
pub(crate) const RESERVED: Reserved = Reserved(&[15, 15, 15, 15]);

impl Rank for Priority {
    const ALL: &'static [Self] =
        &[Self::Stop, Self::Send, Self::Metadata, Self::Chat, Self::Viewers];

    fn rank(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Send => "send",
            Self::Metadata => "metadata",
            Self::Chat => "chat",
            Self::Viewers => "viewers",
        }
    }
}
