//! A channel with people in it.

use std::{sync::Arc, time::Duration};

use super::{Shared, Viewer};

const PEOPLE: &[&str] = &[
    "Grace", "Linus", "Margaret", "Dennis", "Barbara", "Ken", "Radia", "Edsger", "Frances", "Tony",
    "Adele", "Niklaus", "Karen", "Donald", "Sophie", "Alan",
];

const WORDS: &[&str] = &[
    "hello from the other side of the world",
    "that was close LUL",
    "first time here, this is lovely",
    "Kappa",
    "what are you drinking tonight?",
    "the music is great",
    "can you show that again?",
    "HeyGuys",
    "I have learned so much from this stream",
    "good night everybody",
    "PogChamp PogChamp",
    "which keyboard is that",
    "have you tried turning it off and on again",
    "the cat! show us the cat!",
];

/// Something happens each so often, for as long as the fake lives.
pub(crate) async fn live(shared: Arc<Shared>, channel: Box<str>, every: Duration) {
    let mut dice = Dice(channel.bytes().fold(0x9e37_79b9_7f4a_7c15, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }));
    shared.online(&channel, 40);
    let mut months = 2;
    loop {
        tokio::time::sleep(every).await;
        let somebody = Viewer::from(PEOPLE[dice.below(PEOPLE.len())]);
        // Most of the time somebody writes: whoever looks on wants to see the rest happen, and not only happen.
        let happens = if dice.below(100) < 97 { 0 } else { 78 + dice.below(22) };
        match happens {
            0..78 => drop(shared.chat(&channel, &somebody, WORDS[dice.below(WORDS.len())])),
            78..85 => drop(shared.follow(&channel, &newcomer(&mut dice))),
            85..88 => drop(shared.subscribe(&channel, &newcomer(&mut dice), false)),
            88..90 => {
                months += 1;
                shared.resubscribe(&channel, &somebody, months, "still here");
            }
            90..92 => {
                let to: Vec<_> = (0..=dice.below(5)).map(|_| newcomer(&mut dice)).collect();
                shared.gift(&channel, &somebody, &to);
            }
            92..95 => {
                let bits = [1, 50, 100, 300, 1000][dice.below(5)];
                shared.cheer(&channel, &somebody, bits, &format!("Cheer{bits} take my bits"));
            }
            95..98 => {
                let reward =
                    [("Hydrate!", 100), ("Choose the next song", 500), ("Tea break", 1500)];
                shared.redeem(&channel, &somebody, reward[dice.below(3)], "please");
            }
            _ => {
                let viewers = u32::try_from(5 + dice.below(200)).unwrap_or(5);
                shared.raid(&channel, &somebody, viewers);
            }
        }
    }
}

/// Somebody who was not there before.
fn newcomer(dice: &mut Dice) -> Viewer {
    let name = format!("{}{}", PEOPLE[dice.below(PEOPLE.len())], dice.below(100_000));
    Viewer::from(&*name)
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).expect("small")).expect("below the limit")
    }
}
