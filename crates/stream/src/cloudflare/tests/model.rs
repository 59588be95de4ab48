//! Outputs alone, with a Cloudflare and a store that are a few lines each: whatever goes wrong in whatever order, in the
//! end exactly what is wanted sends, and nothing is left that nobody knows of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use secrecy::SecretString;
use stagedoor_cloudflare::{Error, Output};
use stagedoor_domain::{DestinationStatus, LivestreamId};
use stagedoor_store::OutputRecord;
use tokio::time::Instant;

use super::super::{
    Wanted,
    act::{Acted, Target},
    entry::Doing,
    listing::Epochs,
    output::{Presence, Step, fingerprint},
    outputs::{Due, Outputs},
    pace::CloudflarePace,
};
use super::*;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Nothing is done, and that is known.
    Refused,
    /// It is done, and nobody knows.
    AnswerLost,
    /// It is not done, and nobody knows.
    CallLost,
}

#[derive(Clone, Debug)]
enum Event {
    Attach(u8, Vec<usize>),
    Detach,
    Nothing,
    /// One round of what is due, each with its fault.
    Round(Vec<Fault>),
    /// As a round, and the process ends before anything that came of it is written down.
    CrashIn(Vec<Fault>),
    Crash,
    /// Somebody deletes an output at Cloudflare.
    DeletedByHand(usize),
    ChangeKey(usize),
}

/// All that is outside.
struct Outside {
    outputs: Vec<Output>,
    records: BTreeMap<DestinationId, OutputRecord>,
    keys: Vec<u32>,
    next: u32,
}

const DESTINATIONS: usize = 3;

fn id(destination: usize) -> DestinationId {
    DestinationId::new(format!("d{destination}")).unwrap()
}

impl Outside {
    fn target(&self, destination: usize) -> Target {
        let url = "rtmp://x/app";
        let stream_key: SecretString = format!("{destination}-{}", self.keys[destination]).into();
        let fingerprint = fingerprint(url, &stream_key);
        Target { url: url.into(), stream_key, fingerprint }
    }

    fn targets(&self) -> BTreeMap<DestinationId, Option<Target>> {
        (0..DESTINATIONS).map(|of| (id(of), Some(self.target(of)))).collect()
    }

    fn output(&mut self, uid: &str) -> Option<&mut Output> {
        self.outputs.iter_mut().find(|output| *output.uid == *uid)
    }

    /// Carries a step out as `act` does.
    fn act(
        &mut self,
        outputs: &mut Outputs,
        of: &DestinationId,
        step: &Step,
        fault: Fault,
    ) -> Acted {
        let presence = outputs.entry(of).presence.clone();
        let lost = || Some(Error::Unclear { what: "lost".into() }.into());
        let refused = || Some(Error::Unavailable { what: "refused".into() }.into());
        let done = |presence| Acted { presence, stray_gone: None, obstacle: None };
        let record = |fingerprint: &str, uid: Option<&str>, enabled| OutputRecord {
            destination: of.clone(),
            fingerprint: fingerprint.into(),
            uid: uid.map(Into::into),
            enabled,
        };
        match step {
            Step::Look => unreachable!("it is no step of one output"),
            Step::Create => {
                let target = outputs.target(of).unwrap();
                self.records.insert(of.clone(), record(&target.fingerprint, None, true));
                let uid = format!("o{}", self.next);
                if matches!(fault, Fault::None | Fault::AnswerLost) {
                    self.next += 1;
                    let output = serde_json::json!({
                        "uid": uid, "url": target.url, "enabled": true,
                        "streamKey": secrecy::ExposeSecret::expose_secret(&target.stream_key),
                    });
                    self.outputs.push(serde_json::from_value(output).unwrap());
                }
                match fault {
                    Fault::None => {
                        let fingerprint = target.fingerprint;
                        self.records.insert(of.clone(), record(&fingerprint, Some(&uid), true));
                        done(Presence::There { fingerprint, uid: uid.into(), enabled: Some(true) })
                    }
                    Fault::Refused => {
                        self.records.remove(of);
                        Acted { obstacle: refused(), ..done(Presence::Absent) }
                    }
                    _ => Acted { obstacle: lost(), ..done(Presence::Intended(target.fingerprint)) },
                }
            }
            Step::Enable(uid) | Step::Disable(uid) => {
                let on = matches!(step, Step::Enable(_));
                let fingerprint = presence.fingerprint().unwrap().clone();
                if on {
                    self.records.insert(of.clone(), record(&fingerprint, Some(uid), true));
                }
                let Some(output) = self.output(uid) else {
                    self.records.remove(of);
                    return done(Presence::Absent);
                };
                if matches!(fault, Fault::None | Fault::AnswerLost) {
                    output.enabled = on;
                }
                let there = |enabled| Presence::There {
                    fingerprint: fingerprint.clone(),
                    uid: uid.clone(),
                    enabled,
                };
                match fault {
                    Fault::None => {
                        self.records.insert(of.clone(), record(&fingerprint, Some(uid), on));
                        done(there(Some(on)))
                    }
                    Fault::Refused => Acted { obstacle: refused(), ..done(presence) },
                    _ => Acted { obstacle: lost(), ..done(there(None)) },
                }
            }
            Step::Delete(uid) | Step::DeleteStray(uid) => {
                if matches!(fault, Fault::None | Fault::AnswerLost) {
                    self.outputs.retain(|output| output.uid != *uid);
                }
                match (fault, step) {
                    (Fault::None, Step::DeleteStray(_)) => {
                        Acted { stray_gone: Some(uid.clone()), ..done(presence) }
                    }
                    (Fault::None, _) => {
                        self.records.remove(of);
                        done(Presence::Absent)
                    }
                    (Fault::Refused, _) => Acted { obstacle: refused(), ..done(presence) },
                    _ => Acted { obstacle: lost(), ..done(presence) },
                }
            }
            Step::Forget => {
                self.records.remove(of);
                done(Presence::Absent)
            }
        }
    }
}

