//! Cloudflare Stream: live inputs, outputs, encoders, notifications, limits.
//!
//! ```text
//!            ┌─────────────────────── FakeCloudflare ───────────────────────┐
//! client ──▶ │ faults ─▶ limits ─▶ API ─▶ World ◀─ encoders ◀─ test, /control │ ──▶ notifications ──▶ webhook
//!            └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! What it does is what the API's documents say
//! (<https://developers.cloudflare.com/api/resources/stream/subresources/live_inputs/>), and where the API is known to
//! do otherwise, as the API does.

mod api;
mod call;
mod control;
mod limits;
mod notifications;
mod wire;
mod world;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, request::Parts};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::Instant};

pub use crate::faults::Effect;
pub use call::Call;
pub use notifications::WebhookTarget;
pub use world::{Encoder, InputView, OutputView};

use limits::Limits;
use notifications::Notification;
use world::World;

use crate::{
    faults::{Faults, Refusal},
    lock,
    serve::{self, Admission, Scripted, status_code},
};

/// How the fake behaves.
#[derive(Clone, Debug)]
pub struct FakeConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// The account that it knows.
    pub account_id: String,
    /// The token that it lets in.
    pub token: String,
    /// In which of its forms `status` is answered.
    pub status_form: StatusForm,
    /// Calls in a window.
    pub limit: u32,
    /// The window.
    pub window: Duration,
    /// For how long nobody is let in after one call too many.
    pub block: Duration,
    /// How long every answer takes.
    pub latency: Duration,
    /// How long after its live input is created an encoder connects by itself.
    pub encoder_connects_after: Option<Duration>,
    /// Where encoders are told to send to.
    pub ingest_url: String,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            account_id: "023e105f4ecef8ad9ca31a8372d0c353".into(),
            token: "fake-token".into(),
            status_form: StatusForm::Object,
            limit: 1200,
            window: Duration::from_mins(5),
            block: Duration::from_mins(5),
            latency: Duration::ZERO,
            encoder_connects_after: None,
            ingest_url: "rtmps://live.cloudflare.com:443/live/".into(),
        }
    }
}

/// The forms in which a live input's `status` is answered. Before the first connection it is null in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusForm {
    /// As documented.
    Text,
    /// As answered.
    Object,
    /// It says nothing.
    Null,
}

/// A Cloudflare. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct FakeCloudflare {
    shared: Arc<Shared>,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: FakeConfig,
    world: Mutex<World>,
    faults: Faults<Call>,
    limits: Mutex<Limits>,
    webhook: Mutex<Option<WebhookTarget>>,
    notifications: mpsc::UnboundedSender<Notification>,
}

