//! Whatever happens to the sockets, what was delivered is taken, and each of it once.

use proptest::{prelude::*, sample::select};
use stagedoor_fakes::twitch::Delivery;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Chat,
    Follow,
    Cheer,
    Move,
    Break,
    Duplicate,
    Reorder,
    InOrder,
    Read,
}

const ACTS: &[Act] = &[
    Act::Chat,
    Act::Chat,
    Act::Chat,
    Act::Follow,
    Act::Cheer,
    Act::Move,
    Act::Move,
    Act::Break,
    Act::Duplicate,
    Act::Reorder,
    Act::InOrder,
    Act::Read,
    Act::Read,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn what_was_delivered_is_taken_once(acts in proptest::collection::vec(select(ACTS), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(&acts));
    }
}

async fn run(acts: &[Act]) {
    let world = World::new().await;
    let mut connection = world.connected().await;
    let mut received: Vec<EventReport> = Vec::new();
    let mut delivered = 0;
    let mut chat = BTreeSet::new();
    let mut delivery = Delivery::default();
    for (number, act) in acts.iter().enumerate() {
        let viewer = format!("Viewer{number}");
        match act {
            Act::Chat => {
                let (id, sent) = world.fake.chat(ADA, &*viewer, "hi");
                delivered += sent;
                if sent > 0 {
                    chat.insert(format!("twitch:chat:{id}").into());
                }
            }
            Act::Follow => delivered += world.fake.follow(ADA, &*viewer),
            Act::Cheer => delivered += world.fake.cheer(ADA, &*viewer, 100, "Cheer100"),
            Act::Move => drop(world.fake.reconnect(Some(ADA))),
            Act::Break => {
                let opened = world.fake.sockets_opened();
                world.fake.drop_sockets(None);
                // A session that was about to move may do so all the same: its subscriptions wait for it.
                let moved = until("a move", || world.fake.sockets_opened() > opened);
                let lost = async {
                    while let Ok(batch) = next(&mut connection).await {
                        received.extend(batch.reports);
                    }
                };
                let is_lost = tokio::select! {
                    biased;
                    () = lost => true,
                    () = moved => false,
                };
                if is_lost {
                    until("the socket is gone", || world.fake.sockets(None) == 0).await;
                    connection = world.connected().await;
                }
            }
            Act::Duplicate => delivery.duplicate_every = 2,
            Act::Reorder => delivery.reorder = true,
            Act::InOrder => delivery = Delivery::default(),
            Act::Read => {
                // Whether something is there is chance; a call that is dropped loses nothing.
                let wait = Duration::from_millis(2);
                if let Ok(Ok(batch)) = timeout(wait, connection.next()).await {
                    received.extend(batch.reports);
                }
            }
        }
        world.fake.set_delivery(delivery);
    }
    while received.len() < delivered {
        received.extend(next(&mut connection).await.expect("it stands").reports);
    }
    let keys = keys(&received);
    assert_eq!((received.len(), keys.len()), (delivered, delivered), "{acts:?}");
    assert!(chat.is_subset(&keys));
    assert_eq!(world.fake.client_frames(), 0);
}
