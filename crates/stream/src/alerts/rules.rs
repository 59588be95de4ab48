//! Which events raise an alert, and what is in it. Rules without state: the same report and settings, the same alert.
//!
//! - What is replayed raises none: it happened before anybody listened.
//! - Gifts that belong to a batch raise none: the batch does, with their number.
//! - Large donations and raids come first.

use jiff::Timestamp;
use stagedoor_domain::{
    Alert, AlertId, AlertKind, AlertPriority, AlertRule, AlertSettings, AlertState, EventKind,
    EventReport, UserId,
};
use uuid::Uuid;

/// The name of those who do not want to be known.
pub(super) const ANONYMOUS: &str = "Anonymous";

/// What an overlay has room for.
const MAX_NAME_CHARS: usize = 100;
const MAX_TEXT_CHARS: usize = 500;

/// The alert that this report raises, if it raises one. Its event is not known yet.
pub(crate) fn alert_for(
    user: &UserId,
    report: &EventReport,
    settings: &AlertSettings,
    now: Timestamp,
) -> Option<Alert> {
    if report.replayed || report.sent_by_us {
        return None;
    }
    let kind = kind_of(report)?;
    let rule = settings.kinds.get(&kind).cloned().unwrap_or_default();
    if !rule.enabled || !is_enough(&kind, report, &rule) {
        return None;
    }
    Some(raise(user, kind, report, settings, now))
}

/// The alert of this kind for this report, whatever the rules say.
pub(super) fn raise(
    user: &UserId,
    kind: AlertKind,
    report: &EventReport,
    settings: &AlertSettings,
    now: Timestamp,
) -> Alert {
    let display_ms = settings.kinds.get(&kind).and_then(|rule| rule.display_ms);
    let is_large = report.money.is_some_and(|money| money.micros >= settings.large_donation_micros);
    let comes_first = kind == AlertKind::Raid || kind == AlertKind::Donation && is_large;
    Alert {
        id: AlertId::from_uuid(Uuid::now_v7()),
        user: user.clone(),
        event: None,
        platform: report.platform.clone(),
        priority: if comes_first { AlertPriority::High } else { AlertPriority::Normal },
        state: AlertState::Queued,
        name: name_of(report),
        text: text_of(&kind, report),
        money: report.money,
        units: report.units.clone(),
        count: count_of(&kind, report),
        events: 1,
        display_ms: display_ms.unwrap_or(settings.display_ms),
        created_at: now,
        kind,
    }
}

fn kind_of(report: &EventReport) -> Option<AlertKind> {
    Some(match report.kind {
        EventKind::Follow => AlertKind::Follow,
        EventKind::SubscriptionNew | EventKind::SubscriptionGiftReceived
            if is_of_a_batch(report) =>
        {
            return None;
        }
        EventKind::SubscriptionNew
        | EventKind::SubscriptionRenewed
        | EventKind::SubscriptionGiftBatch
        | EventKind::SubscriptionGiftReceived => AlertKind::Subscription,
        EventKind::Donation => AlertKind::Donation,
        EventKind::Cheer => AlertKind::Cheer,
        EventKind::Raid => AlertKind::Raid,
        EventKind::RewardRedeemed => AlertKind::Reward,
        _ => return None,
    })
}

fn is_of_a_batch(report: &EventReport) -> bool {
    let gift = report.subscription.as_ref().and_then(|subscription| subscription.gift.as_ref());
    gift.is_some_and(|gift| gift.batch_id.is_some())
}

/// Whether it reaches the least that the user wants to hear of. Only batches have a number of gifts to reach.
fn is_enough(kind: &AlertKind, report: &EventReport, rule: &AlertRule) -> bool {
    let amount = match kind {
        AlertKind::Cheer => report.units.as_ref().map(|units| units.amount),
        AlertKind::Raid => report.raid.map(|raid| u64::from(raid.viewers)),
        AlertKind::Subscription => gifts(report),
        _ => None,
    };
    report.money.is_none_or(|money| money.micros >= rule.min_micros)
        && amount.is_none_or(|amount| amount >= rule.min_amount)
}

