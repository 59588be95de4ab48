//! The platforms, in a process of their own: `stagedoor-bench platform-fakes users=1000 on=twitch,kick`.
//!
//! ```text
//! stdout, first: where they listen, and tokens of every channel
//! stdin: webhook <what comes before /kick and /cloudflare> | prepare <messages> | play <rate> | pending | usage | write <folder>
//! stdout: one JSON line each when it is done
//! ```
//!
//! What somebody is to write is decided by its number alone, see `cast`. When it was sent, and by which key the daemon
//! is to know it, stands in two files at the end: nothing of it is in the message. Kick's deliveries are signed before
//! they are played, which costs a quarter of a millisecond each and is none of the daemon's work.

use std::{
    fmt::Write,
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use stagedoor_fakes::{
    Tokens,
    cloudflare::{self, FakeCloudflare, WebhookTarget},
    facebook::{self, FakeFacebook},
    kick::{self, FakeKick, Prepared},
    twitch::{self, FakeTwitch},
    youtube::{self, Author, FakeYouTube, Said},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    task::block_in_place,
    time::Instant,
};

use super::cast::{Turns, Wire, kick_channel, now, text};
use crate::{
    options::Options,
    system::{float, milliseconds, process_cpu, raise_descriptor_limit, round, rss},
    trees::{WORKERS, on_two_workers},
};

/// How long after it was made a broadcast is on air.
const ON_AIR_AFTER: Duration = Duration::from_secs(1);

/// What Cloudflare's notifications say.
pub(super) const WEBHOOK_SECRET: &str = "both ends are in the benchmark";

/// How often is looked what is due to be written.
const STEP: Duration = Duration::from_micros(500);

pub(crate) fn run(mut options: Options) -> Result<()> {
    let users = options.take("users", 1)?;
    let on = options.take_list("on", "twitch,youtube,kick,facebook")?;
    let on = on.iter().map(|word| word.parse()).collect::<Result<Vec<Wire>>>()?;
    options.finish()?;
    raise_descriptor_limit()?;
    on_two_workers(async move {
        let stage = Fakes::start(Turns { on, users }).await?;
        println!("{}", stage.addresses());
        stage.obey().await
    })
}

struct Fakes {
    turns: Turns,
    cloudflare: FakeCloudflare,
    twitch: FakeTwitch,
    youtube: FakeYouTube,
    kick: FakeKick,
    facebook: FakeFacebook,
    script: Script,
}

/// What is written, and when it was.
#[derive(Default)]
struct Script {
    /// Deliveries of Kick's by the message's number.
    signed: Vec<Mutex<Option<Prepared>>>,
    /// The platforms' ids of messages.
    ids: Vec<Mutex<Box<str>>>,
    sent: Vec<AtomicU64>,
    /// The broadcast on which each user is written to: the chat of YouTube, the live video of Facebook.
    chats: Vec<Box<str>>,
    videos: Vec<Box<str>>,
}

impl Fakes {
    async fn start(turns: Turns) -> Result<Self> {
        let cloudflare = FakeCloudflare::start(cloudflare::FakeConfig {
            limit: u32::MAX,
            window: Duration::from_secs(1),
            encoder_connects_after: Some(ON_AIR_AFTER),
            ..Default::default()
        });
        let twitch = FakeTwitch::start(twitch::FakeConfig::default());
        let youtube = FakeYouTube::start(youtube::FakeConfig {
            goes_live_after: Some(ON_AIR_AFTER),
            ..Default::default()
        });
        // One a channel: what is not acknowledged yet keeps only its own channel waiting.
        let kick = kick::FakeConfig { workers: turns.users, ..Default::default() };
        let facebook = FakeFacebook::start(facebook::FakeConfig {
            stream_arrives_after: Some(ON_AIR_AFTER),
            ..Default::default()
        });
        let fakes = Self {
            cloudflare: cloudflare.await?,
            twitch: twitch.await?,
            youtube: youtube.await?,
            kick: FakeKick::start(kick).await?,
            facebook: facebook.await?,
            script: Script::default(),
            turns,
        };
        for index in 0..fakes.turns.users {
            let name = format!("streamer_{index}");
            fakes.twitch.add_channel(&Wire::Twitch.channel(index), &name);
            fakes.youtube.add_channel(&Wire::YouTube.channel(index), &name);
            fakes.kick.add_channel(kick_channel(index), &name);
            fakes.facebook.add_channel(&Wire::Facebook.channel(index), &name);
        }
        Ok(fakes)
    }

    fn addresses(&self) -> Value {
        let (twitch, youtube, facebook) = (&self.twitch, &self.youtube, &self.facebook);
        json!({
            "cloudflare": self.cloudflare.base_url(),
            "twitch": {
                "helix": twitch.helix_url(), "oauth": twitch.oauth_url(), "eventsub": twitch.eventsub_url(),
                "grants": self.grants(Wire::Twitch),
            },
            "youtube": {
                "base": youtube.base_url(), "stream": youtube.stream_url(),
                "grants": self.grants(Wire::YouTube),
            },
            "kick": {
                "api": self.kick.api_url(), "id": self.kick.id_url(),
                "grants": self.grants(Wire::Kick),
            },
            "facebook": {
                "graph": facebook.graph_url(), "dialog": facebook.dialog_url(),
                "grants": self.grants(Wire::Facebook),
            },
        })
    }

    fn grants(&self, wire: Wire) -> Value {
        let grant = |index| {
            let channel = wire.channel(index);
            let Tokens { access, refresh } = match wire {
                Wire::Twitch => self.twitch.grant(&channel),
                Wire::YouTube => self.youtube.grant(&channel),
                Wire::Kick => self.kick.grant(kick_channel(index)),
                Wire::Facebook => self.facebook.grant(&channel),
            };
            json!([access, refresh])
        };
        if self.turns.on.contains(&wire) {
            (0..self.turns.users).map(grant).collect()
        } else {
            Value::Null
        }
    }

    async fn obey(mut self) -> Result<()> {
        let mut commands = BufReader::new(stdin()).lines();
        while let Some(command) = commands.next_line().await? {
            let (word, value) = command.split_once(' ').unwrap_or((&command, ""));
            let answer = match word {
                "webhook" => {
                    self.kick.set_webhook(Some(format!("{value}/kick")));
                    let (url, secret) = (format!("{value}/cloudflare"), WEBHOOK_SECRET.into());
                    self.cloudflare.set_webhook(Some(WebhookTarget { url, secret }));
                    json!({})
                }
                "prepare" => block_in_place(|| self.prepare(value.parse()?))?,
                "play" => block_in_place(|| self.play(value.parse()?))?,
                "pending" => json!({ "kick": self.kick.pending() }),
                "usage" => json!({
                    "cpu_ms": milliseconds(process_cpu()),
                    "rss": rss()?,
                    "kick_refused": self.kick.deliveries().1,
                    "twitch_sockets": self.twitch.sockets(None),
                    "youtube_streams": self.youtube.streams(),
                }),
                "write" => block_in_place(|| self.write(Path::new(value)))?,
                _ => bail!("{word}: no such command"),
            };
            println!("{answer}");
        }
        Ok(())
    }

    /// Gets `messages` ready to be played.
    fn prepare(&mut self, messages: usize) -> Result<Value> {
        let began = Instant::now();
        let Turns { on, users } = &self.turns;
        let chat = |index| self.youtube.broadcast_of(&Wire::YouTube.channel(index));
        let video = |index| self.facebook.broadcast_of(&Wire::Facebook.channel(index));
        let mut script = Script {
            signed: (0..messages).map(|_| Mutex::default()).collect(),
            ids: (0..messages).map(|_| Mutex::default()).collect(),
            sent: (0..messages).map(|_| AtomicU64::new(0)).collect(),
            ..Script::default()
        };
        if on.contains(&Wire::YouTube) {
            let chats = (0..*users).map(|index| Some(chat(index)?.chat.into()));
            script.chats = chats.collect::<Option<_>>().context("a broadcast on YouTube")?;
        }
        if on.contains(&Wire::Facebook) {
            let videos = (0..*users).map(|index| Some(video(index)?.id));
            script.videos = videos.collect::<Option<_>>().context("a live video on Facebook")?;
        }
        let (next, missing) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let sign = || {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= messages {
                        return;
                    }
                    let (Wire::Kick, user) = self.turns.of(number) else { continue };
                    let (viewer, text) =
                        (kick::Viewer::new(author(number), "tea_leaf"), text(number));
                    match self.kick.prepare_chat(kick_channel(user), &viewer, &text) {
                        Some((id, prepared)) => {
                            put(&script.ids[number], id);
                            put(&script.signed[number], Some(prepared));
                        }
                        None => drop(missing.fetch_add(1, Relaxed)),
                    }
                }
            };
            for _ in 0..WORKERS {
                scope.spawn(sign);
            }
        });
        ensure!(missing.into_inner() == 0, "channels of Kick are not subscribed to");
        self.script = script;
        Ok(json!({ "prepare_ms": round(milliseconds(began.elapsed()), 0) }))
    }

    /// Plays everything, so many messages a second, evenly; what is late is sent at once.
    #[expect(clippy::disallowed_methods, reason = "a thread of its own keeps the pace, no task")]
    fn play(&self, rate: u32) -> Result<Value> {
        ensure!(rate > 0, "0 a second: nothing would ever be sent");
        let messages = self.script.sent.len();
        let (began, cpu) = (Instant::now(), process_cpu());
        let (mut number, mut latest) = (0, Duration::ZERO);
        while number < messages {
            let elapsed = began.elapsed();
            let due = elapsed.as_nanos() * u128::from(rate) / 1_000_000_000;
            let due = usize::try_from(due).unwrap_or(usize::MAX).min(messages);
            if number < due {
                let scheduled = Duration::from_secs(1).mul_f64(float(number) / f64::from(rate));
                latest = latest.max(elapsed.saturating_sub(scheduled));
            }
            for number in number..due {
                self.send(number)?;
            }
            number = due;
            thread::sleep(STEP);
        }
        Ok(json!({
            "sent": messages,
            "wall_ms": round(milliseconds(began.elapsed()), 1),
            "cpu_ms": round(milliseconds(process_cpu().saturating_sub(cpu)), 1),
            "latest_ms": round(milliseconds(latest), 1),
        }))
    }

    fn send(&self, number: usize) -> Result<()> {
        let (wire, user) = self.turns.of(number);
        let script = &self.script;
        script.sent[number].store(now(), Relaxed);
        let id: Option<Box<str>> = match wire {
            Wire::Kick => {
                let signed = take(&script.signed[number]).context("a delivery that is signed")?;
                self.kick.play(signed);
                return Ok(());
            }
            Wire::Twitch => {
                let channel = Wire::Twitch.channel(user);
                let (id, sockets) = self.twitch.chat(&channel, "tea_leaf", &text(number));
                // One that goes to nobody would be lost on the way here.
                (sockets > 0).then_some(id)
            }
            Wire::YouTube => {
                let author = Author::viewer("TeaLeaf");
                Some(self.youtube.say(&script.chats[user], author, Said::Text(text(number))).into())
            }
            Wire::Facebook => {
                let author = ("7100000000000001", "Steph Carter");
                self.facebook.comment(&script.videos[user], author, &text(number))
            }
        };
        put(&script.ids[number], id.with_context(|| format!("{wire} did not take a message"))?);
        Ok(())
    }

    /// When each message was sent, eight bytes each; and by which key it is to be known, a line each.
    fn write(&self, folder: &Path) -> Result<Value> {
        let sent = self.script.sent.iter().flat_map(|at| at.load(Relaxed).to_le_bytes());
        fs::write(folder.join(super::SENT), sent.collect::<Vec<_>>())?;
        let mut keys = String::new();
        for (number, id) in self.script.ids.iter().enumerate() {
            let (wire, _) = self.turns.of(number);
            writeln!(keys, "{wire}:chat:{}", take(id))?;
        }
        fs::write(folder.join(super::KEYS), keys)?;
        Ok(json!({ "written": self.script.sent.len() }))
    }
}

fn author(number: usize) -> u64 {
    900_000 + number as u64 % 5_000
}

fn put<T>(place: &Mutex<T>, value: T) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn take<T: Default>(place: &Mutex<T>) -> T {
    std::mem::take(&mut *place.lock().unwrap_or_else(PoisonError::into_inner))
}
