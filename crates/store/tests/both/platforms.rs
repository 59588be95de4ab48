//! What is kept for the platforms: whose an account is, broadcasts, bans, cursors, quotas.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use stagedoor_domain::{Account, LivestreamId, Platform, UserId};
use stagedoor_store::{BroadcastRecord, BroadcastState, IngestRecord, Store, StoreError, Tokens};
use uuid::Uuid;

use crate::support::*;

const MINUTE: Duration = Duration::from_mins(1);

fn account(external_id: &str, version: i64) -> Account {
    Account {
        platform: Platform::YouTube,
        external_id: external_id.into(),
        name: "Ada".into(),
        scopes: Vec::new(),
        needs_reauth: false,
        expires_at: None,
        connected_at: Timestamp::now(),
        version,
    }
}

fn tokens(access: &str) -> Tokens {
    Tokens { access: access.into(), refresh: None }
}

async fn connect(store: &Store, user: &UserId, id: &str) -> Result<i64, StoreError> {
    store.put_account(user, &account(id, 1), &tokens("token")).await
}

fn broadcast(platform: Platform) -> BroadcastRecord {
    BroadcastRecord {
        platform,
        livestream: LivestreamId::from_uuid(Uuid::now_v7()),
        planned_at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        state: BroadcastState::Intended,
        broadcast: None,
        ingest: None,
        watch_url: None,
    }
}

/// All of it but the key, which has no equality.
fn plain(record: &BroadcastRecord) -> String {
    format!("{record:?}")
}

async fn fill(store: &Store, user: &UserId) {
    store.put_broadcast(user, &broadcast(Platform::YouTube)).await.unwrap();
    store.put_ban(user, &Platform::YouTube, "v1", "b1").await.unwrap();
    store.put_cursor(user, &Platform::YouTube, "s", "c").await.unwrap();
}

async fn is_filled(store: &Store, user: &UserId) -> [bool; 3] {
    [
        store.broadcast(user, &Platform::YouTube).await.unwrap().is_some(),
        store.ban(user, &Platform::YouTube, "v1").await.unwrap().is_some(),
        store.cursor(user, &Platform::YouTube, "s").await.unwrap().is_some(),
    ]
}

