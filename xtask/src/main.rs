//! `cargo xtask`: what the repository needs done, for people and for CI alike.
//!
//! ```text
//! cargo xtask test ──▶ setup ─ fmt ─ lint ─ unit ─ docs ─ phoenix     each of them also alone: cargo xtask lint
//! cargo xtask ci   ──▶ the same, deny and fuzz
//! ```
//!
//! The first failure ends the run with the step's name. At the end stand the steps, their times, and what the test
//! runners said last.

mod fuzz;
mod postgres;
mod setup;
mod shell;
mod steps;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

use crate::steps::{Report, STEPS, Step};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["test"] => run(STEPS.iter().filter(|step| step.in_test)),
        ["ci"] => run(STEPS.iter()),
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", usage());
            Ok(())
        }
        [name] => match STEPS.iter().find(|step| step.name == name) {
            Some(step) => run([step].into_iter()),
            None => Err(anyhow::anyhow!("there is no step {name:?}\n\n{}", usage())),
        },
        _ => Err(anyhow::anyhow!("one step at a time\n\n{}", usage())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run<'s>(steps: impl Iterator<Item = &'s Step>) -> Result<()> {
    let mut reports: Vec<Report> = Vec::new();
    for step in steps {
        eprintln!("\n==> {}: {}", step.name, step.does);
        let report = step.report();
        let failure = report.result.as_ref().err().map(|error| format!("{error:#}"));
        reports.push(report);
        if let Some(failure) = failure {
            print_all(&reports);
            bail!("step {0} failed: {failure}\nRun it alone: cargo xtask {0}", step.name);
        }
    }
    print_all(&reports);
    Ok(())
}

fn print_all(reports: &[Report]) {
    println!();
    for report in reports {
        println!("{report}");
    }
}

fn usage() -> String {
    let steps = STEPS.iter().map(|step| format!("  {:9} {}", step.name, step.does));
    let head = [
        "Usage: cargo xtask <what>\n",
        "  test      all of the following but deny and fuzz",
        "  ci        all of the following, as .ci/run does\n",
    ];
    let lines: Vec<_> = head.into_iter().map(str::to_owned).chain(steps).collect();
    lines.join("\n") + "\n"
}
