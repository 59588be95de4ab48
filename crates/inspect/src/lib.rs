//! What the debug client may ask, and both ends of the wire.
//!
//! ```text
//! in the daemon                                             in the client
//!
//!            tables, Sources                                CLI, test, program
//!                  ▲                                               │ call(InspectMsg)
//!                  │                                               ▼
//! call ──▶ Inspector ◀── call ── serve ◀── frames, a socket ── RemoteInspector
//! ```
//!
//! One message enum, [`InspectMsg`], serves both ends: the [`Inspector`] answers it in the daemon, a
//! [`RemoteInspector`] takes the same messages in the client and carries them over the wire. Whoever asks holds an
//! `Address<InspectMsg>` and cannot tell which of the two is behind it; [`InspectClient`] wraps such an address in
//! plain functions.
//!
//! `docs/inspect.md` describes the wire; `docs/adr/0001-debug-link.md` says why it is not `ractor_cluster`.

mod client;
mod error;
mod inspector;
mod message;
mod paging;
mod remote;
mod sources;
mod view;
mod watch;
mod wire;

pub use client::InspectClient;
pub use error::{ConnectError, Failure, InspectError, ListenError, Refusal};
pub use inspector::{Inspector, InspectorArgs};
pub use message::{
    Action, Caller, EventQuery, InspectMsg, MAX_KINDS, Reply, StreamAction, TreeQuery,
};
pub use paging::{MAX_ROWS, Paging, Rows, Source};
pub use remote::{Endpoint, RemoteInspector};
pub use sources::{Asked, SourceError, Sources};
pub use view::{
    Acted, AlertsOverview, Budget, BudgetPriority, DestinationView, EncoderView, EventRows, Exits,
    First, InspectorSnapshot, LinkView, ManagedUser, Manager, MetricsSummary, Overview,
    PendingTimer, PlatformBroadcastView, PlatformManagerView, PlatformView, PlatformsOverview,
    PresenceCount, PresentSession, PresentUser, ProcessFacts, ShownAlert, Snapshot, StreamActed,
    StreamOverview, TreeRow, TreeRows, UserMetrics,
};
pub use watch::{Watch, Watched};
pub use wire::{
    ConnectionCounters, Listener, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, ServeConfig, VERSION, serve,
};

// What the answers are made of, for clients that know no supervisors.
pub use stagedoor_supervision::{
    Address, AddressError, Change, ChildCount, ChildInfo, ChildStatus, ChildType, ExitClass,
    HistoryRecord, LastExit, LifecycleEvent, Restart, Strategy,
};