fn gifts(report: &EventReport) -> Option<u64> {
    let gift = report.subscription.as_ref()?.gift.as_ref()?;
    (report.kind == EventKind::SubscriptionGiftBatch).then_some(u64::from(gift.count))
}

fn count_of(kind: &AlertKind, report: &EventReport) -> Option<u64> {
    match kind {
        AlertKind::Raid => report.raid.map(|raid| u64::from(raid.viewers)),
        AlertKind::Subscription => gifts(report).or_else(|| {
            let months = report.subscription.as_ref()?.cumulative_months?;
            Some(u64::from(months))
        }),
        _ => None,
    }
}

fn name_of(report: &EventReport) -> Box<str> {
    let known = report.actor.as_ref().filter(|actor| !actor.anonymous);
    let name = known.and_then(|actor| actor.name.as_deref().or(actor.login.as_deref()));
    short(name.filter(|name| !name.trim().is_empty()).unwrap_or(ANONYMOUS), MAX_NAME_CHARS)
}

fn text_of(kind: &AlertKind, report: &EventReport) -> Option<Box<str>> {
    let text = match (&report.reward, kind) {
        (Some(reward), AlertKind::Reward) => match &reward.input {
            Some(input) => format!("{}: {input}", reward.title),
            None => reward.title.to_string(),
        },
        _ => report.message.as_ref()?.text.to_string(),
    };
    (!text.is_empty()).then(|| short(&text, MAX_TEXT_CHARS))
}

