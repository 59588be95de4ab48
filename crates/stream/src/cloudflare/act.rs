//! A step, carried out: what is written down before the call and after it.

use std::fmt;

use secrecy::SecretString;
use stagedoor_cloudflare::{Client, Error, Permit};
use stagedoor_domain::{DestinationId, UserId};
use stagedoor_store::{OutputRecord, Store, StoreError};

use super::output::{Fingerprint, Presence, Step};

/// Why something could not be done.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Cloudflare did not do it.
    Cloudflare(Error),
    /// The store did not write it down, so it was not begun.
    Store(StoreError),
}

impl Obstacle {
    /// Whether it is of no use to try again. That something is not there is not final: whether the live input itself
    /// is gone is looked into.
    pub(super) const fn is_final(&self) -> bool {
        match self {
            Self::Cloudflare(Error::NotFound) | Self::Store(_) => false,
            Self::Cloudflare(error) => error.is_permanent(),
        }
    }

    pub(super) const fn is_not_found(&self) -> bool {
        matches!(self, Self::Cloudflare(Error::NotFound))
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloudflare(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        Self::Cloudflare(error)
    }
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Where an output leads to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: Box<str>,
    pub(super) stream_key: SecretString,
    pub(super) fingerprint: Fingerprint,
}

/// What came of a step.
#[derive(Debug)]
pub(super) struct Acted {
    /// What is known of the output now.
    pub(super) presence: Presence,
    /// A stray that is gone.
    pub(super) stray_gone: Option<Box<str>>,
    pub(super) obstacle: Option<Obstacle>,
}

impl Acted {
    fn done(presence: Presence) -> Self {
        Self { presence, stray_gone: None, obstacle: None }
    }

    fn failed(presence: Presence, obstacle: impl Into<Obstacle>) -> Self {
        Self { presence, stray_gone: None, obstacle: Some(obstacle.into()) }
    }
}

/// Whoever carries out a step of one output.
pub(super) struct Act {
    pub(super) store: Store,
    pub(super) client: Client,
    pub(super) user: UserId,
    pub(super) input: Box<str>,
    pub(super) destination: DestinationId,
    /// What is known of the output before.
    pub(super) presence: Presence,
    pub(super) target: Option<Target>,
}

impl Act {
    pub(super) async fn carry_out(self, step: &Step, permit: Option<Permit>) -> Acted {
        match (step, permit) {
            (Step::Create, Some(permit)) => self.create(permit).await,
            (Step::Enable(uid), Some(permit)) => self.enable(uid, permit).await,
            (Step::Disable(uid), Some(permit)) => self.disable(uid, permit).await,
            (Step::Delete(uid), Some(permit)) => self.delete(uid, permit).await,
            (Step::DeleteStray(uid), Some(permit)) => self.delete_stray(uid, permit).await,
            (Step::Forget, _) => match self.forget().await {
                Ok(()) => Acted::done(Presence::Absent),
                Err(error) => Acted::failed(self.presence, error),
            },
            // Nobody begins these; nothing is known to have changed.
            (_, None) | (Step::Look, _) => Acted::done(self.presence),
        }
    }

    async fn create(self, permit: Permit) -> Acted {
        let Some(target) = &self.target else { return Acted::done(self.presence) };
        if let Err(error) = self.put(&target.fingerprint, None, true).await {
            permit.give_back();
            return Acted::failed(self.presence, error);
        }
        let Target { url, stream_key, fingerprint } = target;
        let created = self.client.create_output(&self.input, url, stream_key, permit).await;
        let output = match created {
            Ok(output) => output,
            Err(error) if error.may_have_been_done() => {
                return Acted::failed(Presence::Intended(fingerprint.clone()), error);
            }
            Err(error) => {
                // It was not done. If this is not written down, the next life looks for it in vain.
                let presence = match self.forget().await {
                    Ok(()) => Presence::Absent,
                    Err(_) => Presence::Intended(fingerprint.clone()),
                };
                return Acted::failed(presence, error);
            }
        };
        // If this fails, the intent remains, and the next life finds the output by it.
        self.put_if_possible(fingerprint, &output.uid, output.enabled).await;
        Acted::done(self.there(&output.uid, Some(output.enabled)))
    }

    async fn enable(self, uid: &str, permit: Permit) -> Acted {
        let Some(fingerprint) = self.presence.fingerprint() else {
            permit.give_back();
            return Acted::done(self.presence);
        };
        // First, so that nobody ever believes that it does not send when it does.
        if let Err(error) = self.put(fingerprint, Some(uid), true).await {
            permit.give_back();
            return Acted::failed(self.presence, error);
        }
        match self.client.set_output_enabled(&self.input, uid, true, permit).await {
            Ok(()) => Acted::done(self.there(uid, Some(true))),
            Err(Error::NotFound) => self.not_found().await,
            Err(error) if error.may_have_been_done() => Acted::failed(self.there(uid, None), error),
            Err(error) => Acted::failed(self.presence, error),
        }
    }

    async fn disable(self, uid: &str, permit: Permit) -> Acted {
        match self.client.set_output_enabled(&self.input, uid, false, permit).await {
            Ok(()) => {
                if let Some(fingerprint) = self.presence.fingerprint() {
                    self.put_if_possible(fingerprint, uid, false).await;
                }
                Acted::done(self.there(uid, Some(false)))
            }
            Err(Error::NotFound) => self.not_found().await,
            Err(error) => Acted::failed(self.there(uid, None), error),
        }
    }

    async fn delete(self, uid: &str, permit: Permit) -> Acted {
        match self.client.delete_output(&self.input, uid, permit).await {
            Ok(()) | Err(Error::NotFound) => self.not_found().await,
            Err(error) => Acted::failed(self.presence, error),
        }
    }

    async fn delete_stray(self, uid: &str, permit: Permit) -> Acted {
        match self.client.delete_output(&self.input, uid, permit).await {
            Ok(()) | Err(Error::NotFound) => {
                Acted { stray_gone: Some(uid.into()), ..Acted::done(self.presence) }
            }
            Err(error) => Acted::failed(self.presence, error),
        }
    }

    /// It is not there. A record that remains is found to be wrong later.
    async fn not_found(self) -> Acted {
        if let Err(error) = self.forget().await {
            tracing::warn!(user = %self.user, destination = %self.destination, %error, "output not forgotten");
        }
        Acted::done(Presence::Absent)
    }

    fn there(&self, uid: &str, enabled: Option<bool>) -> Presence {
        let of_target = || self.target.as_ref().map(|target| &target.fingerprint);
        let fingerprint = match &self.presence {
            Presence::There { fingerprint, .. } => Some(fingerprint),
            _ => of_target(),
        };
        let fingerprint = fingerprint.cloned().unwrap_or_default();
        Presence::There { fingerprint, uid: uid.into(), enabled }
    }

    async fn forget(&self) -> Result<(), StoreError> {
        self.store.forget_output(&self.user, &self.destination).await
    }

    async fn put(
        &self,
        fingerprint: &str,
        uid: Option<&str>,
        enabled: bool,
    ) -> Result<(), StoreError> {
        let record = OutputRecord {
            destination: self.destination.clone(),
            fingerprint: fingerprint.into(),
            uid: uid.map(Into::into),
            enabled,
        };
        self.store.put_output(&self.user, &record).await
    }

    async fn put_if_possible(&self, fingerprint: &str, uid: &str, enabled: bool) {
        if let Err(error) = self.put(fingerprint, Some(uid), enabled).await {
            tracing::warn!(user = %self.user, destination = %self.destination, %error, "output not recorded");
        }
    }
}
