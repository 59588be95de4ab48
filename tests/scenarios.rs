//! Scenarios: the daemon as its users meet it. One module a story.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloudflare_trouble;
mod crash_loop;
mod crashes;
mod debug_client;
mod donations;
mod embedding;
mod expected_logs;
mod facebook_life;
mod four_platforms;
mod health;
mod held_tree;
mod kick_tokens;
mod kick_webhooks;
mod layout;
mod leases;
mod limits;
mod many_calls;
mod multi_session;
mod outages;
mod platforms;
mod postgres;
mod presence_manager;
mod process;
mod reload;
mod same_chat;
mod same_events;
mod secrets;
mod shutdown;
mod speaking;
mod stage;
mod store_trouble;
mod stream_crashes;
mod stream_life;
mod support;
mod tour;
mod twitch_life;
mod who;
mod youtube_life;
