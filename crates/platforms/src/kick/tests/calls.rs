//! The calls.

use secrecy::{ExposeSecret, SecretString};
use stagedoor_domain::Metadata;
use stagedoor_fakes::{Effect, kick::Call};

use super::stage::{ADA, Stage};
use crate::{
    BroadcastPlan, ChatMessage, Error, ModerationAct, Pkce, Place, Platform, Skipped, Watched,
};

const VIEWER: u64 = 777;

fn says(text: &str) -> ChatMessage {
    ChatMessage { text: text.into(), reply_to: None }
}

impl Stage {
    fn place(&self) -> Place<'_> {
        Place { account: &self.ada, broadcast: None }
    }

    async fn do_(&self, act: ModerationAct) -> Result<crate::Moderated, Error> {
        self.kick.moderate(self.place(), &act).await
    }
}

#[tokio::test]
async fn an_account_is_connected_with_pkce_and_known_by_its_channel() {
    let stage = Stage::new().await;
    let (oauth, pkce) = (stage.kick.oauth(), Pkce::new());
    let redirect = "https://stagedoor.example/connect/kick/callback";
    let url = oauth.authorize_url(redirect, "state-1", Some(&pkce.challenge));
    let page = crate::http_client().unwrap().get(url).send().await.unwrap();
    let back: reqwest::Url = page.headers()["location"].to_str().unwrap().parse().unwrap();
    let of = |name: &str| back.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(of("state"), "state-1");
    let grant = oauth.exchange(&of("code"), redirect, Some(&pkce.verifier)).await.unwrap();
    let identity = stage.kick.identify(&grant.access).await.unwrap();
    assert_eq!((&*identity.external_id, &*identity.name), ("4809577", "ada"));
    assert!(identity.scopes.iter().any(|scope| **scope == *"streamkey:read"));
    assert!(identity.expires_at.is_some());
}

#[tokio::test]
async fn a_token_that_nobody_knows_needs_another_authorisation() {
    let stage = Stage::new().await;
    let wrong = stage.kick.identify(&SecretString::from("guessed".to_owned())).await;
    assert!(matches!(wrong, Err(Error::NeedsReauth { .. })), "{wrong:?}");
}

