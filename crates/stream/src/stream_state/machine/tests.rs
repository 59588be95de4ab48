//! The machine alone: every arrow of the drawing, and what never holds.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const AUTO_STOP: Duration = Duration::from_mins(5);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn id(name: &str) -> DestinationId {
    DestinationId::new(name).unwrap()
}

fn failed(reason: &str) -> DestinationStatus {
    DestinationStatus::Failed { reason: reason.into() }
}

/// A machine and a clock of whole seconds.
struct Stream {
    machine: Machine,
    second: i64,
}

impl Stream {
    fn ready() -> Self {
        let mut stream = Self { machine: Machine::default(), second: 0 };
        stream.encoder(true);
        stream
    }

    fn live() -> Self {
        let mut stream = Self::ready();
        stream.start().unwrap();
        stream.destination("a", DestinationStatus::Live);
        stream
    }

    fn start(&mut self) -> Result<(), StreamCommandError> {
        let user = UserId::new("ada").unwrap();
        let number = u128::try_from(self.second).unwrap();
        let livestream = LivestreamId::from_uuid(Uuid::from_u128(number));
        let destinations = vec![id("a"), id("b")];
        self.machine.start(livestream, &user, &Metadata::default(), destinations, at(self.second))
    }

    fn encoder(&mut self, connected: bool) {
        self.machine.encoder_seen(connected, at(self.second), at(self.second), AUTO_STOP);
    }

    fn destination(&mut self, name: &str, status: DestinationStatus) {
        let Some(livestream) = self.machine.livestream.as_ref().map(|stream| stream.id) else {
            return;
        };
        let now = at(self.second);
        self.machine.destination_changed(livestream, &id(name), status, now, AUTO_STOP);
    }

    fn status(&self) -> StreamStatus {
        self.machine.status()
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.machine.livestream.as_ref()?.ended_at
    }
}

#[test]
fn a_livestream_from_the_encoder_to_the_end() {
    let mut stream = Stream::ready();
    assert_eq!(stream.status(), StreamStatus::Ready);
    stream.start().unwrap();
    assert_eq!(stream.status(), StreamStatus::Starting);
    stream.destination("a", DestinationStatus::Live);
    assert_eq!(stream.status(), StreamStatus::Live, "the first destination is enough");
    stream.destination("b", failed("bad key"));
    assert_eq!(stream.status(), StreamStatus::Live, "one that fails does not stop the other");
    stream.machine.stop().unwrap();
    assert_eq!(stream.status(), StreamStatus::Ending);
    stream.second = 60;
    stream.destination("a", DestinationStatus::Ended);
    assert_eq!(stream.status(), StreamStatus::Ending, "the other may still be sent to");
    stream.destination("b", DestinationStatus::Ended);
    assert_eq!(stream.status(), StreamStatus::Ready, "the encoder is still there");
    assert_eq!(stream.ended_at(), Some(at(60)));
    assert_eq!(stream.machine.wanted(), Wanted::Nothing);
}

#[test]
fn a_start_that_fails_everywhere_fails_and_says_why() {
    let mut stream = Stream::ready();
    stream.start().unwrap();
    stream.destination("a", failed("bad key"));
    assert_eq!(stream.status(), StreamStatus::Starting);
    stream.destination("b", failed("no answer"));
    assert_eq!(stream.status(), StreamStatus::Ending, "something may have been made for it");
    assert!(matches!(stream.machine.wanted(), Wanted::Detached { .. }));
    stream.destination("a", DestinationStatus::Ended);
    assert_eq!(stream.status(), StreamStatus::Ending);
    stream.destination("b", DestinationStatus::Ended);
    assert_eq!(stream.status(), StreamStatus::Failed);
    assert_eq!(stream.machine.failure.as_deref(), Some("a: bad key"));
    assert_eq!(stream.machine.destinations[1].status, failed("no answer"), "it is still shown");
    assert_eq!(stream.machine.wanted(), Wanted::Nothing);
    assert_eq!(stream.ended_at(), Some(at(0)));
    stream.second = 1;
    stream.start().unwrap();
    assert_eq!(stream.machine.failure, None);
}

#[test]
fn a_lost_encoder_interrupts_and_its_return_goes_on() {
    let mut stream = Stream::live();
    stream.second = 10;
    stream.encoder(false);
    assert_eq!(stream.status(), StreamStatus::Interrupted);
    assert_eq!(stream.machine.deadline(), Some(at(310)));
    stream.second = 20;
    stream.encoder(true);
    assert_eq!(stream.status(), StreamStatus::Live);
    assert_eq!(stream.machine.deadline(), None);
}

#[test]
fn an_encoder_that_stays_away_ends_the_stream_at_the_deadline() {
    let mut stream = Stream::live();
    stream.encoder(false);
    stream.machine.deadline_elapsed(at(299));
    assert_eq!(stream.status(), StreamStatus::Interrupted, "not yet");
    stream.machine.deadline_elapsed(at(300));
    assert_eq!(stream.status(), StreamStatus::Ending);
}

#[test]
fn an_encoder_lost_during_the_start_interrupts_as_soon_as_it_is_live() {
    let mut stream = Stream::ready();
    stream.start().unwrap();
    stream.second = 1;
    stream.encoder(false);
    assert_eq!(stream.status(), StreamStatus::Starting);
    stream.destination("a", DestinationStatus::Live);
    assert_eq!(stream.status(), StreamStatus::Interrupted);
}

