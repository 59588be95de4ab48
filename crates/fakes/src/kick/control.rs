//! What a test tells a Kick to do, and what it sees of it.

use super::{BanView, ChannelView, Chaos, FakeKick, MessageView, Mischief, signing::Signer};
use crate::lock;

impl FakeKick {
    /// The next `times` messages that are sent by the API are not taken, and the answer says so.
    pub fn take_no_messages(&self, times: usize) {
        lock(&self.shared.world).unsent = times;
    }

    /// This event cannot be subscribed to, for this reason; or can again.
    pub fn refuse_event(&self, event: &str, reason: Option<&str>) {
        let refused = &mut lock(&self.shared.world).refused_events;
        match reason {
            Some(reason) => refused.insert(event.into(), reason.into()),
            None => refused.remove(event),
        };
    }

    /// All subscriptions of a channel end, as they do when its webhook did not answer for long.
    pub fn unsubscribe(&self, channel: u64) {
        lock(&self.shared.world).subscriptions.remove(&channel);
    }

    /// The next `times` deliveries go wrong in this way.
    pub fn script(&self, mischief: Mischief, times: usize) {
        self.shared.deliveries.script(|script| script.plan(mischief, times));
    }

    /// Deliveries go wrong at random, until it is over.
    pub fn set_chaos(&self, chaos: Option<Chaos>) {
        self.shared.deliveries.script(|script| script.set_chaos(chaos));
    }

    /// What waits for a next delivery, by [`Mischief::Reorder`], waits no longer.
    pub fn release(&self) {
        self.shared.deliveries.release();
    }

    /// Another key signs from now on.
    pub async fn rotate_key(&self) {
        self.shared.deliveries.set_signer(Signer::generate().await);
    }

    /// The public key, in PEM.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.shared.deliveries.public_key()
    }

    /// Deliveries that are neither acknowledged nor given up.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.deliveries.pending()
    }

    /// Deliveries that were acknowledged, how often one was refused, and how many were given up.
    #[must_use]
    pub fn deliveries(&self) -> (usize, usize, usize) {
        self.shared.deliveries.counts()
    }

    /// A channel as it is.
    #[must_use]
    pub fn channel(&self, id: u64) -> Option<ChannelView> {
        lock(&self.shared.world).channel(id).cloned()
    }

    /// A channel's messages, the oldest first: of the last 10,000 of all.
    #[must_use]
    pub fn messages(&self, channel: u64) -> Vec<MessageView> {
        lock(&self.shared.world).messages(channel)
    }

    /// Who is out of a channel.
    #[must_use]
    pub fn bans(&self, channel: u64) -> Vec<BanView> {
        lock(&self.shared.world).bans(channel)
    }

    /// What of a channel is subscribed to.
    #[must_use]
    pub fn subscriptions(&self, channel: u64) -> Vec<Box<str>> {
        let world = lock(&self.shared.world);
        let events = world.subscriptions.get(&channel);
        events.into_iter().flat_map(|events| events.keys().cloned()).collect()
    }
}
