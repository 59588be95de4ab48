//! What happens around a stream.

use stagedoor_domain::{Actor, EventKind, EventReport, StreamEvent, Subscription};

use super::{brief, time};
use crate::{
    style::{BAD, DIM, GOOD, Look, PLAIN},
    table::{Cell, Table},
    text::{duration, escape},
};

pub(crate) fn events(events: &[StreamEvent], look: Look) -> String {
    let mut table = Table::new(["WHEN", "PLATFORM", "KIND", "WHO", "WHAT"]);
    for event in events {
        let report = &event.report;
        table.row([
            Cell::styled(time(report.occurred_at), DIM),
            report.platform.as_str().into(),
            Cell::styled(report.kind.as_str(), style(&report.kind)),
            brief(who(report.actor.as_ref())).into(),
            brief(&what(report)).into(),
        ]);
    }
    table.render(look)
}

/// One line: what follows is not known yet, so nothing is aligned.
pub(crate) fn stream_event(event: &StreamEvent, look: Look) -> String {
    let report = &event.report;
    let kind = look.paint(style(&report.kind), &escape(report.kind.as_str()));
    let when = look.paint(DIM, &time(report.occurred_at));
    let (who, what) = (brief(who(report.actor.as_ref())), brief(&what(report)));
    let texts = [escape(report.platform.as_str()), escape(&who), escape(&what)];
    let [platform, who, what] = texts;
    let mut parts = vec![&when, &*platform, &kind, &*who, &*what];
    if look.aligned {
        parts.retain(|part| !part.is_empty());
    }
    parts.join(if look.aligned { "  " } else { "\t" }) + "\n"
}

fn style(kind: &EventKind) -> anstyle::Style {
    match kind {
        EventKind::Donation | EventKind::Cheer => GOOD,
        EventKind::LinkDegraded
        | EventKind::LinkLost
        | EventKind::LinkNeedsReauth
        | EventKind::InputErrored
        | EventKind::OutputFailed => BAD,
        _ => PLAIN,
    }
}

/// What somebody is called.
fn who(actor: Option<&Actor>) -> &str {
    let Some(actor) = actor else { return "" };
    if actor.anonymous {
        return "somebody";
    }
    let names = [&actor.name, &actor.login, &actor.id];
    names.into_iter().flatten().next().map_or("", |name| name)
}

/// `5.00 EUR: For the next pot of tea`
fn what(report: &EventReport) -> String {
    let mut facts = Vec::new();
    facts.extend(report.money.map(|money| money.to_string()));
    facts.extend(report.units.as_ref().map(|units| format!("{} {}", units.amount, units.kind)));
    if let Some(subscription) = &report.subscription {
        of_subscription(subscription, &mut facts);
    }
    facts.extend(report.raid.map(|raid| format!("{} viewers", raid.viewers)));
    facts.extend(report.viewers.map(|viewers| format!("{viewers} viewers")));
    if let Some(reward) = &report.reward {
        facts.push(reward.title.to_string());
        facts.extend(reward.status.as_deref().map(Into::into));
    }
    if let Some(moderation) = &report.moderation {
        let target = who(moderation.target.as_deref());
        facts.push(format!("{} {target}", moderation.action).trim_end().into());
        facts.extend(moderation.duration_s.map(|s| duration(s.saturating_mul(1_000))));
    }
    if let Some(stream) = &report.stream {
        facts.extend(stream.title.as_deref().map(Into::into));
        facts.extend(stream.category.as_deref().map(Into::into));
    }
    facts.extend(report.output.as_ref().map(|output| output.destination.to_string()));
    let reward_input = report.reward.as_ref().and_then(|reward| reward.input.as_deref());
    let message = report.message.as_ref().map(|message| &*message.text);
    super::with_text(&facts, message.or(reward_input).or(report.reason.as_deref()))
}

fn of_subscription(subscription: &Subscription, facts: &mut Vec<String>) {
    facts.extend(subscription.tier.as_deref().map(|tier| format!("tier {tier}")));
    facts.extend(subscription.cumulative_months.map(|months| format!("{months} months")));
    if let Some(gift) = &subscription.gift {
        match gift.recipient.as_deref() {
            Some(recipient) => facts.push(format!("to {}", who(Some(recipient)))),
            None => facts.push(format!("{} gifts", gift.count)),
        }
    }
}