struct Model {
    outside: Outside,
    outputs: Outputs,
    wanted: Wanted,
    pace: CloudflarePace,
}

impl Model {
    fn new() -> Self {
        let outside = Outside {
            outputs: Vec::new(),
            records: BTreeMap::new(),
            keys: vec![0; DESTINATIONS],
            next: 0,
        };
        let mut model = Self {
            outside,
            outputs: Outputs::default(),
            wanted: Wanted::Nothing,
            pace: CloudflarePace {
                retry_initial: Duration::ZERO,
                retry_max: Duration::ZERO,
                ..CloudflarePace::default()
            },
        };
        model.crash();
        model
    }

    fn crash(&mut self) {
        self.outputs = Outputs::default();
        self.want(self.wanted.clone());
    }

    fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted.clone();
        self.outputs.want(wanted);
        let records = self.outside.records.values().cloned().collect();
        self.outputs.read(records, self.outside.targets().into());
    }

    /// Does what is due, all at once. Whether anything was.
    fn round(&mut self, faults: &[Fault], crash: bool) -> bool {
        let now = Instant::now();
        let mut faults = faults.iter().copied().chain(std::iter::repeat(Fault::None));
        let mut busy = false;
        let mut look = false;
        let mut acted = Vec::new();
        let epochs: Epochs = self.outputs.epochs();
        for destination in self.outputs.destinations() {
            match self.outputs.due(&destination, now) {
                Due::Nothing | Due::At(_) => {}
                Due::Look(_) => look = true,
                Due::Step(step) => {
                    self.outputs.entry(&destination).doing = Doing::Acting;
                    let fault = faults.next().unwrap();
                    let done = self.outside.act(&mut self.outputs, &destination, &step, fault);
                    acted.push((destination, done));
                }
            }
        }
        busy |= look || !acted.is_empty();
        if crash {
            return busy;
        }
        for (destination, done) in acted {
            self.outputs.acted(&destination, done, &self.pace, now);
        }
        if look && matches!(faults.next(), Some(Fault::None)) {
            self.list(&epochs);
        }
        self.outputs.statuses();
        self.outputs.tidy();
        busy
    }

    fn list(&mut self, epochs: &Epochs) {
        for record in self.outputs.listed(&self.outside.outputs, epochs) {
            self.outside.records.insert(record.destination.clone(), record);
        }
    }

    /// Nothing goes wrong any more, and all there is to do is done, a last audit included.
    fn settle(&mut self) {
        for _ in 0..2 {
            for round in 0.. {
                if !self.round(&[], false) {
                    break;
                }
                assert!(round < 50, "it never ends: {:?}", self.outputs);
            }
            let epochs = self.outputs.epochs();
            self.list(&epochs);
        }
        while self.round(&[], false) {}
    }

    fn apply(&mut self, event: Event) {
        let livestream = |n: u8| LivestreamId::from_uuid(uuid::Uuid::from_u128(n.into()));
        match event {
            Event::Attach(n, chosen) => {
                let destinations = chosen.into_iter().map(id).collect();
                self.want(Wanted::Attached { livestream: livestream(n), destinations });
            }
            Event::Detach => {
                if let Wanted::Attached { livestream, destinations } = self.wanted.clone() {
                    self.want(Wanted::Detached { livestream, destinations });
                }
            }
            Event::Nothing => self.want(Wanted::Nothing),
            Event::Round(faults) => {
                self.round(&faults, false);
            }
            Event::CrashIn(faults) => {
                self.round(&faults, true);
                self.crash();
            }
            Event::Crash => self.crash(),
            Event::DeletedByHand(at) => {
                if !self.outside.outputs.is_empty() {
                    self.outside.outputs.remove(at % self.outside.outputs.len());
                }
            }
            Event::ChangeKey(destination) => self.outside.keys[destination] += 1,
        }
    }
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        3 => Just(Fault::None),
        1 => Just(Fault::Refused),
        2 => Just(Fault::AnswerLost),
        1 => Just(Fault::CallLost),
    ];
    prop::collection::vec(fault, 0..4)
}

