//! Every view over fixed data: on a terminal with and without colours, and in a pipe.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stagedoor_domain::StreamEvent;
use stagedoor_inspect::{AlertsOverview, Budget, PlatformsOverview, StreamOverview};

use crate::style::Look;

const TERMINAL: Look = Look { aligned: true, color: false, unicode: true };
const COLORS: Look = Look { color: true, ..TERMINAL };
const ASCII: Look = Look { unicode: false, ..TERMINAL };
const PIPE: Look = Look { aligned: false, color: false, unicode: true };

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// How it looks on a terminal and in a pipe, under each other.
fn both(view: impl Fn(Look) -> String) -> String {
    // Tabs are not to be taken for blanks.
    format!("{}---\n{}", view(TERMINAL), view(PIPE).replace('\t', "→"))
}

/// Escapes as text, so that a snapshot can be read.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

fn worker(id: &str) -> Value {
    json!({
        "id": id, "type": "worker", "status": "running", "uptime_ms": 3_725_000,
        "restart": "permanent", "restarts": 0,
    })
}

fn with(mut value: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    value.as_object_mut().unwrap().extend(fields);
    value
}

fn killed() -> Value {
    json!({ "at": "2026-11-22T15:00:00.123456Z", "class": "killed", "reason": "killed" })
}

fn failed(reason: &str) -> Value {
    json!({ "at": "2026-11-22T15:00:00Z", "class": "failed", "reason": reason })
}

fn a_tree() -> Value {
    let count =
        |specs| json!({ "specs": specs, "active": specs, "supervisors": 0, "workers": specs });
    let supervisor = |id, path, depth, specs| {
        let strategy = json!({ "path": path, "depth": depth, "type": "supervisor", "strategy": "one_for_one", "children": count(specs) });
        with(worker(id), strategy)
    };
    let leaf = |id, path: &str, depth| with(worker(id), json!({ "path": path, "depth": depth }));
    json!({
        "observed_at": "2026-11-22T15:00:00Z",
        "root": "rest_for_one",
        "rows": [
            supervisor("users", "users", 1, 2),
            supervisor("ada", "users/ada", 2, 3),
            with(leaf("stream_state", "users/ada/stream_state", 3), json!({ "restarts": 2, "last_exit": failed("out of cheese at src/state.rs:7") })),
            with(leaf("metrics", "users/ada/metrics", 3), json!({ "status": "not_started" })),
            with(leaf("console_logger", "users/ada/console_logger", 3), json!({ "status": "terminated", "restart": "transient", "last_exit": killed() })),
            with(supervisor("grace", "users/grace", 2, 3), json!({ "status": "backing_off", "remaining_ms": 12_000, "reason": "more than 3 restarts within 5s", "restarts": 4, "last_exit": failed("it") })),
            leaf("presence", "presence", 1),
            with(leaf("gateway", "gateway", 1), json!({ "status": "restarting", "reason": "address in use" })),
        ],
    })
}

#[test]
fn a_tree_is_drawn() {
    let tree = from(a_tree());
    insta::assert_snapshot!("tree", both(|look| super::tree(&tree, look)));
    insta::assert_snapshot!("tree_ascii", super::tree(&tree, ASCII));
    insta::assert_snapshot!("tree_colors", visible(&super::tree(&tree, COLORS)));
}

#[test]
fn a_cut_tree_is_open_below_and_says_so() {
    let mut tree: stagedoor_inspect::TreeRows = from(a_tree());
    tree.rows.truncate(4);
    tree.next = Some("users/ada/metrics".into());
    insta::assert_snapshot!(super::tree(&tree, TERMINAL));
}

#[test]
fn a_users_tree_begins_with_the_user() {
    let mut tree: stagedoor_inspect::TreeRows = from(a_tree());
    tree.root = None;
    tree.rows = tree.rows[1..5].to_vec();
    for row in &mut tree.rows {
        row.depth -= 2;
    }
    insta::assert_snapshot!(super::tree(&tree, TERMINAL));
}

#[test]
fn children_are_listed() {
    let children: Vec<_> = from(json!([
        worker("stream_state"),
        with(worker("metrics"), json!({ "status": "not_started" })),
        with(
            worker("relay"),
            json!({ "type": "supervisor", "status": "stopping", "restarts": 17, "restart": "temporary" })
        ),
    ]));
    insta::assert_snapshot!(both(|look| super::children(&children, look)));
}

