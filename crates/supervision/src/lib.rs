//! OTP's supervisors on ractor.
//!
//! ```text
//! SupervisorRef::new(|| SupervisorSpec::new(Strategy::OneForOne)
//!     .child(ChildSpec::worker("state", Worker::new(&address, || (StateServer, arguments)))))
//! ```
//!
//! - [`SupervisorRef`] and [`DynamicSupervisorRef`] are supervisors through all their lives: what they supervise is
//!   data ([`SupervisorSpec`], [`ChildSpec`]), and one generic actor each carries it out.
//! - [`Address`] is where a child is reached through all *its* lives.
//! - [`SupervisorHandle`] walks a running tree: children, counts, history, snapshots.
//! - [`Lifecycle`] counts and publishes what happens.
//!
//! ractor gives actors, links and exit events. What it lacks against OTP, and the holes that this crate closes, are
//! named where they are closed; the rules themselves are OTP's
//! (<https://www.erlang.org/doc/system/sup_princ.html>).

mod address;
mod backoff;
mod child;
mod dynamic;
mod error;
mod exit;
mod id;
mod intensity;
mod life;
mod lifecycle;
mod limits;
mod panics;
mod root;
mod roster;
mod spec;
mod steps;
mod supervisor;
mod table;
mod view;

#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use backoff::Backoff;
pub use child::{Observable, Worker};
pub use dynamic::DynamicSupervisorRef;
pub use error::{ChildError, SpecError, StartChildError, StartError, SupervisorError};
pub use exit::{ExitClass, NORMAL, SHUTDOWN};
pub use id::{ChildId, Path};
pub use lifecycle::{Change, Lifecycle, LifecycleCounters, LifecycleEvent};
pub use panics::install_panic_hook;
pub use root::Root;
pub use spec::{
    AutoShutdown, ChildSpec, ChildType, DynamicSupervisorSpec, Intensity, Restart, Shutdown,
    Strategy, SupervisorChange, SupervisorSpec,
};
pub use supervisor::SupervisorRef;
pub use view::{
    ChildCount, ChildHandle, ChildInfo, ChildStatus, HistoryRecord, LastExit, Outlook,
    SupervisorHandle,
};
