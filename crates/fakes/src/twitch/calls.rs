use http::{Method, request::Parts};

use crate::OAuthCall;

/// A call, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// A call of OAuth.
    OAuth(OAuthCall),
    /// `GET /oauth2/validate`
    Validate,
    /// A socket of EventSub is opened.
    Connect,
    /// `POST /helix/eventsub/subscriptions`
    Subscribe,
    /// `POST /helix/chat/messages`
    SendChat,
    /// `DELETE /helix/moderation/chat`
    DeleteChat,
    /// `POST /helix/moderation/bans`
    Ban,
    /// `DELETE /helix/moderation/bans`
    Unban,
    /// `PATCH /helix/channels`
    ModifyChannel,
    /// `GET /helix/search/categories`
    SearchCategories,
    /// `GET /helix/streams`
    GetStreams,
    /// `GET /helix/streams/key`
    GetStreamKey,
    /// `GET /helix/channels/followers`
    GetFollowers,
    /// `GET /helix/users`
    GetUsers,
}

impl Call {
    /// What a request is; none when it is nothing that is scripted.
    pub(crate) fn of(oauth: Option<OAuthCall>, request: &Parts) -> Option<Self> {
        if let Some(call) = oauth {
            return Some(Self::OAuth(call));
        }
        let is = |method: Method| request.method == method;
        Some(match request.uri.path() {
            "/oauth2/validate" => Self::Validate,
            "/ws" => Self::Connect,
            "/helix/eventsub/subscriptions" if is(Method::POST) => Self::Subscribe,
            "/helix/chat/messages" => Self::SendChat,
            "/helix/moderation/chat" => Self::DeleteChat,
            "/helix/moderation/bans" if is(Method::DELETE) => Self::Unban,
            "/helix/moderation/bans" => Self::Ban,
            "/helix/channels" if is(Method::PATCH) => Self::ModifyChannel,
            "/helix/search/categories" => Self::SearchCategories,
            "/helix/streams" => Self::GetStreams,
            "/helix/streams/key" => Self::GetStreamKey,
            "/helix/channels/followers" => Self::GetFollowers,
            "/helix/users" => Self::GetUsers,
            _ => return None,
        })
    }

    /// Whether it is one of Helix, which are limited.
    pub(crate) const fn is_helix(self) -> bool {
        !matches!(self, Self::OAuth(_) | Self::Validate | Self::Connect)
    }
}
