//! Settings, destinations, accounts, widgets, and what Cloudflare keeps.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use stagedoor_domain::{
    Account, AlertKind, AlertRule, AlertSettings, Destination, DestinationId, Metadata, Platform,
};
use stagedoor_store::{LiveInputRecord, OutputRecord, Tokens};

use crate::support::*;

fn destination(id: &str) -> Destination {
    Destination {
        id: DestinationId::new(id).unwrap(),
        name: "My server".into(),
        platform: Platform::Twitch,
        url: "rtmps://live.example/app".into(),
        account: false,
    }
}

fn account() -> Account {
    Account {
        platform: Platform::Twitch,
        external_id: "42".into(),
        name: "Ada".into(),
        scopes: vec!["chat:read".into()],
        needs_reauth: true,
        expires_at: Some("2026-01-02T03:04:05.123456789Z".parse().unwrap()),
        connected_at: "2026-01-01T03:04:05.123456789Z".parse().unwrap(),
        version: 7,
    }
}

fn tokens(access: &str) -> Tokens {
    Tokens { access: access.into(), refresh: Some(format!("{access}-refresh").into()) }
}

on_both! {
    async fn settings_have_defaults_and_are_kept(house: House) {
        let store = house.open().await;
        assert_eq!(store.metadata(&ada()).await.unwrap(), Metadata::default());
        assert_eq!(store.alert_settings(&ada()).await.unwrap(), AlertSettings::default());
        assert_eq!(store.widget_settings(&ada(), "chat").await.unwrap(), None);
        let metadata = Metadata { title: "Hello".into(), tags: vec!["rust".into()], ..Metadata::default() };
        let mut alerts = AlertSettings { muted: true, ..AlertSettings::default() };
        alerts.kinds.insert(AlertKind::from("odd"), AlertRule { enabled: false, ..AlertRule::default() });
        for _ in 0..2 {
            store.put_metadata(&ada(), &metadata).await.unwrap();
            store.put_alert_settings(&ada(), &alerts).await.unwrap();
            store.put_widget_settings(&ada(), "chat", &json!({"size": 3})).await.unwrap();
            store.put_widget_settings(&ada(), "alerts", &json!(null)).await.unwrap();
        }
        let store = house.open().await;
        assert_eq!(store.metadata(&ada()).await.unwrap(), metadata);
        assert_eq!(store.alert_settings(&ada()).await.unwrap(), alerts);
        assert_eq!(store.widget_settings(&ada(), "chat").await.unwrap(), Some(json!({"size": 3})));
        assert_eq!(store.widget_settings(&ada(), "metadata").await.unwrap(), None);
        assert_eq!(store.metadata(&bob()).await.unwrap(), Metadata::default());
    }

    async fn a_destination_keeps_its_key_until_it_gets_another_one(house: House) {
        let store = house.open().await;
        let mut twitch = destination("twitch");
        let key = async |id: &str| {
            let id = DestinationId::new(id).unwrap();
            let found = store.destination(&ada(), &id).await.unwrap();
            found.map(|(_, key)| key.expose_secret().to_owned())
        };
        store.put_destination(&ada(), &twitch, Some(&"live_1".into())).await.unwrap();
        twitch.name = "Twitch".into();
        store.put_destination(&ada(), &twitch, None).await.unwrap();
        assert_eq!(key("twitch").await.as_deref(), Some("live_1"));
        store.put_destination(&ada(), &twitch, Some(&"live_2".into())).await.unwrap();
        assert_eq!(key("twitch").await.as_deref(), Some("live_2"));
        store.put_destination(&ada(), &destination("kick"), None).await.unwrap();
        assert_eq!(key("kick").await.as_deref(), Some(""));
        let all = store.destinations(&ada()).await.unwrap();
        assert_eq!(all, [destination("kick"), twitch.clone()]);
        assert!(store.destinations(&bob()).await.unwrap().is_empty());
        assert!(!store.delete_destination(&bob(), &twitch.id).await.unwrap());
        assert!(store.delete_destination(&ada(), &twitch.id).await.unwrap());
        assert!(!store.delete_destination(&ada(), &twitch.id).await.unwrap());
        assert_eq!(key("twitch").await, None);
    }

    async fn accounts_are_kept_with_their_tokens(house: House) {
        let store = house.open().await;
        store.put_account(&ada(), &account(), &tokens("t1")).await.unwrap();
        assert_eq!(store.accounts(&ada()).await.unwrap(), [account()]);
        let (read, read_tokens) = store.account(&ada(), &Platform::Twitch).await.unwrap().unwrap();
        assert_eq!(read, account());
        assert_eq!(read_tokens.access.expose_secret(), "t1");
        assert_eq!(read_tokens.refresh.unwrap().expose_secret(), "t1-refresh");
        assert!(store.account(&bob(), &Platform::Twitch).await.unwrap().is_none());
        assert!(store.account(&ada(), &Platform::Kick).await.unwrap().is_none());
        assert!(!store.delete_account(&bob(), &Platform::Twitch).await.unwrap());
        assert!(store.delete_account(&ada(), &Platform::Twitch).await.unwrap());
        assert!(store.accounts(&ada()).await.unwrap().is_empty());
    }

    async fn of_two_who_refresh_tokens_one_wins(house: House) {
        let store = house.open().await;
        store.put_account(&ada(), &account(), &tokens("t1")).await.unwrap();
        let later = Timestamp::now() + SignedDuration::from_hours(4);
        let swap = async |access: &str| {
            let tokens = Tokens { access: access.into(), refresh: None };
            store.swap_tokens(&ada(), &Platform::Twitch, 7, &tokens, Some(later)).await.unwrap()
        };
        let (a, b) = tokio::join!(swap("a"), swap("b"));
        assert!(a ^ b, "{a} {b}");
        let (read, tokens) = store.account(&ada(), &Platform::Twitch).await.unwrap().unwrap();
        assert_eq!(tokens.access.expose_secret(), if a { "a" } else { "b" });
        assert!(tokens.refresh.is_none());
        assert_eq!((read.version, read.expires_at, read.needs_reauth), (8, Some(later), false));
        assert!(!store.set_needs_reauth(&ada(), &Platform::Twitch, 7).await.unwrap(), "of the past");
        assert!(!store.accounts(&ada()).await.unwrap()[0].needs_reauth);
        assert!(store.set_needs_reauth(&ada(), &Platform::Twitch, 8).await.unwrap());
        assert!(store.accounts(&ada()).await.unwrap()[0].needs_reauth);
        assert!(!store.set_needs_reauth(&bob(), &Platform::Twitch, 8).await.unwrap());
        let nobody = store.swap_tokens(&bob(), &Platform::Twitch, 7, &tokens, None).await.unwrap();
        assert!(!nobody);
    }

    async fn a_live_input_is_intended_then_recorded_then_forgotten(house: House) {
        let store = house.open().await;
        assert!(store.live_input(&ada()).await.unwrap().is_none());
        store.intend_live_input(&ada()).await.unwrap();
        let intent = store.live_input(&ada()).await.unwrap().unwrap();
        assert_eq!((intent.uid, &*intent.ingest_url), (None, ""));
        let record = LiveInputRecord {
            uid: Some("cf1".into()),
            ingest_url: "rtmps://live.cloudflare.com:443/live/".into(),
            stream_key: SecretString::from("cf-key"),
            playback: Some("https://play".into()),
        };
        store.record_live_input(&ada(), &record).await.unwrap();
        store.intend_live_input(&ada()).await.unwrap();
        let read = store.live_input(&ada()).await.unwrap().unwrap();
        assert_eq!((read.uid, read.ingest_url, read.playback), (record.uid, record.ingest_url, record.playback));
        assert_eq!(read.stream_key.expose_secret(), "cf-key");
        assert_eq!(store.user_of_live_input("cf1").await.unwrap(), Some(ada()));
        assert_eq!(store.user_of_live_input("cf2").await.unwrap(), None);
        store.forget_live_input(&ada()).await.unwrap();
        assert!(store.live_input(&ada()).await.unwrap().is_none());
        assert_eq!(store.user_of_live_input("cf1").await.unwrap(), None);
    }

    async fn outputs_are_recorded_by_their_destinations(house: House) {
        let store = house.open().await;
        let output = |id: &str, uid: Option<&str>, enabled| OutputRecord {
            destination: DestinationId::new(id).unwrap(),
            fingerprint: "f1".into(),
            uid: uid.map(Into::into),
            enabled,
        };
        store.put_output(&ada(), &output("twitch", None, false)).await.unwrap();
        store.put_output(&ada(), &output("twitch", Some("o1"), true)).await.unwrap();
        store.put_output(&ada(), &output("kick", None, false)).await.unwrap();
        assert_eq!(
            store.outputs(&ada()).await.unwrap(),
            [output("kick", None, false), output("twitch", Some("o1"), true)]
        );
        store.forget_output(&ada(), &DestinationId::new("twitch").unwrap()).await.unwrap();
        assert_eq!(store.outputs(&ada()).await.unwrap(), [output("kick", None, false)]);
        assert!(store.outputs(&bob()).await.unwrap().is_empty());
    }

    async fn a_widget_has_one_token_which_nobody_can_read_again(house: House) {
        let store = house.open().await;
        let first = store.create_widget_token(&ada(), "alerts").await.unwrap();
        let second = store.create_widget_token(&ada(), "alerts").await.unwrap();
        let other = store.create_widget_token(&ada(), "chat").await.unwrap();
        let of = async |token: &SecretString| store.widget_of_token(token.expose_secret()).await.unwrap();
        assert_eq!(of(&first).await, None, "replaced");
        assert_eq!(of(&second).await, Some((ada(), "alerts".into())));
        assert_eq!(of(&other).await, Some((ada(), "chat".into())));
        assert_eq!(store.widget_of_token("").await.unwrap(), None);
        let hashes = house.raw().await.bytes("select hash from widget_tokens").await;
        assert!(hashes.iter().all(|hash| hash.len() == 32 && hash != second.expose_secret().as_bytes()));
        assert!(!store.revoke_widget_token(&bob(), "alerts").await.unwrap());
        assert!(store.revoke_widget_token(&ada(), "alerts").await.unwrap());
        assert_eq!(of(&second).await, None);
    }

    async fn what_postgres_cannot_keep_is_an_error_and_no_panic(house: House) {
        let store = house.open().await;
        let kept = store.put_widget_settings(&ada(), "a\u{0}b", &json!(1)).await;
        assert_eq!(kept.is_err(), house.is_postgres());
        if let Err(error) = kept {
            assert!(!error.is_transient(), "{error}");
        }
        store.put_widget_settings(&ada(), "fine", &json!("\u{0}")).await.unwrap();
        assert_eq!(store.widget_settings(&ada(), "fine").await.unwrap(), Some(json!("\u{0}")));
    }
}
