//! A channel in which something is going on.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::{FakeKick, Viewer, script::Dice};
use crate::lock;

const NAMES: &[&str] = &[
    "TeaLeaf",
    "nocturne_",
    "Pixelpike",
    "mossy_log",
    "Quillon",
    "brassband",
    "LumenFox",
    "oatcake",
    "vesper99",
    "Cartwheel",
    "dunebug",
    "HexaHedgehog",
    "saltmarsh",
    "Wrenfield",
    "kettlebell",
];

const WORDS: &[&str] = &[
    "first time here, hello!",
    "that was close [emote:37226:KEKW]",
    "what is this song?",
    "[emote:4148074:HYPERCLAP] [emote:4148074:HYPERCLAP]",
    "good evening from Lisbon",
    "the left one, always the left one",
    "can you show that again?",
    "gg",
    "this stream runs on tea",
    "no way [emote:37226:KEKW] [emote:37226:KEKW]",
    "who else came from the other stream?",
    "audio is perfect today",
];

impl FakeKick {
    /// Something happens in a channel every so often, from now on: mostly people chat; they follow, subscribe, give
    /// subscriptions and KICKs away. The same each time, for the same channel. The channel goes on air if it is not.
    pub fn enliven(&self, channel: u64, every: Duration) {
        let fake = self.handle();
        let mut tasks = lock(&self.lively);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            fake.go_live(channel);
            let mut dice = Dice(channel);
            let mut ticks = interval(every.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                ticks.tick().await;
                fake.something_happens(channel, &mut dice);
            }
        });
    }

    /// The same Kick, for a task of its own: it lives only as long as that one.
    fn handle(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            address: self.address,
            _tasks: tokio::task::JoinSet::new(),
            lively: std::sync::Mutex::default(),
        }
    }

    fn something_happens(&self, channel: u64, dice: &mut Dice) {
        let viewer = viewer(dice);
        // Most of the time somebody writes: whoever looks on wants to see the rest happen, and not only happen.
        let happens = if dice.below(100) < 97 { 0 } else { 80 + dice.below(20) };
        match happens {
            0..80 => {
                let words = *dice.of(WORDS);
                self.chat(channel, &viewer, words);
            }
            80..88 => self.follow(channel, &viewer),
            88..91 => self.subscribe(channel, &viewer, 1),
            91..94 => {
                let months = u32::try_from(2 + dice.below(30)).unwrap_or(2);
                self.subscribe(channel, &viewer, months);
            }
            94..96 => {
                let (first, count) = (dice.below(1_000_000), dice.below(5));
                let whom = |number| Viewer::new(number, &format!("viewer_{number}"));
                let giftees: Vec<_> = (first..=first + count).map(whom).collect();
                let giver = (dice.below(4) > 0).then_some(&viewer);
                self.gift(channel, giver, &giftees);
            }
            96..98 => {
                let (amount, words) = (50 * (1 + dice.below(20)), *dice.of(WORDS));
                self.kicks(channel, &viewer, amount, words);
            }
            _ => {
                let id = format!("redemption-{channel}-{}", dice.below(u64::MAX));
                self.redeem(channel, &id, &viewer, "pending");
            }
        }
        let viewers = 40 + dice.below(200);
        self.set_viewers(channel, u32::try_from(viewers).unwrap_or(40));
    }
}

fn viewer(dice: &mut Dice) -> Viewer {
    let name = *dice.of(NAMES);
    let id = NAMES.iter().position(|known| *known == name).unwrap_or_default();
    let viewer = Viewer::new(900_000 + u64::try_from(id).unwrap_or_default(), name);
    match dice.below(10) {
        0 => viewer.with_badge("moderator"),
        1 | 2 => viewer.with_badge("subscriber"),
        3 => viewer.with_badge("vip"),
        _ => viewer,
    }
}
