//! A daemon's life between start and exit.
//!
//! ```text
//! ready ──▶ running ──SIGTERM, SIGINT──▶ stopping ──all stopped──────────▶ Exit::Clean
//!           │  ▲ │                          └──too slow, second signal──▶ Exit::Failed
//!    SIGHUP └──┘ └──a part died──▶ stopping ────────────────────────────▶ Exit::Failed
//! ```

use std::{error::Error, fmt, future::Future, pin::pin, time::Duration};

use tokio::{sync::mpsc, time::Interval};
use tracing::{error, info, warn};

use crate::{
    Exit,
    config::{Changes, Config, Loaded, Sources},
    logs::LevelHandle,
    signals::Signal,
    systemd,
};

/// What runs between start and exit.
pub(crate) trait Service: Send {
    /// Why it failed, or did not stop cleanly.
    type Failure: Error + Send + Sync + 'static;

    /// Takes a new `presence.cleanup_timeout`, for grace periods that begin from now on.
    fn set_cleanup_timeout(&self, timeout: Duration);

    /// Waits until a part has died that it cannot do without. Waits for ever otherwise.
    fn failed(&mut self) -> impl Future<Output = Self::Failure> + Send;

    /// Stops everything in good order, and what has not stopped after `limit` in any order.
    fn shutdown(self, limit: Duration) -> impl Future<Output = Result<(), Self::Failure>> + Send;
}

/// Everything that a running daemon needs to be led to its end.
pub(crate) struct Lifecycle<S> {
    pub(crate) service: S,
    /// As it runs: what SIGHUP changes is taken over.
    pub(crate) config: Config,
    /// Read anew by SIGHUP.
    pub(crate) sources: Sources,
    pub(crate) level: LevelHandle,
    pub(crate) signals: mpsc::Receiver<Signal>,
}

impl<S: Service> Lifecycle<S> {
    /// Runs until a signal or a failure, then stops the service.
    pub(crate) async fn run(mut self) -> Exit {
        systemd::ready();
        let mut watchdog = systemd::watchdog();
        let exit = loop {
            tokio::select! {
                signal = self.signals.recv() => match signal {
                    Some(Signal::Reload) => self.reload(),
                    Some(Signal::Stop(signal)) => {
                        info!(signal, "stopping");
                        break Exit::Clean;
                    }
                    None => {
                        error!("nobody listens to signals any more; stopping");
                        break Exit::Failed;
                    }
                },
                failure = self.service.failed() => {
                    error!(error = &failure as &dyn Error, "a part died that the daemon cannot do without; stopping");
                    break Exit::Failed;
                }
                () = tick(&mut watchdog) => systemd::alive(),
            }
        };
        systemd::stopping();
        match self.stop(watchdog).await {
            Ok(()) => {
                info!("stopped");
                exit
            }
            Err(()) => Exit::Failed,
        }
    }

    /// Reads the configuration anew. An invalid one changes nothing.
    fn reload(&mut self) {
        systemd::reloading();
        match Loaded::from_sources(&self.sources) {
            Ok(new) => self.apply(&Changes::between(&self.config, &new.config)),
            Err(error) => error!(
                error = &error as &dyn Error,
                "the new configuration is not valid; the old one stays"
            ),
        }
        systemd::ready();
    }

    fn apply(&mut self, changes: &Changes) {
        if let Some(timeout) = changes.cleanup_timeout {
            self.service.set_cleanup_timeout(timeout);
            info!(cleanup_timeout = ?timeout, "configuration changed");
        }
        if let Some(level) = &changes.log_level {
            match self.level.set(level) {
                Ok(()) => info!(level, "configuration changed"),
                Err(error) => error!(error = &error as &dyn Error, "the log level stays"),
            }
        }
        for key in &changes.need_restart {
            warn!(key, "configuration changed, which needs a restart to take effect");
        }
        changes.apply_to(&mut self.config);
    }

    /// Stops within the time allowed, or until a second signal says that it has been long enough.
    async fn stop(self, mut watchdog: Option<Interval>) -> Result<(), ()> {
        let Self { service, config, mut signals, .. } = self;
        let mut stopped = pin!(service.shutdown(config.shutdown.timeout));
        loop {
            tokio::select! {
                result = &mut stopped => return result.map_err(|failure| {
                    error!(error = &failure as &dyn Error, "not everything stopped cleanly");
                }),
                Some(Signal::Stop(signal)) = signals.recv() => {
                    error!(signal, "a second signal: ending at once");
                    return Err(());
                }
                () = tick(&mut watchdog) => systemd::alive(),
            }
        }
    }
}

impl<S> fmt::Debug for Lifecycle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifecycle").field("config", &self.config).finish_non_exhaustive()
    }
}

async fn tick(watchdog: &mut Option<Interval>) {
    match watchdog {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