#[test]
fn commands_that_do_not_fit_are_refused_with_the_reason() {
    let mut stream = Stream { machine: Machine::default(), second: 0 };
    assert_eq!(stream.start(), Err(StreamCommandError::EncoderNotConnected));
    let status = StreamStatus::Offline;
    assert_eq!(stream.machine.stop(), Err(StreamCommandError::NotOnAir { status }));
    let mut stream = Stream::live();
    let status = StreamStatus::Live;
    assert_eq!(stream.start(), Err(StreamCommandError::AlreadyOnAir { status }));
    stream.machine.stop().unwrap();
    stream.machine.stop().expect("to stop twice is no mistake");
}

#[test]
fn what_is_older_than_what_is_known_of_the_encoder_says_nothing() {
    let mut stream = Stream::ready();
    stream.machine.encoder_seen(false, at(-1), at(0), AUTO_STOP);
    assert_eq!(stream.status(), StreamStatus::Ready);
}

#[test]
fn what_the_live_input_did_not_like_is_over_with_the_next_connection() {
    let mut stream = Stream::ready();
    stream.machine.encoder_errored(Some("ERR_GOP_OUT_OF_RANGE".into()));
    stream.encoder(true);
    assert!(stream.machine.encoder.error.is_some(), "the same connection, told once more");
    stream.second = 1;
    stream.encoder(true);
    assert_eq!(stream.machine.encoder.error, None);
}

#[test]
fn news_of_another_livestream_say_nothing() {
    let mut stream = Stream::live();
    let other = LivestreamId::from_uuid(Uuid::max());
    for name in ["a", "b"] {
        stream.machine.destination_changed(other, &id(name), failed("x"), at(0), AUTO_STOP);
    }
    assert_eq!(stream.status(), StreamStatus::Live);
}

#[test]
fn a_restored_livestream_goes_on_where_it_was() {
    for status in [StreamStatus::Starting, StreamStatus::Live, StreamStatus::Ending] {
        let mut before = Stream::live();
        let mut saved = before.machine.livestream.take().unwrap();
        saved.status = status;
        let restored = Machine::restore(saved);
        assert_eq!(restored.status(), status);
        let attached = matches!(restored.wanted(), Wanted::Attached { .. });
        assert_eq!(attached, status != StreamStatus::Ending);
        let said = if attached {
            DestinationStatus::Starting
        } else {
            DestinationStatus::Ending { problem: None }
        };
        assert!(restored.destinations.iter().all(|destination| destination.status == said));
    }
    let mut stream = Stream::live();
    stream.encoder(false);
    let restored = Machine::restore(stream.machine.livestream.unwrap());
    assert_eq!(restored.deadline(), Some(at(300)), "the deadline survives");
}

#[derive(Clone, Debug)]
enum Step {
    Encoder(bool),
    Start,
    Stop,
    Destination(&'static str, DestinationStatus),
    Wait(i64),
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        Just(DestinationStatus::Live),
        Just(DestinationStatus::Ended),
        Just(failed("x")),
    ];
    prop_oneof![
        any::<bool>().prop_map(Step::Encoder),
        Just(Step::Start),
        Just(Step::Stop),
        (prop_oneof![Just("a"), Just("b"), Just("c")], status)
            .prop_map(|(name, status)| Step::Destination(name, status)),
        (1_i64..400).prop_map(Step::Wait),
        Just(Step::Restore),
    ]
}

proptest! {
    /// Whatever happens in whatever order, and whenever the daemon restarts: the record says what is on air.
    #[test]
    fn the_record_says_what_is_on_air(steps in prop::collection::vec(step(), 1..60)) {
        let mut stream = Stream { machine: Machine::default(), second: 1 };
        for step in steps {
            match step {
                Step::Encoder(connected) => stream.encoder(connected),
                Step::Start => drop(stream.start()),
                Step::Stop => drop(stream.machine.stop()),
                Step::Destination(name, status) => stream.destination(name, status),
                Step::Wait(seconds) => {
                    stream.second += seconds;
                    stream.machine.deadline_elapsed(at(stream.second));
                }
                Step::Restore => {
                    let open = stream.machine.livestream.take().filter(|stream| stream.ended_at.is_none());
                    stream.machine = open.map_or_else(Machine::default, Machine::restore);
                }
            }
            let machine = &stream.machine;
            let open = machine.livestream.as_ref().filter(|stream| stream.ended_at.is_none());
            prop_assert_eq!(machine.on_air().map(|stream| stream.id), open.map(|stream| stream.id));
            if let Some(open) = open {
                prop_assert_eq!(open.status, machine.status());
                let interrupted = machine.status() == StreamStatus::Interrupted;
                prop_assert_eq!(open.auto_stop_at.is_some(), interrupted, "a deadline, and only then");
            }
            let wants = !matches!(machine.wanted(), Wanted::Nothing);
            prop_assert_eq!(wants, machine.status().is_on_air());
            prop_assert!(machine.deadline().is_none_or(|deadline| deadline > at(stream.second)));
        }
    }
}
