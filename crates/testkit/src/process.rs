//! The daemon as a process: the binary, its log, its signals and its exit code.

use std::{
    ffi::OsStr,
    fs,
    ops::Deref,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use serde::Serialize;
use serde_json::Value;
use stagedoor_fakes::{
    cloudflare::FakeCloudflare, facebook::FakeFacebook, kick::FakeKick, twitch::FakeTwitch,
    youtube::FakeYouTube,
};
use stagedoord::{Addresses, config::Config, credentials, made_up};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{PATIENCE, Reach, WEBHOOK_SECRET, wait_until};

const CONFIG: &str = "stagedoor.toml";
/// Relative to the process's directory.
const STATE: &str = "var";
const FREE_PORTS: [&str; 2] = ["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"];

/// How a [`Process`] is started: in a directory of its own, with nothing of this process's environment.
#[derive(Debug)]
pub struct ProcessBuilder {
    command: Command,
    dir: TempDir,
}

/// A running `stagedoord`. Killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    /// For its next life.
    command: Command,
    child: Child,
    log: Log,
    reader: JoinHandle<()>,
    reach: Reach,
}

/// A process that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// The lines written so far.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

#[expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]
impl ProcessBuilder {
    /// Runs `program`.
    #[must_use]
    pub fn of(program: impl AsRef<OsStr>) -> Self {
        let dir = tempfile::tempdir().expect("the system has a temporary directory");
        let mut command = Command::new(program);
        command.current_dir(dir.path()).env_clear().stdin(Stdio::null()).kill_on_drop(true);
        Self { command, dir }
    }

    /// With an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With a file in its directory.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).expect("the directory is ours");
        self
    }

    /// With a configuration file, `stagedoor.toml`.
    #[must_use]
    pub fn config(self, text: &str) -> Self {
        self.file(CONFIG, text).arg("--config").arg(CONFIG)
    }

    /// With this for Cloudflare; as [`HarnessBuilder::cloudflare`](crate::HarnessBuilder::cloudflare).
    #[must_use]
    pub fn cloudflare(self, fake: &FakeCloudflare) -> Self {
        let config = fake.config();
        self.env("STAGEDOOR__CLOUDFLARE__ACCOUNT_ID", &config.account_id)
            .env("STAGEDOOR__CLOUDFLARE__API_TOKEN", &config.token)
            .env("STAGEDOOR__CLOUDFLARE__BASE_URL", fake.base_url())
            .env("STAGEDOOR__CLOUDFLARE__LIFECYCLE_URL", fake.lifecycle_base_url())
            .env("STAGEDOOR__CLOUDFLARE__WEBHOOK_SECRET", WEBHOOK_SECRET)
    }

    /// With this for Twitch.
    #[must_use]
    pub fn twitch(self, fake: &FakeTwitch) -> Self {
        let mut told = Config::development().platforms.twitch;
        made_up::twitch(&mut told, fake);
        self.platform("TWITCH", &told, &fake.config().client_secret)
    }

    /// With this for YouTube.
    #[must_use]
    pub fn youtube(self, fake: &FakeYouTube) -> Self {
        let mut told = Config::development().platforms.youtube;
        made_up::youtube(&mut told, fake);
        self.platform("YOUTUBE", &told, &fake.config().client_secret)
    }

    /// With this for Kick; as [`HarnessBuilder::kick`](crate::HarnessBuilder::kick).
    #[must_use]
    pub fn kick(self, fake: &FakeKick) -> Self {
        let mut told = Config::development().platforms.kick;
        made_up::kick(&mut told, fake);
        self.platform("KICK", &told, &fake.config().client_secret)
    }

    /// With this for Facebook.
    #[must_use]
    pub fn facebook(self, fake: &FakeFacebook) -> Self {
        let mut told = Config::development().platforms.facebook;
        made_up::facebook(&mut told, fake);
        self.platform("FACEBOOK", &told, &fake.config().client_secret)
    }

    /// Says a platform's section by environment variables. Its secret is hidden in it.
    fn platform(mut self, name: &str, section: &impl Serialize, secret: &str) -> Self {
        let section = serde_json::to_value(section).expect("configuration has text keys only");
        for (key, value) in section.as_object().expect("a section has keys") {
            let value = match value {
                Value::Null => continue,
                Value::String(_) if key == "client_secret" => secret.to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let key = key.to_ascii_uppercase();
            self = self.env(&format!("STAGEDOOR__PLATFORMS__{name}__{key}"), value);
        }
        self
    }

    /// The directory it runs in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs it to its end.
    pub async fn run(mut self) -> Ended {
        let output = timeout(PATIENCE, self.command.output()).await;
        let output = output.expect("the process ends by itself").expect("the program runs");
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("it writes UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("it writes UTF-8"),
        }
    }

    /// Starts a daemon on free ports, and waits until it is ready.
    pub async fn start(mut self) -> Process {
        if !self.command.as_std().get_args().any(|argument| argument == FREE_PORTS[0]) {
            self.command.args(FREE_PORTS);
        }
        let mut child = self.command.stderr(Stdio::piped()).spawn().expect("the program runs");
        let log = Log::default();
        let reader = log.take(child.stderr.take().expect("it is piped"));
        let addresses = announced(&log.said(" ready ").await, self.dir.path());
        let mut config = Config::development();
        config.state_dir = self.dir.path().join(STATE);
        let authenticator = credentials::authenticator(&config).expect("the secret is there");
        let reach = Reach::new(addresses, authenticator, self.dir);
        Process { command: self.command, child, log, reader, reach }
    }
}

