use proptest::prelude::*;

use super::*;

const WINDOW: Duration = Duration::from_secs(5);

fn own(intent: u128, text: &str) -> OwnMessage {
    OwnMessage {
        intent: Uuid::from_u128(intent),
        platform: Platform::Twitch,
        text: text.into(),
        author: None,
    }
}

fn echo(message_id: &str, text: &str) -> Submission {
    let mut report = EventReport::new(
        Platform::Twitch,
        EventKind::ChatMessage,
        Timestamp::UNIX_EPOCH,
        EventReport::chat_key(&Platform::Twitch, message_id),
    );
    report.message = Some(Message { text: text.into(), ..Message::default() });
    Submission::new(report)
}

fn echoes() -> (Echoes, Instant) {
    (Echoes::new(WINDOW), Instant::now())
}

fn sent(echoes: &mut Echoes, message: OwnMessage, id: &str, now: Instant) -> Vec<Row> {
    rows(echoes.sent(message, id, now, Timestamp::UNIX_EPOCH))
}

/// Key, revision, and whether it is marked as ours.
type Row = (String, u32, bool);

fn rows(submissions: impl IntoIterator<Item = Submission>) -> Vec<Row> {
    let row = |submission: Submission| {
        let report = submission.report;
        (report.dedupe_key.into(), report.revision, report.sent_by_us)
    };
    submissions.into_iter().map(row).collect()
}

fn row(key: &str, revision: u32, ours: bool) -> Row {
    (key.into(), revision, ours)
}

#[test]
fn the_answer_first_then_the_echo() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "hello"), now);
    assert_eq!(sent(&mut echoes, own(1, "hello"), "a", now), [row("twitch:chat:a", 1, true)]);
    let echo = echoes.take_in(echo("a", "hello"), now);
    assert_eq!(rows(echo), [row("twitch:chat:a", 2, true)]);
}

#[test]
fn the_echo_first_then_the_answer() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "hello"), now);
    assert!(echoes.take_in(echo("a", "hello "), now).is_none(), "it is held");
    assert_eq!(sent(&mut echoes, own(1, "hello"), "a", now), [row("twitch:chat:a", 2, true)]);
    assert_eq!(echoes.holds(), 0);
}

#[test]
fn the_same_said_twice_is_two_messages() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "gg"), now);
    echoes.sending(own(2, "gg"), now);
    assert!(echoes.take_in(echo("b", "gg"), now).is_none());
    assert_eq!(sent(&mut echoes, own(1, "gg"), "a", now), [row("twitch:chat:a", 1, true)]);
    assert_eq!(echoes.holds(), 1, "the other answer may be its own");
    assert_eq!(sent(&mut echoes, own(2, "gg"), "b", now), [row("twitch:chat:b", 2, true)]);
    assert_eq!(rows(echoes.take_in(echo("a", "gg"), now)), [row("twitch:chat:a", 2, true)]);
}

#[test]
fn a_viewer_who_says_the_same_is_let_go_with_the_answer() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "gg"), now);
    assert!(echoes.take_in(echo("viewer", "gg"), now).is_none());
    let stored = sent(&mut echoes, own(1, "gg"), "a", now);
    assert_eq!(stored, [row("twitch:chat:a", 1, true), row("twitch:chat:viewer", 0, false)]);
}

#[test]
fn what_is_held_goes_after_the_window_and_a_late_answer_still_marks_it() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "hello"), now);
    assert!(echoes.take_in(echo("a", "hello"), now + WINDOW / 2).is_none());
    assert_eq!(echoes.deadline(), Some(now + WINDOW));
    assert!(echoes.expire(now + WINDOW / 2).is_empty());
    assert_eq!(rows(echoes.expire(now + WINDOW)), [row("twitch:chat:a", 0, false)]);
    let late = sent(&mut echoes, own(1, "hello"), "a", now + WINDOW * 2);
    assert_eq!(late, [row("twitch:chat:a", 1, true)], "a greater revision of the same");
}

