//! `stagedoord`: see `stagedoord --help`.

use std::process::ExitCode;

use clap::{Parser, error::ErrorKind};
use stagedoord::{Exit, cli::Arguments, execute};

/// Gives memory back after a wave of disconnects, which glibc's does not; how soon is set in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => execute(arguments).into(),
        Err(answer) => {
            // The answer may be `--help` into a pipe that has closed.
            let _ = answer.print();
            match answer.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Clean.into(),
                _ => Exit::Usage.into(),
            }
        }
    }
}
