//! What PlatformManager does besides connecting and streaming: it validates, it counts viewers, it notes what is refused.

use std::sync::Arc;

use stagedoor_domain::EventKind;
use stagedoor_platforms::Standing;
use tokio::time::Instant;

use super::state::{ACTOR, Outcome, State};
use crate::jitter::jittered;

impl State {
    pub(super) fn drive_validation(&mut self, now: Instant, due: &mut Vec<Instant>) {
        let (Some(at), Some(every)) = (self.validate_at, self.capabilities().validate_every) else {
            return;
        };
        if self.is_refused() {
            return;
        }
        if at > now {
            return due.push(at);
        }
        let next = now + every.mul_f64(0.9).min(jittered(every));
        self.validate_at = Some(next);
        due.push(next);
        let (client, account) = (Arc::clone(&self.client), self.access.clone());
        self.begin(async move { Outcome::Validated(client.validate(&account).await) });
    }

    /// Viewers are counted while it is on air, through us or otherwise.
    pub(super) fn drive_watch(&mut self) {
        // Of one that nobody has told about, the first look tells.
        let on_air = self.side.is_on_air() || self.live != Some(false);
        let wanted = on_air && !self.is_refused() && self.capabilities().viewers_batch.is_some();
        let broadcast = self.side.open().map(|broadcast| broadcast.id.clone());
        let broadcast = broadcast.filter(|_| self.capabilities().broadcasts);
        let has_target = broadcast.is_some() || !self.capabilities().broadcasts;
        if !wanted || !has_target {
            self.watch = None;
            self.viewers = None;
            return;
        }
        if self.watch.as_ref().is_some_and(|watch| watch.broadcast() == broadcast.as_deref()) {
            return;
        }
        let address = self.cx.platform(&self.account.platform).cloned();
        let viewers = &self.cx.services().viewers;
        self.watch = address.map(|to| {
            viewers.watch(self.account.platform.clone(), self.access.clone(), broadcast, to)
        });
    }

    pub(super) fn standing(&mut self, standing: &Standing) {
        self.live = Some(standing.live);
        self.viewers = standing.viewers;
        let Some(viewers) = standing.viewers.filter(|_| standing.live) else { return };
        let mut report = self.report(EventKind::ViewersSample);
        report.viewers = Some(viewers);
        self.submit(report);
    }

    /// The store knows it too, for whoever asks while nobody is here. Tokens that are newer than ours need nothing: then
    /// another manager is started for them.
    pub(super) fn note_refusal(&mut self) {
        let (store, user) = (self.cx.services().store.clone(), self.cx.user().clone());
        let (platform, connected_at) = (self.platform(), self.account.connected_at);
        self.begin(async move {
            let noted = async {
                match store.account(&user, &platform).await? {
                    Some((account, _)) if account.connected_at == connected_at => {
                        store.set_needs_reauth(&user, &platform, account.version).await
                    }
                    _ => Ok(false),
                }
            };
            if let Err(error) = noted.await {
                tracing::warn!(actor = ACTOR, %user, %platform, %error, "refused authorisation not noted");
            }
            Outcome::Noted
        });
    }
}
