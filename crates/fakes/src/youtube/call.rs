use http::Method;

use crate::OAuthCall;

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// A page of Google's OAuth.
    OAuth(OAuthCall),
    /// `channels.list`
    ListChannels,
    /// `videos.list`
    ListVideos,
    /// `liveBroadcasts.list`
    ListBroadcasts,
    /// `liveBroadcasts.insert`
    InsertBroadcast,
    /// `liveBroadcasts.update`
    UpdateBroadcast,
    /// `liveBroadcasts.delete`
    DeleteBroadcast,
    /// `liveBroadcasts.bind`
    BindBroadcast,
    /// `liveBroadcasts.transition`
    TransitionBroadcast,
    /// `liveStreams.list`
    ListStreams,
    /// `liveStreams.insert`
    InsertStream,
    /// `liveChatMessages.list`
    ListMessages,
    /// `liveChatMessages.insert`
    InsertMessage,
    /// `liveChatMessages.delete`
    DeleteMessage,
    /// `liveChatBans.insert`
    InsertBan,
    /// `liveChatBans.delete`
    DeleteBan,
    /// `StreamList`, by gRPC. A refusal's status and code become a gRPC status.
    StreamList,
}

impl Call {
    /// What a request of the REST API is.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix("/youtube/v3/")?;
        Some(match (method.as_str(), path) {
            ("GET", "channels") => Self::ListChannels,
            ("GET", "videos") => Self::ListVideos,
            ("GET", "liveBroadcasts") => Self::ListBroadcasts,
            ("POST", "liveBroadcasts") => Self::InsertBroadcast,
            ("PUT", "liveBroadcasts") => Self::UpdateBroadcast,
            ("DELETE", "liveBroadcasts") => Self::DeleteBroadcast,
            ("POST", "liveBroadcasts/bind") => Self::BindBroadcast,
            ("POST", "liveBroadcasts/transition") => Self::TransitionBroadcast,
            ("GET", "liveStreams") => Self::ListStreams,
            ("POST", "liveStreams") => Self::InsertStream,
            ("GET", "liveChat/messages") => Self::ListMessages,
            ("POST", "liveChat/messages") => Self::InsertMessage,
            ("DELETE", "liveChat/messages") => Self::DeleteMessage,
            ("POST", "liveChat/bans") => Self::InsertBan,
            ("DELETE", "liveChat/bans") => Self::DeleteBan,
            _ => return None,
        })
    }

    /// What it costs of the day's quota, in units.
    pub(crate) const fn cost(self) -> u64 {
        match self {
            Self::OAuth(_) => 0,
            Self::ListChannels | Self::ListVideos | Self::ListBroadcasts | Self::ListStreams => 1,
            Self::ListMessages | Self::StreamList => 5,
            Self::InsertMessage | Self::DeleteMessage => 20,
            Self::InsertBroadcast
            | Self::UpdateBroadcast
            | Self::DeleteBroadcast
            | Self::BindBroadcast
            | Self::TransitionBroadcast
            | Self::InsertStream
            | Self::InsertBan
            | Self::DeleteBan => 50,
        }
    }
}
