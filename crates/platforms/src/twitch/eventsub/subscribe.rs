//! All subscriptions of a session.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, TryFutureExt, future::BoxFuture, stream};
use reqwest::Method;
use tokio::time::{sleep, timeout};

use super::types::{Kind, TYPES};
use crate::{
    AccountAccess, Disconnect, Error, Link, Priority,
    http::{Auth, Call, below},
    twitch::Inner,
};

/// How many are made at a time: enough for all to be there within a second, and not a burst.
const AT_A_TIME: usize = 4;

/// How often one is tried, and how long it is waited before the second time; then twice as long each time.
const TRIES: u32 = 4;
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// How long all may take.
const ALL: Duration = Duration::from_secs(30);

/// The id of a session: another one may be given to it when it moves.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionId(Arc<Mutex<Arc<str>>>);

impl SessionId {
    pub(crate) fn set(&self, id: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = id.into();
    }

    fn get(&self) -> Arc<str> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What became of one.
enum Made {
    Yes,
    /// The account does not allow it.
    NotGranted,
    /// Twitch will not do it.
    Refused,
}

/// Subscribes to everything. What cannot be had is named; what fails for now fails all, and is tried with another
/// session.
pub(crate) async fn subscribe(
    inner: Arc<Inner>,
    account: AccountAccess,
    session: SessionId,
) -> Result<Link, Disconnect> {
    let make = |kind: &'static Kind| {
        let make = make(&inner, &account, &session, kind);
        make.map_ok(move |made| (kind, made)).boxed()
    };
    let all: Vec<BoxFuture<'_, _>> = TYPES.iter().map(make).collect();
    let mut all = stream::iter(all).buffer_unordered(AT_A_TIME);
    let (mut not_granted, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let mut count = 0_usize;
    let work = async {
        while let Some(one) = all.next().await {
            match one? {
                (_, Made::Yes) => count += 1,
                (kind, Made::NotGranted) => {
                    not_granted.insert(kind.scope.unwrap_or(kind.name));
                }
                (kind, Made::Refused) => {
                    refused.insert(kind.name);
                }
            }
        }
        Ok::<_, Error>(())
    };
    match timeout(ALL, work).await {
        Ok(done) => done?,
        Err(_) => return Err(lost("the subscriptions took too long")),
    }
    if count == 0 {
        return Err(lost("Twitch grants no subscription at all"));
    }
    Ok(link(&not_granted, &refused))
}

fn lost(reason: &str) -> Disconnect {
    Disconnect::Lost { reason: reason.into(), retry_after: None }
}

fn link(not_granted: &BTreeSet<&str>, refused: &BTreeSet<&str>) -> Link {
    let list = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
    let reason = match (not_granted.is_empty(), refused.is_empty()) {
        (true, true) => return Link::Connected,
        (false, true) => format!("not granted: {}", list(not_granted)),
        (true, false) => format!("Twitch refuses {}", list(refused)),
        (false, false) => {
            format!("not granted: {}; Twitch refuses {}", list(not_granted), list(refused))
        }
    };
    Link::Degraded { reason: reason.into() }
}

/// Makes one, which may be repeated: what is there already is answered with 409.
async fn make(
    inner: &Inner,
    account: &AccountAccess,
    session: &SessionId,
    kind: &Kind,
) -> Result<Made, Error> {
    let url = below(&inner.helix, &["eventsub", "subscriptions"]);
    let mut pause = AGAIN_AFTER;
    let mut tries = 1;
    loop {
        let session_id = session.get();
        let call = Call::new(Method::POST, url.clone(), Auth::Account(account), Priority::Chat)
            .json(kind.request(&account.external_id, &session_id))
            .reading();
        let error = match inner.http.tell(call).await {
            Ok(()) => return Ok(Made::Yes),
            Err(Error::Refused { code, .. }) if &*code == "409" => return Ok(Made::Yes),
            Err(Error::Forbidden { .. }) => return Ok(Made::NotGranted),
            // The session has got another id meanwhile.
            Err(error @ Error::Refused { .. }) if session.get() != session_id => error,
            Err(Error::Refused { .. } | Error::Invalid { .. } | Error::NotFound) => {
                tracing::debug!(kind = kind.name, "Twitch refuses a subscription");
                return Ok(Made::Refused);
            }
            Err(error) if !error.is_transient() => return Err(error),
            Err(error) => error,
        };
        let wait = error.retry_after().unwrap_or(pause);
        if tries >= TRIES || wait > ALL {
            return Err(error);
        }
        sleep(wait).await;
        tries += 1;
        pause *= 2;
    }
}
