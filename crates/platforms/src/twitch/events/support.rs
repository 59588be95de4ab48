//! What viewers give: subscriptions and bits.

use stagedoor_domain::{EventKind, EventReport, Gift, Message, Subscription, UnitKind, Units};

use super::{
    Notification,
    chat::{months, written},
    digest,
    fields::{flag, giver, id, number, person, small, text},
};

/// A subscription that begins: the viewer's own, or one that somebody gave. By whom only the batch says.
pub(super) fn subscribed(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let viewer = person(event, "user_")?;
    let viewer_id = viewer.id.clone()?;
    let mut subscription = Subscription { tier: id(event, "tier"), ..Subscription::default() };
    if flag(event, "is_gift") {
        let kind = EventKind::SubscriptionGiftReceived;
        let mut report = notification.report_of_now(kind, &["sub-gift", &viewer_id]);
        let recipient = Some(Box::new(viewer));
        subscription.gift = Some(Gift { count: 1, recipient, ..Gift::default() });
        report.subscription = Some(subscription);
        return Some(report);
    }
    let mut report = notification.report_of_now(EventKind::SubscriptionNew, &["sub", &viewer_id]);
    report.actor = Some(viewer);
    report.subscription = Some(subscription);
    Some(report)
}

/// A subscription that goes on, when the viewer tells the chat: once a month at most.
pub(super) fn renewed(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let viewer = person(event, "user_")?;
    let viewer_id = viewer.id.as_deref()?;
    let kind = EventKind::SubscriptionRenewed;
    let total = months(event, "cumulative_months");
    let mut report = match total {
        Some(total) => notification.report(kind, &["resub", viewer_id, &total.to_string()]),
        None => notification.report_of_now(kind, &["resub", viewer_id]),
    };
    report.subscription = Some(Subscription {
        tier: id(event, "tier"),
        cumulative_months: total,
        streak_months: months(event, "streak_months"),
        duration_months: months(event, "duration_months"),
        ..Subscription::default()
    });
    report.message = written(event, None).filter(|message| !message.text.is_empty());
    report.actor = Some(viewer);
    Some(report)
}

/// Somebody gives subscriptions away.
pub(super) fn gave(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let count = small(event, "total")?;
    let actor = giver(event, "user_", "is_anonymous");
    let kind = EventKind::SubscriptionGiftBatch;
    let mut report = match actor.as_ref().and_then(|actor| actor.id.as_deref()) {
        Some(giver) => notification.report_of_now(kind, &["gift", giver, &count.to_string()]),
        None => notification.report(kind, &["gift", &notification.message_id]),
    };
    report.actor = actor;
    report.subscription = Some(Subscription {
        tier: id(event, "tier"),
        gift: Some(Gift {
            count,
            gifter_total: small(event, "cumulative_total"),
            ..Gift::default()
        }),
        ..Subscription::default()
    });
    Some(report)
}

pub(super) fn ended(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let viewer = person(event, "user_")?;
    let key = ["sub-ended", viewer.id.as_deref()?];
    let mut report = notification.report_of_now(EventKind::SubscriptionEnded, &key);
    report.subscription = Some(Subscription { tier: id(event, "tier"), ..Subscription::default() });
    report.actor = Some(viewer);
    Some(report)
}

/// Bits. What the viewer wrote with them comes as a chat message too, which is an event of its own.
pub(super) fn cheered(notification: &Notification) -> Option<EventReport> {
    let event = &notification.event;
    let amount = number(event, "bits")?;
    let actor = giver(event, "user_", "is_anonymous");
    let words = text(event, "message");
    let mut report = match actor.as_ref().and_then(|actor| actor.id.as_deref()) {
        Some(viewer) => {
            let what = digest(&[&amount.to_string(), words.unwrap_or_default()]);
            notification.report_of_now(EventKind::Cheer, &["cheer", viewer, &what])
        }
        None => notification.report(EventKind::Cheer, &["cheer", &notification.message_id]),
    };
    report.actor = actor;
    report.units = Some(Units { kind: UnitKind::Bits, amount });
    report.message = words.map(|text| Message { text: text.into(), ..Message::default() });
    Some(report)
}
