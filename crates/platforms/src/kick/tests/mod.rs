//! What Kick sends, and Kick on loopback.

mod golden;
mod signed;
