//! What is asked and answered, the same at both ends.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};
use stagedoor_domain::UserId;
use stagedoor_inspect::{
    Endpoint, EventQuery, Failure, InspectClient, InspectError, InspectMsg, Paging, StreamAction,
    TreeQuery,
};

use super::house::{House, LIMIT, TOKEN};

/// The answer without what differs from one moment to the next.
fn still(answer: &impl Serialize) -> Value {
    fn settle(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if ["observed_at", "uptime_ms", "at"].contains(&name.as_str()) {
                        *value = json!("then");
                    }
                    settle(value);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(settle),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(answer).unwrap();
    settle(&mut value);
    value
}

/// Everything that can be asked without changing anything.
async fn everything(client: &InspectClient) -> Value {
    let ada_id: UserId = "ada".parse().unwrap();
    let whole = TreeQuery::default();
    let ada = TreeQuery { path: "users/ada".into(), depth: None };
    let flat = TreeQuery { path: String::new(), depth: Some(1) };
    json!({
        "overview": still(&client.overview().await.unwrap()),
        "presence": still(&client.presence().await.unwrap()),
        "users": still(&client.users().await.unwrap()),
        "managers": still(&client.managers().await.unwrap()),
        "timers": still(&client.timers().await.unwrap()),
        "metrics": still(&client.metrics().await.unwrap()),
        "user_metrics": still(&client.user_metrics().await.unwrap()),
        "tree": still(&client.tree(whole, 1_000).await.unwrap()),
        "tree of ada": still(&client.tree(ada, 1_000).await.unwrap()),
        "one level": still(&client.tree(flat, 1_000).await.unwrap()),
        "children": still(&client.children("users/ada").await.unwrap()),
        "users' children": still(&client.children("/users/").await.unwrap()),
        "count": still(&client.count("").await.unwrap()),
        "snapshot": still(&client.snapshot("users/ada/state").await.unwrap()),
        "root": still(&client.snapshot("").await.unwrap()),
        "history": still(&client.history("users/ada").await.unwrap()),
        "history of a worker": still(&client.history("users/ada/state").await.unwrap()),
        "stream": still(&client.stream(&ada_id).await.unwrap()),
        "act on a stream": still(&client.act_on_stream(&ada_id, StreamAction::Stop).await.unwrap()),
        "no stream": still(&client.stream(&"bob".parse().unwrap()).await.unwrap_err()),
        "refused": still(&client.act_on_stream(&ada_id, StreamAction::Start { destinations: Vec::new() }).await.unwrap_err()),
        "events": still(&client.events(EventQuery::newest(ada_id.clone()), 3).await.unwrap()),
        "alerts": still(&client.alerts(&ada_id).await.unwrap()),
        "platforms": still(&client.platforms(&ada_id).await.unwrap()),
        "budgets": still(&client.budgets().await.unwrap()),
        "not found": still(&client.count("users/bob/state").await.unwrap_err()),
        "below a worker": still(&client.snapshot("users/ada/state/x").await.unwrap_err()),
        "not a supervisor": still(&client.children("users/ada/state").await.unwrap_err()),
        "not started": still(&client.snapshot("users/ada/metrics").await.unwrap_err()),
    })
}

#[tokio::test]
async fn every_question_has_the_same_answer_at_both_ends() {
    let house = House::with(&["grace", "ada"]).await;
    let inside = everything(&house.inside()).await;
    assert_eq!(everything(&house.outside().await).await, inside);
    let address = house.serve_tcp(house.config()).await;
    let endpoint = Endpoint::Tcp { address, token: SecretString::from(TOKEN) };
    let tcp = InspectClient::connect(&endpoint, LIMIT).await.unwrap();
    assert_eq!(everything(&tcp).await, inside);
}

#[tokio::test]
async fn the_overview_says_who_is_here_what_runs_and_what_waits() {
    let house = House::with(&["grace", "ada"]).await;
    let overview = house.outside().await.overview().await.unwrap();
    assert_eq!((overview.presence.total, overview.sessions), (2, 3));
    assert_eq!(overview.presence.first[0].user.as_str(), "ada");
    assert_eq!(overview.managed_users.total, 2);
    assert_eq!(overview.running_managers.first[1].path, "users/grace");
    assert_eq!(overview.pending_timers.first[0].remaining_ms, 3_000);
    assert_eq!(overview.daemon.version, "0.1.0");
}

#[tokio::test]
async fn a_tree_is_told_parents_first_with_what_each_supervisor_knows() {
    let house = House::with(&["grace", "ada"]).await;
    let tree = house.inside().tree(TreeQuery::default(), 100).await.unwrap();
    let paths: Vec<_> = tree.rows.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "users",
            "users/ada",
            "users/ada/state",
            "users/ada/metrics",
            "users/grace",
            "users/grace/state",
            "users/grace/metrics",
            "silent",
            "large",
            "passing",
            "inspector",
        ]
    );
    let metrics = still(&tree.rows[3]);
    assert_eq!(
        metrics,
        json!({
            "path": "users/ada/metrics", "depth": 3, "id": "metrics", "type": "worker",
            "status": "not_started", "restart": "permanent", "restarts": 0,
        })
    );
    assert_eq!(tree.rows[0].children.unwrap().active, 2);
    assert_eq!(tree.next, None);
}

