//! `stagedoor`: see what a stagedoor daemon does.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    stagedoor_cli::run(stagedoor_cli::Cli::parse()).await
}
