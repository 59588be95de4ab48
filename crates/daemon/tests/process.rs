//! The process `stagedoord`: what it prints, how it takes signals, how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a process may take for what takes it milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// `stagedoord` in a directory of its own, on free ports, with nothing of this process's environment.
fn stagedoord(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagedoord"));
    command.args(arguments).current_dir(dir).env_clear().stdin(Stdio::null());
    command
}

fn output(dir: &Path, arguments: &[&str]) -> Output {
    stagedoord(dir, arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// A running daemon; killed if the test fails before it ends.
struct Daemon {
    child: Child,
    log: Receiver<String>,
}

impl Daemon {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut command = stagedoord(dir, &["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
        command.args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, log }
    }

    /// Waits for a log line with this text.
    fn said(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no {text:?} ({error}), but {seen:#?}"),
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn exit_code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has usually ended by itself.
        let _ = self.child.kill();
    }
}

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn with_nothing_said_it_runs_until_a_signal_and_ends_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let dir = dir();
        let daemon = Daemon::start(dir.path(), &[]);
        let ready = daemon.said("ready");
        assert!(ready.contains("mode=development"), "{ready}");
        assert!(dir.path().join("var").is_dir());
        daemon.signal(signal);
        daemon.said("stopped");
        assert_eq!(daemon.exit_code(), Some(0));
    }
}

#[test]
fn a_second_daemon_in_the_same_state_directory_is_refused() {
    let dir = dir();
    let first = Daemon::start(dir.path(), &[]);
    first.said("ready");
    let second = output(dir.path(), &["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(69));
    assert!(
        stderr(&second).contains("another stagedoord runs with the state directory ./var"),
        "{second:?}"
    );
}

#[test]
fn a_demo_leaves_the_database_that_is_configured_alone() {
    let dir = dir();
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("config/stagedoor.toml"), "[store]\nurl = \"sqlite:real.db\"")
        .unwrap();
    let demo = Daemon::start(dir.path(), &["--demo", "--demo-listen=127.0.0.1:0"]);
    demo.said("DEMO");
    demo.said("ready");
    assert!(dir.path().join("var/demo.db").is_file());
    assert!(!dir.path().join("var/real.db").exists());
}

#[test]
fn an_address_in_use_is_named_with_its_key() {
    let (dir, taken) = (dir(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let output = output(dir.path(), &["--listen", &address]);
    assert_eq!(output.status.code(), Some(69));
    assert!(
        stderr(&output).contains(&format!("gateway.listen: cannot listen on {address}: ")),
        "{output:?}"
    );
}

#[test]
fn a_wrong_configuration_ends_with_78_and_names_file_and_key() {
    let dir = dir();
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("config/stagedoor.toml"), "[presence]\nmax_user = 3").unwrap();
    for arguments in
        [&[][..], &["run"], &["config", "check"], &["config", "show"], &["token", "--user", "ada"]]
    {
        let output = output(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}");
        let text = stderr(&output);
        assert!(text.contains("config/stagedoor.toml: unknown key presence.max_user"), "{text}");
        assert!(text.contains("did you mean presence.max_users?"), "{text}");
    }
}

#[test]
fn production_without_a_secret_is_refused() {
    let dir = dir();
    let output = output(dir.path(), &["--mode", "production"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("give auth.secret_file"), "{output:?}");
    assert!(!dir.path().join("var").exists(), "nothing was touched");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_64() {
    let dir = dir();
    for arguments in
        [&["--frobnicate"][..], &["tokn"], &["token"], &["--dev", "--mode", "production"]]
    {
        assert_eq!(output(dir.path(), arguments).status.code(), Some(64), "{arguments:?}");
    }
    let version = output(dir.path(), &["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(stdout(&version), format!("stagedoord {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_defaults_are_printed_as_they_are_in_the_repository() {
    let dir = dir();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/default.toml");
    assert_eq!(
        stdout(&output(dir.path(), &["config", "default"])),
        fs::read_to_string(file).unwrap()
    );
}

#[test]
fn a_check_touches_nothing() {
    let dir = dir();
    let checked = output(dir.path(), &["config", "check"]);
    assert_eq!(
        (checked.status.code(), stdout(&checked)),
        (Some(0), "the configuration is valid (development mode)\n")
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_check_reads_the_files_of_secrets() {
    let dir = dir();
    let said = "[platforms.kick]\nclient_id = 'x'\nclient_secret_file = 'kick-secret'";
    fs::write(dir.path().join("a.toml"), said).unwrap();
    fs::write(dir.path().join("kick-secret"), "\n").unwrap();
    let checked = output(dir.path(), &["config", "check", "--config", "a.toml"]);
    assert_eq!(checked.status.code(), Some(78));
    let text = stderr(&checked);
    assert!(text.contains("platforms.kick.client_secret_file: kick-secret is empty"), "{text}");
}

#[test]
fn a_token_is_three_parts_on_a_line_and_nothing_else() {
    let dir = dir();
    let token = output(dir.path(), &["token", "--user", "ada", "--role", "admin", "--ttl", "5m"]);
    assert_eq!(token.status.code(), Some(0), "{token:?}");
    let line = stdout(&token);
    assert_eq!(line.lines().count(), 1);
    assert_eq!(line.trim_end().split('.').count(), 3);
    assert_eq!(stderr(&token), "");
}

#[test]
fn hangup_takes_over_the_log_level_and_an_invalid_file_changes_nothing() {
    let dir = dir();
    let file = dir.path().join("a.toml");
    fs::write(&file, "log.level = 'info'").unwrap();
    let daemon = Daemon::start(dir.path(), &["--config", "a.toml"]);
    daemon.said("ready");

    fs::write(&file, "log.level = 'debug'\ngateway.connection_limit = 3").unwrap();
    daemon.signal(Signal::HUP);
    daemon.said("level=debug");
    daemon.said("key=gateway.connection_limit");

    fs::write(&file, "log.level = 'loud'").unwrap();
    daemon.signal(Signal::HUP);
    let line = daemon.said("the old one stays");
    assert!(line.contains("a.toml: log.level must be"), "{line}");

    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit_code(), Some(0));
}

#[test]
fn systemd_is_told_of_the_start_of_reloads_and_of_the_end() {
    let dir = dir();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let mut command =
        stagedoord(dir.path(), &["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "50000");
    let daemon = Daemon::spawn(command);

    assert_eq!(told().trim_end(), "READY=1");
    assert_eq!(told().trim_end(), "WATCHDOG=1");
    daemon.signal(Signal::HUP);
    let past_watchdogs = || loop {
        let message = told();
        if message.trim_end() != "WATCHDOG=1" {
            return message;
        }
    };
    let reloading = past_watchdogs();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(past_watchdogs().trim_end(), "READY=1");
    daemon.signal(Signal::TERM);
    assert_eq!(past_watchdogs().trim_end(), "STOPPING=1");
    assert_eq!(daemon.exit_code(), Some(0));
}