fn event() -> impl Strategy<Value = Event> {
    let chosen = prop::sample::subsequence((0..DESTINATIONS).collect::<Vec<_>>(), 1..=DESTINATIONS);
    prop_oneof![
        3 => (0..4u8, chosen).prop_map(|(n, chosen)| Event::Attach(n, chosen)),
        2 => Just(Event::Detach),
        1 => Just(Event::Nothing),
        12 => faults().prop_map(Event::Round),
        3 => faults().prop_map(Event::CrashIn),
        2 => Just(Event::Crash),
        1 => (0..9usize).prop_map(Event::DeletedByHand),
        1 => (0..DESTINATIONS).prop_map(Event::ChangeKey),
    ]
}

#[test]
fn an_output_whose_answer_was_lost_is_found_again_after_a_crash() {
    let mut model = Model::new();
    model.apply(Event::Attach(1, vec![0]));
    model.apply(Event::Round(vec![Fault::AnswerLost]));
    assert_eq!(model.outside.outputs.len(), 1);
    assert!(matches!(model.outputs.entry(&id(0)).presence, Presence::Intended(_)));
    model.apply(Event::Crash);
    model.settle();
    assert!(model.outputs.entry(&id(0)).presence.sends());
    assert_eq!(model.outside.next, 1, "none was created since");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn in_the_end_exactly_what_is_wanted_sends_and_nothing_is_leaked(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut model = Model::new();
        for event in events {
            model.apply(event);
        }
        // A key that was changed is learnt of with the next wish.
        let wanted = model.wanted.clone();
        model.want(Wanted::Nothing);
        model.want(wanted);
        model.settle();
        let sending: Vec<_> = model.outside.outputs.iter().filter(|output| output.enabled).collect();
        let attached = match &model.wanted {
            Wanted::Attached { destinations, .. } => destinations.clone(),
            _ => Vec::new(),
        };
        let targets = model.outside.targets();
        prop_assert_eq!(sending.len(), attached.len(), "{:?}", &model.outside.outputs);
        for destination in &attached {
            let target = targets[destination].as_ref().unwrap();
            let leads = |output: &&&Output| output.leads_to(&target.url, &target.stream_key);
            prop_assert_eq!(sending.iter().filter(leads).count(), 1);
        }
        for output in &model.outside.outputs {
            let known = model.outside.records.values().any(|record| record.uid.as_ref() == Some(&output.uid));
            prop_assert!(known, "{output:?} is leaked: {:?}", model.outside.records);
        }
        for (destination, status) in model.outputs.statuses() {
            let right = matches!(status, DestinationStatus::Live | DestinationStatus::Ended);
            prop_assert!(right, "{destination}: {status:?}");
        }
    }
}
