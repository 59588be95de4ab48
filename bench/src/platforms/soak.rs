//! The soak: so many messages a second to all users on all platforms, for minutes. None may be lost, none may come twice.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{
    Settings,
    cast::{Turns, Wire},
    stage::Stage,
};
use crate::system::{
    Watch, distribution, float, microseconds, milliseconds, object, per_second, percent,
    process_cpu, round, rss,
};

/// How long after the last message was sent the last one may be heard of.
const PATIENCE: Duration = Duration::from_mins(3);

const MIB: f64 = 1024.0 * 1024.0;

pub(super) async fn run(settings: &Settings) -> Result<Value> {
    let turns = Turns { on: settings.on.clone(), users: settings.users };
    let messages = usize::try_from(u64::from(settings.rate) * settings.seconds)?;
    let mut stage = Stage::open(&settings.program, turns.clone(), messages).await?;
    let empty = rss()?;
    let began = Instant::now();
    stage.connect_all().await?;
    let connected = began.elapsed();
    sleep(settings.calm).await;
    let idle = rss()?;
    let prepared = stage.elsewhere.tell(&format!("prepare {messages}")).await?;
    sleep(settings.calm).await;

    let (lost, usage) = (stage.board.lost(), stage.elsewhere.tell("usage").await?);
    let watch = Watch::start()?;
    let (played, course) = play(&mut stage, settings, messages).await?;
    let watched = watch.stop()?;
    let after = stage.elsewhere.tell("usage").await?;
    let theirs = difference(&usage, &after, "cpu_ms");
    let lost = stage.board.lost() - lost;

    let folder = tempfile::tempdir()?;
    let wrote = format!("write {}", folder.path().to_str().context("a folder with a plain name")?);
    stage.elsewhere.tell(&wrote).await?;
    let board = std::sync::Arc::clone(&stage.board);
    let (heard, again, bytes) = (board.count(), board.again(), board.bytes());
    let props = stage.close().await?;
    let stored = props.close_and_keep().await?;
    let stored = look_into(&stored, &folder, &turns).await?;
    let delays = delays(&folder, &turns, |number| board.heard_at(number))?;
    drop(folder);

    let mut result = object(json!({
        "users": settings.users,
        "on": settings.on.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "rate": settings.rate,
        "sent": messages,
        "heard": heard,
        "heard_again": again,
        "stored": stored,
        "connections_lost": lost,
        "connected_ms": round(milliseconds(connected), 0),
        "prepared": prepared,
        "played": played,
        "delay_us": delays,
        "events_per_s": per_second(messages, watched.wall),
        "cpu_us_each": round(microseconds(watched.cpu) / float(messages.max(1)), 2),
        "fakes_cpu_pct": round(theirs / 10.0 / watched.wall.as_secs_f64(), 1),
        "page_bytes_each": bytes / heard.max(1),
        "kick_refused": difference(&usage, &after, "kick_refused"),
        "rss_mib": { "without_users": mib(empty), "connected": mib(idle), "course": course },
    }));
    result.append(&mut watched.json());
    // Besides ourselves and the platforms.
    if let Some(others) = result.get("other_pct").and_then(Value::as_f64) {
        let own = theirs / 10.0 / watched.wall.as_secs_f64();
        result.insert("other_pct".to_owned(), json!(round(others - own, 1)));
    }
    Ok(result.into())
}