#[test]
fn people_are_listed_by_session_and_by_tree() {
    let presence: Vec<_> = from(json!([
        { "user": "ada", "sessions": [
            { "session_id": "tab-1", "page": "home", "joined_at": "2026-11-22T15:00:00Z", "phx_ref": "AbcDef1" },
            { "session_id": "0192f0c1-7d3a", "page": "settings/alerts", "joined_at": "2026-11-22T15:00:01.5Z", "phx_ref": "AbcDef2" },
        ] },
        { "user": "auth0|5f7c8ec7", "sessions": [
            { "session_id": "tab-1", "page": "stream", "joined_at": "2026-11-22T15:00:00Z", "phx_ref": "AbcDef3" },
        ] },
    ]));
    insta::assert_snapshot!("presence", both(|look| super::presence(&presence, look)));
    let users: Vec<_> = from(json!([
        { "user": "ada", "status": "running", "uptime_ms": 90_000, "held": "live" },
        { "user": "grace", "status": "backing_off", "remaining_ms": 12_000, "reason": "gave up" },
        { "user": "linus", "status": "starting" },
    ]));
    insta::assert_snapshot!("users", both(|look| super::users(&users, look)));
    assert_eq!(super::users(&[], PIPE), "", "nobody is no line in a pipe");
}

fn facts() -> Value {
    json!({
        "version": "0.1.0", "mode": "development", "pid": 4242, "started_at": "2026-11-22T14:00:00Z",
        "uptime_ms": 3_600_000, "rss_bytes": 25_500_000,
    })
}

#[test]
fn numbers_are_listed() {
    let count = from(json!({ "specs": 4, "active": 3, "supervisors": 1, "workers": 3 }));
    insta::assert_snapshot!("count", both(|look| super::count(count, look)));
    let summary = from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "daemon": facts(),
        "presence": { "users": 50_000, "sessions": 61_234 },
        "managers": { "specs": 50_001, "active": 50_000, "supervisors": 50_001, "workers": 0 },
        "pending_timers": null, "started": 250_123, "restarted": 3, "start_failed": 1, "gave_up": 1,
        "exits": { "normal": 0, "shutdown": 120, "failed": 2, "killed": 1 },
        "figures": { "gateway_connections": 61_234.0 },
    }));
    insta::assert_snapshot!("summary", both(|look| super::summary(&summary, look)));
    let metrics: Vec<_> = from(json!([
        { "user": "ada", "metrics": { "status": "live", "events": { "minute": 3, "last": [1, 2] }, "rate": 0.5 } },
        { "user": "grace", "failure": "not_started" },
        { "user": "linus", "failure": "timed_out", "limit_ms": 1_000 },
    ]));
    insta::assert_snapshot!("metrics", both(|look| super::metrics(&metrics, look)));
}

#[test]
fn lives_are_told() {
    let history: Vec<_> = from(json!([
        { "at": "2026-11-22T15:00:00Z", "child": "state", "change": "exited", "class": "failed", "reason": "out of cheese" },
        { "at": "2026-11-22T15:00:00.001Z", "child": "state", "change": "restarted", "restarts": 1 },
        { "at": "2026-11-22T15:00:01Z", "child": "state", "change": "exited", "class": "killed", "reason": "killed" },
        { "at": "2026-11-22T15:00:02Z", "child": "state", "change": "start_failed", "reason": "no disk" },
        { "at": "2026-11-22T15:00:03Z", "child": "", "change": "gave_up", "reason": "too many" },
        { "at": "2026-11-22T15:00:04Z", "child": "ada", "change": "backing_off", "delay_ms": 2_000, "reason": "too many" },
    ]));
    insta::assert_snapshot!("history", both(|look| super::history(&history, look)));
    let event =
        from(json!({ "at": "2026-11-22T15:00:00Z", "path": "users/ada", "change": "started" }));
    insta::assert_snapshot!("event", both(|look| super::event(&event, look)));
    insta::assert_snapshot!("missed", super::missed(976, TERMINAL));
}

#[test]
fn an_actor_shows_itself() {
    let snapshot = from(json!({
        "path": "users/ada/stream_state", "observed_at": "2026-11-22T15:00:00Z", "info": worker("stream_state"),
        "state": { "status": "live", "title": "evil \u{9b}31m" },
    }));
    insta::assert_snapshot!(super::snapshot(&snapshot, TERMINAL));
}

