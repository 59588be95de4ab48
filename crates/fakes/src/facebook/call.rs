use http::Method;

use crate::oauth::{OAuthCall, Provider};

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// The dialog, and tokens.
    OAuth(OAuthCall),
    /// `GET /me` and what is below it.
    Me,
    /// `GET /{page}/live_videos`
    ListLiveVideos,
    /// `POST /{page}/live_videos`
    CreateLiveVideo,
    /// `GET /{live video}`
    GetLiveVideo,
    /// `POST /{live video}`: it is changed, or ended
    UpdateLiveVideo,
    /// `GET /{live video}/comments`
    GetComments,
    /// `POST /{video}/comments`, `POST /{comment}/comments`
    CreateComment,
    /// `POST /{page}/blocked`
    Block,
    /// `DELETE /{page}/blocked`
    Unblock,
    /// `DELETE /{comment}`, `DELETE /{live video}`
    Delete,
    /// `POST /`: many questions in one call
    Batch,
}

impl Call {
    /// What a request is; none when it is nothing that this Facebook knows.
    pub(super) fn of(provider: &Provider, method: &Method, path: &str) -> Option<Self> {
        if let Some(call) = OAuthCall::of(provider, path) {
            return Some(Self::OAuth(call));
        }
        Some(match (method.as_str(), &segments(path)[..]) {
            ("GET", ["me", ..]) => Self::Me,
            ("GET", [_, "live_videos"]) => Self::ListLiveVideos,
            ("POST", [_, "live_videos"]) => Self::CreateLiveVideo,
            ("GET", [_, "comments"]) => Self::GetComments,
            ("POST", [_, "comments"]) => Self::CreateComment,
            ("POST", [_, "blocked"]) => Self::Block,
            ("DELETE", [_, "blocked"]) => Self::Unblock,
            ("POST", []) => Self::Batch,
            ("GET", [_]) => Self::GetLiveVideo,
            ("POST", [_]) => Self::UpdateLiveVideo,
            ("DELETE", [_]) => Self::Delete,
            _ => return None,
        })
    }
}

/// A path without its version.
pub(super) fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).skip(1).collect()
}
