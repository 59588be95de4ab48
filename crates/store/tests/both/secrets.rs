//! Secrets at rest and their keys.

use secrecy::ExposeSecret;
use stagedoor_domain::{Account, Destination, DestinationId, Platform, UserId};
use stagedoor_store::{
    BroadcastRecord, BroadcastState, IngestRecord, Keyring, LiveInputRecord, OpenError,
    SecretError, Store, StoreConfig, StoreError, Tokens,
};

use crate::support::*;

const SECRETS: [&str; 5] =
    ["live_hunter1", "access-hunter2", "refresh-hunter3", "cf-hunter4", "yt-hunter5"];

fn twitch() -> DestinationId {
    DestinationId::new("twitch").unwrap()
}

async fn fill(store: &Store, user: &UserId) {
    let destination = Destination {
        id: twitch(),
        name: "Twitch".into(),
        platform: Platform::Twitch,
        url: "rtmps://live.example/app".into(),
        account: false,
    };
    store.put_destination(user, &destination, Some(&SECRETS[0].into())).await.unwrap();
    let account = Account {
        platform: Platform::Twitch,
        external_id: format!("42-of-{user}").into(),
        name: "Ada".into(),
        scopes: Vec::new(),
        needs_reauth: false,
        expires_at: None,
        connected_at: jiff::Timestamp::now(),
        version: 1,
    };
    let tokens = Tokens { access: SECRETS[1].into(), refresh: Some(SECRETS[2].into()) };
    store.put_account(user, &account, &tokens).await.unwrap();
    let input = LiveInputRecord {
        uid: Some(format!("cf-of-{user}").into()),
        ingest_url: "rtmps://live.cloudflare.com".into(),
        stream_key: SECRETS[3].into(),
        playback: None,
    };
    store.record_live_input(user, &input).await.unwrap();
    let broadcast = BroadcastRecord {
        platform: Platform::YouTube,
        livestream: livestream().id,
        planned_at: jiff::Timestamp::now(),
        state: BroadcastState::Open,
        broadcast: None,
        ingest: Some(IngestRecord { url: "rtmps://a".into(), stream_key: SECRETS[4].into() }),
        watch_url: None,
    };
    store.put_broadcast(user, &broadcast).await.unwrap();
}

/// All that the store gives out, as somebody would log it.
async fn shown(store: &Store, user: &UserId) -> (String, Vec<String>) {
    let destination = store.destination(user, &twitch()).await.unwrap().unwrap();
    let account = store.account(user, &Platform::Twitch).await.unwrap().unwrap();
    let input = store.live_input(user).await.unwrap().unwrap();
    let broadcast = store.broadcast(user, &Platform::YouTube).await.unwrap().unwrap();
    let shown = format!("{store:?} {destination:?} {account:?} {input:?} {broadcast:?}");
    let secrets = [
        &destination.1,
        &account.1.access,
        account.1.refresh.as_ref().unwrap(),
        &input.stream_key,
        &broadcast.ingest.as_ref().unwrap().stream_key,
    ];
    (shown, secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect())
}

async fn open_with(house: &House, keyring: &str) -> Result<Store, OpenError> {
    let keyring = Keyring::parse(keyring).unwrap();
    Store::open(StoreConfig { keyring, ..house.config() }).await
}

on_both! {
    async fn no_secret_is_shown_or_stored_as_it_is(house: House) {
        let store = house.open().await;
        fill(&store, &ada()).await;
        let (shown, secrets) = shown(&store, &ada()).await;
        assert_eq!(secrets, SECRETS);
        assert!(!shown.contains("hunter"), "{shown}");
        let config = format!("{:?}", house.config());
        assert!(config.contains("k1") && !config.contains("postgres://"), "{config}");
        for column in [
            "stream_key from destinations",
            "access_token from accounts",
            "refresh_token from accounts",
            "stream_key from live_inputs",
            "ingest_key from broadcasts",
        ] {
            let stored = house.raw().await.bytes(&format!("select {column}")).await;
            assert_eq!(stored.len(), 1);
            assert!(!stored[0].windows(6).any(|window| window == b"hunter"), "{column}");
        }
    }

    async fn a_secret_that_is_copied_to_another_user_does_not_open(house: House) {
        let store = house.open().await;
        fill(&store, &ada()).await;
        fill(&store, &bob()).await;
        house.raw().await.execute_all(
            "update destinations set stream_key =
                 (select stream_key from destinations where user_id = 'ada') where user_id = 'bob'",
        ).await;
        let error = store.destination(&bob(), &twitch()).await.unwrap_err();
        assert!(matches!(error, StoreError::Secret(SecretError::Changed)), "{error:?}");
        store.destination(&ada(), &twitch()).await.unwrap();
    }

    async fn secrets_move_to_a_new_key_and_the_old_one_can_go(house: House) {
        let (old, new) = (Keyring::new_key("old").unwrap(), Keyring::new_key("new").unwrap());
        let store = open_with(house, &old).await.unwrap();
        for n in 0..205 {
            fill(&store, &UserId::new(format!("user-{n}")).unwrap()).await;
        }
        let user = UserId::new("user-7").unwrap();

        let error = open_with(house, &new).await.unwrap_err();
        assert!(matches!(&error, OpenError::UnknownKey { key } if key == "old"), "{error:?}");

        let store = open_with(house, &(new.clone() + &old)).await.unwrap();
        assert_eq!(shown(&store, &user).await.1, SECRETS, "the old key still opens");
        assert_eq!(store.rotate_secrets().await.unwrap().values, 5 * 205);
        assert_eq!(store.rotate_secrets().await.unwrap().values, 0);

        let store = open_with(house, &new).await.unwrap();
        assert_eq!(shown(&store, &user).await.1, SECRETS);
        let error = open_with(house, &old).await.unwrap_err();
        assert!(matches!(&error, OpenError::UnknownKey { key } if key == "new"), "{error:?}");
    }

    async fn what_is_no_secret_of_ours_is_an_error(house: House) {
        let store = house.open().await;
        fill(&store, &ada()).await;
        let junk = if house.is_postgres() { "'\\x0203'::bytea" } else { "x'0203'" };
        house.raw().await.execute_all(&format!("update destinations set stream_key = {junk}")).await;
        let error = store.destination(&ada(), &twitch()).await.unwrap_err();
        assert!(matches!(error, StoreError::Secret(SecretError::Form)), "{error:?}");
        assert!(Store::open(house.config()).await.is_err(), "said at the start, too");
    }
}
