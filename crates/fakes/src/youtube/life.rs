//! Life in a chat: the same each time, and plausible enough to look at.

use std::{sync::Arc, time::Duration};

use super::{Author, Said, Shared, world::World};
use crate::lock;

const PEOPLE: [&str; 12] = [
    "Ines", "Jonas", "Mira", "Tarek", "Olena", "Pablo", "Yuki", "Sanna", "Bao", "Chidi", "Freya",
    "Leo",
];

const LINES: [&str; 16] = [
    "hello from Lisbon",
    "the sound is great today",
    "what keyboard is that?",
    "first time here, hi all",
    "haha, that was close",
    "can you show the map again?",
    "clip it!",
    "I was here before it was cool",
    "tea or coffee?",
    "good evening everyone",
    "how long will you stream?",
    "that bug again…",
    "nice one",
    "greetings from the train",
    "what is the song called?",
    "see you tomorrow",
];

/// A sequence that is the same each time and looks like none.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

/// Something happens that often in whatever broadcast of the channel is under way.
pub(crate) async fn enliven(shared: Arc<Shared>, channel: String, every: Duration) {
    let seed =
        channel.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut dice = Dice(seed);
    // A gift that goes on: its message, who sends it, and how often so far.
    let mut gift: Option<(String, Author, i32)> = None;
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut world = lock(&shared.world);
        let on_air = world
            .broadcasts
            .iter_mut()
            .rev()
            .find(|its| its.channel == channel && its.status == "live");
        let Some(broadcast) = on_air else { continue };
        broadcast.viewers = Some(40 + dice.roll(60) as u64);
        let chat = broadcast.chat.clone();
        happen(&mut world, &chat, &mut dice, &mut gift);
    }
}

fn happen(
    world: &mut World,
    chat: &str,
    dice: &mut Dice,
    gift: &mut Option<(String, Author, i32)>,
) {
    if let Some((id, author, combo)) = gift.take() {
        let combo = combo + 1;
        let said = Said::Gift { name: "Fireworks".into(), jewels: 50, combo };
        world.say(chat, author.clone(), said, Some(&id));
        *gift = (combo < 3).then_some((id, author, combo));
        return;
    }
    let author = Author { member: dice.roll(5) == 0, ..Author::viewer(PEOPLE[dice.roll(12)]) };
    let said = match dice.roll(200) {
        0 => Said::SuperChat {
            micros: 1_000_000 * (1 + dice.roll(50) as u64),
            currency: "EUR".into(),
            comment: "keep going!".into(),
        },
        1 => Said::SuperSticker { micros: 1_990_000, currency: "USD".into() },
        2 => Said::Member { level: "Regulars".into(), upgrade: dice.roll(4) == 0 },
        3 => {
            let months = 1 + u32::try_from(dice.roll(24)).unwrap_or(0);
            Said::Milestone { months, comment: "time flies".into() }
        }
        4 => {
            let given = world.say(chat, author.clone(), Said::Memberships { count: 2 }, None);
            for at in 0..2 {
                let batch = given.clone().unwrap_or_default();
                let lucky = Author::viewer(PEOPLE[(dice.roll(12) + at) % 12]);
                let said = Said::MembershipReceived { giver: author.id.clone(), batch };
                world.say(chat, lucky, said, None);
            }
            return;
        }
        5 => {
            let said = Said::Gift { name: "Fireworks".into(), jewels: 50, combo: 1 };
            let id = world.say(chat, author.clone(), said, None);
            *gift = id.map(|id| (id, author, 1));
            return;
        }
        _ => Said::Text(LINES[dice.roll(16)].into()),
    };
    world.say(chat, author, said, None);
}