#[tokio::test]
async fn a_tree_has_no_more_levels_than_asked_for() {
    let house = House::with(&["ada"]).await;
    let query = TreeQuery { path: "users".into(), depth: Some(1) };
    let tree = house.inside().tree(query, 100).await.unwrap();
    let paths: Vec<_> = tree.rows.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["users", "users/ada"]);
}

#[tokio::test]
async fn an_actor_that_does_not_answer_is_told_from_one_that_is_not_there() {
    let house = House::with(&["ada"]).await;
    for client in [house.inside(), house.outside().await] {
        let silent = client
            .inspector()
            .call(
                |reply| InspectMsg::Snapshot { path: "silent".into(), limit_ms: 20, reply },
                LIMIT,
            )
            .await
            .unwrap();
        let failure = Failure::TimedOut { limit_ms: 20 };
        assert_eq!(silent, Err(InspectError::Actor { path: "silent".into(), failure }));
        let gone = client.snapshot("users/ada/camera").await;
        let (path, nearest) = ("users/ada/camera".into(), "users/ada".into());
        assert_eq!(gone, Err(InspectError::NotFound { path, nearest }));
    }
}

#[tokio::test]
async fn metrics_of_users_who_have_none_say_why() {
    let house = House::with(&["ada"]).await;
    let client = house.outside().await;
    let metrics = client.user_metrics().await.unwrap();
    assert_eq!(still(&metrics), json!([{ "user": "ada", "failure": "not_started" }]));
}

#[tokio::test]
async fn the_inspector_can_be_looked_at_itself() {
    let house = House::with(&[]).await;
    let client = house.outside().await;
    client.count("").await.unwrap();
    let snapshot = client.snapshot("inspector").await.unwrap();
    assert_eq!(snapshot.state["connections"], 1);
    assert_eq!(snapshot.state["connections_served"], 1);
    // The count, the snapshot of a path, and the inspector's own.
    assert_eq!(snapshot.state["requests"], 3);
    let direct = client.inspector().call(InspectMsg::GetSnapshot, LIMIT).await.unwrap();
    assert_eq!(direct.requests, 4);
}

#[tokio::test]
async fn a_tree_asked_for_in_few_rows_says_that_there_is_more() {
    let house = House::with(&["ada", "grace"]).await;
    let tree = house.outside().await.tree(TreeQuery::default(), 3).await.unwrap();
    assert_eq!(tree.rows.len(), 3);
    assert_eq!(tree.next.as_deref(), Some("users/ada/state"));
    let paging = Paging::after("users/ada/state");
    let rest = |reply| InspectMsg::Tree(TreeQuery::default(), paging, reply);
    let rest = house.inspector.call(rest, LIMIT).await.unwrap().unwrap();
    assert_eq!(rest.rows[0].path, "users/ada/metrics");
}
