use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::AtomicBool,
    thread,
};

use proptest::prelude::*;

use super::*;
use crate::Diff;

const LIMITS: TrackerLimits = TrackerLimits { sessions_per_user: 8, users: 100 };

fn user(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn session(number: usize) -> SessionId {
    SessionId::new(format!("tab-{number}")).unwrap()
}

fn page(text: &str) -> Page {
    Page::new(text).unwrap()
}

/// What a client sees who was told the state once and then only the diffs. Panics in no case, so that the Tracker's
/// protection cannot hide a fault: faults are collected.
#[derive(Default)]
struct Replay(Mutex<Replayed>);

#[derive(Default)]
struct Replayed {
    told_state: bool,
    users: BTreeMap<UserId, Vec<Meta>>,
    joined: HashSet<PhxRef>,
    diffs: usize,
    faults: Vec<String>,
}

impl Replay {
    fn users(&self) -> BTreeMap<UserId, Vec<Meta>> {
        self.0.lock().unwrap().users.clone()
    }

    fn diffs(&self) -> usize {
        self.0.lock().unwrap().diffs
    }

    fn assert_faultless(&self) {
        let replayed = self.0.lock().unwrap();
        assert!(replayed.told_state, "the state comes at once");
        assert_eq!(replayed.faults, Vec::<String>::new());
    }
}

impl PresenceSink for Replay {
    fn state(&self, state: &PresenceState) {
        let mut seen = self.0.lock().unwrap();
        if seen.told_state {
            seen.faults.push("a second state".into());
        }
        seen.told_state = true;
        for (user, metas) in state.users() {
            seen.joined.extend(metas.iter().map(|meta| meta.phx_ref));
            seen.users.insert(user.clone(), metas.to_vec());
        }
    }

    fn diff(&self, diff: &Diff) {
        let mut seen = self.0.lock().unwrap();
        seen.diffs += 1;
        if !seen.told_state {
            seen.faults.push("a diff before the state".into());
        }
        let mut metas = seen.users.remove(diff.user()).unwrap_or_default();
        for leave in diff.leaves() {
            match metas.iter().position(|meta| meta == leave) {
                Some(at) => drop(metas.remove(at)),
                None => seen.faults.push(format!("a leave of nobody: {leave:?}")),
            }
        }
        for join in diff.joins() {
            if !seen.joined.insert(join.phx_ref) {
                seen.faults.push(format!("a second join: {join:?}"));
            }
            metas.push(join.clone());
        }
        if metas.len() != diff.sessions() {
            seen.faults.push(format!("{} sessions, not {}", metas.len(), diff.sessions()));
        }
        if !metas.is_empty() {
            seen.users.insert(diff.user().clone(), metas);
        }
    }
}

/// The Tracker's own tables, by the same form.
fn listed(tracker: &Tracker) -> BTreeMap<UserId, Vec<Meta>> {
    tracker.list().users().map(|(user, metas)| (user.clone(), metas.to_vec())).collect()
}

fn entries(tracker: &Tracker) -> usize {
    tracker.inner.shards.iter().map(|shard| lock(shard).entries()).sum()
}

#[test]
fn a_user_is_present_from_the_first_join_to_the_last_leave() {
    let tracker = Tracker::new(LIMITS);
    let ada = user("ada");
    let first = tracker.track(&ada, session(1), page("home")).unwrap();
    let second = tracker.track(&ada, session(2), page("stream")).unwrap();
    assert_eq!((tracker.session_count(&ada), tracker.user_count()), (2, 1));

    drop(first);
    let metas = tracker.metas(&ada);
    assert_eq!(metas.len(), 1);
    assert_eq!((&metas[0].session, &metas[0].page), (&session(2), &page("stream")));

    drop(second);
    assert!(!tracker.is_present(&ada));
    assert_eq!((tracker.user_count(), tracker.total_sessions(), entries(&tracker)), (0, 0, 0));
}

#[test]
fn an_update_is_a_leave_and_a_join_in_one_diff() {
    let tracker = Tracker::new(LIMITS);
    let ada = user("ada");
    let mut guard = tracker.track(&ada, session(1), page("home")).unwrap();
    let replay = Arc::new(Replay::default());
    let _subscription = tracker.subscribe_user(&ada, replay.clone());

    let before = tracker.metas(&ada).remove(0);
    guard.update(page("stream"));
    let after = tracker.metas(&ada).remove(0);

    assert_eq!(replay.diffs(), 1);
    assert_eq!(replay.users()[&ada], std::slice::from_ref(&after));
    assert_eq!(after.phx_ref_prev, Some(before.phx_ref));
    assert_eq!(after.phx_ref, guard.phx_ref());
    assert_eq!(after.joined_at, before.joined_at);
    assert_eq!(after.page, page("stream"));
    replay.assert_faultless();
}

#[test]
fn more_sessions_or_users_than_allowed_are_refused_and_room_is_given_again() {
    let tracker = Tracker::new(TrackerLimits { sessions_per_user: 2, users: 2 });
    let ada = user("ada");
    let _bob = tracker.track(&user("bob"), session(1), page("home")).unwrap();
    let one = tracker.track(&ada, session(1), page("home")).unwrap();
    let _two = tracker.track(&ada, session(2), page("home")).unwrap();

    let error = tracker.track(&ada, session(3), page("home")).unwrap_err();
    assert_eq!(error, TrackError::TooManySessions { limit: 2 });
    let error = tracker.track(&user("cy"), session(1), page("home")).unwrap_err();
    assert_eq!(error, TrackError::TooManyUsers { limit: 2 });
    assert_eq!((tracker.total_sessions(), tracker.user_count(), entries(&tracker)), (3, 2, 2));

    drop(one);
    let _three = tracker.track(&ada, session(3), page("home")).unwrap();
    assert_eq!(tracker.session_count(&ada), 2);
}

#[test]
fn a_sink_hears_of_its_user_only_and_of_nothing_after_it_has_gone() {
    let tracker = Tracker::new(LIMITS);
    let (ada, bob) = (user("ada"), user("bob"));
    let replay = Arc::new(Replay::default());
    let subscription = tracker.subscribe_user(&ada, replay.clone());
    assert_eq!(entries(&tracker), 1, "the absent user's sink has its place");

    let _bob = tracker.track(&bob, session(1), page("home")).unwrap();
    let ada_guard = tracker.track(&ada, session(1), page("home")).unwrap();
    assert_eq!(replay.users().keys().collect::<Vec<_>>(), [&ada]);

    drop(subscription);
    drop(ada_guard);
    assert_eq!(replay.diffs(), 1);
    assert_eq!(Arc::strong_count(&replay), 1, "the Tracker has let go of the sink");
    assert_eq!(tracker.users(), [bob]);
    assert_eq!(entries(&tracker), 1, "nothing is left of ada");
}

#[test]
fn subscriptions_of_absent_users_leave_nothing_behind() {
    let tracker = Tracker::new(LIMITS);
    let replay = Arc::new(Replay::default());
    let subscriptions: Vec<_> = (0..1000)
        .map(|n| tracker.subscribe_user(&user(&format!("user-{n}")), replay.clone()))
        .collect();
    assert_eq!((entries(&tracker), tracker.user_count()), (1000, 0));
    assert!(tracker.users().is_empty() && tracker.list().is_empty());
    drop(subscriptions);
    assert_eq!(entries(&tracker), 0);
}

#[test]
fn everybodys_state_is_complete_and_sorted_in_a_list() {
    let tracker = Tracker::new(LIMITS);
    let names = ["cy", "ada", "bob", "__proto__"];
    let _guards: Vec<_> = names
        .iter()
        .map(|name| tracker.track(&user(name), session(1), page("home")).unwrap())
        .collect();
    let replay = Arc::new(Replay::default());
    let _subscription = tracker.subscribe_all(replay.clone());
    assert_eq!(tracker.users(), ["__proto__", "ada", "bob", "cy"].map(user));
    assert_eq!(replay.users(), listed(&tracker));
    replay.assert_faultless();
}

#[test]
fn a_sink_that_panics_disturbs_nobody() {
    struct Faulty;
    impl PresenceSink for Faulty {
        fn state(&self, _: &PresenceState) {
            panic!("in state");
        }
        fn diff(&self, _: &Diff) {
            panic!("in diff");
        }
    }
    let tracker = Tracker::new(LIMITS);
    let ada = user("ada");
    let replay = Arc::new(Replay::default());
    let _faulty = tracker.subscribe_user(&ada, Arc::new(Faulty));
    let _faulty_for_all = tracker.subscribe_all(Arc::new(Faulty));
    let _subscription = tracker.subscribe_all(replay.clone());

    drop(tracker.track(&ada, session(1), page("home")).unwrap());

    assert_eq!(replay.diffs(), 2);
    assert!(!tracker.is_present(&ada));
    replay.assert_faultless();
}

#[test]
fn the_room_of_a_crowd_is_given_back() {
    let tracker = Tracker::new(TrackerLimits { sessions_per_user: 1, users: 100_000 });
    let room = |tracker: &Tracker| -> usize {
        tracker.inner.shards.iter().map(|shard| lock(shard).room()).sum()
    };
    let crowd: Vec<_> = (0..20_000)
        .map(|n| tracker.track(&user(&format!("user-{n}")), session(1), page("home")).unwrap())
        .collect();
    assert!(room(&tracker) >= 20_000);
    drop(crowd);
    assert!(room(&tracker) <= SHARDS * 2 * shard::SMALL_TABLE, "{}", room(&tracker));
}

#[test]
fn an_idle_users_entry_costs_a_few_hundred_bytes() {
    // Beside these a session owns the texts of its three ids. A table has room for at most 16/7 of its entries.
    let entry = size_of::<(UserId, shard::User)>() * 16 / 7;
    let bytes = entry + size_of::<Meta>() + size_of::<(SinkId, Arc<dyn PresenceSink>)>();
    assert!(bytes <= 256, "{bytes}");
    assert!(size_of::<SessionGuard>() <= 32, "{}", size_of::<SessionGuard>());
}

#[derive(Clone, Debug)]
enum Step {
    Track(u8),
    Leave(usize),
    Update(usize),
    SubscribeUser(u8),
    SubscribeAll,
    Unsubscribe(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_u8).prop_map(Step::Track),
        3 => any::<usize>().prop_map(Step::Leave),
        2 => any::<usize>().prop_map(Step::Update),
        1 => (0..5_u8).prop_map(Step::SubscribeUser),
        1 => Just(Step::SubscribeAll),
        1 => any::<usize>().prop_map(Step::Unsubscribe),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, who replays the diffs sees what the Tracker shows, and what it shows is
    /// what the guards say.
    #[test]
    fn every_replay_of_the_diffs_is_the_truth(steps in steps()) {
        let tracker = Tracker::new(TrackerLimits { sessions_per_user: 3, users: 4 });
        let mut guards: Vec<SessionGuard> = Vec::new();
        let mut watchers: Vec<(Option<UserId>, Arc<Replay>, Subscription)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Track(name) => {
                    let user = user(&format!("user-{name}"));
                    let of_user = guards.iter().filter(|guard| *guard.user() == user).count();
                    let users: HashSet<_> = guards.iter().map(SessionGuard::user).collect();
                    let expected = match (of_user, users.len()) {
                        (3, _) => Err(TrackError::TooManySessions { limit: 3 }),
                        (0, 4) => Err(TrackError::TooManyUsers { limit: 4 }),
                        _ => Ok(()),
                    };
                    let tracked = tracker.track(&user, session(number), page("home"));
                    prop_assert_eq!(tracked.map(|guard| guards.push(guard)), expected);
                }
                Step::Leave(at) if !guards.is_empty() => {
                    drop(guards.swap_remove(at % guards.len()));
                }
                Step::Update(at) if !guards.is_empty() => {
                    let at = at % guards.len();
                    guards[at].update(page("stream"));
                }
                Step::SubscribeUser(name) => {
                    let user = user(&format!("user-{name}"));
                    let replay = Arc::new(Replay::default());
                    let subscription = tracker.subscribe_user(&user, replay.clone());
                    watchers.push((Some(user), replay, subscription));
                }
                Step::SubscribeAll => {
                    let replay = Arc::new(Replay::default());
                    watchers.push((None, replay.clone(), tracker.subscribe_all(replay)));
                }
                Step::Unsubscribe(at) if !watchers.is_empty() => {
                    drop(watchers.swap_remove(at % watchers.len()));
                }
                _ => {}
            }
            let truth = listed(&tracker);
            let shown: HashSet<_> = truth.values().flatten().map(|meta| meta.phx_ref).collect();
            prop_assert_eq!(&shown, &guards.iter().map(SessionGuard::phx_ref).collect());
            prop_assert_eq!(tracker.total_sessions(), guards.len());
            prop_assert_eq!(tracker.user_count(), truth.len());
            for (of, replay, _) in &watchers {
                let mut expected = truth.clone();
                expected.retain(|user, _| of.as_ref().is_none_or(|of| of == user));
                prop_assert_eq!(replay.users(), expected);
                replay.assert_faultless();
            }
        }
        drop((guards, watchers));
        prop_assert_eq!((entries(&tracker), tracker.user_count(), tracker.total_sessions()), (0, 0, 0));
    }
}

