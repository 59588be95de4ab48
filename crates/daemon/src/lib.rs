//! The Stagedoor daemon.
//!
//! ```text
//! main ──▶ cli ──▶ config ──▶ logs ──▶ Daemon::start ──▶ lifecycle ──▶ Exit
//!                                      state_dir, credentials, wiring
//! ```
//!
//! A program that embeds the daemon makes a [`Config`](config::Config), starts a [`Daemon`] with it and shuts that down;
//! arguments, logs and signals are its own business.

mod causes;
pub mod cli;
mod commands;
pub mod config;
pub mod credentials;
mod daemon;
mod demo;
mod descriptors;
mod exit;
mod lifecycle;
pub mod logs;
pub mod made_up;
mod process;
mod server;
mod signals;
mod state_dir;
mod systemd;
mod wiring;

pub use commands::execute;
pub use daemon::{Addresses, Daemon, RunError, StartError};
pub use exit::Exit;
pub use state_dir::StateDirError;
