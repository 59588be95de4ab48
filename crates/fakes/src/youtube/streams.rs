//! Chats by gRPC: `StreamList`.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{Stream, stream};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use tonic::{Request, Response, Status, service::Routes};

use super::{
    Call, Shared,
    chats::{PAGE, closed, place, token},
    entry::Entry,
    proto::{
        LiveChatMessageListRequest, LiveChatMessageListResponse,
        v3_data_live_chat_message_service_server::{
            V3DataLiveChatMessageService, V3DataLiveChatMessageServiceServer,
        },
    },
};
use crate::{Effect, lock};

/// How many calls Google lets stream on one connection.
const MAX_STREAMS: u32 = 100;

/// How long to wait when no connection can be accepted: file descriptors may have run out.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Serves until it is dropped; its connections end with it.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let service = V3DataLiveChatMessageServiceServer::new(Service(Arc::clone(&shared)));
    let router = Routes::new(service).into_axum_router();
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(AFTER_FAILURE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let (router, mut cut) = (router.clone(), shared.cut.subscribe());
        connections.spawn(async move {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).max_concurrent_streams(MAX_STREAMS);
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's to notice, or was planned.
            tokio::select! {
                _ = connection => {}
                _ = cut.changed() => {}
            }
        });
    }
}

struct Service(Arc<Shared>);

type Responses = Pin<Box<dyn Stream<Item = Result<LiveChatMessageListResponse, Status>> + Send>>;

#[tonic::async_trait]
impl V3DataLiveChatMessageService for Service {
    type StreamListStream = Responses;

    async fn stream_list(
        &self,
        request: Request<LiveChatMessageListRequest>,
    ) -> Result<Response<Responses>, Status> {
        let shared = &self.0;
        let effect = shared.faults.come(Call::StreamList);
        sleep(shared.config.latency).await;
        let breaks_after = match effect {
            None => None,
            Some(Effect::Refuse(refusal)) => {
                let words = refusal.code.unwrap_or(refusal.message);
                return Err(status(refusal.status, words));
            }
            Some(Effect::StatusAfterWork(code)) => return Err(status(code, "so it was told")),
            Some(Effect::Hang | Effect::HangAfterWork) => std::future::pending().await,
            Some(Effect::Slow(duration) | Effect::SlowBody(duration)) => {
                sleep(duration).await;
                None
            }
            Some(Effect::Close) => return Err(Status::unavailable("closed as planned")),
            // It streams once, and breaks.
            Some(Effect::CloseAfterWork | Effect::CutAfterWork | Effect::Garbage) => Some(1),
        };
        if !shared.pay(Call::StreamList) {
            return Err(Status::resource_exhausted("quotaExceeded"));
        }
        let given = request.metadata().get("authorization").and_then(|given| given.to_str().ok());
        if shared.channel_of(given).is_none() {
            return Err(Status::unauthenticated("Request had invalid authentication credentials."));
        }
        let reader = Reader::new(shared, &request.into_inner(), breaks_after)?;
        let responses = stream::unfold(Some(reader), |reader| async {
            let mut reader = reader?;
            match reader.next().await {
                Ok(response) => response.map(|response| (Ok(response), Some(reader))),
                Err(status) => Some((Err(status), None)),
            }
        });
        Ok(Response::new(Box::pin(responses)))
    }
}

/// A status that says what this one of HTTP says.
fn status(code: u16, words: impl Into<String>) -> Status {
    let words = words.into();
    match (code, &*words) {
        (400, _) => Status::invalid_argument(words),
        (401, _) => Status::unauthenticated(words),
        (429, _) | (403, "quotaExceeded" | "rateLimitExceeded") => {
            Status::resource_exhausted(words)
        }
        (403, _) => Status::permission_denied(words),
        (404, _) => Status::not_found(words),
        (501, _) => Status::unimplemented(words),
        _ => Status::unavailable(words),
    }
}

