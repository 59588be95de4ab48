use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const POLLING: Polling = Polling {
    busy: Duration::from_secs(2),
    idle: Duration::from_secs(10),
    status: Duration::from_secs(15),
    overlap: Duration::from_secs(5),
    sweep_every: Duration::from_mins(1),
    sweep: Duration::from_mins(2),
};

const START: i64 = 1_535_654_822;

fn comment(id: u32, second: i64) -> Comment {
    let raw = json!({ "id": format!("17_{id}"), "created_time": second, "message": "hi" });
    Comment::read(raw, "9", Timestamp::from_second(START).unwrap())
}

fn ids(read: &Read) -> Vec<&str> {
    read.reports.iter().map(|report| &*report.dedupe_key).collect()
}

#[test]
fn the_first_question_is_for_everything_and_the_next_for_what_came_since() {
    let mut poll = Poll::new(None);
    assert_eq!(poll.question(&POLLING), Question { since: None, after: None });
    let read = poll.take(vec![comment(2, START + 9), comment(1, START)], None, &POLLING);
    assert_eq!(ids(&read), ["facebook:chat:17_1", "facebook:chat:17_2"], "in their order");
    assert_eq!(read.complete, Some(true));
    assert_eq!(poll.cursor().as_deref(), Some(&*(START + 9).to_string()));
    assert_eq!(poll.question(&POLLING), Question { since: Some(START + 4), after: None });
}

#[test]
fn what_was_read_before_is_read_once() {
    let mut poll = Poll::new(None);
    poll.question(&POLLING);
    poll.take(vec![comment(1, START)], None, &POLLING);
    poll.question(&POLLING);
    let read = poll.take(vec![comment(1, START), comment(2, START)], None, &POLLING);
    assert_eq!(ids(&read), ["facebook:chat:17_2"]);
    poll.question(&POLLING);
    let read = poll.take(vec![comment(2, START), comment(1, START)], None, &POLLING);
    assert_eq!((ids(&read), read.complete), (Vec::new(), Some(false)));
}

#[test]
fn the_cursor_waits_for_the_end_of_the_round() {
    let mut poll = Poll::new(Some(&START.to_string()));
    poll.question(&POLLING);
    let read = poll.take(vec![comment(1, START + 50)], Some("next"), &POLLING);
    assert_eq!((read.reports.len(), read.complete), (1, None));
    assert_eq!(poll.cursor(), None, "an earlier comment may stand on the next page");
    let next = poll.question(&POLLING);
    assert_eq!(next, Question { since: Some(START - 120), after: Some("next".into()) });
    let read = poll.take(vec![comment(2, START + 20)], None, &POLLING);
    assert_eq!(read.complete, Some(true));
    assert_eq!(poll.cursor().as_deref(), Some(&*(START + 50).to_string()));
}

#[test]
fn a_round_without_end_ends() {
    let mut poll = Poll::new(None);
    poll.question(&POLLING);
    assert_eq!(poll.take(Vec::new(), Some("same"), &POLLING).complete, None);
    assert_eq!(poll.take(Vec::new(), Some("same"), &POLLING).complete, Some(false));
    poll.question(&POLLING);
    let rounds = (0..2 * MAX_PAGES)
        .find(|page| poll.take(Vec::new(), Some(&page.to_string()), &POLLING).complete.is_some());
    assert_eq!(rounds, Some(MAX_PAGES - 1));
}

#[test]
fn who_goes_on_begins_further_back() {
    let mut poll = Poll::new(Some(&START.to_string()));
    assert_eq!(poll.question(&POLLING).since, Some(START - 120));
    for nothing in ["", "0", "-5", "yesterday", "99999999999999999999"] {
        assert_eq!(Poll::new(Some(nothing)).question(&POLLING).since, None, "{nothing:?}");
    }
    let mut poll = Poll::new(Some("0"));
    poll.question(&POLLING);
    poll.take(Vec::new(), None, &POLLING);
    assert_eq!(poll.cursor().as_deref(), Some("0"), "nothing there is something read, too");
}

