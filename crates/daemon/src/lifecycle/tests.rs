use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use thiserror::Error;
use tokio::{sync::oneshot, task::JoinHandle};

use super::*;
use crate::logs;

#[derive(Debug, Error)]
#[error("it died")]
struct Died;

/// A service that lets the test decide when it dies and how long it takes to stop.
struct Stage {
    timeouts: Arc<Mutex<Vec<Duration>>>,
    death: oneshot::Receiver<Died>,
    stop_takes: Duration,
}

impl Service for Stage {
    type Failure = Died;

    fn set_cleanup_timeout(&self, timeout: Duration) {
        self.timeouts.lock().unwrap().push(timeout);
    }

    async fn failed(&mut self) -> Died {
        match (&mut self.death).await {
            Ok(died) => died,
            Err(_) => std::future::pending().await,
        }
    }

    async fn shutdown(self, limit: Duration) -> Result<(), Died> {
        tokio::time::timeout(limit, tokio::time::sleep(self.stop_takes)).await.map_err(|_| Died)
    }
}

struct Running {
    exit: JoinHandle<Exit>,
    signals: mpsc::Sender<Signal>,
    death: oneshot::Sender<Died>,
    timeouts: Arc<Mutex<Vec<Duration>>>,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

const STOP: Signal = Signal::Stop("SIGTERM");

/// Starts a life with a configuration file; the shutdown may take 30 s.
fn start(stop_takes: Duration) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stagedoor.toml");
    write(&file, "presence.cleanup_timeout = '5s'");
    let sources = Sources { files: vec![file.clone()], ..Sources::default() };
    let config = Loaded::from_sources(&sources).unwrap().config;
    let (_, level) = logs::subscriber("info", config.log.format, false, std::io::sink).unwrap();
    let (signals, receiver) = mpsc::channel(1);
    let (death, dies) = oneshot::channel();
    let timeouts = Arc::default();
    let service = Stage { timeouts: Arc::clone(&timeouts), death: dies, stop_takes };
    let lifecycle = Lifecycle { service, config, sources, level, signals: receiver };
    Running { exit: tokio::spawn(lifecycle.run()), signals, death, timeouts, file, _dir: dir }
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
}

impl Running {
    /// Sends a signal and waits until it has been dealt with.
    async fn signal(&self, signal: Signal) {
        self.signals.send(signal).await.unwrap();
        while self.signals.capacity() == 0 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
    }

    fn timeouts(&self) -> Vec<Duration> {
        self.timeouts.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_daemon_cleanly() {
    let daemon = start(Duration::from_secs(29));
    daemon.signal(STOP).await;
    assert_eq!(daemon.exit.await.unwrap(), Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_too_long_is_a_failure() {
    let daemon = start(Duration::from_secs(31));
    let begin = tokio::time::Instant::now();
    daemon.signal(STOP).await;
    assert_eq!(daemon.exit.await.unwrap(), Exit::Failed);
    assert_eq!(begin.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_cuts_the_stop_short() {
    let daemon = start(Duration::from_secs(29));
    let begin = tokio::time::Instant::now();
    daemon.signal(STOP).await;
    daemon.signal(STOP).await;
    assert_eq!(daemon.exit.await.unwrap(), Exit::Failed);
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_death_inside_ends_the_daemon_with_a_failure() {
    let daemon = start(Duration::from_secs(1));
    daemon.death.send(Died).unwrap();
    assert_eq!(daemon.exit.await.unwrap(), Exit::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_over_what_can_change_and_only_what_changed() {
    let daemon = start(Duration::ZERO);
    daemon.signal(Signal::Reload).await;
    assert!(daemon.timeouts().is_empty());

    write(&daemon.file, "presence.cleanup_timeout = '30s'\ngateway.listen = '127.0.0.1:5000'");
    daemon.signal(Signal::Reload).await;
    daemon.signal(Signal::Reload).await;
    assert_eq!(daemon.timeouts(), [Duration::from_secs(30)]);

    write(&daemon.file, "presence.cleanup_timeout = '5s'");
    daemon.signal(Signal::Reload).await;
    assert_eq!(daemon.timeouts(), [30, 5].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_configuration_changes_nothing_and_stops_nothing() {
    let daemon = start(Duration::ZERO);
    write(&daemon.file, "presence.cleanup_timeout = '30s'\npresence.max_users = 0");
    daemon.signal(Signal::Reload).await;
    assert!(daemon.timeouts().is_empty());
    daemon.signal(STOP).await;
    assert_eq!(daemon.exit.await.unwrap(), Exit::Clean);
}
