//! What the stories of platforms share: made-up platforms on which Ada has accounts, a daemon in a hurry, and what the
//! API says of it all.

use std::time::Duration;

use serde_json::{Value, json};
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    Tokens,
    cloudflare::FakeCloudflare,
    facebook::{self, FakeFacebook},
    kick::{self, FakeKick},
    twitch::{self, FakeTwitch},
    youtube::{self, FakeYouTube},
};
use stagedoor_platforms::facebook::Polling;
use stagedoor_stream::PlatformPace;
use stagedoor_testkit::{
    ChannelClient, Harness, HarnessBuilder, ProcessBuilder, Reach, wait_until,
};
use stagedoord::config::Paces;

use crate::{
    stage::{cloudflare, daemon_at, live_on, ready, start},
    support::stagedoord,
};

/// Ada, wherever she is.
pub(crate) const ON_TWITCH: &str = "1001";
pub(crate) const ON_YOUTUBE: &str = "UCada";
pub(crate) const ON_KICK: u64 = 2001;
pub(crate) const ON_FACEBOOK: &str = "3001";

/// All four, as they are sorted.
pub(crate) const FOUR: [&str; 4] = ["facebook", "kick", "twitch", "youtube"];

pub(crate) async fn twitch() -> FakeTwitch {
    twitch_with(twitch::FakeConfig::default()).await
}

pub(crate) async fn twitch_with(config: twitch::FakeConfig) -> FakeTwitch {
    let fake = FakeTwitch::start(config).await.expect("there is a free port");
    fake.add_channel(ON_TWITCH, "ada");
    fake
}

pub(crate) async fn youtube() -> FakeYouTube {
    youtube_with(youtube::FakeConfig::default()).await
}

pub(crate) async fn youtube_with(config: youtube::FakeConfig) -> FakeYouTube {
    let fake = FakeYouTube::start(config).await.expect("there is a free port");
    fake.add_channel(ON_YOUTUBE, "Ada");
    fake
}

/// A Kick that delivers again soon what was not acknowledged.
pub(crate) async fn kick() -> FakeKick {
    let again_after = Duration::from_millis(50);
    let config = kick::FakeConfig { again_after, tries: 100, ..kick::FakeConfig::default() };
    let fake = FakeKick::start(config).await.expect("there is a free port");
    fake.add_channel(ON_KICK, "ada");
    fake
}

pub(crate) async fn facebook() -> FakeFacebook {
    let fake = FakeFacebook::start(facebook::FakeConfig::default()).await;
    let fake = fake.expect("there is a free port");
    fake.add_channel(ON_FACEBOOK, "Ada's page");
    fake
}

/// What is repeated is repeated soon.
pub(crate) fn hurried(builder: HarnessBuilder) -> HarnessBuilder {
    builder.configure(|config| {
        config.paces = Paces {
            platforms: PlatformPace {
                retry_initial: Duration::from_millis(50),
                retry_max: Duration::from_millis(500),
                steady_after: Duration::from_secs(5),
                ..PlatformPace::default()
            },
            facebook: Polling {
                busy: Duration::from_millis(30),
                idle: Duration::from_millis(60),
                status: Duration::from_millis(100),
                overlap: Duration::from_secs(2),
                sweep_every: Duration::from_millis(200),
                sweep: Duration::from_mins(2),
            },
            ..Paces::default()
        };
    })
}

/// Ada connects an account, as a backend that has the tokens does.
pub(crate) async fn connect(daemon: &Reach, platform: &str, external_id: &str, tokens: Tokens) {
    connect_as(daemon, "ada", platform, external_id, tokens).await;
}

pub(crate) async fn connect_as(
    daemon: &Reach,
    user: &str,
    platform: &str,
    external_id: &str,
    tokens: Tokens,
) {
    let body = json!({
        "external_id": external_id, "name": user,
        "access_token": tokens.access, "refresh_token": tokens.refresh,
    });
    let answer = daemon.user(user).put(&format!("/accounts/{platform}"), &body).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
}

/// Waits until the connection to Ada's account stands so.
pub(crate) async fn link(daemon: &Reach, platform: &str, state: &str) {
    daemon.link_becomes("ada", &Platform::from(platform), state).await;
}

/// Ada's events that fit, the oldest first.
pub(crate) async fn events(daemon: &Reach, filter: &str) -> Vec<Value> {
    let ada = daemon.user("ada");
    let (mut events, mut place) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/events?limit=200&{filter}{place}")).await;
        let Some(found) = page.body["events"].as_array() else { panic!("no page: {page:?}") };
        events.extend(found.iter().cloned());
        let Some(next) = page.body["next"].as_str() else { break };
        place = format!("&before={next}");
    }
    events.reverse();
    events
}

/// By what they are told apart, sorted.
pub(crate) async fn keys(daemon: &Reach, filter: &str) -> Vec<String> {
    let key = |event: &Value| event["dedupe_key"].as_str().unwrap_or_default().to_owned();
    let mut keys: Vec<_> = events(daemon, filter).await.iter().map(key).collect();
    keys.sort();
    keys
}