/// Plays everything and waits until all of it was heard. What the platforms say, and how memory, CPU and messages went.
async fn play(stage: &mut Stage, settings: &Settings, messages: usize) -> Result<(Value, Value)> {
    let board = std::sync::Arc::clone(&stage.board);
    let rate = settings.rate;
    let mut course = Vec::new();
    let mut ticks = interval(settings.sample);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (began, mut cpu) = (Instant::now(), process_cpu());
    let mut last = began;
    let mut sample = |course: &mut Vec<Value>| -> Result<()> {
        let (now, used) = (Instant::now(), process_cpu());
        let wall = (now - last).max(Duration::from_micros(1));
        course.push(json!({
            "s": round((now - began).as_secs_f64(), 0),
            "rss": mib(rss()?),
            "cpu_pct": percent(used - cpu, wall),
            "heard": board.count(),
        }));
        (last, cpu) = (now, used);
        Ok(())
    };
    ticks.tick().await;
    let command = format!("play {rate}");
    let mut playing = Box::pin(stage.elsewhere.tell(&command));
    let played = loop {
        tokio::select! {
            played = &mut playing => break played?,
            _ = ticks.tick() => sample(&mut course)?,
        }
    };
    drop(playing);
    let over = Instant::now();
    while board.count() < messages && over.elapsed() < PATIENCE {
        sleep(Duration::from_millis(5)).await;
    }
    while stage.elsewhere.tell("pending").await?["kick"] != 0 && over.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20)).await;
    }
    sample(&mut course)?;
    Ok((played, course.into()))
}

/// What the store has, against what was sent.
async fn look_into(stored: &TempDir, folder: &TempDir, turns: &Turns) -> Result<Value> {
    let keys = fs::read_to_string(folder.path().join(super::KEYS))?;
    let mut expected: HashMap<&str, (usize, usize)> =
        keys.lines().enumerate().map(|(number, key)| (key, (number, 0))).collect();
    let sent = expected.len();
    let file = stored.path().join("stagedoor.db");
    let size = fs::metadata(&file)?.len();
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let (mut unknown, mut another_user, mut after) = (0, 0, 0_i64);
    loop {
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "select rowid, dedupe_key, user_id from events where rowid > $1 and kind = 'chat.message'
             order by rowid limit 50000",
        )
        .bind(after)
        .fetch_all(&mut connection)
        .await?;
        let Some((last, _, _)) = rows.last() else { break };
        after = *last;
        for (_, key, user) in &rows {
            match expected.get_mut(key.as_str()) {
                Some((number, times)) => {
                    *times += 1;
                    let (_, index) = turns.of(*number);
                    another_user += usize::from(crate::users::user(index).as_str() != user);
                }
                None => unknown += 1,
            }
        }
    }
    let others: Vec<(String, i64)> = sqlx::query_as(
        "select kind, count(*) from events where kind <> 'chat.message' group by kind order by kind",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let missing = |wire: Wire| {
        let of =
            expected.values().filter(|(number, times)| *times == 0 && turns.of(*number).0 == wire);
        of.count()
    };
    Ok(json!({
        "different_keys_sent": sent,
        "missing": turns.on.iter().map(|wire| (wire.to_string(), missing(*wire))).collect::<HashMap<_, _>>(),
        "twice": expected.values().filter(|(_, times)| *times > 1).count(),
        "unknown": unknown,
        "another_users": another_user,
        "other_kinds": others.into_iter().collect::<HashMap<_, _>>(),
        "database_mib": mib(size),
    }))
}

/// From a message's sending to when a page heard of it, by platform.
fn delays(folder: &TempDir, turns: &Turns, heard: impl Fn(usize) -> Option<u64>) -> Result<Value> {
    let sent = fs::read(folder.path().join(super::SENT))?;
    let (sent, rest) = sent.as_chunks::<8>();
    ensure!(rest.is_empty(), "the file with the times is cut off");
    let mut by_wire: HashMap<String, Vec<Duration>> = HashMap::new();
    for (number, sent) in sent.iter().enumerate() {
        let Some(heard) = heard(number) else { continue };
        let (wire, _) = turns.of(number);
        let delay = Duration::from_nanos(heard.saturating_sub(u64::from_le_bytes(*sent)));
        if wire != Wire::Facebook {
            by_wire.entry("pushed".to_owned()).or_default().push(delay);
        }
        by_wire.entry(wire.to_string()).or_default().push(delay);
    }
    Ok(by_wire.into_iter().map(|(wire, delays)| (wire, distribution(delays))).collect())
}

fn difference(before: &Value, after: &Value, key: &str) -> f64 {
    after[key].as_f64().unwrap_or_default() - before[key].as_f64().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52")]
fn mib(bytes: u64) -> f64 {
    round(bytes as f64 / MIB, 1)
}
