//! Reading what was before. The store may be away for a while: it is asked until it answers.

use std::time::Duration;

use stagedoor_domain::Livestream;
use stagedoor_store::StoreError;

use super::{server::Loaded, state::ACTOR};
use crate::UserContext;

const AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn load(cx: &UserContext) -> Loaded {
    loop {
        match read(cx).await {
            Ok(loaded) => return loaded,
            Err(error) => {
                tracing::warn!(actor = ACTOR, user = %cx.user(), %error, "state not read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn read(cx: &UserContext) -> Result<Loaded, StoreError> {
    let (store, user) = (&cx.services().store, cx.user());
    let metadata = store.metadata(user).await?;
    let open = match open_livestream(cx).await? {
        Some(livestream) => {
            let (statistics, up_to) = store.recount(user, livestream.id).await?;
            Some((livestream, statistics, up_to))
        }
        None => None,
    };
    let alerts_wait = !store.pending_alerts(user).await?.is_empty();
    // Where no platform is configured, nobody would do anything for an account.
    let platforms = cx.services().platforms.iter().next().is_some();
    let has_accounts = platforms && !store.accounts(user).await?.is_empty();
    Ok(Loaded { metadata, open, alerts_wait, has_accounts })
}

/// The livestream of a user who is on air. Most are not, and the store need not be asked for that.
async fn open_livestream(cx: &UserContext) -> Result<Option<Livestream>, StoreError> {
    if cx.services().on_air.get(cx.user()).is_none() {
        return Ok(None);
    }
    let (store, user) = (&cx.services().store, cx.user());
    if let Some(livestream) = store.open_livestream(user).await? {
        return Ok(Some(livestream));
    }
    // The life before may have ended in the midst of saving it: what it had begun may still come to be.
    tokio::time::sleep(AGAIN).await;
    store.open_livestream(user).await
}
