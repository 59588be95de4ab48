//! What a change of the stream leaves in the user's events: the feed shows it, and a later look finds it.

use jiff::Timestamp;
use stagedoor_domain::{
    DestinationStatus, EventKind, EventReport, Output, Platform, StreamFacts, StreamStatus,
};

use super::machine::Machine;

/// What is to be reported of the change from `before` to `after`. Each fact once per livestream: what is reported again
/// after a restart has the same key, and the store knows it.
pub(super) fn reports(before: &Machine, after: &Machine, now: Timestamp) -> Vec<EventReport> {
    let Some(livestream) = &after.livestream else { return Vec::new() };
    let id = livestream.id;
    let mut reports = Vec::new();
    let was_live = matches!(before.status(), StreamStatus::Live | StreamStatus::Interrupted);
    if after.status() == StreamStatus::Live && !was_live {
        let key = format!("stream:{id}:online");
        let mut report = EventReport::new(Platform::Stagedoor, EventKind::StreamOnline, now, key);
        report.stream = Some(StreamFacts {
            title: Some(livestream.metadata.title.clone()).filter(|title| !title.is_empty()),
            started_at: Some(livestream.started_at),
            ..StreamFacts::default()
        });
        reports.push(report);
    }
    if before.on_air().is_some() && after.on_air().is_none() {
        let key = format!("stream:{id}:offline");
        let mut report = EventReport::new(Platform::Stagedoor, EventKind::StreamOffline, now, key);
        report.stream =
            Some(StreamFacts { ended_at: livestream.ended_at, ..StreamFacts::default() });
        report.reason.clone_from(&after.failure);
        reports.push(report);
    }
    for destination in &after.destinations {
        let known = before.destinations.iter().find(|known| known.id == destination.id);
        if known.is_some_and(|known| known.status == destination.status) {
            continue;
        }
        let (kind, word, reason) = match &destination.status {
            DestinationStatus::Live => (EventKind::OutputEnabled, "enabled", None),
            DestinationStatus::Failed { reason } => {
                (EventKind::OutputFailed, "failed", Some(reason.clone()))
            }
            DestinationStatus::Ended => (EventKind::OutputDisabled, "disabled", None),
            DestinationStatus::Starting | DestinationStatus::Ending { .. } => continue,
        };
        let key = format!("output:{id}:{}:{word}", destination.id);
        let mut report = EventReport::new(Platform::Cloudflare, kind, now, key);
        report.output = Some(Output { destination: destination.id.clone() });
        report.reason = reason;
        reports.push(report);
    }
    reports
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stagedoor_domain::{DestinationId, LivestreamId, Metadata, UserId};
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// A livestream that is led by `step`, and what is reported of that step.
    fn kinds(machine: &mut Machine, step: impl FnOnce(&mut Machine)) -> Vec<String> {
        let before = machine.clone();
        step(machine);
        let reports = reports(&before, machine, NOW);
        for report in &reports {
            report.validate(NOW.max("2020-01-01T00:00:00Z".parse().unwrap())).unwrap_or_else(
                // The beginning of time is what this test's clock says.
                |invalid| assert_eq!(invalid.field(), "occurred_at", "{invalid}"),
            );
        }
        reports.iter().map(|report| report.kind.to_string()).collect()
    }

    #[test]
    fn a_livestream_leaves_its_stations_once_each() {
        let id = LivestreamId::from_uuid(Uuid::nil());
        let (a, b) = (DestinationId::new("a").unwrap(), DestinationId::new("b").unwrap());
        let mut machine = Machine::default();
        let encoder = |machine: &mut Machine, connected| {
            machine.encoder_seen(connected, NOW, NOW, Duration::from_mins(5));
        };
        let told = |machine: &mut Machine, destination: &DestinationId, status| {
            machine.destination_changed(id, destination, status, NOW, Duration::from_mins(5));
        };
        let reason = || DestinationStatus::Failed { reason: "bad key".into() };
        encoder(&mut machine, true);
        let (user, to) = (UserId::new("ada").unwrap(), vec![a.clone(), b.clone()]);
        machine.start(id, &user, &Metadata::default(), to, NOW).unwrap();
        let live = kinds(&mut machine, |machine| told(machine, &a, DestinationStatus::Live));
        assert_eq!(live, ["stream.online", "output.enabled"]);
        assert_eq!(kinds(&mut machine, |machine| told(machine, &b, reason())), ["output.failed"]);
        assert!(kinds(&mut machine, |machine| encoder(machine, false)).is_empty());
        assert!(kinds(&mut machine, |machine| encoder(machine, true)).is_empty(), "it was live");
        assert!(kinds(&mut machine, |machine| machine.stop().unwrap()).is_empty());
        for (destination, expected) in [(&a, vec!["output.disabled"]), (&b, vec!["stream.offline"])]
        {
            let ended =
                |machine: &mut Machine| told(machine, destination, DestinationStatus::Ended);
            assert_eq!(kinds(&mut machine, ended), expected);
        }
    }
}