#[expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]
impl Process {
    /// The log so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits for a line of the log with this text; the first of them.
    pub async fn said(&self, text: &str) -> String {
        self.log.said(text).await
    }

    /// Replaces the configuration file.
    pub fn reconfigure(&self, text: &str) {
        fs::write(self.reach.dir().join(CONFIG), text).expect("the directory is ours");
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        kill_process(pid.expect("it has not ended"), signal).expect("it is our child");
    }

    /// Kills it as the kernel would, at once. It can be started again where it was: in its directory, on other ports.
    pub async fn kill(mut self) -> ProcessBuilder {
        self.child.kill().await.expect("it is our child");
        ProcessBuilder { command: self.command, dir: self.reach.into_dir() }
    }

    /// Stops it in good order. It can be started again, as after [`kill`](Self::kill).
    pub async fn stop(mut self) -> ProcessBuilder {
        self.signal(Signal::TERM);
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("the process ends").expect("it is our child");
        assert_eq!(status.code(), Some(0), "{:#?}", self.log());
        ProcessBuilder { command: self.command, dir: self.reach.into_dir() }
    }

    /// Waits for its end; its exit code, and the whole log.
    pub async fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("the process ends").expect("it is our child");
        self.reader.await.expect("it reads to the end");
        (status.code(), self.log.lines())
    }
}

impl Deref for Process {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.reach
    }
}

impl Log {
    /// Reads to the end, in a task.
    fn take(&self, output: impl AsyncRead + Send + Unpin + 'static) -> JoinHandle<()> {
        let (log, mut lines) = (self.clone(), BufReader::new(output).lines());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn said(&self, text: &str) -> String {
        let said = |lines: &Vec<String>| lines.iter().any(|line| line.contains(text));
        let what = format!("log line with {text:?}");
        let lines = wait_until(&what, async || self.lines(), said).await;
        lines.into_iter().find(|line| line.contains(text)).expect("it was said")
    }
}

/// The addresses in the line that says that the daemon is ready.
fn announced(line: &str, dir: &Path) -> Addresses {
    let field = |name: &str| {
        let value = line.split_whitespace().find_map(|word| word.strip_prefix(name));
        value.unwrap_or_else(|| panic!("no {name} in {line:?}"))
    };
    let address = |name| field(name).parse().expect("it is an address");
    Addresses {
        public: address("public="),
        admin: address("admin="),
        inspect_socket: dir.join(field("socket=")),
        inspect: None,
    }
}