#[test]
fn what_was_done_is_said() {
    let text = |value| super::acted(&from(value), TERMINAL);
    let restarted =
        json!({ "action": "restart", "path": "users/ada", "status": "running", "uptime_ms": 0 });
    assert_eq!(text(restarted), "restarted users/ada: now running 0ms\n");
    let stopped = json!({ "action": "stop", "path": "users/ada" });
    assert_eq!(text(stopped), "stopped users/ada: now gone\n");
}

#[test]
fn the_overview_is_one_screen() {
    let overview = from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "daemon": facts(), "sessions": 61_234,
        "presence": { "source": "tracker", "total": 50_000, "first": [
            { "user": "ada", "sessions": [
                { "session_id": "tab-1", "page": "stream", "joined_at": "2026-11-22T15:00:00Z", "phx_ref": "A" },
                { "session_id": "tab-2", "page": "home", "joined_at": "2026-11-22T15:00:00Z", "phx_ref": "B" },
            ] },
        ] },
        "managed_users": { "source": "tree", "total": 1, "first": [{ "user": "ada", "status": "running", "uptime_ms": 5_000, "held": "live" }] },
        "running_managers": { "source": "tree", "total": 1, "first": [
            { "user": "ada", "path": "users/ada", "status": "running", "uptime_ms": 5_000, "restarts": 0 },
        ] },
        "pending_timers": { "source": "presence_manager", "total": 0, "first": [], "failure": { "failure": "down" } },
    }));
    insta::assert_snapshot!("overview", super::overview(&overview, TERMINAL));
    insta::assert_snapshot!("overview_colors", visible(&super::overview(&overview, COLORS)));
}

#[test]
fn what_comes_from_outside_is_escaped_and_what_is_endless_is_cut() {
    let hostile = format!("\u{1b}[2J\r\n{}", "x".repeat(10_000));
    let children: Vec<_> =
        from(json!([with(worker("a"), json!({ "last_exit": failed(&hostile) }))]));
    let text = super::children(&children, PIPE);
    assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
    assert_eq!(text.lines().count(), 1);
    assert!(text.chars().count() < 300, "{}", text.len());
}

#[test]
fn a_stream_is_told_a_fact_a_line() {
    let live: StreamOverview = from(json!({
        "observed_at": "2026-11-22T15:21:00Z", "user": "ada", "status": "interrupted", "title": "Late night tea",
        "encoder": {"connected": false, "since": "2026-11-22T15:20:07Z"},
        "livestream": "019ac3f0-5a00-7c3e-8a1d-2f6b9e0d4c71",
        "started_at": "2026-11-22T14:59:55Z", "auto_stop_at": "2026-11-22T15:25:07Z",
        "destinations": [
            {"id": "twitch", "status": "live"},
            {"id": "youtube", "status": "failed", "reason": "the destination refuses the stream key"},
        ],
        "viewers": 431, "peak_viewers": 439,
    }));
    insta::assert_snapshot!("stream", both(|look| super::stream(&live, look)));
    insta::assert_snapshot!("stream_colors", visible(&super::stream(&live, COLORS)));
    let failed: StreamOverview = from(json!({
        "observed_at": "2026-11-22T14:50:00Z", "user": "ada", "status": "failed", "title": "",
        "encoder": {"connected": true, "error": "ERR_GOP_OUT_OF_RANGE"}, "destinations": [],
        "viewers": 0, "peak_viewers": 0, "failure": "no destination could be attached",
    }));
    insta::assert_snapshot!("stream_failed", super::stream(&failed, TERMINAL));
    let acted = |value| super::stream_acted(&from(value), TERMINAL);
    let started = json!({ "user": "ada", "action": "start", "destinations": ["twitch"], "status": "starting" });
    assert_eq!(acted(started), "started the stream of ada: now starting\n");
    let stopped = json!({ "user": "ada", "action": "stop", "status": "ending" });
    assert_eq!(acted(stopped), "stopped the stream of ada: now ending\n");
}

#[test]
fn an_event_of_every_kind_is_told_in_a_line() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/tests/golden/event");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let event = |file| from(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap());
    let events: Vec<StreamEvent> = files.iter().map(event).collect();
    insta::assert_snapshot!("events", both(|look| super::events(&events, look)));
    let line = |event| super::stream_event(event, TERMINAL);
    insta::assert_snapshot!("stream_events", events.iter().map(line).collect::<String>());
    let pipe: String = events.iter().map(|event| super::stream_event(event, PIPE)).collect();
    assert_eq!(pipe, super::events(&events, PIPE), "a pipe gets the same, followed or not");
}

