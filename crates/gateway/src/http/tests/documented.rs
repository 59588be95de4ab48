//! `docs/channels.md` shows frames: they are those that are sent.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use stagedoor_domain::StreamEvent;
use stagedoor_stream::{AlertNews, Broadcast, MetricsSnapshot, News, StreamStateSnapshot};

use super::*;
use crate::api::commands::Command;

const DOCUMENT: &str = include_str!("../../../../../docs/channels.md");

/// The JSON blocks of a section.
fn examples(title: &str) -> Vec<Value> {
    let section = DOCUMENT.split(&format!("\n{title}\n")).nth(1).expect("there is such a section");
    let section = section.split("\n#").next().unwrap();
    let blocks = section.split("```json\n").skip(1);
    blocks.map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap()).collect()
}

/// Reads the example and writes it: what comes out is what went in, neither more nor less.
fn is_form_of<T: Serialize + DeserializeOwned>(name: &str, news: impl FnOnce(Arc<T>) -> News) {
    let [frame] = examples(&format!("#### {name}")).try_into().expect("there is one example");
    let value: T = serde_json::from_value(frame[4].clone()).unwrap();
    let broadcast = Broadcast::from(news(Arc::new(value)));
    assert_eq!((&frame[1], &frame[3]), (&Value::Null, &json!(broadcast.name())));
    assert_eq!(frame[4], serde_json::from_str::<Value>(broadcast.json().get()).unwrap());
}

#[test]
fn news_are_as_documented() {
    is_form_of::<StreamStateSnapshot>("stream_state", News::StreamState);
    is_form_of::<StreamEvent>("event", News::Event);
    is_form_of::<AlertNews>("alert", News::Alert);
    is_form_of::<MetricsSnapshot>("metrics", News::Metrics);
}

/// The rows of the table of commands: event and payload.
fn commands() -> Vec<(&'static str, Value)> {
    let section = DOCUMENT.split("\n### Commands\n").nth(1).unwrap();
    let section = section.split("\n### ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (event, rest) = row.split_once("` | `").unwrap();
        (event, serde_json::from_str(rest.split('`').next().unwrap()).unwrap())
    })
    .collect()
}

#[tokio::test]
async fn each_command_is_documented_with_a_payload_that_is_taken() {
    let documented: Vec<_> = commands().iter().map(|(event, _)| *event).collect();
    assert_eq!(documented, Command::ALL, "all commands, in their order");
    let running = start().await;
    running.house.start_tree("ada").await;
    let mut page = running.open_page("ada").await;
    for (event, payload) in commands() {
        let reply = page.push(event, &payload).await;
        assert_ne!(reply["response"]["code"], "invalid", "{event} {reply}");
        assert_ne!(reply["response"]["reason"], "unknown event", "{event}");
    }
}

#[tokio::test]
async fn the_example_of_a_command_is_answered_as_documented() {
    let [push, ok, error] = examples("### Commands").try_into().unwrap();
    let running = start().await;
    running.house.start_tree("ada").await;
    let mut page = running.open_page("ada").await;
    running.put_destination("ada", "twitch").await;
    let reply = page.push(push[3].as_str().unwrap(), &push[4]).await;
    assert_eq!(ok[4], reply);
    page.hears("stream_state", |state| state["loading"].is_null()).await;
    let reply = page.push("stream:start", &json!({ "destinations": ["twitch"] })).await;
    assert_eq!(error[4], reply);
}