/// Threads come and go on few users while others subscribe in between: nothing is told twice, late or never.
#[test]
fn diffs_are_ordered_and_exactly_once_also_among_threads() {
    const WORKERS: usize = 6;
    const ROUNDS: usize = 3000;
    let tracker = Tracker::new(TrackerLimits { sessions_per_user: 4, users: 3 });
    let users: Vec<UserId> = (0..4).map(|n| user(&format!("user-{n}"))).collect();
    let from_the_start = Arc::new(Replay::default());
    let _subscription = tracker.subscribe_all(from_the_start.clone());
    let done = AtomicBool::new(false);

    let (kept, watched): (Vec<SessionGuard>, Vec<_>) = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (tracker, users) = (&tracker, &users);
                scope.spawn(move || {
                    let mut kept: Option<SessionGuard> = None;
                    for round in 0..ROUNDS {
                        let user = &users[(worker + round * 7) % users.len()];
                        match tracker.track(user, session(round), page("home")) {
                            Ok(mut guard) => {
                                guard.update(page("stream"));
                                kept = Some(guard);
                            }
                            Err(_) => kept = None,
                        }
                    }
                    kept
                })
            })
            .collect();
        let watcher = scope.spawn(|| {
            let mut watched = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let user = &users[watched.len() % users.len()];
                let one = Arc::new(Replay::default());
                let all = Arc::new(Replay::default());
                let subscriptions =
                    (tracker.subscribe_user(user, one.clone()), tracker.subscribe_all(all.clone()));
                watched.push((user.clone(), one, all, subscriptions));
                // The latest few stay to the end; the others go while the workers are busy.
                if watched.len() > 8 {
                    let (_, one, all, _) = watched.remove(0);
                    one.assert_faultless();
                    all.assert_faultless();
                }
            }
            watched
        });
        let kept = workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        (kept, watcher.join().unwrap())
    });

    let truth = listed(&tracker);
    assert_eq!(tracker.total_sessions(), kept.len());
    assert_eq!(tracker.user_count(), truth.len());
    assert_eq!(from_the_start.users(), truth);
    from_the_start.assert_faultless();
    assert!(!watched.is_empty());
    for (user, one, all, _) in &watched {
        assert_eq!(all.users(), truth);
        assert_eq!(one.users().get(user), truth.get(user));
        one.assert_faultless();
        all.assert_faultless();
    }
    drop((kept, watched));
    assert_eq!((entries(&tracker), tracker.total_sessions()), (0, 0));
}