#[test]
fn alerts_are_listed_as_they_will_be_shown() {
    let alert = |id: u32, state: &str, more: Value| {
        let alert = json!({
            "id": format!("019ac3f5-7200-7d10-8a4b-0000000000{id:02}"), "user": "ada", "platform": "twitch",
            "priority": "normal", "state": state, "name": "Grace", "events": 1, "display_ms": 8_000,
            "created_at": "2026-11-22T15:00:00.412Z",
        });
        with(alert, more)
    };
    let alerts: AlertsOverview = from(json!({
        "observed_at": "2026-11-22T15:00:02Z", "user": "ada", "paused": true, "muted": true,
        "showing": {
            "alert": alert(1, "showing", json!({ "kind": "donation", "money": { "micros": 5_000_000, "currency": "EUR" }, "text": "evil \u{9b}31m" })),
            "started_at": "2026-11-22T15:00:01Z", "ends_at": "2026-11-22T15:00:09Z",
        },
        "waiting": [
            alert(2, "queued", json!({ "kind": "raid", "count": 118 })),
            alert(3, "queued", json!({ "kind": "cheer", "units": { "kind": "bits", "amount": 300 }, "events": 3 })),
        ],
        "recent": [alert(4, "skipped", json!({ "kind": "follow" }))],
    }));
    insta::assert_snapshot!("alerts", both(|look| super::alerts(&alerts, look)));
}

#[test]
fn connections_are_listed_with_why_they_do_not_stand() {
    let manager = |received: u64, more: Value| {
        let manager = json!({
            "connected": 1, "failures": 0, "received": received, "broadcast": { "state": "none" },
            "circuit": "closed", "commands": 0,
        });
        with(manager, more)
    };
    let platform = |name: &str, state: &str, more: Value| {
        let since = "2026-11-22T14:58:11Z";
        let platform = json!({ "platform": name, "account": "12826", "name": "ada_codes", "state": state, "since": since });
        with(platform, more)
    };
    let overview: PlatformsOverview = from(json!({
        "observed_at": "2026-11-22T15:00:00Z", "user": "ada", "platforms": [
            platform("twitch", "connected", json!({ "manager": manager(1_204, json!({ "live": true, "viewers": 431 })) })),
            platform("youtube", "degraded", json!({
                "reason": "the quota of the day is nearly spent",
                "manager": manager(97, json!({ "broadcast": { "state": "open", "id": "dQw4w9WgXcQ" } })),
            })),
            platform("kick", "backing_off", json!({
                "reason": "503 evil \u{1b}[2J", "until": "2026-11-22T15:00:09.5Z",
                "manager": manager(0, json!({ "circuit": "open", "broadcast": { "state": "intended", "obstacle": "nobody answers" } })),
            })),
            platform("facebook", "needs_reauth", json!({})),
            { "platform": "trovo", "account": "1", "name": "ada", "state": "not_configured" },
        ],
    }));
    insta::assert_snapshot!("platforms", both(|look| super::platforms(&overview, look)));
    insta::assert_snapshot!("platforms_colors", visible(&super::platforms(&overview, COLORS)));
    let nobody = PlatformsOverview { platforms: Vec::new(), ..overview };
    let text = super::platforms(&nobody, TERMINAL);
    assert_eq!(text, "ada  no account is connected, observed at 2026-11-22T15:00:00.000Z\n");
    assert_eq!(super::platforms(&nobody, PIPE), "");
}

#[test]
fn quotas_are_listed_with_who_waits() {
    let budgets: Vec<Budget> = from(json!([
        {
            "name": "cloudflare", "limit": 1_200, "used": 1_200, "window_ms": 300_000, "blocked_for_ms": 12_000,
            "priorities": [
                { "name": "stop", "waiting": 0, "granted": 2 }, { "name": "poll", "waiting": 40, "granted": 1_180 },
            ],
        },
        { "name": "youtube", "limit": 10_000, "used": 3, "window_ms": 86_400_000, "priorities": [] },
    ]));
    insta::assert_snapshot!("budgets", both(|look| super::budgets(&budgets, look)));
}