/// Waits until these chat messages of a platform are stored, each once, and no other.
pub(crate) async fn chat_is<M: AsRef<str>>(
    daemon: &Reach,
    platform: &str,
    messages: impl IntoIterator<Item = M>,
) {
    let key = |message: M| format!("{platform}:chat:{}", message.as_ref());
    let mut expected: Vec<_> = messages.into_iter().map(key).collect();
    expected.sort();
    let filter = format!("platforms={platform}&kinds=chat.message");
    let what = format!("{} messages of {platform}, each once", expected.len());
    let stored = async || keys(daemon, &filter).await;
    wait_until(&what, stored, |stored| *stored == expected).await;
}

/// What became of the connection to a platform, the oldest first.
pub(crate) async fn links(daemon: &Reach, platform: &str) -> Vec<String> {
    let kinds = "link.connected,link.degraded,link.lost,link.needs_reauth";
    let events = events(daemon, &format!("platforms={platform}&kinds={kinds}")).await;
    events.iter().map(|event| event["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Cloudflare and all four platforms.
pub(crate) struct Platforms {
    pub(crate) cloudflare: FakeCloudflare,
    pub(crate) twitch: FakeTwitch,
    pub(crate) youtube: FakeYouTube,
    pub(crate) kick: FakeKick,
    pub(crate) facebook: FakeFacebook,
}

impl Platforms {
    pub(crate) async fn new() -> Self {
        Self {
            cloudflare: cloudflare().await,
            twitch: twitch().await,
            youtube: youtube().await,
            kick: kick().await,
            facebook: facebook().await,
        }
    }

    /// A daemon at all of them.
    pub(crate) fn daemon(&self) -> HarnessBuilder {
        hurried(daemon_at(&self.cloudflare))
            .twitch(&self.twitch)
            .youtube(&self.youtube)
            .kick(&self.kick)
            .facebook(&self.facebook)
    }

    /// The same, as a process of its own.
    pub(crate) fn process(&self) -> ProcessBuilder {
        stagedoord()
            .cloudflare(&self.cloudflare)
            .twitch(&self.twitch)
            .youtube(&self.youtube)
            .kick(&self.kick)
            .facebook(&self.facebook)
    }

    /// A daemon that they all tell what happens, and Ada has accounts on all four.
    pub(crate) async fn start(&self) -> Harness {
        let daemon = self.daemon().start().await;
        self.tell(&daemon);
        self.connect(&daemon).await;
        daemon
    }

    /// This daemon is whom they tell what happens.
    pub(crate) fn tell(&self, daemon: &Reach) {
        self.cloudflare.set_webhook(Some(daemon.webhook()));
        self.kick.set_webhook(Some(daemon.kick_webhook()));
    }

    /// Ada connects her accounts on all four; each is a destination from then on.
    pub(crate) async fn connect(&self, daemon: &Reach) {
        connect(daemon, "twitch", ON_TWITCH, self.twitch.grant(ON_TWITCH)).await;
        connect(daemon, "youtube", ON_YOUTUBE, self.youtube.grant(ON_YOUTUBE)).await;
        connect(daemon, "kick", &ON_KICK.to_string(), self.kick.grant(ON_KICK)).await;
        connect(daemon, "facebook", ON_FACEBOOK, self.facebook.grant(ON_FACEBOOK)).await;
    }

    /// Ada has opened the dashboard, and is live on all four.
    pub(crate) async fn live(&self, daemon: &Reach) -> ChannelClient {
        let tab = ready(daemon, &self.cloudflare, "ada").await;
        start(daemon, "ada").await;
        live_on(daemon, "ada", &FOUR).await;
        self.stream_arrives();
        for platform in FOUR {
            link(daemon, platform, "connected").await;
        }
        tab
    }

    /// What is sent arrives at those who wait for it.
    fn stream_arrives(&self) {
        let broadcast = self.youtube.broadcast_of(ON_YOUTUBE).expect("there is a broadcast");
        assert!(self.youtube.go_live(&broadcast.id), "it waits for its stream");
        assert!(self.facebook.stream_arrives(&self.live_video()), "it waits for its stream");
    }

    /// The chat of Ada's broadcast on YouTube.
    pub(crate) fn youtube_chat(&self) -> String {
        self.youtube.broadcast_of(ON_YOUTUBE).expect("there is a broadcast").chat
    }

    /// Ada's live video on Facebook.
    pub(crate) fn live_video(&self) -> Box<str> {
        self.facebook.broadcast_of(ON_FACEBOOK).expect("there is a live video").id
    }

    /// Somebody writes this on each platform. The messages' ids, as in [`FOUR`].
    pub(crate) fn say_everywhere(&self, text: &str) -> [String; 4] {
        let said = youtube::Said::Text(text.into());
        let comment = self.facebook.comment(&self.live_video(), ("77", "Grace"), text);
        [
            comment.expect("the video takes comments").into(),
            self.kick.chat(ON_KICK, &kick::Viewer::new(77, "grace"), text).into(),
            self.twitch.chat(ON_TWITCH, "grace", text).0.into(),
            self.youtube.say(&self.youtube_chat(), youtube::Author::viewer("grace"), said),
        ]
    }
}