on_both! {
    async fn an_account_is_one_users_until_they_let_it_go(house: House) {
        let store = house.open().await;
        let owner = async |id: &str| {
            store.user_of_account(&Platform::YouTube, id).await.unwrap()
        };
        connect(&store, &ada(), "UC1").await.unwrap();
        assert_eq!(owner("UC1").await, Some(ada()));
        assert_eq!(store.user_of_account(&Platform::Kick, "UC1").await.unwrap(), None);

        connect(&store, &bob(), "UC2").await.unwrap();
        let error = connect(&store, &bob(), "UC1").await.unwrap_err();
        let taken = matches!(&error, StoreError::AccountTaken { platform: Platform::YouTube });
        assert!(taken && !error.is_transient(), "{error:?}");
        assert_eq!(owner("UC2").await, Some(bob()), "refused, and nothing changed");
        let mut same_id = account("UC1", 1);
        same_id.platform = Platform::Kick;
        store.put_account(&bob(), &same_id, &tokens("t")).await.unwrap();

        connect(&store, &ada(), "UC3").await.unwrap();
        assert_eq!((owner("UC1").await, owner("UC3").await), (None, Some(ada())));
        connect(&store, &bob(), "UC1").await.unwrap();
        store.delete_account(&bob(), &Platform::YouTube).await.unwrap();
        assert_eq!(owner("UC1").await, None);
        connect(&store, &ada(), "UC1").await.unwrap();
    }

    async fn of_many_who_connect_one_account_at_once_one_gets_it(house: House) {
        let store = house.open().await;
        let attempts = (0..10).map(|n| {
            let store = store.clone();
            let user = UserId::new(format!("user-{n}")).unwrap();
            tokio::spawn(async move { connect(&store, &user, "UC1").await })
        });
        let mut connected = 0;
        for attempt in attempts.collect::<Vec<_>>() {
            match attempt.await.unwrap() {
                Ok(_) => connected += 1,
                Err(StoreError::AccountTaken { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(connected, 1);
    }

    async fn an_accounts_version_only_rises_whatever_becomes_of_it(house: House) {
        let store = house.open().await;
        assert_eq!(connect(&store, &ada(), "UC1").await.unwrap(), 1);
        assert_eq!(connect(&store, &ada(), "UC1").await.unwrap(), 2, "connected again");
        let swap = async |version: i64| {
            let tokens = tokens("swapped");
            store.swap_tokens(&ada(), &Platform::YouTube, version, &tokens, None).await.unwrap()
        };
        let refresh = swap(2).await;
        assert!(refresh);
        assert_eq!(connect(&store, &ada(), "UC1").await.unwrap(), 4, "who connected knew 2");
        assert!(!swap(3).await, "a refresh of what was there before");
        assert_eq!(store.put_account(&ada(), &account("UC1", 9), &tokens("t")).await.unwrap(), 9);

        store.delete_account(&ada(), &Platform::YouTube).await.unwrap();
        assert!(!swap(9).await);
        assert_eq!(connect(&store, &ada(), "UC1").await.unwrap(), 10, "connected after a break");
        assert!(!swap(9).await, "a refresh from before the break");
        let (read, read_tokens) = store.account(&ada(), &Platform::YouTube).await.unwrap().unwrap();
        assert_eq!((read.version, read_tokens.access.expose_secret()), (10, "token"));

        connect(&store, &bob(), "UC2").await.unwrap();
        store.delete_account(&bob(), &Platform::YouTube).await.unwrap();
        store.delete_account(&ada(), &Platform::YouTube).await.unwrap();
        assert!(connect(&store, &ada(), "UC1").await.unwrap() > 10, "the mark is the greatest");
    }

    async fn of_several_one_may_refresh_until_its_time_is_over(house: House) {
        let store = house.open().await;
        let claim = async |version, lease| {
            store.claim_refresh(&ada(), &Platform::YouTube, version, lease).await.unwrap()
        };
        assert!(!claim(1, MINUTE).await, "there is no account");
        connect(&store, &ada(), "UC1").await.unwrap();
        assert!(!claim(2, MINUTE).await, "another version");
        assert!(claim(1, Duration::ZERO).await);
        let (a, b) = tokio::join!(claim(1, MINUTE), claim(1, MINUTE));
        assert!(a ^ b, "the first one's time was over: {a} {b}");
        store.release_refresh(&ada(), &Platform::YouTube, 1).await.unwrap();
        assert!(claim(1, MINUTE).await);
        let swapped = store.swap_tokens(&ada(), &Platform::YouTube, 1, &tokens("t"), None).await;
        assert!(swapped.unwrap());
        store.release_refresh(&ada(), &Platform::YouTube, 1).await.unwrap();
        assert!(claim(2, MINUTE).await, "of the new version");
        connect(&store, &ada(), "UC1").await.unwrap();
        assert!(claim(3, Duration::from_hours(24)).await, "of the account that was connected again");
        assert!(claim(3, MINUTE).await, "who claims a day has the wrong clock");
    }

    async fn what_belongs_to_an_account_goes_with_it(house: House) {
        let store = house.open().await;
        connect(&store, &ada(), "UC1").await.unwrap();
        fill(&store, &ada()).await;
        fill(&store, &bob()).await;
        store.put_broadcast(&ada(), &broadcast(Platform::Kick)).await.unwrap();
        connect(&store, &ada(), "UC1").await.unwrap();
        assert_eq!(is_filled(&store, &ada()).await, [true; 3], "the same account");
        connect(&store, &ada(), "UC2").await.unwrap();
        assert_eq!(is_filled(&store, &ada()).await, [false; 3], "another account");
        fill(&store, &ada()).await;
        store.delete_account(&ada(), &Platform::YouTube).await.unwrap();
        assert_eq!(is_filled(&store, &ada()).await, [false; 3], "no account");
        assert_eq!(is_filled(&store, &bob()).await, [true; 3], "another user");
        assert!(store.broadcast(&ada(), &Platform::Kick).await.unwrap().is_some());
    }

    async fn a_broadcast_is_intended_then_open_then_ended_then_forgotten(house: House) {
        let store = house.open().await;
        let of = async || store.broadcast(&ada(), &Platform::YouTube).await.unwrap();
        assert!(of().await.is_none());
        let mut record = broadcast(Platform::YouTube);
        store.put_broadcast(&ada(), &record).await.unwrap();
        assert_eq!(plain(&of().await.unwrap()), plain(&record));

        record.state = BroadcastState::Open;
        record.broadcast = Some(json!({"id": "b1", "chat_id": "Cg0", "text": "\u{0}"}));
        record.ingest = Some(IngestRecord {
            url: "rtmps://a.rtmps.youtube.com/live2".into(),
            stream_key: "abcd-efgh".into(),
        });
        record.watch_url = Some("https://youtu.be/b1".into());
        store.put_broadcast(&ada(), &record).await.unwrap();
        let read = house.open().await.broadcast(&ada(), &Platform::YouTube).await.unwrap().unwrap();
        assert_eq!(plain(&read), plain(&record));
        assert_eq!(read.ingest.unwrap().stream_key.expose_secret(), "abcd-efgh");

        record.state = BroadcastState::Ended;
        record.ingest = None;
        store.put_broadcast(&ada(), &record).await.unwrap();
        let kick = broadcast(Platform::Kick);
        store.put_broadcast(&ada(), &kick).await.unwrap();
        let all: Vec<_> = store.broadcasts(&ada()).await.unwrap().iter().map(plain).collect();
        assert_eq!(all, [plain(&kick), plain(&record)]);
        assert!(store.broadcasts(&bob()).await.unwrap().is_empty());

        assert!(!store.forget_broadcast(&bob(), &Platform::YouTube).await.unwrap());
        assert!(store.forget_broadcast(&ada(), &Platform::YouTube).await.unwrap());
        assert!(!store.forget_broadcast(&ada(), &Platform::YouTube).await.unwrap());
        assert!(of().await.is_none());
    }

    async fn the_latest_ban_of_a_viewer_is_kept(house: House) {
        let store = house.open().await;
        let ban = async |viewer: &str| {
            store.ban(&ada(), &Platform::YouTube, viewer).await.unwrap()
        };
        for id in ["b1", "b2"] {
            store.put_ban(&ada(), &Platform::YouTube, "v1", id).await.unwrap();
        }
        store.put_ban(&ada(), &Platform::YouTube, "v2", "b3").await.unwrap();
        assert_eq!(ban("v1").await.as_deref(), Some("b2"));
        assert_eq!(store.ban(&bob(), &Platform::YouTube, "v1").await.unwrap(), None);
        assert_eq!(store.ban(&ada(), &Platform::Kick, "v1").await.unwrap(), None);
        assert!(!store.forget_ban(&bob(), &Platform::YouTube, "v1").await.unwrap());
        assert!(store.forget_ban(&ada(), &Platform::YouTube, "v1").await.unwrap());
        assert!(!store.forget_ban(&ada(), &Platform::YouTube, "v1").await.unwrap());
        assert_eq!((ban("v1").await, ban("v2").await.as_deref()), (None, Some("b3")));
    }

    async fn a_cursor_is_of_one_broadcast(house: House) {
        let store = house.open().await;
        let cursor = async |scope: &str| {
            store.cursor(&ada(), &Platform::YouTube, scope).await.unwrap()
        };
        assert_eq!(cursor("b1").await, None);
        store.put_cursor(&ada(), &Platform::YouTube, "b1", "c1").await.unwrap();
        store.put_cursor(&ada(), &Platform::YouTube, "b1", "c2").await.unwrap();
        assert_eq!(cursor("b1").await.as_deref(), Some("c2"));
        assert_eq!(store.cursor(&bob(), &Platform::YouTube, "b1").await.unwrap(), None);
        store.put_cursor(&ada(), &Platform::YouTube, "b2", "c3").await.unwrap();
        assert_eq!((cursor("b1").await, cursor("b2").await.as_deref()), (None, Some("c3")));
    }

    async fn what_was_spent_of_a_quota_never_gets_less_on_its_day(house: House) {
        let store = house.open().await;
        let spent = async |day: &str| store.quota("youtube", day).await.unwrap();
        assert_eq!(spent("2026-11-22").await, 0);
        store.put_quota("youtube", "2026-11-22", 500).await.unwrap();
        store.put_quota("youtube", "2026-11-22", 400).await.unwrap();
        store.put_quota("another", "2026-11-22", 7).await.unwrap();
        assert_eq!(spent("2026-11-22").await, 500);
        store.put_quota("youtube", "2026-11-23", 0).await.unwrap();
        assert_eq!((spent("2026-11-22").await, spent("2026-11-23").await), (0, 0));
        store.put_quota("youtube", "2026-11-23", u64::MAX).await.unwrap();
        assert_eq!(spent("2026-11-23").await, i64::MAX.unsigned_abs());
        assert_eq!(store.quota("another", "2026-11-22").await.unwrap(), 7);
    }
}
