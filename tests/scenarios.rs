//! Scenarios: the daemon as its users meet it. One module a story.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloudflare_trouble;
mod crash_loop;
mod crashes;
mod debug_client;
mod donations;
mod embedding;
mod expected_logs;
mod health;
mod held_tree;
mod layout;
mod leases;
mod limits;
mod multi_session;
mod postgres;
mod presence_manager;
mod process;
mod reload;
mod same_events;
mod secrets;
mod shutdown;
mod stage;
mod store_trouble;
mod stream_crashes;
mod stream_life;
mod support;
mod tour;
mod who;