#[test]
fn a_sweep_finds_what_came_very_late_and_comes_alone() {
    let mut poll = Poll::new(None);
    poll.question(&POLLING);
    poll.take(vec![comment(1, START), comment(2, START + 100)], None, &POLLING);
    assert_eq!(poll.question(&POLLING).since, Some(START + 95));
    poll.take(Vec::new(), None, &POLLING);
    poll.sweep_next();
    assert_eq!(poll.question(&POLLING).since, Some(START - 20));
    let late = vec![comment(1, START), comment(3, START + 50), comment(2, START + 100)];
    let read = poll.take(late, None, &POLLING);
    assert_eq!(ids(&read), ["facebook:chat:17_3"]);
    assert_eq!(poll.question(&POLLING).since, Some(START + 95));
}

#[test]
fn what_is_remembered_has_an_end() {
    let mut poll = Poll::new(None);
    for id in 0..30_000 {
        poll.question(&POLLING);
        poll.take(vec![comment(id, START + i64::from(id / 500))], None, &POLLING);
    }
    assert!(poll.seen.len() <= MAX_SEEN);
    poll.question(&POLLING);
    poll.take(vec![comment(1, START + 100_000)], None, &POLLING);
    assert_eq!(poll.seen.len(), 1);
}

/// What a page is like: its comments, by their numbers in all that there are.
#[derive(Clone, Debug)]
enum Step {
    /// So many more appear; each up to four seconds late, whatever others have appeared since.
    Appear(usize),
    /// A round, in pages of this size, in an order of its own; cut off after so many pages.
    Round { size: usize, reversed: bool, doubled: bool, cut_after: Option<usize> },
    /// Another one goes on from the cursor that was kept.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let round = (1usize..5, any::<bool>(), any::<bool>(), prop::option::of(0usize..3)).prop_map(
        |(size, reversed, doubled, cut_after)| Step::Round { size, reversed, doubled, cut_after },
    );
    let step = prop_oneof![(1usize..6).prop_map(Step::Appear), round, Just(Step::Restart)];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever is cut off, repeated, reordered or late by less than the overlap: in the end exactly all are known.
    #[test]
    fn every_comment_is_reported_and_kept_once(
        steps in steps(),
        delays in prop::collection::vec(0i64..5, 400),
    ) {
        let (mut poll, mut kept) = (Poll::new(None), None::<Box<str>>);
        let mut there: Vec<Comment> = Vec::new();
        let mut stored = BTreeSet::new();
        let end = [Step::Round { size: 3, reversed: false, doubled: false, cut_after: None }];
        for step in steps.into_iter().chain(end) {
            match step {
                Step::Appear(count) => for _ in 0..count {
                    let number = u32::try_from(there.len()).unwrap();
                    let second = START + i64::from(number) / 2 - delays[there.len()];
                    there.push(comment(number, second));
                },
                Step::Restart => poll = Poll::new(kept.as_deref()),
                Step::Round { size, reversed, doubled, cut_after } => {
                    let since = poll.question(&POLLING).since.unwrap_or(0);
                    let mut answer: Vec<_> =
                        there.iter().filter(|comment| comment.created >= since).cloned().collect();
                    answer.sort_by_key(|comment| comment.created);
                    if reversed { answer.reverse(); }
                    let pages: Vec<_> = answer.chunks(size).map(<[_]>::to_vec).collect();
                    let last = pages.len().saturating_sub(1);
                    let mut pages: Vec<_> = pages.into_iter().enumerate().collect();
                    if pages.is_empty() { pages.push((0, Vec::new())); }
                    for (at, mut page) in pages {
                        if cut_after.is_some_and(|cut| at >= cut) {
                            poll.restart_round();
                            break;
                        }
                        if doubled { page.extend(page.clone()); }
                        let next = (at < last).then(|| at.to_string());
                        let read = poll.take(page, next.as_deref(), &POLLING);
                        for report in read.reports { stored.insert(report.dedupe_key); }
                        kept = poll.cursor().or(kept);
                    }
                }
            }
        }
        let expected: BTreeSet<_> =
            there.iter().map(|comment| comment.report.dedupe_key.clone()).collect();
        prop_assert_eq!(stored, expected);
    }
}
