//! Where a panic happened.
//!
//! ractor turns a panic into a message text, without location. The hook notes the location under the panicking task;
//! the supervisor that hears of the failure looks it up, and logs and keeps it together with the actor's path.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    collections::VecDeque,
    panic::PanicHookInfo,
    sync::{Mutex, PoisonError},
};

use tokio::task;

/// Panics whose failure no supervisor has picked up yet: those of tasks that are not actors stay until they are pushed
/// out, so the list is short and bounded.
const KEPT: usize = 256;

static NOTED: Mutex<VecDeque<(task::Id, String)>> = Mutex::new(VecDeque::new());

/// Installs the panic hook. Once, at the start of the process; a hook that was installed before is replaced.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let location = location(info);
        let task = task::try_id();
        if let Some(task) = task {
            note(task, location.clone());
        }
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            actor = "panic",
            location,
            task = task.map(tracing::field::display),
            backtrace = backtrace.map(tracing::field::display),
            "{}",
            info.payload_as_str().unwrap_or("panic without a text"),
        );
    }));
}

fn location(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(|| "unknown location".into(), ToString::to_string)
}

fn note(task: task::Id, location: String) {
    // A panic while the lock is held would poison it; what it guards is still whole.
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.len() == KEPT {
        noted.pop_front();
    }
    noted.push_back((task, location));
}

/// `reason` with the location of the last panic of `task`, if the hook noted one.
pub(crate) fn with_location(task: Option<task::Id>, reason: String) -> String {
    let Some(task) = task else { return reason };
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    match noted.iter().rposition(|(noted, _)| *noted == task) {
        Some(index) => {
            let location = noted.remove(index).map(|(_, location)| location);
            format!("{reason} at {}", location.as_deref().unwrap_or("unknown location"))
        }
        None => reason,
    }
}