#[test]
fn a_message_that_did_not_go_out_holds_nothing() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "hello"), now);
    assert!(echoes.take_in(echo("viewer", "hello"), now).is_none());
    assert_eq!(rows(echoes.failed(Uuid::from_u128(1))), [row("twitch:chat:viewer", 0, false)]);
    assert_eq!(rows(echoes.take_in(echo("viewer 2", "hello"), now)).len(), 1);
}

#[test]
fn only_what_may_be_an_echo_is_held() {
    let (mut echoes, now) = echoes();
    echoes.sending(own(1, "hello"), now);
    let mut elsewhere = echo("a", "hello");
    elsewhere.report.platform = Platform::Kick;
    let mut history = echo("b", "hello");
    history.report.replayed = true;
    let mut follow = echo("c", "hello");
    follow.report.kind = EventKind::Follow;
    for other in [elsewhere, history, follow, echo("d", "something else")] {
        assert!(echoes.take_in(other, now).is_some());
    }
}

#[test]
fn nothing_grows_without_bound() {
    let (mut echoes, now) = echoes();
    for number in 0..1_000 {
        echoes.sending(own(number, "x"), now);
        let _ = echoes.take_in(echo(&number.to_string(), "x"), now);
    }
    assert_eq!((echoes.under_way.len(), echoes.holds()), (MESSAGES, HELD));
    for number in 0..1_000 {
        let _ = echoes.sent(own(number, "x"), &number.to_string(), now, Timestamp::UNIX_EPOCH);
    }
    assert_eq!((echoes.sent.len(), echoes.holds()), (MESSAGES, 0));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Send(usize),
    Answer(usize),
    Echo(usize),
    Crash,
    WindowOver,
}

/// Each of four messages, two of which say the same: sent first, answer and echo in any order after it, echoes more
/// than once, crashes and long waits anywhere.
fn stories() -> impl Strategy<Value = Vec<Step>> {
    let mut steps: Vec<Step> = (0..4)
        .flat_map(|n| [Step::Send(n), Step::Answer(n), Step::Echo(n), Step::Echo(n)])
        .collect();
    steps.extend([Step::Crash, Step::WindowOver]);
    Just(steps).prop_shuffle().prop_map(|mut steps| {
        for n in 0..4 {
            let sent = steps.iter().position(|step| *step == Step::Send(n)).unwrap();
            let first = steps
                .iter()
                .position(|step| matches!(step, Step::Answer(m) | Step::Echo(m) if *m == n))
                .unwrap();
            if first < sent {
                steps.swap(first, sent);
            }
        }
        steps
    })
}

proptest! {
    #[test]
    fn whatever_comes_first_it_is_one_event_marked_as_ours(steps in stories()) {
        const TEXTS: [&str; 4] = ["gg", "gg", "hello", "bye"];
        let (mut echoes, mut now) = echoes();
        let mut stored: std::collections::BTreeMap<String, (u32, bool)> = [].into();
        for step in steps {
            let due = match step {
                Step::Send(n) => {
                    echoes.sending(own(n as u128, TEXTS[n]), now);
                    Vec::new()
                }
                Step::Answer(n) => {
                    echoes.sent(own(n as u128, TEXTS[n]), &n.to_string(), now, Timestamp::UNIX_EPOCH)
                }
                Step::Echo(n) => {
                    echoes.take_in(echo(&n.to_string(), TEXTS[n]), now).into_iter().collect()
                }
                Step::Crash => {
                    let held = echoes.take_held();
                    echoes = Echoes::new(WINDOW);
                    held
                }
                Step::WindowOver => {
                    now += WINDOW;
                    echoes.expire(now)
                }
            };
            for (key, revision, ours) in rows(due) {
                let row = stored.entry(key).or_insert((revision, ours));
                if revision > row.0 {
                    *row = (revision, ours);
                }
            }
        }
        for (key, revision, ours) in rows(echoes.expire(now + WINDOW)) {
            stored.entry(key).or_insert((revision, ours));
        }
        prop_assert_eq!(stored.len(), 4);
        prop_assert!(stored.values().all(|(_, ours)| *ours), "{:?}", stored);
    }
}
