//! The made-up platforms: their channels, and what goes on there.

use std::{io, net::SocketAddr, time::Duration};

use jiff::Timestamp;
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    Tokens,
    facebook::{self, FakeFacebook},
    kick::{self, FakeKick},
    twitch::{self, FakeTwitch},
    youtube::{self, FakeYouTube},
};

use crate::{config::Config, made_up};

/// How long after a broadcast was made its stream arrives: nobody tells these platforms what Cloudflare sends to whom.
const STREAM_ARRIVES: Duration = Duration::from_millis(50);

/// More units than YouTube gives anybody in a day: a demonstration that is left alone reads its chats for days.
const QUOTA: u64 = 1_000_000;

/// How often something happens in a channel: mostly somebody writes a line.
const EVERY: Duration = Duration::from_millis(2_500);

/// A user's channels. Their ids are the same in each run: the demo's database remembers them.
pub(super) struct Channels {
    pub(super) user: &'static str,
    twitch: &'static str,
    youtube: (&'static str, &'static str),
    kick: u64,
    facebook: (&'static str, &'static str),
}

/// Ada's come first: at the platforms' authorisation pages it is she who agrees.
pub(super) const CHANNELS: [Channels; 2] = [
    Channels {
        user: "ada",
        twitch: "141001",
        youtube: ("UCadaAdaAdaAdaAdaAdaAdaA", "Ada's Engine Room"),
        kick: 41_001,
        facebook: ("100000000041001", "Ada's Engine Room"),
    },
    Channels {
        user: "bob",
        twitch: "141002",
        youtube: ("UCbobBobBobBobBobBobBobB", "Bob Bakes"),
        kick: 41_002,
        facebook: ("100000000041002", "Bob Bakes"),
    },
];

/// An account that is connected.
pub(super) struct Connected {
    pub(super) platform: Platform,
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) tokens: Tokens,
}

/// The platforms. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Fakes {
    twitch: FakeTwitch,
    youtube: FakeYouTube,
    kick: FakeKick,
    facebook: FakeFacebook,
}

impl Fakes {
    /// Starts them on free ports of the machine's own address.
    pub(super) async fn start() -> io::Result<Self> {
        // An earlier run's events are in the database, under the numbers that its platforms gave them.
        let first_number = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let twitch = twitch::FakeConfig { first_number, ..twitch::FakeConfig::default() };
        let twitch = FakeTwitch::start(twitch).await?;
        let youtube = youtube::FakeConfig {
            first_number,
            goes_live_after: Some(STREAM_ARRIVES),
            ..youtube::FakeConfig::default()
        };
        let youtube = FakeYouTube::start(youtube).await?;
        let kick = FakeKick::start(kick::FakeConfig::default()).await?;
        let facebook = facebook::FakeConfig {
            first_number,
            stream_arrives_after: Some(STREAM_ARRIVES),
            ..facebook::FakeConfig::default()
        };
        let facebook = FakeFacebook::start(facebook).await?;
        for channels in &CHANNELS {
            twitch.add_channel(channels.twitch, channels.user);
            let (id, name) = channels.youtube;
            youtube.add_channel(id, name);
            kick.add_channel(channels.kick, channels.user);
            let (page, name) = channels.facebook;
            facebook.add_channel(page, name);
        }
        Ok(Self { twitch, youtube, kick, facebook })
    }

    /// Points the configuration at them.
    pub(super) fn configure(&self, config: &mut Config) {
        let told = &mut config.platforms;
        made_up::twitch(&mut told.twitch, &self.twitch);
        made_up::youtube(&mut told.youtube, &self.youtube);
        told.youtube.quota = QUOTA;
        made_up::kick(&mut told.kick, &self.kick);
        made_up::facebook(&mut told.facebook, &self.facebook);
    }

    /// The accounts of a user, with tokens that these platforms know.
    pub(super) fn connected(&self, channels: &Channels) -> Vec<Connected> {
        let (page, page_name) = channels.facebook;
        let (youtube, youtube_name) = channels.youtube;
        vec![
            Connected {
                platform: Platform::Twitch,
                id: channels.twitch.into(),
                name: channels.user,
                tokens: self.twitch.grant(channels.twitch),
            },
            Connected {
                platform: Platform::YouTube,
                id: youtube.into(),
                name: youtube_name,
                tokens: self.youtube.grant(youtube),
            },
            Connected {
                platform: Platform::Kick,
                id: channels.kick.to_string(),
                name: channels.user,
                tokens: self.kick.grant(channels.kick),
            },
            Connected {
                platform: Platform::Facebook,
                id: page.into(),
                name: page_name,
                tokens: self.facebook.grant(page),
            },
        ]
    }

    /// From now on something goes on there, and the gateway hears of it.
    pub(super) fn open(&self, gateway: SocketAddr) {
        self.kick.set_webhook(Some(format!("http://{gateway}/webhooks/kick")));
        for channels in &CHANNELS {
            self.twitch.enliven(channels.twitch, EVERY);
            self.youtube.enliven(channels.youtube.0, EVERY);
            self.kick.enliven(channels.kick, EVERY);
            self.facebook.enliven(channels.facebook.0, EVERY);
        }
    }
}