fn short(text: &str, limit: usize) -> Box<str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use stagedoor_domain::{
        Actor, Gift, Message, Money, Platform, Raid, Reward, Subscription, UnitKind, Units,
    };

    use super::*;

    fn report(kind: EventKind) -> EventReport {
        let mut report = EventReport::new(Platform::Twitch, kind, Timestamp::UNIX_EPOCH, "key");
        report.actor = Some(Actor { name: Some("Joe".into()), ..Actor::default() });
        report
    }

    fn donation(micros: i64) -> EventReport {
        let mut donation = report(EventKind::Donation);
        donation.money = Some(Money { micros, currency: "EUR".parse().unwrap() });
        donation
    }

    fn raid(viewers: u32) -> EventReport {
        let mut raid = report(EventKind::Raid);
        raid.raid = Some(Raid { viewers });
        raid
    }

    fn gift(kind: EventKind, count: u32, batch: Option<&str>) -> EventReport {
        let mut report = report(kind);
        let gift = Gift { count, batch_id: batch.map(Into::into), ..Gift::default() };
        report.subscription = Some(Subscription { gift: Some(gift), ..Subscription::default() });
        report
    }

    fn alert(report: &EventReport, settings: &AlertSettings) -> Option<Alert> {
        alert_for(&UserId::new("ada").unwrap(), report, settings, Timestamp::UNIX_EPOCH)
    }

    fn with_rule(kind: AlertKind, rule: AlertRule) -> AlertSettings {
        AlertSettings { kinds: [(kind, rule)].into(), ..AlertSettings::default() }
    }

    #[test]
    fn what_deserves_an_alert_raises_one_of_its_kind_and_the_rest_none() {
        let settings = AlertSettings::default();
        for kind in EventKind::KNOWN {
            let expected = match kind {
                EventKind::Follow => Some(AlertKind::Follow),
                EventKind::SubscriptionNew
                | EventKind::SubscriptionRenewed
                | EventKind::SubscriptionGiftBatch
                | EventKind::SubscriptionGiftReceived => Some(AlertKind::Subscription),
                EventKind::Donation => Some(AlertKind::Donation),
                EventKind::Cheer => Some(AlertKind::Cheer),
                EventKind::Raid => Some(AlertKind::Raid),
                EventKind::RewardRedeemed => Some(AlertKind::Reward),
                _ => None,
            };
            let raised = alert(&report(kind.clone()), &settings).map(|alert| alert.kind);
            assert_eq!(raised, expected, "{kind}");
        }
    }

    #[test]
    fn what_is_replayed_raises_none() {
        let mut follow = report(EventKind::Follow);
        follow.replayed = true;
        assert_eq!(alert(&follow, &AlertSettings::default()), None);
    }

    #[test]
    fn a_gift_bomb_raises_one_alert_with_the_number_of_gifts() {
        let settings = AlertSettings::default();
        let batch = gift(EventKind::SubscriptionGiftBatch, 20, Some("bomb"));
        assert_eq!(alert(&batch, &settings).unwrap().count, Some(20));
        let one = gift(EventKind::SubscriptionGiftReceived, 1, Some("bomb"));
        assert_eq!(alert(&one, &settings), None);
        let single = gift(EventKind::SubscriptionGiftReceived, 1, None);
        assert!(alert(&single, &settings).is_some());
    }

    #[test]
    fn large_donations_and_raids_come_first() {
        let settings =
            AlertSettings { large_donation_micros: 50_000_000, ..AlertSettings::default() };
        let priority = |report: &EventReport| alert(report, &settings).unwrap().priority;
        assert_eq!(priority(&donation(49_999_999)), AlertPriority::Normal);
        assert_eq!(priority(&donation(50_000_000)), AlertPriority::High);
        assert_eq!(priority(&raid(1)), AlertPriority::High);
        assert_eq!(priority(&report(EventKind::Follow)), AlertPriority::Normal);
    }

    #[test]
    fn a_kind_can_be_off_and_have_a_least_amount_and_a_time_of_its_own() {
        let off = AlertRule { enabled: false, ..AlertRule::default() };
        assert_eq!(alert(&raid(9), &with_rule(AlertKind::Raid, off)), None);

        let least = AlertRule { min_amount: 5, display_ms: Some(3_000), ..AlertRule::default() };
        let settings = with_rule(AlertKind::Raid, least.clone());
        assert_eq!(alert(&raid(4), &settings), None);
        assert_eq!(alert(&raid(5), &settings).unwrap().display_ms, 3_000);
        assert_eq!(alert(&donation(1), &settings).unwrap().display_ms, 8_000);

        let gifts = with_rule(AlertKind::Subscription, least);
        assert_eq!(alert(&gift(EventKind::SubscriptionGiftBatch, 4, None), &gifts), None);
        assert!(alert(&report(EventKind::SubscriptionNew), &gifts).is_some());

        let money = AlertRule { min_micros: 1_000_000, ..AlertRule::default() };
        let settings = with_rule(AlertKind::Donation, money);
        assert_eq!(alert(&donation(999_999), &settings), None);
        assert!(alert(&donation(1_000_000), &settings).is_some());
    }

    #[test]
    fn a_refund_raises_none() {
        assert_eq!(alert(&donation(-1), &AlertSettings::default()), None);
    }

    #[test]
    fn an_alert_says_who_and_what_as_far_as_it_fits_an_overlay() {
        let mut cheer = report(EventKind::Cheer);
        cheer.units = Some(Units { kind: UnitKind::Bits, amount: 100 });
        cheer.message = Some(Message { text: "é".repeat(600).into(), ..Message::default() });
        let raised = alert(&cheer, &AlertSettings::default()).unwrap();
        assert_eq!((&*raised.name, raised.units.unwrap().amount), ("Joe", 100));
        assert_eq!(raised.text.unwrap().chars().count(), 501);

        let mut reward = report(EventKind::RewardRedeemed);
        reward.actor =
            Some(Actor { anonymous: true, name: Some("Joe".into()), ..Actor::default() });
        reward.reward = Some(Reward {
            id: "r".into(),
            title: "Hydrate".into(),
            cost: 100,
            redemption_id: None,
            status: None,
            input: Some("now".into()),
        });
        let raised = alert(&reward, &AlertSettings::default()).unwrap();
        assert_eq!((&*raised.name, raised.text.as_deref()), (ANONYMOUS, Some("Hydrate: now")));
    }
}
