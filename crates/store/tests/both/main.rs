//! What the store promises, on both databases. PostgreSQL needs a server: `STAGEDOOR_TEST_POSTGRES` names it, and
//! `cargo xtask test` starts one.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

mod support;

mod alerts;
mod append;
mod history;
mod kill;
mod platforms;
mod property;
mod records;
mod retention;
mod secrets;
mod series;
mod speed;
mod trouble;
