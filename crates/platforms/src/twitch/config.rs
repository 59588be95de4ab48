use secrecy::SecretString;

/// What users are asked to grant.
///
/// <https://dev.twitch.tv/docs/authentication/scopes/>
pub const SCOPES: &[&str] = &[
    "user:read:chat",
    "user:write:chat",
    "moderator:read:followers",
    "channel:read:subscriptions",
    "bits:read",
    "channel:read:redemptions",
    "channel:read:hype_train",
    "channel:read:ads",
    "channel:moderate",
    "channel:manage:broadcast",
    "channel:read:stream_key",
    "moderator:manage:banned_users",
    "moderator:manage:chat_messages",
];

/// How Twitch is reached, and who we are to it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The id of our application: <https://dev.twitch.tv/console/apps>.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where Helix is.
    pub helix_url: String,
    /// Where OAuth is: `authorize`, `token`, `revoke` and `validate` are below it.
    pub oauth_url: String,
    /// Where sockets of EventSub are opened.
    pub eventsub_url: String,
    /// How long such a socket may be silent, in seconds; Twitch takes 10 to 600.
    pub keepalive_s: u16,
    /// Where streams are sent to: the nearest of Twitch's servers, by default.
    pub ingest_url: String,
}

impl Config {
    /// The real addresses.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            helix_url: "https://api.twitch.tv/helix".into(),
            oauth_url: "https://id.twitch.tv/oauth2".into(),
            eventsub_url: "wss://eventsub.wss.twitch.tv/ws".into(),
            keepalive_s: 10,
            ingest_url: "rtmps://ingest.global-contribute.live-video.net:443/app/".into(),
        }
    }
}
