//! Reports within the limits of what is stored: what a platform sends too long is cut, and what cannot be shown is
//! dropped, so that no event is lost because a part of it is odd.

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{
    Actor, EventKind, EventReport, Fragment, MAX_DEDUPE_KEY_BYTES, MAX_RAW_BYTES, Message, Reply,
    Subscription,
};

const MAX_TEXT_CHARS: usize = 10_000;
const MAX_NAME_CHARS: usize = 256;
const MAX_ID_BYTES: usize = 256;
const MAX_WORD_BYTES: usize = 64;
const MAX_URL_BYTES: usize = 2_048;
const MAX_NUMBER: u64 = 1_000_000_000_000;
const MAX_MICROS: i64 = 10_000_000_000_000_000;
const MAX_FRAGMENTS: usize = 500;
const MAX_FRAGMENTS_BYTES: usize = 4 * MAX_TEXT_CHARS;
const MAX_BADGES: usize = 50;

/// The report, as [`EventReport::validate`] takes it at `now`. One that lacks what its kind is about becomes an unknown
/// one of the same name.
pub(crate) fn fit(mut report: EventReport, now: Timestamp) -> EventReport {
    report.platform = report.platform.as_str().into();
    report.kind = EventKind::from(&*word(report.kind.as_str(), MAX_WORD_BYTES));
    report.dedupe_key = word(&report.dedupe_key, MAX_DEDUPE_KEY_BYTES);
    if !is_sensible(report.occurred_at, now) {
        report.occurred_at = now;
    }
    report.actor.iter_mut().for_each(actor);
    report.message.iter_mut().for_each(message);
    if let Some(money) = &mut report.money {
        money.micros = money.micros.clamp(0, MAX_MICROS);
        report.units = None;
    }
    if let Some(units) = &mut report.units {
        units.amount = units.amount.min(MAX_NUMBER);
        units.kind = (&*word(units.kind.as_str(), MAX_WORD_BYTES)).into();
    }
    report.subscription.iter_mut().for_each(subscription);
    if let Some(reward) = &mut report.reward {
        reward.id = word(&reward.id, MAX_ID_BYTES);
        reward.title = clip(&reward.title, MAX_NAME_CHARS);
        reward.cost = reward.cost.min(MAX_NUMBER);
        id(&mut reward.redemption_id);
        id(&mut reward.status);
        text(&mut reward.input, MAX_TEXT_CHARS);
    }
    if let Some(moderation) = &mut report.moderation {
        moderation.action = (&*word(moderation.action.as_str(), MAX_WORD_BYTES)).into();
        moderation.target.iter_mut().for_each(|target| actor(target));
        moderation.duration_s = moderation.duration_s.map(|duration| duration.min(MAX_NUMBER));
        id(&mut moderation.message_id);
    }
    if let Some(stream) = &mut report.stream {
        text(&mut stream.title, MAX_TEXT_CHARS);
        text(&mut stream.category, MAX_NAME_CHARS);
    }
    text(&mut report.reason, MAX_TEXT_CHARS);
    let is_large = |raw| serde_json::to_vec(raw).is_ok_and(|json| json.len() > MAX_RAW_BYTES);
    if report.raw.as_ref().is_some_and(is_large) {
        report.raw = None;
    }
    if let Err(invalid) = report.validate(now) {
        tracing::debug!(%invalid, kind = %report.kind, "a report lacks what it is about");
        return bare(&report);
    }
    report
}

/// What is left of a report that lacks what it is about.
fn bare(report: &EventReport) -> EventReport {
    let kind = EventKind::Unknown(format!("odd {}", report.kind).into());
    let key = report.dedupe_key.clone();
    let bare = EventReport::new(report.platform.clone(), kind, report.occurred_at, key);
    EventReport { raw: report.raw.clone(), ..bare }
}

/// A text of at most `limit` characters, without NUL: PostgreSQL's texts cannot have it.
pub(crate) fn clip(text: &str, limit: usize) -> Box<str> {
    if text.len() <= limit && !text.contains('\0') {
        return text.into();
    }
    text.chars().filter(|character| *character != '\0').take(limit).collect::<String>().into()
}

/// From the year 2000 to tomorrow.
fn is_sensible(at: Timestamp, now: Timestamp) -> bool {
    let latest = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
    (Timestamp::constant(946_684_800, 0)..=latest).contains(&at)
}

/// A text for machines, as short as it must be. An empty one says so.
fn word(text: &str, limit: usize) -> Box<str> {
    let is_fine = !text.is_empty() && text.len() <= limit && !text.contains(char::is_control);
    if is_fine {
        return text.into();
    }
    let mut word: String = text.chars().filter(|character| !character.is_control()).collect();
    word.truncate(word.floor_char_boundary(limit));
    if word.is_empty() { "none".into() } else { word.into() }
}

/// An id is whole or not there: half of one is another one's.
fn id(id: &mut Option<Box<str>>) {
    id.take_if(|id| id.is_empty() || id.len() > MAX_ID_BYTES || id.contains(char::is_control));
}

fn text(text: &mut Option<Box<str>>, limit: usize) {
    if let Some(text) = text {
        *text = clip(text, limit);
    }
}

fn name(name: &mut Option<Box<str>>) {
    text(name, MAX_NAME_CHARS);
    name.take_if(|name| name.is_empty());
}

fn url(url: &mut Option<Box<str>>) {
    url.take_if(|url| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_none_or(str::is_empty)
            || url.len() > MAX_URL_BYTES
            || url.contains(|character: char| character.is_whitespace() || character.is_control())
    });
}

