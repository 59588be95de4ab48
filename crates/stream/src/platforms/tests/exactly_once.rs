//! Whatever is cut off, sent twice or crashes: each event is stored once, and none is missing.

use proptest::prelude::*;
use ractor::ActorCell;

use super::*;

/// What happens to a manager on the way.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// So many events happen on the platform.
    Events(usize),
    /// The manager is killed.
    KillManager,
    /// EventProcessor is killed.
    KillEvents,
    /// So many milliseconds pass.
    Pass(u64),
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        4 => (1..20_usize).prop_map(Blow::Events),
        1 => Just(Blow::KillManager),
        1 => Just(Blow::KillEvents),
        3 => (0..8_u64).prop_map(Blow::Pass),
    ]
}

async fn survive(blows: Vec<Blow>, cut_after: Vec<usize>) -> (Vec<Box<str>>, Vec<Box<str>>) {
    let world = World::new().await;
    world.connected(&Platform::Twitch).await;
    {
        let mut said = world.twitch.said();
        said.log = Some(Vec::new());
        said.cut_after = cut_after.into();
    }
    world.twitch.cut(scripted::lost("from now on by the log"));
    let mut happened = 0;
    // More in a row, and what was killed waits for longer than a test does: that is another test's matter.
    let (mut managers, mut processors) = (2, 3);
    for blow in blows {
        match blow {
            Blow::Events(count) => {
                let keys = (happened..happened + count).map(|number| format!("{number:04}").into());
                world.twitch.said().log.as_mut().unwrap().extend(keys);
                happened += count;
            }
            Blow::KillManager if managers > 0 => {
                managers -= 1;
                kill(world.cx.platform(&Platform::Twitch).unwrap().current());
            }
            Blow::KillEvents if processors > 0 => {
                processors -= 1;
                kill(world.cx.events().current());
            }
            Blow::KillManager | Blow::KillEvents => {}
            Blow::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    let log = world.twitch.said().log.clone().unwrap();
    let mut stored = world.keys(EventKind::Follow, log.len()).await;
    stored.sort_unstable();
    (log, stored)
}

fn kill(actor: Option<ActorCell>) {
    if let Some(actor) = actor {
        actor.kill();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn each_event_is_stored_once_and_none_is_missing(
        blows in prop::collection::vec(blow(), 1..20),
        cut_after in prop::collection::vec(0..6_usize, 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (log, stored) = runtime.block_on(survive(blows, cut_after));
        prop_assert_eq!(log, stored);
    }
}