/// A call that streams.
struct Reader {
    shared: Arc<Shared>,
    chat: String,
    place: usize,
    length: watch::Receiver<usize>,
    broken: watch::Receiver<usize>,
    ends_at: Option<Instant>,
    /// How many messages it brings still.
    brings: usize,
    /// How many responses it brings until it breaks.
    breaks_after: Option<usize>,
    /// What comes once more.
    again: Option<(LiveChatMessageListResponse, usize)>,
    begun: bool,
}

impl Reader {
    fn new(
        shared: &Arc<Shared>,
        asked: &LiveChatMessageListRequest,
        breaks_after: Option<usize>,
    ) -> Result<Self, Status> {
        let mut world = lock(&shared.world);
        if let Some((code, reason)) = closed(&world, asked.live_chat_id.as_ref()) {
            return Err(status(code, reason));
        }
        let id = asked.live_chat_id.clone().unwrap_or_default();
        let chat = world.chats.get_mut(&id).expect("a chat that is not closed is there");
        let page = asked.page_token.as_deref();
        let Some(place) = place(&id, chat, page, shared.config.history) else {
            return Err(Status::invalid_argument("The page token is not valid."));
        };
        if chat.ended && place == chat.len() {
            return Err(Status::failed_precondition("liveChatEnded"));
        }
        let (broken, length) = (shared.broken.subscribe(), chat.length.subscribe());
        let streaming = lock(&shared.streaming).clone();
        shared.open.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            shared: Arc::clone(shared),
            chat: id,
            place,
            length,
            broken,
            ends_at: streaming.lasts.map(|lasts| Instant::now() + lasts),
            brings: streaming.brings.unwrap_or(usize::MAX),
            breaks_after,
            again: None,
            begun: false,
        })
    }

    /// What comes next; none when the call ends in good order.
    async fn next(&mut self) -> Result<Option<LiveChatMessageListResponse>, Status> {
        loop {
            if self.broken.has_changed().unwrap_or(true) || self.breaks_after == Some(0) {
                return Err(Status::unavailable("broken as planned"));
            }
            if let Some((response, times)) = self.again.take() {
                self.again = (times > 1).then(|| (response.clone(), times - 1));
                return Ok(Some(response));
            }
            if self.brings == 0 {
                return Ok(None);
            }
            let slow = lock(&self.shared.streaming).slow;
            if !slow.is_zero() {
                sleep(slow).await;
            }
            self.length.mark_unchanged();
            let Some(response) = self.read()? else { return Ok(None) };
            if let Some(response) = response {
                return Ok(Some(response));
            }
            let over = async {
                match self.ends_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = self.length.changed() => if changed.is_err() { return Ok(None) },
                _ = self.broken.changed() => return Err(Status::unavailable("broken as planned")),
                () = over => return Ok(None),
            }
        }
    }

    /// What there is: a response, nothing yet, or nothing any more.
    #[expect(clippy::option_option, reason = "nothing yet is not nothing any more")]
    fn read(&mut self) -> Result<Option<Option<LiveChatMessageListResponse>>, Status> {
        let world = lock(&self.shared.world);
        let Some(chat) = world.chats.get(&self.chat) else { return Ok(None) };
        if chat.disabled {
            return Err(status(403, "liveChatDisabled"));
        }
        let Some(entries) = chat.from(self.place, PAGE.min(self.brings)) else {
            return Err(Status::invalid_argument("The page token is not valid."));
        };
        let items: Vec<_> = entries.map(Entry::proto).collect();
        let is_first = !std::mem::replace(&mut self.begun, true);
        if items.is_empty() && (chat.ended || !is_first && chat.offline_at.is_none()) {
            return Ok(if chat.ended { None } else { Some(None) });
        }
        self.place += items.len();
        self.brings = self.brings.saturating_sub(items.len());
        let response = LiveChatMessageListResponse {
            offline_at: chat.offline_at.map(|at| at.to_string()),
            next_page_token: Some(token(&self.chat, self.place)),
            items,
        };
        self.breaks_after = self.breaks_after.map(|left| left.saturating_sub(1));
        let times = lock(&self.shared.streaming).times;
        self.again = (times > 1).then(|| (response.clone(), times - 1));
        Ok(Some(Some(response)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
    }
}