fn actor(actor: &mut Actor) {
    id(&mut actor.id);
    name(&mut actor.login);
    name(&mut actor.name);
    url(&mut actor.avatar_url);
    actor.badges.truncate(MAX_BADGES);
    for badge in &mut actor.badges {
        badge.id = word(&badge.id, MAX_ID_BYTES);
        id(&mut badge.version);
    }
    actor.color.take_if(|color| {
        let digits = color.strip_prefix('#').unwrap_or_default();
        digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
}

fn message(message: &mut Message) {
    id(&mut message.id);
    message.text = clip(&message.text, MAX_TEXT_CHARS);
    message.fragments.iter_mut().for_each(fragment);
    let bytes: usize = message.fragments.iter().map(|fragment| fragment.text.len()).sum();
    if message.fragments.len() > MAX_FRAGMENTS || bytes > MAX_FRAGMENTS_BYTES {
        // The text says all of it; half of the pieces would say half of it.
        message.fragments.clear();
    }
    if let Some(Reply { message_id, name: its_name, text: its_text }) = &mut message.reply_to {
        *message_id = word(message_id, MAX_ID_BYTES);
        name(its_name);
        text(its_text, MAX_TEXT_CHARS);
    }
}

fn fragment(fragment: &mut Fragment) {
    fragment.kind = (&*word(fragment.kind.as_str(), MAX_WORD_BYTES)).into();
    fragment.text = clip(&fragment.text, MAX_TEXT_CHARS);
    id(&mut fragment.id);
    url(&mut fragment.url);
    fragment.amount = fragment.amount.map(|amount| amount.min(MAX_NUMBER));
}

fn subscription(subscription: &mut Subscription) {
    id(&mut subscription.tier);
    name(&mut subscription.level_name);
    if let Some(gift) = &mut subscription.gift {
        id(&mut gift.batch_id);
        gift.recipient.iter_mut().for_each(|recipient| actor(recipient));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use stagedoor_domain::{
        Badge, FragmentKind, Gift, Moderation, ModerationAction, Platform, Reward, StreamFacts,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

    fn monster(kind: EventKind) -> EventReport {
        let long = || -> Box<str> { "ö\0\n".repeat(4_000).into() };
        let actor = || Actor {
            id: Some(long()),
            login: Some("".into()),
            name: Some(long()),
            avatar_url: Some("javascript:alert(1)".into()),
            badges: vec![Badge { id: "".into(), version: Some(long()) }; 99],
            color: Some("red;}".into()),
            ..Actor::default()
        };
        let fragment = Fragment {
            kind: FragmentKind::Unknown(long()),
            text: "x\0".into(),
            id: Some("a\u{1b}".into()),
            url: Some("https://x y".into()),
            amount: Some(u64::MAX),
        };
        let mut report = EventReport::new(Platform::Kick, kind, Timestamp::MIN, long());
        report.actor = Some(actor());
        report.message = Some(Message {
            id: Some(long()),
            text: long(),
            fragments: vec![fragment; 600],
            reply_to: Some(Reply { message_id: "".into(), name: Some(long()), text: Some(long()) }),
        });
        report.subscription = Some(Subscription {
            tier: Some(long()),
            level_name: Some(long()),
            gift: Some(Gift { recipient: Some(Box::new(actor())), ..Gift::default() }),
            ..Subscription::default()
        });
        report.reward = Some(Reward {
            id: "".into(),
            title: long(),
            cost: u64::MAX,
            redemption_id: Some(long()),
            status: Some(long()),
            input: Some(long()),
        });
        report.moderation = Some(Moderation {
            action: ModerationAction::Unknown(long()),
            target: Some(Box::new(actor())),
            duration_s: Some(u64::MAX),
            expires_at: None,
            message_id: Some(long()),
        });
        report.stream = Some(StreamFacts {
            title: Some(long()),
            category: Some(long()),
            ..StreamFacts::default()
        });
        report.reason = Some(long());
        report.raw = Some(Value::String("x".repeat(MAX_RAW_BYTES)));
        report
    }

    #[test]
    fn whatever_a_platform_sends_becomes_a_report_that_is_taken() {
        let kinds = EventKind::KNOWN.iter().cloned();
        for kind in kinds.chain([EventKind::Unknown("\u{7}".repeat(99).into())]) {
            let report = fit(monster(kind.clone()), NOW);
            assert_eq!(report.validate(NOW), Ok(()), "{kind}");
            assert_eq!(report.occurred_at, NOW);
            assert!(report.raw.is_none());
        }
    }

    #[test]
    fn what_is_within_the_limits_stays_as_it_is() {
        let mut report = EventReport::new(Platform::Kick, EventKind::ChatMessage, NOW, "kick:1");
        report.message = Some(Message { text: "hello\nyou".into(), ..Message::default() });
        report.actor = Some(Actor { color: Some("#FF5733".into()), ..Actor::default() });
        report.raw = Some(serde_json::json!({ "content": "hello" }));
        assert_eq!(fit(report.clone(), NOW), report);
    }

    #[test]
    fn what_lacks_what_it_is_about_is_kept_as_unknown() {
        let report = EventReport::new(Platform::Kick, EventKind::Cheer, NOW, "kick:1");
        let kept = fit(report, NOW);
        assert_eq!(kept.kind.as_str(), "odd cheer");
        assert_eq!(&*kept.dedupe_key, "kick:1");
    }
}
