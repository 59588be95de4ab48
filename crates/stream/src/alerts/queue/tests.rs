use jiff::Timestamp;
use proptest::prelude::*;
use stagedoor_domain::{AlertState, EventId, Platform, UnitKind, Units, UserId};
use uuid::Uuid;

use super::*;

fn alert(id: u128, priority: AlertPriority) -> Alert {
    Alert {
        id: AlertId::from_uuid(Uuid::from_u128(id)),
        user: UserId::new("ada").unwrap(),
        event: Some(EventId::from_uuid(Uuid::from_u128(id))),
        kind: AlertKind::Follow,
        platform: Platform::Twitch,
        priority,
        state: AlertState::Queued,
        name: "Joe".into(),
        text: None,
        money: None,
        units: None,
        count: None,
        events: 1,
        display_ms: 8_000,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn cheer(id: u128, name: &str, amount: u64) -> Alert {
    Alert {
        kind: AlertKind::Cheer,
        name: name.into(),
        units: Some(Units { kind: UnitKind::Bits, amount }),
        ..alert(id, AlertPriority::Normal)
    }
}

fn number(alert: &Alert) -> u128 {
    alert.id.as_uuid().as_u128()
}

fn order(queue: &Queue) -> Vec<u128> {
    queue.iter().map(|alert| number(alert)).collect()
}

#[test]
fn replays_come_before_large_ones_and_those_before_the_rest_each_in_order() {
    use AlertPriority::{High, Normal, Replay};
    let mut queue = Queue::new(10);
    for (id, priority) in [(1, Normal), (2, High), (3, Replay), (4, Normal), (5, High), (6, Replay)]
    {
        queue.add(alert(id, priority).into());
    }
    assert_eq!(order(&queue), [3, 6, 2, 5, 1, 4]);
}

#[test]
fn when_too_many_wait_the_oldest_of_the_lowest_priority_is_dropped() {
    use AlertPriority::{High, Normal};
    let mut queue = Queue::new(3);
    let mut dropped = |id, priority| {
        let added = queue.add(alert(id, priority).into());
        added.dropped.map(|alert| number(&alert))
    };
    assert_eq!(dropped(1, Normal), None);
    assert_eq!(dropped(2, Normal), None);
    assert_eq!(dropped(3, High), None);
    assert_eq!(dropped(4, Normal), Some(1));
    assert_eq!(dropped(5, High), Some(2));
    assert_eq!(dropped(6, High), Some(4));
    assert_eq!(dropped(7, Normal), Some(7), "nothing waits that ranks as low");
    assert_eq!(order(&queue), [3, 5, 6]);
}

#[test]
fn a_cheer_goes_into_an_earlier_one_of_the_same_person() {
    let mut queue = Queue::new(10);
    queue.add(cheer(1, "Joe", 100).into());
    queue.add(cheer(2, "Eve", 5).into());
    let again = Alert { text: Some("again".into()), ..cheer(3, "Joe", 50) };
    let merged = queue.add(again.into()).merged_into.unwrap();
    assert_eq!(order(&queue), [1, 2]);
    assert_eq!((merged.events, merged.units.as_ref().unwrap().amount), (2, 150));
    assert_eq!(merged.text.as_deref(), Some("again"));
}

#[test]
fn cheers_that_only_look_alike_stay_apart() {
    let mut queue = Queue::new(10);
    queue.add(cheer(1, "Joe", 100).into());
    let others = [
        Alert { platform: Platform::Kick, ..cheer(2, "Joe", 1) },
        Alert { units: Some(Units { kind: UnitKind::Kicks, amount: 1 }), ..cheer(3, "Joe", 1) },
        Alert { event: None, ..cheer(4, "Joe", 1) },
        Alert { priority: AlertPriority::Replay, ..cheer(5, "Joe", 1) },
        cheer(6, ANONYMOUS, 1),
        cheer(7, ANONYMOUS, 1),
        alert(8, AlertPriority::Normal),
    ];
    for other in others {
        assert_eq!(queue.add(other.into()).merged_into, None);
    }
    assert_eq!(queue.len(), 8);
}

#[derive(Clone, Debug)]
enum Step {
    Add { priority: AlertPriority, cheerer: Option<u8> },
    Next,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let priority = prop_oneof![
        5 => Just(AlertPriority::Normal),
        2 => Just(AlertPriority::High),
        1 => Just(AlertPriority::Replay),
    ];
    let step = prop_oneof![
        8 => (priority, prop::option::of(0..3_u8))
            .prop_map(|(priority, cheerer)| Step::Add { priority, cheerer }),
        4 => Just(Step::Next),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..80)
}

/// The rules, word for word: a list in order of arrival, searched anew at each step.
#[derive(Default)]
struct Model(Vec<Alert>);

impl Model {
    fn add(&mut self, alert: Alert, limit: usize) {
        let is_same = |earlier: &&Alert| {
            earlier.kind == AlertKind::Cheer
                && alert.kind == AlertKind::Cheer
                && earlier.name == alert.name
                && earlier.priority != AlertPriority::Replay
                && alert.priority != AlertPriority::Replay
        };
        if let Some(earlier) = self.in_order().iter().find(is_same).map(|earlier| earlier.id) {
            let earlier = self.0.iter_mut().find(|alert| alert.id == earlier).unwrap();
            earlier.events += 1;
            earlier.units.as_mut().unwrap().amount += alert.units.unwrap().amount;
            return;
        }
        self.0.push(alert);
        if self.0.len() > limit {
            let lowest = self.0.iter().map(|alert| alert.priority).min().unwrap();
            let oldest = self.0.iter().position(|alert| alert.priority == lowest).unwrap();
            self.0.remove(oldest);
        }
    }

    fn in_order(&self) -> Vec<Alert> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|alert| std::cmp::Reverse(alert.priority));
        sorted
    }

    fn next(&mut self) -> Option<Alert> {
        let next = self.in_order().into_iter().next()?;
        self.0.retain(|alert| alert.id != next.id);
        Some(next)
    }
}

proptest! {
    #[test]
    fn it_behaves_like_the_rules_word_for_word(steps in steps(), limit in 1..12_usize) {
        let (mut queue, mut model) = (Queue::new(limit), Model::default());
        for (id, step) in (1..).zip(steps) {
            match step {
                Step::Add { priority, cheerer } => {
                    let new = match cheerer {
                        Some(who) => Alert { priority, ..cheer(id, &format!("viewer {who}"), 10) },
                        None => alert(id, priority),
                    };
                    queue.add(new.clone().into());
                    model.add(new, limit);
                }
                Step::Next => {
                    let next = queue.next().map(Arc::unwrap_or_clone);
                    prop_assert_eq!(next, model.next());
                }
                Step::Clear => {
                    queue.clear();
                    model.0.clear();
                }
            }
            let waiting: Vec<Alert> = queue.iter().map(|alert| (**alert).clone()).collect();
            prop_assert_eq!(waiting, model.in_order());
        }
    }
}
