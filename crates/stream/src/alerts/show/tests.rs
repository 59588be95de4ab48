use stagedoor_domain::{AlertKind, EventId, Platform, UserId};
use uuid::Uuid;

use super::*;

const DISPLAY: u64 = 8_000;
const COOLDOWN: u64 = 900;
const MAX_AGE: Duration = Duration::from_mins(10);

fn alert(number: u128) -> Alert {
    Alert {
        id: id(number),
        user: UserId::new("ada").unwrap(),
        event: Some(EventId::from_uuid(Uuid::from_u128(number))),
        kind: AlertKind::Follow,
        platform: Platform::Twitch,
        priority: AlertPriority::Normal,
        state: AlertState::Queued,
        name: "Joe".into(),
        text: None,
        money: None,
        units: None,
        count: None,
        events: 1,
        display_ms: DISPLAY.try_into().unwrap(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn id(number: u128) -> AlertId {
    AlertId::from_uuid(Uuid::from_u128(number))
}

/// A show at a clock that the test turns, and what it has told.
struct Stagehand {
    show: Show,
    began: Instant,
    told: Vec<AlertNews>,
    saved: Vec<Change>,
}

impl Stagehand {
    fn new() -> Self {
        let mut show = Show::new(200, MAX_AGE);
        show.configure(&AlertSettings::default());
        Self { show, began: Instant::now(), told: Vec::new(), saved: Vec::new() }
    }

    fn at(&self, ms: u64) -> Moment {
        let since = Duration::from_millis(ms);
        Moment { instant: self.began + since, time: Timestamp::UNIX_EPOCH + since }
    }

    fn step<T>(&mut self, ms: u64, act: impl FnOnce(&mut Show, Moment) -> T) -> T {
        let now = self.at(ms);
        let answer = act(&mut self.show, now);
        self.show.advance(now);
        for effect in self.show.take_effects() {
            match effect {
                Effect::Save(change) => self.saved.push(change),
                Effect::Tell(news) => self.told.push(news),
            }
        }
        answer
    }

    fn enqueue(&mut self, ms: u64, number: u128) {
        self.step(ms, |show, _| show.enqueue(alert(number).into()));
    }

    fn tick(&mut self, ms: u64) {
        self.step(ms, |_, _| ());
    }

    fn showing(&self) -> Option<u128> {
        self.show.on_screen().map(|on_screen| on_screen.alert.id.as_uuid().as_u128())
    }

    fn deadline(&self) -> Option<u128> {
        self.show.deadline().map(|deadline| (deadline - self.began).as_millis())
    }

    fn changes(&self) -> Vec<AlertChange> {
        self.told.iter().map(|news| news.change).collect()
    }
}

#[test]
fn a_pause_makes_no_alert_too_old() {
    let mut stage = Stagehand::new();
    let minutes = |minutes: u64| minutes * 60_000;
    stage.step(0, |show, _| show.set_flags(true, false));
    stage.step(0, |show, _| show.enqueue(Arc::new(alert(1))));
    stage.step(minutes(15), |show, _| show.set_flags(false, false));
    assert!(matches!(stage.show.stage, Stage::Showing(_)), "it waited for the end of the pause");
    assert_eq!(stage.show.counts.dropped, 0);
}

#[test]
fn one_alert_at_a_time_for_its_time_and_then_a_pause() {
    let mut stage = Stagehand::new();
    stage.enqueue(0, 1);
    stage.enqueue(10, 2);
    assert_eq!((stage.showing(), stage.deadline()), (Some(1), Some(8_000)));
    stage.tick(7_999);
    assert_eq!(stage.showing(), Some(1));
    stage.tick(8_000);
    assert_eq!((stage.showing(), stage.deadline()), (None, Some(8_900)));
    stage.tick(8_899);
    assert_eq!(stage.showing(), None);
    stage.tick(8_900);
    assert_eq!((stage.showing(), stage.deadline()), (Some(2), Some(16_900)));
    stage.tick(16_900);
    stage.tick(17_800);
    assert_eq!((stage.showing(), stage.deadline()), (None, None), "idle, and no timer");
    assert_eq!(stage.show.counts.shown, 2);
}

#[test]
fn an_overlay_is_told_from_when_to_when() {
    let mut stage = Stagehand::new();
    stage.enqueue(500, 1);
    let show = stage.told.last().unwrap();
    assert_eq!(show.change, AlertChange::Show);
    assert_eq!(show.started_at, Some(stage.at(500).time));
    assert_eq!(show.ends_at, Some(stage.at(500 + DISPLAY).time));
    assert_eq!(show.alert.as_ref().unwrap().state, AlertState::Showing);
    stage.tick(3_000);
    assert_eq!(
        &stage.show.present(),
        stage.told.last().unwrap(),
        "the same for one who comes late"
    );
}

#[test]
fn a_pause_lets_the_alert_end_and_shows_none_until_it_is_over() {
    let mut stage = Stagehand::new();
    stage.enqueue(0, 1);
    stage.step(100, |show, _| show.set_flags(true, false));
    assert_eq!(stage.showing(), Some(1));
    stage.tick(DISPLAY);
    stage.enqueue(DISPLAY + 1, 2);
    stage.tick(DISPLAY + COOLDOWN);
    stage.tick(60_000);
    assert_eq!((stage.showing(), stage.show.waits(), stage.deadline()), (None, 1, None));
    stage.step(60_001, |show, _| show.set_flags(false, false));
    assert_eq!(stage.showing(), Some(2));
    assert!(stage.saved.contains(&Change::Settings { paused: true, muted: false }));
    assert!(stage.saved.contains(&Change::Settings { paused: false, muted: false }));
}

#[test]
fn a_skipped_alert_goes_at_once_and_the_next_one_comes_after_the_pause_between_two() {
    let mut stage = Stagehand::new();
    stage.enqueue(0, 1);
    stage.enqueue(0, 2);
    assert!(stage.step(1_000, Show::skip));
    assert_eq!((stage.showing(), stage.deadline()), (None, Some(1_900)));
    assert!(!stage.step(1_100, Show::skip), "nothing is on the overlays");
    stage.tick(1_900);
    assert_eq!(stage.showing(), Some(2));
    assert!(stage.saved.contains(&Change::State(id(1), AlertState::Skipped)));
    assert_eq!(stage.show.counts, Counts { skipped: 1, ..Counts::default() });
}

#[test]
fn clearing_takes_those_that_wait() {
    let mut stage = Stagehand::new();
    for number in 1..=4 {
        stage.enqueue(0, number);
    }
    assert_eq!(stage.step(1, |show, _| show.clear()), 3);
    assert_eq!((stage.showing(), stage.show.waits()), (Some(1), 0));
    assert_eq!(stage.show.counts.skipped, 3);
    assert_eq!(stage.changes().last(), Some(&AlertChange::Cleared));
}

#[test]
fn what_has_waited_for_too_long_is_not_shown() {
    let mut stage = Stagehand::new();
    // Of a time when there was no tree. That it begins with a pause makes them no younger.
    stage.step(540_000, |show, _| show.set_flags(true, false));
    stage.enqueue(540_000, 1);
    stage.step(540_000, |show, _| {
        let fresh = Alert { created_at: Timestamp::UNIX_EPOCH + MAX_AGE, ..alert(2) };
        show.enqueue(fresh.into());
    });
    stage.step(550_000, |show, _| show.set_flags(false, false));
    assert_eq!((stage.showing(), stage.show.counts.dropped), (Some(1), 0), "nine minutes old");
    stage.enqueue(550_001, 3);
    stage.step(610_001, |_, _| ());
    stage.step(620_000, |_, _| ());
    assert_eq!((stage.showing(), stage.show.counts.dropped), (Some(2), 0));
    stage.step(630_000, |_, _| ());
    stage.step(640_000, |_, _| ());
    assert_eq!((stage.showing(), stage.show.counts.dropped), (None, 1));
    assert!(stage.saved.contains(&Change::State(id(3), AlertState::Dropped)));
}

#[test]
fn the_same_alert_is_taken_once_also_after_its_end() {
    let mut stage = Stagehand::new();
    stage.enqueue(0, 1);
    stage.enqueue(0, 2);
    stage.enqueue(0, 1);
    stage.enqueue(0, 2);
    assert_eq!(stage.show.waits(), 1);
    stage.tick(DISPLAY);
    stage.enqueue(DISPLAY, 1);
    assert_eq!(stage.show.waits(), 1);
}

#[test]
fn what_the_store_calls_showing_counts_as_shown_and_the_rest_waits() {
    let mut stage = Stagehand::new();
    let showing = Alert { state: AlertState::Showing, ..alert(1) };
    stage.step(0, |show, _| show.restore(vec![showing, alert(2), alert(3)]));
    assert_eq!((stage.showing(), stage.show.waits()), (Some(2), 1));
    assert!(stage.saved.contains(&Change::State(id(1), AlertState::Shown)));
    assert!(!stage.told.iter().any(|news| {
        news.change == AlertChange::Show && news.alert.as_ref().unwrap().id == id(1)
    }));
}

#[test]
fn after_a_crash_the_show_goes_on_to_the_end_it_was_told_to_have() {
    let mut before = Stagehand::new();
    before.enqueue(0, 1);
    let on_screen = before.show.on_screen().unwrap().clone();

    let mut after = Stagehand { began: before.began, ..Stagehand::new() };
    let pending = vec![alert(1), alert(2)];
    after.step(3_000, |show, _| {
        show.go_on(on_screen);
        // The store has not heard yet that the first is shown.
        show.restore(pending);
    });
    assert_eq!((after.showing(), after.deadline()), (Some(1), Some(8_000)));
    assert!(!after.changes().contains(&AlertChange::Show), "it is on the overlays already");
    after.tick(8_000);
    after.tick(8_900);
    assert_eq!((after.showing(), after.show.counts.shown), (Some(2), 1));
}

#[test]
fn what_the_streamer_asks_for_is_saved_and_has_a_limit() {
    let mut stage = Stagehand::new();
    stage.step(0, |show, _| show.set_flags(true, false));
    for number in 1..=20 {
        let replay = Alert { priority: AlertPriority::Replay, ..alert(number) };
        assert!(stage.step(0, |show, _| show.ask_for(replay.into())));
    }
    let test = Alert { event: None, ..alert(21) };
    assert!(!stage.step(0, |show, _| show.ask_for(test.into())));
    let inserted = stage.saved.iter().filter(|change| matches!(change, Change::Insert(_)));
    assert_eq!(inserted.count(), 20);
}

#[test]
fn a_dropped_and_a_merged_alert_are_told_and_saved() {
    let mut stage = Stagehand::new();
    stage.show = Show::new(1, MAX_AGE);
    stage.step(0, |show, _| show.set_flags(true, false));
    stage.enqueue(0, 1);
    stage.enqueue(0, 2);
    assert_eq!(stage.changes().last_chunk(), Some(&[AlertChange::Dropped, AlertChange::Queued]));
    assert!(stage.saved.contains(&Change::State(id(1), AlertState::Dropped)));

    let cheer = |number| Alert { kind: AlertKind::Cheer, ..alert(number) };
    stage.step(0, |show, _| {
        show.clear();
        show.enqueue(cheer(3).into());
        show.enqueue(cheer(4).into());
    });
    assert_eq!(stage.changes().last(), Some(&AlertChange::Merged));
    let merged = stage.saved.last_chunk().unwrap();
    let sum = Alert { events: 2, ..cheer(3) };
    assert_eq!(merged, &[Change::State(id(4), AlertState::Merged), Change::Put(sum.into())]);
}
