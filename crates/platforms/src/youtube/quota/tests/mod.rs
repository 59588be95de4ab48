//! The ledger.

mod journal;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const LIMIT: u64 = 10_000;
const MORNING: Timestamp = Timestamp::constant(1_795_363_200, 0);
const ALL: [Priority; 5] =
    [Priority::Stop, Priority::Send, Priority::Metadata, Priority::Chat, Priority::Viewers];

/// A process that may crash, a journal that does not, and what Google has counted.
struct World {
    book: Book,
    now: Timestamp,
    journal: BTreeMap<String, u64>,
    real: BTreeMap<String, u64>,
    clock: Instant,
}

impl World {
    fn new() -> Self {
        Self {
            book: Book::new(LIMIT, MORNING),
            now: MORNING,
            journal: BTreeMap::new(),
            real: BTreeMap::new(),
            clock: Instant::now(),
        }
    }

    fn now(&self) -> (Timestamp, Instant) {
        (self.now, self.clock)
    }

    /// Whether the call is made. The process crashes after so many steps with the journal.
    fn spend(&mut self, priority: Priority, cost: u32, mut steps: u32) -> bool {
        loop {
            match self.book.spend(priority, cost, self.now()) {
                Step::Granted => {
                    *self.real.entry(self.book.day().name()).or_default() += u64::from(cost);
                    return true;
                }
                Step::Refused(_) => return false,
                Step::Journal => {
                    let due = self.book.due(cost, self.now()).unwrap();
                    if due.load {
                        let units = self.journal.get(&due.day.name()).copied().unwrap_or(0);
                        self.book.loaded(&due.day, units);
                    }
                    if steps == 0 {
                        self.crash();
                        return false;
                    }
                    let target = self.book.target(cost);
                    let kept = self.journal.entry(due.day.name()).or_default();
                    *kept = target.max(*kept);
                    if steps == 1 {
                        self.crash();
                        return false;
                    }
                    self.book.recorded(&due.day, target);
                    steps -= 2;
                }
            }
        }
    }

    fn crash(&mut self) {
        self.book = Book::new(LIMIT, self.now);
    }

    fn used(&self, of: &BTreeMap<String, u64>) -> u64 {
        of.get(&Day::at(self.now).name()).copied().unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Spend { priority: Priority, cost: u32, steps: u32 },
    Crash,
    Wait(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let costs = prop::sample::select(vec![1, 5, 20, 50]);
    // Mostly no crash amidst it.
    let steps = prop_oneof![9 => Just(99u32), 1 => 0u32..3];
    let spend = (prop::sample::select(ALL.to_vec()), costs, steps)
        .prop_map(|(priority, cost, steps)| Act::Spend { priority, cost, steps });
    let act =
        prop_oneof![60 => spend, 1 => Just(Act::Crash), 1 => (0i64..9_000).prop_map(Act::Wait)];
    prop::collection::vec(act, 0..900)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_limit_holds_and_the_journal_knows_of_every_unit_whenever_it_crashes(acts in acts()) {
        let mut world = World::new();
        for act in acts {
            match act {
                Act::Spend { priority, cost, steps } => { world.spend(priority, cost, steps); }
                Act::Crash => world.crash(),
                Act::Wait(seconds) => world.now += Duration::from_secs(seconds.unsigned_abs()),
            }
            let (real, known) = (world.used(&world.real), world.used(&world.journal));
            prop_assert!(real <= known, "{real} were spent, and the journal knows of {known}");
            prop_assert!(real <= LIMIT);
        }
    }

    #[test]
    fn the_lesser_ones_leave_the_reserves_of_the_greater_ones_alone(acts in acts()) {
        let mut world = World::new();
        let mut stops = 0;
        for act in acts {
            // It does not crash: a journal that is ahead takes a little off the reserves.
            let Act::Spend { priority, cost, .. } = act else { continue };
            let is_stop = priority == Priority::Stop;
            let granted = world.spend(priority, cost, u32::MAX);
            stops += if is_stop && granted { u64::from(cost) } else { 0 };
            let left = LIMIT - world.book.spent();
            prop_assert!(left + stops >= 300, "{left} are left for stops, which had {stops}");
            prop_assert!(!is_stop || granted || left < u64::from(cost), "a stop was refused");
        }
    }
}

/// Pays until it is refused: how often it was not.
fn exhaust(world: &mut World, priority: Priority, cost: u32) -> u32 {
    let mut times = 0;
    while world.spend(priority, cost, u32::MAX) {
        times += 1;
    }
    times
}

#[test]
fn each_priority_ends_where_the_reserves_of_the_greater_ones_begin() {
    let mut world = World::new();
    assert_eq!(exhaust(&mut world, Priority::Viewers, 1), 6_000);
    assert_eq!(exhaust(&mut world, Priority::Chat, 5), 400);
    assert_eq!(exhaust(&mut world, Priority::Metadata, 50), 10);
    assert_eq!(exhaust(&mut world, Priority::Send, 20), 60);
    assert_eq!(exhaust(&mut world, Priority::Stop, 50), 6);
    assert_eq!(world.book.spent(), LIMIT);
    world.now = world.book.day().ends;
    assert!(world.spend(Priority::Viewers, 1, u32::MAX), "a new day has begun");
}

#[test]
fn what_is_refused_may_come_again_at_midnight() {
    let mut world = World::new();
    assert!(world.spend(Priority::Stop, 50, u32::MAX));
    world.book.use_up(MORNING);
    let step = world.book.spend(Priority::Stop, 50, world.now());
    assert_eq!(step, Step::Refused(Day::at(MORNING).left(MORNING)));
}

#[test]
fn the_less_is_left_the_more_evenly_chats_are_read() {
    let mut world = World::new();
    let pace = |world: &mut World, chats| world.book.pace(chats, MORNING).unwrap();
    assert_eq!(pace(&mut world, 1), Duration::ZERO, "there is plenty");
    let mut last = Duration::ZERO;
    for _ in 0..8 {
        for _ in 0..100 {
            world.spend(Priority::Chat, 5, u32::MAX);
        }
        let next = pace(&mut world, 1);
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
    // Half of what chats may use is left: it lasts for the rest of the day.
    let day = Day::at(MORNING).left(MORNING).as_secs_f64();
    assert!((last.as_secs_f64() - day / 800.0).abs() < 0.1, "{last:?}");
    let many = pace(&mut world, 7);
    assert!((many.as_secs_f64() - 7.0 * day / 800.0).abs() < 0.5, "{many:?}");
    let evening = Day::at(MORNING).ends - Duration::from_mins(10);
    assert!(world.book.pace(1, evening).unwrap() < Duration::from_secs(1));
    exhaust(&mut world, Priority::Chat, 5);
    assert_eq!(world.book.pace(1, MORNING), None);
}
