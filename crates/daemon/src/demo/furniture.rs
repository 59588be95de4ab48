//! What the demo's users have in the database before anything runs: accounts that are connected, and destinations.

use jiff::Timestamp;
use stagedoor_domain::{Account, Destination, DestinationId, UserId};
use stagedoor_store::{Store, Tokens};

use super::{
    DemoError,
    platforms::{CHANNELS, Channels, Connected, Fakes},
};
use crate::{config::Config, state_dir::StateDir, wiring};

/// Puts it there. The daemon does not run yet, nor does another one with this database.
pub(super) async fn move_in(config: &Config, fakes: &Fakes) -> Result<(), DemoError> {
    let _state = StateDir::open(&config.state_dir).map_err(crate::StartError::from)?;
    let store = wiring::open_store(config).await?;
    for channels in &CHANNELS {
        clear(&store, channels).await?;
    }
    for channels in &CHANNELS {
        let user = user(channels);
        for connected in fakes.connected(channels) {
            let destination = destination(&connected);
            connect(&store, &user, connected).await?;
            store.put_destination(&user, &destination, None).await?;
        }
    }
    Ok(())
}

fn user(channels: &Channels) -> UserId {
    UserId::new(channels.user).expect("a short word is an id")
}

/// The platforms of an earlier run are gone, with the tokens that they had given and the broadcasts that they had.
async fn clear(store: &Store, channels: &Channels) -> Result<(), DemoError> {
    let user = user(channels);
    for account in store.accounts(&user).await? {
        store.delete_account(&user, &account.platform).await?;
    }
    Ok(())
}

async fn connect(store: &Store, user: &UserId, connected: Connected) -> Result<(), DemoError> {
    let account = Account {
        platform: connected.platform,
        external_id: connected.id.into(),
        name: connected.name.into(),
        scopes: Vec::new(),
        needs_reauth: false,
        expires_at: None,
        connected_at: Timestamp::now(),
        version: 1,
    };
    let tokens = Tokens {
        access: connected.tokens.access.into(),
        refresh: connected.tokens.refresh.map(Into::into),
    };
    store.put_account(user, &account, &tokens).await?;
    Ok(())
}

/// The account as a destination: its address and key come from the platform at each start.
fn destination(connected: &Connected) -> Destination {
    let platform = &connected.platform;
    Destination {
        id: DestinationId::new(platform.as_str()).expect("a platform's name is an id"),
        name: connected.name.into(),
        platform: platform.clone(),
        url: "".into(),
        account: true,
    }
}
