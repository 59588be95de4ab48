//! Who joins what, and who hears of it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId};
use stagedoor_presence::{Tracker, TrackerLimits};

use super::{Reason, Role, SocketConfig, gateway, gateway_with, refusal, user};

#[tokio::test(start_paused = true)]
async fn joining_a_dashboard_tracks_a_session_and_tells_the_state() {
    let gateway = gateway();
    let mut client = gateway.user("ada").await;
    let [reply, state] = client.join("3", "dashboard:settings/alerts").await;

    let meta = gateway.tracker.metas(&user("ada")).remove(0);
    assert_eq!(meta.page.as_str(), "settings/alerts");
    let response = json!({"session_id": meta.session});
    let ok = json!({"status": "ok", "response": response});
    assert_eq!(reply, json!(["3", "3", "dashboard:settings/alerts", "phx_reply", ok]));
    let users = json!({"ada": {"metas": [meta]}});
    assert_eq!(state, json!(["3", null, "dashboard:settings/alerts", "presence_state", users]));
    client.gets_nothing_more().await;
    assert_eq!(gateway.sessions.channel_counters().joins.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_hears_of_the_other_pages_of_its_user_only() {
    let gateway = gateway();
    let mut home = gateway.user("ada").await;
    home.join("1", "dashboard:home").await;
    let _bob = gateway.user("bob").await.join("1", "dashboard:home").await;

    let mut stream = gateway.user("ada").await;
    let [reply, state] = stream.join("1", "dashboard:stream").await;
    assert_eq!(state[4]["ada"]["metas"].as_array().unwrap().len(), 2);
    assert_eq!(state[4].as_object().unwrap().len(), 1);
    let join = home.receive().await;
    assert_eq!(
        join.as_array().unwrap()[..4],
        [json!("1"), json!(null), json!("dashboard:home"), json!("presence_diff")]
    );
    let joined = &join[4]["joins"]["ada"]["metas"];
    assert_eq!(joined[0]["session_id"], reply[4]["response"]["session_id"]);
    assert_eq!(join[4]["leaves"], json!({}));

    drop(stream);
    let leave = home.receive().await;
    assert_eq!(leave[4], json!({"joins": {}, "leaves": {"ada": {"metas": joined}}}));
    assert_eq!(gateway.pages("ada"), ["home"]);
    home.gets_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_diff_names_the_join_that_hears_it() {
    let gateway = gateway();
    let mut home = gateway.user("ada").await;
    for join_ref in ["1", "2"] {
        home.join(join_ref, "dashboard:home").await;
        let mut stream = gateway.user("ada").await;
        stream.join("7", "dashboard:stream").await;
        assert_eq!(home.receive().await[0], join_ref);
        drop(stream);
        assert_eq!(home.receive().await[0], join_ref);
        let reply = home.ask(json!([join_ref, "l", "dashboard:home", "phx_leave", {}])).await;
        assert_eq!(reply[4]["status"], "ok");
        assert_eq!(home.receive().await[3], "phx_close");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_role_may_not_join_is_unauthorized() {
    let gateway = gateway();
    for (role, topic) in [
        (Role::User, "users_presence"),
        (Role::Service, "users_presence"),
        (Role::Service, "dashboard:home"),
    ] {
        let mut client = gateway.connect("ada", role).await;
        let reply = client.ask(json!(["1", "1", topic, "phx_join", {}])).await;
        assert_eq!(reply, refusal("1", topic, "unauthorized"), "{role:?}");
    }
    assert_eq!(gateway.refused(Reason::Unauthorized), 3);
    gateway.connect("root", Role::Admin).await.join("1", "dashboard:home").await;
}

#[tokio::test(start_paused = true)]
async fn an_admin_sees_everybody() {
    let gateway = gateway();
    let mut ada = gateway.user("ada").await;
    ada.join("1", "dashboard:home").await;
    let mut admin = gateway.connect("root", Role::Admin).await;
    let [reply, state] = admin.join("1", "users_presence").await;
    assert_eq!(reply[4], json!({"status": "ok", "response": {}}));
    assert_eq!(state[3], "presence_state");
    assert_eq!(state[4].as_object().unwrap().keys().collect::<Vec<_>>(), ["ada"]);

    let mut bob = gateway.user("__proto__").await;
    bob.join("1", "dashboard:home").await;
    let diff = admin.receive().await;
    assert_eq!(diff[2], "users_presence");
    assert!(diff[4]["joins"]["__proto__"]["metas"][0]["phx_ref"].is_string());
    drop(ada);
    assert!(admin.receive().await[4]["leaves"]["ada"].is_object());
    assert_eq!(gateway.tracker.total_sessions(), 1, "an admin's overview is no session");
}

/// The references in `{"<user>": {"metas": [{"phx_ref"}]}}`.
fn references(users: &Value) -> Vec<String> {
    let users = users.as_object().unwrap().values();
    let metas = users.flat_map(|user| user["metas"].as_array().unwrap());
    metas.map(|meta| meta["phx_ref"].as_str().unwrap().to_owned()).collect()
}

/// Users come and go until it is dropped.
struct Traffic {
    done: Arc<AtomicBool>,
}

impl Traffic {
    fn on(tracker: Tracker) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&done);
        thread::spawn(move || {
            let page = Page::new("home").unwrap();
            let mut guards = Vec::new();
            for n in (0_usize..).take_while(|_| !until.load(Ordering::Relaxed)) {
                let name = user(&format!("user-{}", n % 40));
                let session = SessionId::new(format!("s-{n}")).unwrap();
                guards.push(tracker.track(&name, session, page.clone()).unwrap());
                if guards.len() > 60 {
                    drop(guards.swap_remove(n * 7 % 60));
                }
            }
        });
        Self { done }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

/// The overview's state is written while diffs come: whenever an admin joins, what they see is exact.
#[tokio::test]
async fn an_overview_is_exact_while_others_come_and_go() {
    // The traffic is faster than any reader: that is another test's matter.
    let config = SocketConfig { outbox_limit: usize::MAX, ..SocketConfig::default() };
    let gateway = gateway_with(&config, TrackerLimits { sessions_per_user: 100, users: 100 });
    let _traffic = Traffic::on(gateway.tracker.clone());
    for _ in 0..20 {
        let mut admin = gateway.connect("root", Role::Admin).await;
        let [_, state] = admin.join("1", "users_presence").await;
        let mut seen: BTreeSet<String> = references(&state[4]).into_iter().collect();
        for _ in 0..200 {
            let diff = admin.receive().await;
            for reference in references(&diff[4]["joins"]) {
                assert!(seen.insert(reference), "told twice: {diff}");
            }
            for reference in references(&diff[4]["leaves"]) {
                assert!(seen.remove(&reference), "never told: {diff}");
            }
        }
    }
}
