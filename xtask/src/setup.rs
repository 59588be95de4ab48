//! What the test run needs besides cargo: installed where that is possible, named where it is not.

use std::fs;

use anyhow::{Result, bail};

use crate::{
    postgres::{self, is_root},
    shell::{cargo, command, root, run, works},
};

/// A program that some step runs.
struct Tool {
    program: &'static str,
    /// What it answers successfully when it is there.
    probe: &'static [&'static str],
    /// What brings it on Debian and its descendants.
    packages: &'static [&'static str],
}

const TOOLS: [Tool; 5] = [
    // aws-lc and jemalloc are C, and jemalloc is built by make.
    Tool { program: "cc", probe: &["--version"], packages: &["build-essential"] },
    Tool { program: "make", probe: &["--version"], packages: &["make"] },
    // The README's tour is a test.
    Tool { program: "curl", probe: &["--version"], packages: &["curl"] },
    Tool { program: "node", probe: &["--version"], packages: &["nodejs"] },
    Tool { program: "npm", probe: &["--version"], packages: &["npm"] },
];

/// What brings PostgreSQL, for the tests of the store. Its programs are found elsewhere than on the `PATH`.
const POSTGRES: (&str, &[&str]) = ("PostgreSQL", &["postgresql"]);

/// A part of the Rust toolchain: its cargo subcommand, and what brings it.
const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Sets up everything.
pub(crate) fn all() -> Result<Vec<String>> {
    components()?;
    tools()?;
    node_packages("tests/phoenix")?;
    Ok(Vec::new())
}

fn components() -> Result<()> {
    for (subcommand, component) in COMPONENTS {
        let is_there =
            cargo(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success());
        if is_there {
            continue;
        }
        if !works("rustup", &["--version"]) {
            bail!(
                "cargo {subcommand} is missing: install {component}, with rustup by `rustup component add {component}`"
            );
        }
        run(command("rustup", &["component", "add", component]))?;
    }
    Ok(())
}

fn tools() -> Result<()> {
    let missing = TOOLS.iter().filter(|tool| !works(tool.program, tool.probe));
    let mut missing: Vec<_> = missing.map(|tool| (tool.program, tool.packages)).collect();
    if postgres::programs().is_none() && std::env::var_os(postgres::URL_VARIABLE).is_none() {
        missing.push(POSTGRES);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
    let packages: Vec<_> = missing.iter().flat_map(|(_, packages)| *packages).copied().collect();
    let (programs, names) = (programs.join(", "), packages.join(" "));
    if !may_install() {
        bail!("{programs} missing: install them, on Debian by `sudo apt-get install {names}`");
    }
    eprintln!("{programs} missing: installing {names}");
    run(command("apt-get", &["update", "--quiet"]))?;
    let mut install =
        command("apt-get", &["install", "--yes", "--quiet", "--no-install-recommends"]);
    install.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    run(install)
}

/// Whether we are root on a system with apt-get.
fn may_install() -> bool {
    is_root() && works("apt-get", &["--version"])
}

/// Installs the packages of a Node package exactly as locked, unless that has been done.
pub(crate) fn node_packages(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let changed = |path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let installed = changed(folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= changed(lock) {
        return Ok(());
    }
    let mut install = command("npm", &["ci", "--no-audit", "--no-fund"]);
    install.current_dir(folder);
    run(install)
}
