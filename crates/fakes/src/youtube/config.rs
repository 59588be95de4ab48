use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens for gRPC.
    pub stream_address: SocketAddr,
    /// The client that it knows.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Units of quota; none are counted down where there is no end of them.
    pub quota: Option<u64>,
    /// From where what it makes is numbered: who follows on another one that was believed must not number alike.
    pub first_number: u64,
    /// How long every answer takes.
    pub latency: Duration,
    /// How much of a chat comes to who has read nothing of it yet.
    pub history: usize,
    /// How long a call streams before it ends in good order.
    pub call_lasts: Option<Duration>,
    /// How many messages a call streams before it ends in good order.
    pub call_brings: Option<usize>,
    /// How long those who poll are told to wait.
    pub polling_interval: Duration,
    /// Where encoders are told to send to.
    pub ingest_url: String,
    /// How long after it is bound a broadcast goes on air by itself.
    pub goes_live_after: Option<Duration>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            stream_address: (Ipv4Addr::LOCALHOST, 0).into(),
            client_id: "youtube-client".into(),
            client_secret: "youtube-secret".into(),
            quota: None,
            first_number: 0,
            latency: Duration::ZERO,
            history: 75,
            call_lasts: None,
            call_brings: None,
            polling_interval: Duration::from_millis(20),
            ingest_url: "rtmps://a.rtmps.example/live2".into(),
            goes_live_after: None,
        }
    }
}
