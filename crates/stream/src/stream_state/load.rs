//! Reading what was before. The store may be away for a while: it is asked until it answers.

use std::time::Duration;

use stagedoor_domain::UserId;
use stagedoor_store::{Store, StoreError};

use super::server::Loaded;

const AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn load(store: &Store, user: &UserId) -> Loaded {
    loop {
        match read(store, user).await {
            Ok(loaded) => return loaded,
            Err(error) => {
                tracing::warn!(actor = "StreamStateServer", %user, %error, "state not read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn read(store: &Store, user: &UserId) -> Result<Loaded, StoreError> {
    let metadata = store.metadata(user).await?;
    let open = match store.open_livestream(user).await? {
        Some(livestream) => {
            let (statistics, up_to) = store.recount(user, livestream.id).await?;
            Some((livestream, statistics, up_to))
        }
        None => None,
    };
    Ok(Loaded { metadata, open })
}
