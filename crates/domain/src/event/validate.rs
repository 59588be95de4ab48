//! The limits of a report: checked once, where it comes in from somebody whom we do not know.

use std::io;

use jiff::{SignedDuration, Timestamp};

use super::{
    Actor, Badge, EventKind, EventReport, Fragment, Gift, Message, Moderation, Reply, Reward,
    StreamFacts, Subscription,
};
use crate::{
    Money, Units,
    limits::{
        Invalid, MAX_EXTERNAL_ID_BYTES, MAX_MICROS, MAX_NAME_CHARS, MAX_NUMBER, MAX_TEXT_CHARS,
        MAX_WORD_BYTES, Problem, entries, name, optional, text, web_url, within, word,
    },
};

/// The longest key by which an event is told to be the same, in bytes.
pub const MAX_DEDUPE_KEY_BYTES: usize = 256;

/// The longest payload that is kept word for word, in bytes of its JSON form.
pub const MAX_RAW_BYTES: usize = 64 * 1024;

const MAX_FRAGMENTS: usize = 500;

/// The most text of all fragments of a message, in bytes: they repeat its text in pieces.
const MAX_FRAGMENTS_BYTES: usize = 4 * MAX_TEXT_CHARS;
const MAX_BADGES: usize = 50;

/// The beginning of the year 2000: no platform is older, and a clock that has lost its time says less.
const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);

/// How far another clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

impl EventReport {
    /// Checks what a stranger says: sizes, numbers, times, and that an event has the part it is about. Words that we
    /// do not know are no reason to refuse it.
    ///
    /// # Errors
    /// The first field that is refused, and why.
    pub fn validate(&self, now: Timestamp) -> Result<(), Invalid> {
        word("platform", self.platform.as_str(), MAX_WORD_BYTES)?;
        word("kind", self.kind.as_str(), MAX_WORD_BYTES)?;
        word("dedupe_key", &self.dedupe_key, MAX_DEDUPE_KEY_BYTES)?;
        let (earliest, latest) = (EARLIEST, now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX));
        let at = self.occurred_at;
        if !(earliest..=latest).contains(&at) {
            let problem = Problem::OutOfTime { at, earliest, latest };
            return Err(Invalid::new("occurred_at", problem));
        }
        part("actor", self.actor.as_ref(), Actor::validate)?;
        part("message", self.message.as_ref(), Message::validate)?;
        part("money", self.money.as_ref(), Money::validate)?;
        part("units", self.units.as_ref(), Units::validate)?;
        if self.money.is_some() && self.units.is_some() {
            return Err(Invalid::new("units", Problem::Excluded { other: "money" }));
        }
        part("subscription", self.subscription.as_ref(), Subscription::validate)?;
        part("reward", self.reward.as_ref(), Reward::validate)?;
        part("moderation", self.moderation.as_ref(), Moderation::validate)?;
        part("stream", self.stream.as_ref(), StreamFacts::validate)?;
        optional(self.reason.as_deref(), |reason| text("reason", reason, MAX_TEXT_CHARS))?;
        optional(self.raw.as_ref(), raw)?;
        self.has_what_it_is_about()
    }

    fn has_what_it_is_about(&self) -> Result<(), Invalid> {
        let (field, is_there) = match self.kind {
            EventKind::ChatMessage | EventKind::ChatAnnouncement => {
                ("message", self.message.is_some())
            }
            EventKind::Donation => ("money", self.money.is_some()),
            EventKind::Cheer => ("units", self.units.is_some()),
            EventKind::Raid => ("raid", self.raid.is_some()),
            EventKind::RewardRedeemed | EventKind::RewardUpdated => {
                ("reward", self.reward.is_some())
            }
            EventKind::Moderation => ("moderation", self.moderation.is_some()),
            EventKind::ViewersSample => ("viewers", self.viewers.is_some()),
            EventKind::OutputEnabled | EventKind::OutputDisabled | EventKind::OutputFailed => {
                ("output", self.output.is_some())
            }
            _ => return Ok(()),
        };
        if is_there {
            return Ok(());
        }
        Err(Invalid::new(field, Problem::Missing { kind: self.kind.clone() }))
    }
}

/// Checks a part, if it is there, and names it in what is wrong with it.
fn part<T>(
    field: &str,
    part: Option<&T>,
    check: fn(&T) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    optional(part, check).map_err(|invalid| invalid.within(field))
}

/// Checks each of a list and names its place.
fn each<T>(
    field: &str,
    list: &[T],
    limit: usize,
    check: fn(&T) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    entries(field, list.len(), limit)?;
    for (at, entry) in list.iter().enumerate() {
        check(entry).map_err(|invalid| invalid.within(&at.to_string()).within(field))?;
    }
    Ok(())
}

fn external_id(field: &str, id: Option<&str>) -> Result<(), Invalid> {
    optional(id, |id| word(field, id, MAX_EXTERNAL_ID_BYTES))
}

