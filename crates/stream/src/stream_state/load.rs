//! Reading what was before. The store may be away for a while: it is asked until it answers.

use std::time::Duration;

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
    // Most users are not on air, and the store need not be asked for that.
    let open = match cx.services().on_air.get(user) {
        Some(_) => store.open_livestream(user).await?,
        None => None,
    };
    let open = match open {
        Some(livestream) => {
            let (statistics, up_to) = store.recount(user, livestream.id).await?;
            Some((livestream, statistics, up_to))
        }
        None => None,
    };
    let alerts_wait = !store.pending_alerts(user).await?.is_empty();
    Ok(Loaded { metadata, open, alerts_wait })
}
