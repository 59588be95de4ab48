//! The signals that a daemon listens to.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM or SIGINT: stop.
    Stop(&'static str),
    /// SIGHUP: read the configuration anew.
    Reload,
}

/// Listens from now on, so that no signal ends the process by itself. Signals that nobody has taken yet are merged.
pub(crate) fn listen() -> io::Result<mpsc::Receiver<Signal>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                Some(()) = terminate.recv() => Signal::Stop("SIGTERM"),
                Some(()) = interrupt.recv() => Signal::Stop("SIGINT"),
                Some(()) = hangup.recv() => Signal::Reload,
                () = sender.closed() => return,
            };
            if sender.send(signal).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
