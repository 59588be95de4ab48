use std::{sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{NoJournal, QuotaJournal};

/// How YouTube is reached, and as whom. The addresses are Google's own unless they are changed.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our id at Google.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
    /// Where the API is: what comes before `/youtube/v3`.
    pub base_url: String,
    /// Where chats are streamed by gRPC. With `http://` it speaks HTTP/2 without TLS.
    pub stream_url: String,
    /// Where users agree.
    pub authorize_url: String,
    /// Where tokens are fetched.
    pub token_url: String,
    /// Where tokens are given back.
    pub revoke_url: String,
    /// Who may see broadcasts that are made: `public`, `unlisted` or `private`.
    pub privacy: String,
    /// How many units the project has a day: see its page at <https://console.cloud.google.com/iam-admin/quotas>.
    pub quota: u64,
    /// Where it is counted.
    pub journal: Arc<dyn QuotaJournal>,
    /// The least time from one call that reads a chat to the next.
    pub pause: Duration,
    /// How long it may take until a call that reads a chat is answered.
    pub open_timeout: Duration,
    /// How long chats are polled when they cannot be streamed, before that is tried again.
    pub poll_for: Duration,
}

impl Config {
    /// Google's addresses, and what holds for most.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            base_url: "https://youtube.googleapis.com".into(),
            stream_url: "https://youtube.googleapis.com".into(),
            authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".into(),
            token_url: "https://oauth2.googleapis.com/token".into(),
            revoke_url: "https://oauth2.googleapis.com/revoke".into(),
            privacy: "public".into(),
            quota: 10_000,
            journal: Arc::new(NoJournal),
            pause: Duration::from_secs(1),
            open_timeout: Duration::from_secs(30),
            poll_for: Duration::from_mins(10),
        }
    }
}
