//! A page that is lively by itself, for demonstrations: the same each time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;

use super::{FakeFacebook, Shared, Stage};
use crate::lock;

const PEOPLE: [(&str, &str); 8] = [
    ("7100000000000001", "Steph Carter"),
    ("7100000000000002", "Kevin Doyle"),
    ("7100000000000003", "Clara Tanaka"),
    ("7100000000000004", "Marek Nowak"),
    ("7100000000000005", "Aïcha Benali"),
    ("7100000000000006", "João Pires"),
    ("7100000000000007", "Ines Vogel"),
    ("7100000000000008", "Tom Okafor"),
];

const WORDS: [&str; 10] = [
    "Hello from Lisbon!",
    "Such a nice stream 😍",
    "Shared it with my sister",
    "How long have you been doing this?",
    "👏👏👏",
    "First time here, staying",
    "Can you show that again?",
    "The sound is great today",
    "Greetings to everybody in the chat",
    "When is the next one?",
];

const REACTIONS: [&str; 5] = ["like", "love", "wow", "haha", "care"];

impl FakeFacebook {
    /// From now on somebody does something under the page's live video every now and then, about once in `every`.
    pub fn enliven(&self, page: &str, every: Duration) {
        let (shared, page) = (Arc::clone(&self.shared), Box::from(page));
        lock(&self.tasks).spawn(live(shared, page, every));
    }
}

async fn live(shared: Arc<Shared>, page: Box<str>, every: Duration) {
    let mut dice = Dice(page.bytes().fold(0x9E37_79B9_7F4A_7C15, |all, byte| {
        (all ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    }));
    loop {
        // From half of it to one and a half.
        let pause = every / 2 + every / 100 * u32::try_from(dice.upto(100)).unwrap_or(0);
        sleep(pause.max(Duration::from_millis(1))).await;
        let mut world = shared.world();
        let live = world.newest_of(&page).filter(|video| video.view.stage == Stage::Live);
        let Some(id) = live.map(|video| video.view.id.clone()) else { continue };
        let (person, words) = (PEOPLE[dice.pick(&PEOPLE)], WORDS[dice.pick(&WORDS)]);
        if dice.upto(10) < 7 {
            let answered = world.videos.get(&id).filter(|_| dice.upto(10) == 0);
            let parent = answered.and_then(|video| video.comments.values().next_back());
            let parent = parent.filter(|comment| comment.parent.is_none());
            let parent = parent.map(|comment| comment.id.clone());
            world.comment(&id, person, words, Timestamp::now(), parent.as_deref());
        }
        let Some(video) = world.videos.get_mut(&id) else { continue };
        *video.reactions.entry(REACTIONS[dice.pick(&REACTIONS)]).or_default() += 1;
        let viewers = video.view.viewers.max(20) + u32::try_from(dice.upto(9)).unwrap_or(0);
        video.view.viewers = viewers.saturating_sub(4);
    }
}

/// Numbers that look as if by chance (xorshift64*).
struct Dice(u64);

impl Dice {
    fn upto(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn pick<T>(&mut self, of: &[T]) -> usize {
        usize::try_from(self.upto(of.len() as u64)).unwrap_or(0)
    }
}