impl Actor {
    fn validate(&self) -> Result<(), Invalid> {
        external_id("id", self.id.as_deref())?;
        optional(self.login.as_deref(), |login| name("login", login))?;
        optional(self.name.as_deref(), |its| name("name", its))?;
        optional(self.avatar_url.as_deref(), |url| web_url("avatar_url", url))?;
        each("badges", &self.badges, MAX_BADGES, Badge::validate)?;
        optional(self.color.as_deref(), color)
    }
}

/// `#rrggbb`: it goes into the style of a page.
fn color(color: &str) -> Result<(), Invalid> {
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Invalid::new("color", Problem::Not { expected: "a colour such as #9146ff" }))
}

impl Badge {
    fn validate(&self) -> Result<(), Invalid> {
        word("id", &self.id, MAX_EXTERNAL_ID_BYTES)?;
        external_id("version", self.version.as_deref())
    }
}

impl Message {
    fn validate(&self) -> Result<(), Invalid> {
        external_id("id", self.id.as_deref())?;
        text("text", &self.text, MAX_TEXT_CHARS)?;
        each("fragments", &self.fragments, MAX_FRAGMENTS, Fragment::validate)?;
        let length = self.fragments.iter().map(|fragment| fragment.text.len()).sum();
        if length > MAX_FRAGMENTS_BYTES {
            let problem = Problem::TooLong { length, unit: "bytes", limit: MAX_FRAGMENTS_BYTES };
            return Err(Invalid::new("fragments", problem));
        }
        part("reply_to", self.reply_to.as_ref(), Reply::validate)
    }
}

impl Fragment {
    fn validate(&self) -> Result<(), Invalid> {
        word("type", self.kind.as_str(), MAX_WORD_BYTES)?;
        text("text", &self.text, MAX_TEXT_CHARS)?;
        external_id("id", self.id.as_deref())?;
        optional(self.url.as_deref(), |url| web_url("url", url))?;
        number("amount", self.amount)
    }
}

impl Reply {
    fn validate(&self) -> Result<(), Invalid> {
        word("message_id", &self.message_id, MAX_EXTERNAL_ID_BYTES)?;
        optional(self.name.as_deref(), |its| name("name", its))?;
        optional(self.text.as_deref(), |its| text("text", its, MAX_TEXT_CHARS))
    }
}

impl Money {
    fn validate(&self) -> Result<(), Invalid> {
        within("micros", self.micros, 0, MAX_MICROS)
    }
}

impl Units {
    fn validate(&self) -> Result<(), Invalid> {
        word("kind", self.kind.as_str(), MAX_WORD_BYTES)?;
        number("amount", Some(self.amount))
    }
}

impl Subscription {
    fn validate(&self) -> Result<(), Invalid> {
        external_id("tier", self.tier.as_deref())?;
        optional(self.level_name.as_deref(), |its| name("level_name", its))?;
        part("gift", self.gift.as_ref(), Gift::validate)
    }
}

impl Gift {
    fn validate(&self) -> Result<(), Invalid> {
        external_id("batch_id", self.batch_id.as_deref())?;
        part("recipient", self.recipient.as_deref(), Actor::validate)
    }
}

impl Reward {
    fn validate(&self) -> Result<(), Invalid> {
        word("id", &self.id, MAX_EXTERNAL_ID_BYTES)?;
        text("title", &self.title, MAX_NAME_CHARS)?;
        number("cost", Some(self.cost))?;
        external_id("redemption_id", self.redemption_id.as_deref())?;
        external_id("status", self.status.as_deref())?;
        optional(self.input.as_deref(), |input| text("input", input, MAX_TEXT_CHARS))
    }
}

impl Moderation {
    fn validate(&self) -> Result<(), Invalid> {
        word("action", self.action.as_str(), MAX_WORD_BYTES)?;
        part("target", self.target.as_deref(), Actor::validate)?;
        number("duration_s", self.duration_s)?;
        external_id("message_id", self.message_id.as_deref())
    }
}

impl StreamFacts {
    fn validate(&self) -> Result<(), Invalid> {
        optional(self.title.as_deref(), |title| text("title", title, MAX_TEXT_CHARS))?;
        optional(self.category.as_deref(), |category| text("category", category, MAX_NAME_CHARS))
    }
}

fn number(field: &str, number: Option<u64>) -> Result<(), Invalid> {
    number.map_or(Ok(()), |number| within(field, number, 0, MAX_NUMBER))
}

/// Measures the payload's JSON form without making it.
fn raw(raw: &serde_json::Value) -> Result<(), Invalid> {
    serde_json::to_writer(Room(MAX_RAW_BYTES), raw)
        .map_err(|_| Invalid::new("raw", Problem::TooLarge { limit: MAX_RAW_BYTES }))
}

/// Takes so many bytes and no more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
