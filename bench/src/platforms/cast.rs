//! Who plays: the platforms, the users' channels there, and the messages, told apart by their numbers.

use std::{fmt, str::FromStr};

use anyhow::{Result, bail};
use rustix::time::{ClockId, clock_gettime};
use stagedoor_domain::Platform;

/// A platform of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Twitch,
    YouTube,
    Kick,
    Facebook,
}

impl Wire {
    pub(super) const ALL: [Self; 4] = [Self::Twitch, Self::YouTube, Self::Kick, Self::Facebook];

    pub(super) const fn platform(self) -> Platform {
        match self {
            Self::Twitch => Platform::Twitch,
            Self::YouTube => Platform::YouTube,
            Self::Kick => Platform::Kick,
            Self::Facebook => Platform::Facebook,
        }
    }

    pub(super) fn of(platform: &Platform) -> Option<Self> {
        Self::ALL.into_iter().find(|wire| wire.platform() == *platform)
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Chats only while a broadcast is under way.
    pub(super) const fn needs_broadcast(self) -> bool {
        matches!(self, Self::YouTube | Self::Facebook)
    }

    /// The channel of user number `index`, by the platform's own id.
    pub(super) fn channel(self, index: usize) -> String {
        match self {
            Self::Twitch => (10_000_000 + index).to_string(),
            Self::YouTube => format!("UC{index:022}"),
            Self::Kick => kick_channel(index).to_string(),
            Self::Facebook => format!("3{index:014}"),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.platform().as_str())
    }
}

impl FromStr for Wire {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|wire| wire.platform().as_str() == word) {
            Some(wire) => Ok(wire),
            None => bail!("{word}: no such platform"),
        }
    }
}

/// Kick's ids are numbers.
pub(super) const fn kick_channel(index: usize) -> u64 {
    20_000_000 + index as u64
}

/// Who gets which message: by turns all platforms, then the next user.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub(super) on: Vec<Wire>,
    pub(super) users: usize,
}

impl Turns {
    /// Platform and user of message `number`.
    pub(super) fn of(&self, number: usize) -> (Wire, usize) {
        (self.on[number % self.on.len()], number / self.on.len() % self.users)
    }
}

/// What message `number` says.
pub(super) fn text(number: usize) -> String {
    format!("#{number} that last jump was clean, do it again without the rope")
}

/// Which number a message of [`text`] has.
pub(super) fn number_of(text: &str) -> Option<usize> {
    text.strip_prefix('#')?.split(' ').next()?.parse().ok()
}

/// Nanoseconds of the machine's clock that all processes share and nobody sets.
pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_written_to_on_every_platform() {
        let turns = Turns { on: Wire::ALL.into(), users: 3 };
        let all: Vec<_> = (0..12).map(|number| turns.of(number)).collect();
        for wire in Wire::ALL {
            for user in 0..3 {
                assert!(all.contains(&(wire, user)), "{wire} {user}");
            }
        }
        assert_eq!(turns.of(12), turns.of(0));
    }

    #[test]
    fn a_message_tells_its_number() {
        assert_eq!(number_of(&text(4711)), Some(4711));
        assert_eq!(number_of("hello"), None);
    }
}
