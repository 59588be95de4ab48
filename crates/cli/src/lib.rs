//! The debug client `stagedoor`.
//!
//! ```text
//! args ──▶ connect ──▶ InspectClient ── question ──▶ daemon
//!                           │ answer
//!                           ▼
//!   command ──▶ view: a table, a drawing or JSON ──▶ Output: a terminal, a pipe
//! ```
//!
//! What is asked is in the module `run`, how an answer looks is in `view`, one file an answer, as pure functions from
//! the answer to text.

mod args;
mod connect;
mod failure;
mod output;
mod run;
mod streams;
mod style;
mod table;
mod text;
mod view;

pub use args::Cli;
pub use run::run;