#[tokio::test]
async fn an_expired_token_is_refreshed_and_the_call_made_again() {
    let stage = Stage::new().await;
    for times in 1..=3 {
        stage.fake.oauth().expire(&ADA.to_string());
        stage.kick.validate(&stage.ada).await.unwrap();
        assert_eq!(stage.fake.oauth().counts().refreshed, times);
    }
    stage.fake.oauth().revoke(&ADA.to_string());
    let gone = stage.kick.validate(&stage.ada).await;
    assert!(matches!(gone, Err(Error::NeedsReauth { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_message_is_sent_answered_and_deleted() {
    let stage = Stage::new().await;
    let sent = stage.kick.send_chat(stage.place(), &says("hello")).await.unwrap();
    let reply = ChatMessage { text: "again".into(), reply_to: Some(sent.message_id.clone()) };
    stage.kick.send_chat(stage.place(), &reply).await.unwrap();
    let messages = stage.fake.messages(ADA);
    assert_eq!((&*messages[0].content, &*messages[0].id), ("hello", &*sent.message_id));
    assert_eq!(messages[1].reply_to, Some(sent.message_id.clone()));
    let delete = ModerationAct::DeleteMessage { message_id: sent.message_id };
    stage.do_(delete.clone()).await.unwrap();
    assert!(stage.fake.messages(ADA)[0].deleted);
    assert_eq!(stage.do_(delete).await, Err(Error::NotFound));
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_asked_for_nowhere() {
    let stage = Stage::new().await;
    for id in ["", ".", "..", "a/b", "a?b", "%2e%2e"] {
        let refused = stage.do_(ModerationAct::DeleteMessage { message_id: id.into() }).await;
        let is_invalid =
            matches!(&refused, Err(Error::Invalid { field, .. }) if &**field == "message_id");
        assert!(is_invalid, "{id}: {refused:?}");
    }
}

#[tokio::test]
async fn a_message_that_the_chat_does_not_take_is_a_failure() {
    let stage = Stage::new().await;
    stage.fake.take_no_messages(1);
    let refused = stage.kick.send_chat(stage.place(), &says("hello")).await;
    assert!(matches!(refused, Err(Error::Refused { code, .. }) if &*code == "not_sent"));
    assert!(stage.fake.messages(ADA).is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent_at_all() {
    let stage = Stage::new().await;
    let long = stage.kick.send_chat(stage.place(), &says(&"ö".repeat(501))).await;
    assert!(matches!(long, Err(Error::Invalid { .. })), "{long:?}");
    assert_eq!(stage.fake.count(Call::SendChat), 0);
    stage.kick.send_chat(stage.place(), &says(&"ö".repeat(500))).await.unwrap();
}

#[tokio::test]
async fn what_becomes_of_a_message_is_unclear_only_where_it_may_have_been_sent() {
    let stage = Stage::new().await;
    for (effect, is_unclear, sent) in [
        (Effect::CloseAfterWork, true, 1),
        (Effect::StatusAfterWork(502), true, 1),
        (Effect::Garbage, true, 1),
        (Effect::too_many(Some(7)), false, 0),
        (Effect::status(400), false, 0),
    ] {
        let before = stage.fake.messages(ADA).len();
        stage.fake.fail(Call::SendChat, effect.clone(), 1);
        let error = stage.kick.send_chat(stage.place(), &says("hello")).await.unwrap_err();
        assert_eq!(error.may_have_been_done(), is_unclear, "{effect:?}: {error}");
        assert_eq!(stage.fake.messages(ADA).len() - before, sent, "{effect:?}");
        if effect == Effect::too_many(Some(7)) {
            assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn a_viewer_is_kept_out_for_whole_minutes_for_ever_and_let_in_again() {
    let stage = Stage::new().await;
    let viewer_id: Box<str> = VIEWER.to_string().into();
    let duration = std::time::Duration::from_secs(61);
    let reason: Option<Box<str>> = Some("x".repeat(150).into());
    let timeout = ModerationAct::Timeout { viewer_id: viewer_id.clone(), duration, reason };
    let done = stage.do_(timeout).await.unwrap();
    assert_eq!(done.duration, Some(std::time::Duration::from_mins(2)));
    let bans = stage.fake.bans(ADA);
    assert_eq!((bans[0].viewer, bans[0].minutes), (VIEWER, Some(2)));
    assert_eq!(bans[0].reason.as_ref().map(|reason| reason.len()), Some(100));
    let ban = ModerationAct::Ban { viewer_id: viewer_id.clone(), reason: None };
    assert_eq!(stage.do_(ban).await.unwrap().duration, None);
    assert_eq!(stage.fake.bans(ADA)[0].minutes, None);
    let unban = ModerationAct::Unban { viewer_id, ban_id: None };
    stage.do_(unban.clone()).await.unwrap();
    assert!(stage.fake.bans(ADA).is_empty());
    assert_eq!(stage.do_(unban).await, Err(Error::NotFound));
    let nobody = ModerationAct::Ban { viewer_id: "../x".into(), reason: None };
    assert!(matches!(stage.do_(nobody).await, Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn what_a_stream_is_called_is_changed_as_far_as_kick_takes_it() {
    let stage = Stage::new().await;
    let metadata = Metadata {
        title: "Late night tea".into(),
        description: "long".into(),
        tags: (0..12).map(|number| format!("tag{number}").into()).collect(),
        category: "tea tasting".into(),
        thumbnail_url: None,
    };
    let applied = stage.kick.update_metadata(stage.place(), &metadata).await.unwrap();
    let fields: Vec<_> = applied.skipped.iter().map(|skipped| &*skipped.field).collect();
    assert_eq!(fields, ["description", "tags.10", "tags.11"]);
    let channel = stage.fake.channel(ADA).unwrap();
    assert_eq!((&*channel.title, &*channel.category.1), ("Late night tea", "Tea Tasting"));
    assert_eq!(channel.tags.len(), 10);
    let unknown = Metadata { category: "No Such Game".into(), ..Metadata::default() };
    let applied = stage.kick.update_metadata(stage.place(), &unknown).await.unwrap();
    let reason = "Kick has no category of this name".into();
    assert_eq!(applied.skipped, [Skipped { field: "category".into(), reason }]);
    assert_eq!(stage.fake.channel(ADA).unwrap(), channel);
    assert_eq!(stage.fake.count(Call::UpdateChannel), 1);
}

#[tokio::test]
async fn categories_are_found_by_a_part_of_their_name() {
    let stage = Stage::new().await;
    let found = stage.kick.search_categories(&stage.ada, "just").await.unwrap();
    let names: Vec<_> = found.iter().map(|category| &*category.name).collect();
    assert_eq!(names, ["Just Chatting", "Just Cooking"]);
    assert_eq!(&*found[0].id, "15");
}

fn plan(metadata: Metadata) -> BroadcastPlan {
    BroadcastPlan {
        livestream: "019aad5e-7c00-7000-8000-000000000001".parse().unwrap(),
        planned_at: jiff::Timestamp::now(),
        metadata,
        again: false,
    }
}

#[tokio::test]
async fn a_broadcast_is_the_channel_with_its_key() {
    let stage = Stage::new().await;
    let plan = plan(Metadata { title: "Tea".into(), ..Metadata::default() });
    let (broadcast, ingest) = stage.kick.start_broadcast(&stage.ada, &plan).await.unwrap();
    let channel = stage.fake.channel(ADA).unwrap();
    assert_eq!(ingest.stream_key.expose_secret(), &*channel.stream_key);
    assert_eq!(*ingest.url, *stage.fake.config().ingest_url);
    assert_eq!(broadcast.watch_url.as_deref(), Some("https://kick.com/ada"));
    assert_eq!(&*channel.title, "Tea");
    assert!(!format!("{ingest:?}").contains(&*channel.stream_key));
    stage.kick.end_broadcast(&stage.ada, &broadcast).await.unwrap();
}

#[tokio::test]
async fn a_title_that_is_not_taken_does_not_keep_a_stream_from_starting() {
    let stage = Stage::new().await;
    let plan = plan(Metadata { title: "Tea".into(), ..Metadata::default() });
    stage.fake.fail(Call::UpdateChannel, Effect::status(400), 1);
    stage.kick.start_broadcast(&stage.ada, &plan).await.unwrap();
    stage.fake.fail(Call::UpdateChannel, Effect::status(503), 1);
    let later = stage.kick.start_broadcast(&stage.ada, &plan).await.unwrap_err();
    assert!(later.is_transient(), "{later}");
}

#[tokio::test]
async fn how_many_watch_is_asked_for_many_channels_at_once() {
    let stage = Stage::new().await;
    let mut watched = vec![Watched { account: stage.ada.clone(), broadcast: None }];
    for id in 1..120 {
        stage.fake.add_channel(id, &format!("channel{id}"));
        let account = Stage::access(&stage.fake, &stage.kick, id);
        watched.push(Watched { account, broadcast: None });
    }
    let missing = Stage::access(&stage.fake, &stage.kick, 9_999);
    watched.push(Watched { account: missing, broadcast: None });
    let since = stage.fake.go_live(ADA).unwrap();
    stage.fake.set_viewers(ADA, 42);
    let standings = stage.kick.standings(&watched).await.unwrap();
    assert_eq!((standings.len(), stage.fake.count(Call::Channels)), (121, 3));
    let ada = standings[0].as_ref().unwrap();
    assert_eq!((ada.live, ada.viewers, ada.started_at), (true, Some(42), Some(since)));
    let other = standings[1].as_ref().unwrap();
    assert_eq!((other.live, other.viewers), (false, None));
    assert_eq!(standings[120], None);
    stage.fake.oauth().expire_app();
    stage.kick.standings(&watched[..1]).await.unwrap();
    assert_eq!(stage.fake.oauth().counts().app_tokens, 2);
}

#[tokio::test]
async fn an_outage_is_told_from_a_refusal() {
    let stage = Stage::new().await;
    stage.fake.set_outage(Some(Effect::status(503)));
    let error = stage.kick.search_categories(&stage.ada, "x").await.unwrap_err();
    assert!(error.is_outage() && !error.may_have_been_done(), "{error}");
    stage.fake.set_outage(None);
    stage.kick.search_categories(&stage.ada, "x").await.unwrap();
}

#[tokio::test]
async fn after_one_call_too_many_none_is_made_for_a_while() {
    let stage = Stage::with(|config| config.calls_per_minute = 30).await;
    stage.fake.fail(Call::Categories, Effect::too_many(Some(40)), 1);
    let search = || stage.kick.search_categories(&stage.ada, "x");
    let limited = search().await.unwrap_err();
    assert_eq!(limited.retry_after(), Some(std::time::Duration::from_secs(40)));
    let [report] = &stage.kick.budgets()[..] else { panic!("one budget") };
    assert_eq!((&*report.name, report.limit, report.used), ("kick", 30, 1));
    assert!(report.blocked_for_ms.is_some());
    assert!(matches!(search().await, Err(Error::RateLimited { .. })));
    assert_eq!(stage.fake.count(Call::Categories), 1);
}
