//! Scenarios: the daemon as its users meet it. One module a story.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash_loop;
mod crashes;
mod debug_client;
mod embedding;
mod expected_logs;
mod health;
mod layout;
mod leases;
mod limits;
mod multi_session;
mod presence_manager;
mod process;
mod reload;
mod shutdown;
mod stage;
mod stream_life;
mod support;
mod tour;
mod who;