impl FakeCloudflare {
    /// Starts one.
    ///
    /// # Errors
    /// When its address cannot be listened at.
    pub async fn start(config: FakeConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.address).await?;
        let address = listener.local_addr()?;
        let (notifications, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            limits: Mutex::new(Limits::new(&config)),
            config,
            world: Mutex::default(),
            faults: Faults::default(),
            webhook: Mutex::default(),
            notifications,
        });
        let mut tasks = JoinSet::new();
        let router = api::routes(Arc::clone(&shared)).merge(control::routes(Arc::clone(&shared)));
        tasks.spawn(serve::run(listener, router, Arc::clone(&shared)));
        tasks.spawn(notifications::deliver(queue, Arc::clone(&shared)));
        Ok(Self { shared, address, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of its API.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// What stands for `https://customer-<code>.cloudflarestream.com`.
    #[must_use]
    pub fn lifecycle_base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How it was told to behave.
    #[must_use]
    pub fn config(&self) -> &FakeConfig {
        &self.shared.config
    }

    /// Sends notifications there from now on.
    pub fn set_webhook(&self, target: Option<WebhookTarget>) {
        *lock(&self.shared.webhook) = target;
    }

    /// The next `times` calls of this kind go wrong in this way.
    pub fn fail(&self, call: Call, effect: Effect, times: usize) {
        self.shared.faults.plan(call, effect, times);
    }

    /// All calls go wrong in this way, until it is over.
    pub fn set_outage(&self, effect: Option<Effect>) {
        self.shared.faults.set_outage(effect);
    }

    /// How many calls of this kind came, whatever became of them.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.shared.faults.count(call)
    }

    /// How many calls of the API came: those that count under the limit.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.faults.count_where(|call| call != Call::Lifecycle)
    }

    /// How many calls were refused because there were too many.
    #[must_use]
    pub fn refused(&self) -> usize {
        lock(&self.shared.limits).refused
    }

    /// The most calls that came within a window.
    #[must_use]
    pub fn most_calls_in_a_window(&self) -> usize {
        lock(&self.shared.limits).most
    }

    /// All live inputs, the oldest first.
    #[must_use]
    pub fn inputs(&self) -> Vec<InputView> {
        lock(&self.shared.world).inputs()
    }

    /// The live input of a user: whose name is the user's, or ends in `:` and the user's. The newest, if there are
    /// more.
    #[must_use]
    pub fn input_of(&self, user: &str) -> Option<InputView> {
        self.inputs().into_iter().rev().find(|input| input.is_of(user))
    }

    /// How many live inputs were ever created.
    #[must_use]
    pub fn inputs_created(&self) -> usize {
        lock(&self.shared.world).inputs_created
    }

    /// How many outputs were ever created by the API.
    #[must_use]
    pub fn outputs_created(&self) -> usize {
        lock(&self.shared.world).outputs_created
    }

    /// Somebody creates an output by hand.
    ///
    /// # Panics
    /// If there is no such live input.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn add_output_by_hand(&self, input: &str, url: &str, stream_key: &str) -> Box<str> {
        let mut world = lock(&self.shared.world);
        let output = world.create_output(input, url, stream_key, true).expect("a live input");
        world.outputs_created -= 1;
        output.uid
    }

    /// Somebody deletes a live input by hand. Whether it was there.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn delete_input_by_hand(&self, input: &str) -> bool {
        lock(&self.shared.world).delete_input(input)
    }

    /// An encoder connects, goes, or is refused. Whether there is such a live input that lets it in.
    #[expect(clippy::must_use_candidate, reason = "what matters is what it does")]
    pub fn encoder(&self, input: &str, encoder: Encoder) -> bool {
        self.shared.encoder(input, encoder)
    }
}

impl Shared {
    fn encoder(&self, input: &str, encoder: Encoder) -> bool {
        let now = Timestamp::now();
        let changed = lock(&self.world).encoder(input, encoder.clone(), now);
        if changed {
            // The receiver ends with the fake; then nobody is to be notified.
            let _ = self.notifications.send(Notification { input: input.into(), encoder, at: now });
        }
        changed
    }
}

impl Scripted for Shared {
    type Call = Call;

    fn call_of(&self, request: &Parts) -> Option<Call> {
        Call::of(&request.method, request.uri.path())
    }

    fn faults(&self) -> &Faults<Call> {
        &self.faults
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        let code = refusal.code.as_ref().and_then(|code| code.parse().ok());
        let code = code.unwrap_or(10_000 + i64::from(refusal.status));
        wire::failure(status_code(refusal.status), code, &refusal.message)
    }

    fn latency(&self) -> Duration {
        self.config.latency
    }

    fn admit(&self, call: Call, _: &Parts) -> Admission {
        if call == Call::Lifecycle {
            return Admission::Granted(HeaderMap::new());
        }
        let verdict = lock(&self.limits).come(Instant::now());
        if verdict.allowed {
            return Admission::Granted(verdict.headers);
        }
        let words = "Please wait and consider throttling your requests";
        let refusal = wire::failure(StatusCode::TOO_MANY_REQUESTS, 971, words);
        Admission::Refused((verdict.headers, refusal).into_response().into())
    }
}

#[cfg(test)]
mod tests;
