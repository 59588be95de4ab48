//! Ordered start, roll-back, start timeout.

use tokio::time::Instant;

use crate::{
    Address, ChildSpec, Lifecycle, Root, SpecError, StartError, Strategy, SupervisorRef,
    SupervisorSpec, Worker,
    tests::support::{Act, Log, PartMsg, secs, settle, start, status, top},
};

async fn fails(init: impl Fn() -> SupervisorSpec + Send + Sync + 'static) -> StartError {
    Root::start(SupervisorRef::new(init), Lifecycle::new()).await.unwrap_err()
}

fn of_child(error: &StartError) -> (String, String) {
    match error {
        StartError::Child { id, reason } => (id.to_string(), reason.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_stops_those_before_it_in_reverse_order() {
    let log = Log::default();
    for act in [Act::Fail, Act::Panic] {
        let (a, b, c, d) = (log.part("a"), log.part("b"), log.part("c"), log.part("d"));
        c.starts(act);
        let never = d.clone();
        let error = fails(move || {
            let children = [&a, &b, &c, &d].map(super::support::Part::spec);
            SupervisorSpec::new(Strategy::OneForOne).children(children)
        })
        .await;
        let (id, reason) = of_child(&error);
        assert_eq!(id, "c");
        assert!(reason.contains("out of cheese"), "{reason}");
        assert_eq!(log.take(), ["start a", "start b", "stop b", "stop a"]);
        assert_eq!((never.made(), log.alive()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_fails_after_its_timeout_and_leaves_nothing() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    b.starts(Act::Hang);
    let begun = Instant::now();
    let error = fails(move || {
        let hangs = b.spec().start_timeout(secs(3));
        SupervisorSpec::new(Strategy::OneForOne).child(a.spec()).child(hangs)
    })
    .await;
    assert_eq!(begun.elapsed(), secs(3));
    assert_eq!(of_child(&error), ("b".into(), "not started within 3s".into()));
    settle().await;
    assert_eq!(log.take(), ["start a", "stop a"]);
    assert_eq!(log.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_ten_seconds_by_default() {
    let log = Log::default();
    let a = log.part("a");
    a.starts(Act::Take(secs(9)));
    let root = super::support::start_parts(Strategy::OneForOne, [&a]).await;
    assert_eq!(status(&top(&root), "a"), "running");
    a.starts(Act::Hang);
    let begun = Instant::now();
    fails(move || SupervisorSpec::new(Strategy::OneForOne).child(a.spec())).await;
    assert_eq!(begun.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_nested_failure_names_the_way_to_it() {
    let log = Log::default();
    let (a, b) = (log.part("a"), log.part("b"));
    b.starts(Act::Fail);
    let inner =
        SupervisorRef::new(move || SupervisorSpec::new(Strategy::OneForOne).child(b.spec()));
    let error = fails(move || {
        let inner = ChildSpec::supervisor("inner", &inner);
        SupervisorSpec::new(Strategy::OneForOne).child(a.spec()).child(inner)
    })
    .await;
    assert_eq!(
        error.to_string(),
        "child inner did not start: child b did not start: out of cheese"
    );
    assert_eq!(log.take(), ["start a", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_where_a_worker_is_made_is_a_failed_start() {
    let error = fails(|| {
        let address: Address<PartMsg> = Address::new();
        let worker = Worker::new(&address, || -> (Never, ()) { panic!("no arguments") });
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::worker("a", worker))
    })
    .await;
    let (id, reason) = of_child(&error);
    assert_eq!(id, "a");
    assert!(reason.starts_with("no arguments"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_where_a_supervisor_is_specified_is_a_failed_start() {
    let error = fails(|| panic!("no specification")).await;
    assert!(error.to_string().starts_with("no specification"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_specification_that_is_not_valid_starts_nothing() {
    let log = Log::default();
    let (a, waits) = (log.part("a"), log.part("waits"));
    let (part, needed) = (a.clone(), waits.clone());
    let error = fails(move || {
        SupervisorSpec::new(Strategy::OneForOne).children([
            part.spec(),
            needed.spec().when_needed(),
            part.spec(),
        ])
    })
    .await;
    assert_eq!(error.to_string(), SpecError::Duplicate { id: "a".into() }.to_string());
    assert_eq!(a.made(), 0);
    assert_eq!(waits.address.cast(PartMsg::Note(1)), Err(crate::AddressError::Down));
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_as_in_the_beginning() {
    let log = Log::default();
    let (a, b, added) = (log.part("a"), log.part("b"), log.part("added"));
    let parts = [a.clone(), b.clone()];
    let inner = SupervisorRef::new(move || {
        let children = parts.iter().map(super::support::Part::spec);
        SupervisorSpec::new(Strategy::OneForOne).intensity(0, secs(5)).children(children)
    });
    let child = inner.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("inner", &child))
    })
    .await;
    inner.start_child(added.spec()).await.unwrap();
    inner.terminate_child("a").await.unwrap();
    inner.delete_child("a").await.unwrap();
    log.take();
    b.crashes().await;
    settle().await;
    let ids: Vec<_> = inner.which_children().into_iter().map(|child| child.id).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(log.take(), ["stop added", "start a", "start b"]);
    assert_eq!(top(&root).count_children().active, 1);
}

/// An actor that is never made.
struct Never;

impl ractor::Actor for Never {
    type Msg = PartMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ractor::ActorRef<PartMsg>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }
}
