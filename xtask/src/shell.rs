//! Runs programs: their output goes on to ours, and the lines that sum up a test run are kept.

use std::{
    io::{BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{LazyLock, Mutex},
    thread,
};

use anyhow::{Context, Result, bail};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    // Said by the cargo that runs us: two checkouts that share a target directory share this binary too.
    static XTASK: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR");
        here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).into()
    });
    XTASK.parent().expect("xtask is a folder of the workspace")
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => root().join(path),
        None => root().join("target"),
    }
}

/// `program` in the workspace's root, without a standard input.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// `cargo`, the one that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// Whether the program is there and says so.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    command(program, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs to a successful end.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let shown = show(&command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("`{shown}` could not be run"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs a test runner to a successful end, passes on what it says, and returns the lines that sum it up.
pub(crate) fn run_tests(mut command: Command) -> Result<Vec<String>> {
    let shown = show(&command);
    eprintln!("$ {shown}");
    if std::io::stderr().is_terminal() {
        // Its output is a pipe now, which it would take for the absence of a person.
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{shown}` could not be run"))?;
    let kept = Mutex::new(Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| pass_on(stdout, std::io::stdout(), &kept));
        scope.spawn(|| pass_on(stderr, std::io::stderr(), &kept));
    });
    let status = child.wait().with_context(|| format!("`{shown}` was lost"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(kept.into_inner().expect("the threads that passed lines on did not panic"))
}

fn pass_on(from: Option<impl Read>, mut to: impl Write, kept: &Mutex<Vec<String>>) {
    let Some(from) = from else { return };
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        // Ours may be closed; the program runs to its end all the same.
        let _ = writeln!(to, "{line}");
        let plain = without_colours(&line);
        if sums_up(&plain) {
            kept.lock().expect("a line was passed on without a panic").push(plain);
        }
    }
}

/// The closing lines of nextest, libtest and node's test runner.
fn sums_up(line: &str) -> bool {
    let line = line.trim_start();
    let is_of_node = |mark| {
        line.strip_prefix(mark).is_some_and(|rest: &str| {
            ["tests ", "pass ", "fail "].iter().any(|word| rest.starts_with(word))
        })
    };
    line.starts_with("Summary [")
        || (line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed"))
        || is_of_node("# ")
        || is_of_node("ℹ ")
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        // CSI … final letter
        let rest = part.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        plain.push_str(rest.get(1..).unwrap_or_default());
    }
    plain.trim_end().to_owned()
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut shown =
        program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_the_runners_are_kept() {
        for line in [
            "     Summary [   0.359s] 57 tests run: 57 passed, 0 skipped",
            "test result: ok. 3 passed; 0 failed; 0 ignored",
            "# pass 12",
            "ℹ fail 0",
        ] {
            assert!(sums_up(line), "{line}");
        }
        for line in
            ["test a ... ok", "test result: ok. 0 passed; 0 failed; 0 ignored", "# a heading", ""]
        {
            assert!(!sums_up(line), "{line}");
        }
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(
            without_colours("\u{1b}[32;1m     Summary\u{1b}[0m [ 1s]"),
            "     Summary [ 1s]"
        );
        assert_eq!(without_colours("plain"), "plain");
    }

    #[test]
    fn a_failing_test_run_is_an_error_and_a_passing_one_gives_its_lines() {
        let lines = run_tests(command("sh", &["-c", "echo noise; echo '# pass 2'"])).unwrap();
        assert_eq!(lines, ["# pass 2"]);
        let error = run_tests(command("sh", &["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }
}
