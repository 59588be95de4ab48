//! The way of an event through a user's tree.
//!
//! ```text
//! EventDoor::submit ──▶ EventProcessor ──▶ Store ──▶ durable ─┬▶ answer
//!                                                             └▶ PubSub ──▶ a page, which has its JSON written
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use stagedoor_domain::{Livestream, LivestreamId, Metadata, StreamStatus};
use stagedoor_presence::SessionGuard;
use stagedoor_stream::{Broadcast, EventDoor, News, OnAir, Subscriber, Subscription, UserTrees};
use tokio::{sync::Semaphore, time::sleep};
use uuid::Uuid;

use super::{
    Settings,
    append::{count, evenly},
    chat,
};
use crate::{
    house::{House, join, tracker, until},
    props::Props,
    stamps::Stamps,
    system::{Watch, distribution, float, microseconds, object, per_second, round},
    users::user,
};

/// When each event was submitted, answered and heard of, by its number.
struct Board {
    submitted: Stamps,
    answered: Stamps,
    heard: Stamps,
    answers: AtomicUsize,
    news: AtomicUsize,
    /// Bytes of JSON that a page was told.
    bytes: AtomicUsize,
    with_raw: AtomicUsize,
    states: AtomicUsize,
}

/// Somebody's page.
struct Page(Arc<Board>);

impl Subscriber for Page {
    fn receive(&self, broadcast: &Broadcast) {
        let board = &self.0;
        match broadcast.news() {
            News::Event(event) => {
                board.bytes.fetch_add(broadcast.json().get().len(), Relaxed);
                if let Some(number) = chat::number_of(&event.report.dedupe_key) {
                    board.heard.mark(number);
                    board.news.fetch_add(1, Relaxed);
                }
                board.with_raw.fetch_add(usize::from(event.report.raw.is_some()), Relaxed);
            }
            News::StreamState(state) if !state.loading => {
                board.states.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    }
}

/// Users who are there, with their trees and a page each.
struct Stage {
    props: Props,
    house: House,
    door: EventDoor,
    board: Arc<Board>,
    _pages: Vec<Subscription>,
    sessions: Vec<SessionGuard>,
}

impl Stage {
    async fn open(settings: &Settings, n: usize) -> Result<Self> {
        let mut props = Props::open(None).await?;
        if settings.live {
            go_live(&mut props, settings.users).await?;
        }
        let house = House::open(tracker(), props.default_tree(), Duration::from_mins(5)).await?;
        let door = EventDoor::new(UserTrees::new(house.users.clone()), Arc::clone(&props.services));
        let board = Arc::new(Board {
            submitted: Stamps::new(n),
            answered: Stamps::new(n),
            heard: Stamps::new(n),
            answers: AtomicUsize::new(0),
            news: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            with_raw: AtomicUsize::new(0),
            states: AtomicUsize::new(0),
        });
        let page = |index| {
            let page = Arc::new(Page(Arc::clone(&board)));
            props.services.pubsub.subscribe(&user(index), page)
        };
        let pages = (0..settings.users).map(page).collect();
        let sessions = (0..settings.users)
            .map(|index| join(&house.tracker, &user(index), index))
            .collect::<Result<_>>()?;
        until("all trees have their state", || board.states.load(Relaxed) >= settings.users)
            .await?;
        let stage = Self { props, house, door, board, _pages: pages, sessions };
        // What is started with the first event is started now.
        for index in 0..settings.users {
            let mut first = chat::report(0, settings.raw);
            first.dedupe_key = "first".into();
            stage.door.submit(&user(index), first).await?;
        }
        sleep(Duration::from_secs(1)).await;
        Ok(stage)
    }

    /// Submits event `number` and gives the future of its answer.
    fn submit(
        &self,
        number: usize,
        settings: &Settings,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let (door, board) = (self.door.clone(), Arc::clone(&self.board));
        let (user, report) = (user(number % settings.users), chat::report(number, settings.raw));
        async move {
            board.submitted.mark(number);
            let receipt = door.submit(&user, report).await?;
            ensure!(!receipt.duplicate, "event {number} was there already");
            board.answered.mark(number);
            board.answers.fetch_add(1, Relaxed);
            Ok(())
        }
    }

    async fn finish(self, n: usize, watch: Watch) -> Result<Value> {
        let board = &self.board;
        until("all are answered", || board.answers.load(Relaxed) == n).await?;
        until("all are heard of", || board.news.load(Relaxed) == n).await?;
        let watched = watch.stop()?;
        let after = |stamps: &Stamps| -> Option<Vec<Duration>> {
            (0..n).map(|at| Some(stamps.get(at)? - board.submitted.get(at)?)).collect()
        };
        let mut result = watched.json();
        result.append(&mut object(json!({
            "n": n,
            "events_per_s": per_second(n, watched.wall),
            "cpu_us_each": round(microseconds(watched.cpu) / float(n), 2),
            "answered_us": distribution(after(&board.answered).context("an answer is missing")?),
            "heard_us": distribution(after(&board.heard).context("news are missing")?),
            "page_bytes_each": board.bytes.load(Relaxed) / n,
            "news_with_raw": board.with_raw.load(Relaxed),
        })));
        let Self { props, house, sessions, .. } = self;
        drop(sessions);
        house.close().await?;
        props.close().await?;
        Ok(result.into())
    }
}

/// All of them are on air: their chat is counted.
async fn go_live(props: &mut Props, users: usize) -> Result<()> {
    let started_at = Timestamp::now();
    let livestreams: Vec<_> = (0..users)
        .map(|index| Livestream {
            id: LivestreamId::from_uuid(Uuid::now_v7()),
            user: user(index),
            status: StreamStatus::Live,
            metadata: Metadata::default(),
            destinations: Vec::new(),
            started_at,
            ended_at: None,
            auto_stop_at: None,
        })
        .collect();
    for livestream in &livestreams {
        props.services.store.put_livestream(livestream).await?;
    }
    let services = Arc::get_mut(&mut props.services).context("nobody has them yet")?;
    services.on_air = OnAir::restored(&livestreams);
    Ok(())
}

/// `rate` a second, one user after the other.
pub(super) async fn pace(settings: &Settings) -> Result<Value> {
    let n = count(settings.rate, settings.time);
    let stage = Stage::open(settings, n).await?;
    let watch = Watch::start()?;
    let mut ticks = evenly(settings.rate);
    for number in 0..n {
        let submission = stage.submit(number, settings);
        ticks.tick().await;
        tokio::spawn(submission);
    }
    stage.finish(n, watch).await
}

/// As many as `window` are under way all the time.
pub(super) async fn flood(settings: &Settings) -> Result<Value> {
    let n = settings.n;
    let stage = Stage::open(settings, n).await?;
    // Less than a user may have under way, and less than the store takes.
    let room = Arc::new(Semaphore::new(settings.window.min(settings.users * 100)));
    let watch = Watch::start()?;
    for number in 0..n {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let submission = stage.submit(number, settings);
        tokio::spawn(async move {
            let result = submission.await;
            drop(permit);
            result
        });
    }
    stage.finish(n, watch).await
}
