//! Restart types by exit classes.

use crate::{
    ExitClass, Restart, Strategy, SupervisorSpec,
    tests::support::{Act, Log, Part, settle, start, status, top},
};

/// How a child can exit by itself.
#[derive(Clone, Copy, Debug)]
enum How {
    Normal,
    Drained,
    Shutdown,
    ShutdownBecause,
    OwnReason,
    Error,
    Panic,
    Killed,
}

const ALL: [How; 8] = [
    How::Normal,
    How::Drained,
    How::Shutdown,
    How::ShutdownBecause,
    How::OwnReason,
    How::Error,
    How::Panic,
    How::Killed,
];

impl How {
    async fn happens_to(self, part: &Part) {
        match self {
            Self::Normal => part.ends("normal").await,
            Self::Drained => drop(part.address.current().unwrap().drain()),
            Self::Shutdown => part.ends("shutdown").await,
            Self::ShutdownBecause => part.ends("shutdown: no longer needed").await,
            Self::OwnReason => part.ends("bored").await,
            Self::Error => part.does(Act::Fail).await,
            Self::Panic => part.does(Act::Panic).await,
            Self::Killed => part.is_killed().await,
        }
        settle().await;
    }

    const fn class(self) -> ExitClass {
        match self {
            Self::Normal | Self::Drained => ExitClass::Normal,
            Self::Shutdown | Self::ShutdownBecause => ExitClass::Shutdown,
            Self::OwnReason | Self::Error | Self::Panic => ExitClass::Failed,
            Self::Killed => ExitClass::Killed,
        }
    }
}

/// What is left of a child after it has exited so, and how the exit was read.
async fn after(restart: Restart, how: How) -> (&'static str, Option<ExitClass>) {
    let log = Log::default();
    let part = log.part("a");
    let child = part.clone();
    let root = start(move || {
        SupervisorSpec::new(Strategy::OneForOne).child(child.spec().restart(restart))
    })
    .await;
    how.happens_to(&part).await;
    let last = top(&root).child("a").and_then(|child| child.info().last_exit.clone());
    (status(&top(&root), "a"), last.map(|exit| exit.class))
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_is_always_restarted() {
    for how in ALL {
        let expected = ("running", Some(how.class()));
        assert_eq!(after(Restart::Permanent, how).await, expected, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_is_restarted_after_abnormal_exits_only() {
    for how in ALL {
        let status = if how.class().is_abnormal() { "running" } else { "terminated" };
        let expected = (status, Some(how.class()));
        assert_eq!(after(Restart::Transient, how).await, expected, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_is_never_restarted_and_is_forgotten() {
    for how in ALL {
        assert_eq!(after(Restart::Temporary, how).await, ("absent", None), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exit_before_the_restart_is_over_is_that_of_the_new_life() {
    let log = Log::default();
    let part = log.part("a");
    let root = super::support::start_parts(Strategy::OneForOne, [&part]).await;
    let first = part.address.current().unwrap();
    part.crashes().await;
    let second = part.address.current().unwrap();
    assert_ne!(first.get_id(), second.get_id());
    first.kill();
    settle().await;
    assert_eq!(part.address.current().unwrap().get_id(), second.get_id());
    assert_eq!(top(&root).child("a").unwrap().info().restarts, 1);
}
