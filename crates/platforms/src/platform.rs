//! What every platform answers to.

use std::{fmt, time::Duration};

use futures_util::future::{self, BoxFuture};
use jiff::Timestamp;
use secrecy::SecretString;
use stagedoor_budget::BudgetReport;
use stagedoor_domain::Metadata;

use crate::{
    AccountAccess, Applied, Broadcast, BroadcastPlan, Capabilities, Category, ChatMessage,
    Connection, Error, Ingest, Moderated, ModerationAct, OAuth, Operation, Place, Resume, Sent,
    Standing, Watched,
};

/// What a call comes to.
pub type Reply<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// Whose an access token is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The platform's id of the account: of the channel, the page.
    pub external_id: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// What the authorisation covers, in the platform's words.
    pub scopes: Vec<Box<str>>,
    /// When the access token ends, where the platform says.
    pub expires_at: Option<Timestamp>,
    /// The token to use from now on, where that is another one: a page's instead of its owner's.
    pub token: Option<SecretString>,
}

/// A platform: one value for all users, which knows addresses and limits and no user.
///
/// Every call waits for its turn in the platform's budget, and is refreshed and made once more where the platform did
/// not take its token. No other call is repeated here: whoever asked knows what may be repeated.
pub trait Platform: fmt::Debug + Send + Sync + 'static {
    /// Which.
    fn id(&self) -> stagedoor_domain::Platform;

    /// What it can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// How accounts are connected, and their tokens refreshed.
    fn oauth(&self) -> &OAuth;

    /// Whose this token is.
    fn identify<'a>(&'a self, token: &'a SecretString) -> Reply<'a, Identity>;

    /// Asks whether the account's authorisation still holds; refreshes it where it does not.
    fn validate<'a>(&'a self, account: &'a AccountAccess) -> Reply<'a, ()>;

    /// A connection to the account's events. Nothing is sent before the first [`Connection::next`].
    fn connect(&self, account: &AccountAccess, resume: Resume) -> Box<dyn Connection>;

    /// Makes the broadcast and tells where to stream to. Where the platform has none it tells that only, and sets what
    /// the channel is called. What an earlier attempt has made is found and gone on with, if the plan says so.
    fn start_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        plan: &'a BroadcastPlan,
    ) -> Reply<'a, (Broadcast, Ingest)>;

    /// What an attempt to carry out this plan has made, if anything: after a crash it is not known.
    fn find_broadcast<'a>(
        &'a self,
        _account: &'a AccountAccess,
        _plan: &'a BroadcastPlan,
    ) -> Reply<'a, Option<Broadcast>> {
        Box::pin(future::ready(Ok(None)))
    }

    /// Ends the broadcast; its recording stays. One that has ended already is no mistake.
    fn end_broadcast<'a>(
        &'a self,
        account: &'a AccountAccess,
        broadcast: &'a Broadcast,
    ) -> Reply<'a, ()>;

    /// Sends a chat message.
    fn send_chat<'a>(&'a self, _place: Place<'a>, _message: &'a ChatMessage) -> Reply<'a, Sent> {
        unsupported(self.id(), Operation::SendChat)
    }

    /// Does what a moderator does.
    fn moderate<'a>(&'a self, _place: Place<'a>, act: &'a ModerationAct) -> Reply<'a, Moderated> {
        unsupported(
            self.id(),
            match act {
                ModerationAct::DeleteMessage { .. } => Operation::DeleteMessage,
                ModerationAct::Ban { .. } => Operation::Ban,
                ModerationAct::Timeout { .. } => Operation::Timeout,
                ModerationAct::Unban { .. } => Operation::Unban,
            },
        )
    }

    /// Changes what the stream is called and about there, as far as the platform takes it.
    fn update_metadata<'a>(
        &'a self,
        _place: Place<'a>,
        _metadata: &'a Metadata,
    ) -> Reply<'a, Applied> {
        unsupported(self.id(), Operation::UpdateMetadata)
    }

    /// Categories by their name.
    fn search_categories<'a>(
        &'a self,
        _account: &'a AccountAccess,
        _name: &'a str,
    ) -> Reply<'a, Vec<Category>> {
        unsupported(self.id(), Operation::SearchCategories)
    }

    /// Where these stand, in their order, by as few calls as the platform allows. At most
    /// [`Capabilities::viewers_batch`] of them. None where the platform says nothing of one.
    fn standings<'a>(&'a self, _of: &'a [Watched]) -> Reply<'a, Vec<Option<Standing>>> {
        unsupported(self.id(), Operation::Viewers)
    }

    /// How long to wait from one [`standings`](Self::standings) to the next.
    fn standings_interval(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// What was spent of its budgets.
    fn budgets(&self) -> Vec<BudgetReport>;
}

/// The answer to what a platform lacks.
pub(crate) fn unsupported<T: Send + 'static>(
    platform: stagedoor_domain::Platform,
    operation: Operation,
) -> Reply<'static, T> {
    Box::pin(future::ready(Err(Error::Unsupported { platform, operation })))
}
