//! The steps: what they are called, what they do.

use std::{fmt, time::Duration};

use anyhow::Result;

use crate::{
    fuzz,
    postgres::{self, Postgres},
    setup,
    shell::{cargo, command, root, run, run_tests, target_dir, works},
};

/// One thing to do.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    /// Whether it is part of `cargo xtask test`.
    pub(crate) in_test: bool,
    /// Does it; returns the lines worth repeating at the end.
    act: fn() -> Result<Vec<String>>,
}

/// All steps, in their order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "setup",
        does: "install what the other steps need, or say what to install",
        in_test: true,
        act: setup::all,
    },
    Step { name: "fmt", does: "check that the code is formatted", in_test: true, act: fmt },
    Step { name: "lint", does: "clippy, where a warning is an error", in_test: true, act: lint },
    Step {
        name: "unit",
        does: "every Rust test: units, both databases, scenarios, documentation",
        in_test: true,
        act: unit,
    },
    Step {
        name: "docs",
        does: "the API documentation, where a warning is an error",
        in_test: true,
        act: docs,
    },
    Step {
        name: "phoenix",
        does: "the phoenix client from npm against the daemon",
        in_test: true,
        act: phoenix,
    },
    Step {
        name: "deny",
        does: "licences, advisories and sources of all dependencies",
        in_test: false,
        act: deny,
    },
    Step {
        name: "fuzz",
        does: "two seconds of cargo-fuzz for each parser of what comes from outside",
        in_test: false,
        act: fuzz::all,
    },
];

/// How a step went.
pub(crate) struct Report {
    name: &'static str,
    took: Duration,
    pub(crate) result: Result<Vec<String>>,
}

impl Step {
    pub(crate) fn report(&self) -> Report {
        #[expect(clippy::disallowed_types, reason = "there is no runtime here")]
        let begin = std::time::Instant::now();
        let result = (self.act)();
        Report { name: self.name, took: begin.elapsed(), result }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.result.is_ok() { "ok" } else { "FAILED" };
        write!(f, "{:9} {word:6} {:>7.1} s", self.name, self.took.as_secs_f64())?;
        for line in self.result.iter().flatten() {
            write!(f, "\n          {}", line.trim_start())?;
        }
        Ok(())
    }
}

fn fmt() -> Result<Vec<String>> {
    run(cargo(&["fmt", "--all", "--check"]))?;
    run(cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    Ok(Vec::new())
}

fn lint() -> Result<Vec<String>> {
    run(cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
    Ok(Vec::new())
}

fn unit() -> Result<Vec<String>> {
    let postgres = Postgres::for_tests()?;
    let mut tests = if works("cargo-nextest", &["nextest", "--version"]) {
        cargo(&["nextest", "run", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--locked", "--all-targets"])
    };
    tests.env(postgres::URL_VARIABLE, postgres.url()).env(postgres::REQUIRE_VARIABLE, "1");
    let mut lines = run_tests(tests)?;
    lines.extend(run_tests(cargo(&["test", "--workspace", "--locked", "--doc"]))?);
    Ok(lines)
}

fn docs() -> Result<Vec<String>> {
    let mut doc = cargo(&["doc", "--workspace", "--locked", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(doc)?;
    Ok(Vec::new())
}

fn phoenix() -> Result<Vec<String>> {
    setup::node_packages("tests/phoenix")?;
    run(cargo(&["build", "--workspace", "--locked", "--bins"]))?;
    let binaries = target_dir().join("debug");
    let mut test = command("npm", &["test"]);
    test.current_dir(root().join("tests/phoenix"))
        .env("STAGEDOORD", binaries.join("stagedoord"))
        .env("STAGEDOOR", binaries.join("stagedoor"));
    run_tests(test)
}

fn deny() -> Result<Vec<String>> {
    if !works("cargo-deny", &["--version"]) {
        return Ok(vec![
            "skipped: cargo-deny is not installed; `cargo install --locked cargo-deny` brings it"
                .into(),
        ]);
    }
    run(cargo(&["deny", "--all-features", "check"]))?;
    Ok(Vec::new())
}
