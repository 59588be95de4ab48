//! Alerts to try the overlays with.

use jiff::Timestamp;
use stagedoor_domain::{
    Actor, Alert, AlertKind, AlertSettings, EventKind, EventReport, Gift, Message, Money, Platform,
    Raid, Reward, Subscription, UnitKind, Units, UserId,
};

use super::rules;

/// An alert of this kind as a real one would be, whether or not the user wants any of its kind.
pub(super) fn sample(
    user: &UserId,
    kind: AlertKind,
    settings: &AlertSettings,
    now: Timestamp,
) -> Alert {
    let mut report = EventReport::new(Platform::Stagedoor, event_kind(&kind), now, "sample");
    report.actor = Some(Actor { name: Some("Test viewer".into()), ..Actor::default() });
    let text = Message { text: "This is a test".into(), ..Message::default() };
    match kind {
        AlertKind::Subscription => {
            let gift = Some(Gift { count: 5, ..Gift::default() });
            report.subscription = Some(Subscription { gift, ..Subscription::default() });
        }
        AlertKind::Donation => {
            let currency = "EUR".parse().expect("EUR is three upper-case letters");
            report.money = Some(Money { micros: 5_000_000, currency });
            report.message = Some(text);
        }
        AlertKind::Cheer => {
            report.units = Some(Units { kind: UnitKind::Bits, amount: 100 });
            report.message = Some(text);
        }
        AlertKind::Raid => report.raid = Some(Raid { viewers: 42 }),
        AlertKind::Reward => {
            report.reward = Some(Reward {
                id: "test".into(),
                title: "Test reward".into(),
                cost: 100,
                redemption_id: None,
                status: None,
                input: None,
            });
        }
        AlertKind::Follow | AlertKind::Unknown(_) => {}
    }
    rules::raise(user, kind, &report, settings, now)
}

fn event_kind(kind: &AlertKind) -> EventKind {
    match kind {
        AlertKind::Follow => EventKind::Follow,
        AlertKind::Subscription => EventKind::SubscriptionGiftBatch,
        AlertKind::Donation => EventKind::Donation,
        AlertKind::Cheer => EventKind::Cheer,
        AlertKind::Raid => EventKind::Raid,
        AlertKind::Reward => EventKind::RewardRedeemed,
        AlertKind::Unknown(text) => EventKind::Unknown(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_every_kind_also_of_those_that_are_off() {
        let user = UserId::new("ada").unwrap();
        for kind in AlertKind::KNOWN {
            let off = stagedoor_domain::AlertRule { enabled: false, ..Default::default() };
            let settings =
                AlertSettings { kinds: [(kind.clone(), off)].into(), ..AlertSettings::default() };
            let alert = sample(&user, kind.clone(), &settings, Timestamp::UNIX_EPOCH);
            assert_eq!((&alert.kind, alert.event), (kind, None));
        }
    }
}
