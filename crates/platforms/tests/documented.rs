//! `docs/platforms.md` says what the code does: its table of capabilities is made from the code's, and every scope that is
//! asked for is explained. `UPDATE_DOCS=1` writes the table anew.

use std::{env, fs, path::PathBuf};

use secrecy::SecretString;
use stagedoor_platforms::{
    Capabilities, ChatSource, Platform, Replay, TimeoutUnit, facebook, http_client, kick, twitch,
    youtube,
};

const BEGIN: &str = "<!-- capabilities: begin";
const END: &str = "<!-- capabilities: end -->";

fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/platforms.md"))
}

fn platforms() -> Vec<(&'static str, Box<dyn Platform>)> {
    let secret = || SecretString::from("secret".to_owned());
    let http = http_client().expect("TLS");
    let twitch = twitch::Twitch::new(twitch::Config::new("id", secret()), http.clone());
    let youtube = youtube::YouTube::new(youtube::Config::new("id", secret()), http.clone());
    let kick = kick::Kick::new(kick::Config::new("id", secret()), http.clone());
    let facebook = facebook::Facebook::new(facebook::Config::new("id", secret()), http);
    vec![
        ("Twitch", Box::new(twitch.expect("the real addresses"))),
        ("YouTube", Box::new(youtube.expect("the real addresses"))),
        ("Kick", Box::new(kick.expect("the real addresses"))),
        ("Facebook", Box::new(facebook.expect("the real addresses"))),
    ]
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "–" }.into()
}

/// What stands in a platform's column. All fields are named, so that none is forgotten.
fn column(capabilities: &Capabilities) -> Vec<(&'static str, String)> {
    let Capabilities {
        chat,
        needs_broadcast,
        replay,
        send_chars,
        reply,
        delete_message,
        ban,
        timeout,
        title,
        description,
        category,
        tags,
        broadcasts,
        viewers_batch,
        validate_every,
    } = *capabilities;
    let chat = match chat {
        ChatSource::Push => "a connection that is held",
        ChatSource::Webhook => "webhooks",
        ChatSource::Poll => "asking again and again",
    };
    let replay = match replay {
        Replay::Full => "comes afterwards",
        Replay::None => "is missing",
        Replay::Redelivered => "is delivered again",
    };
    let timeout = match timeout {
        Some(TimeoutUnit::Seconds) => "in seconds",
        Some(TimeoutUnit::Minutes) => "in minutes",
        None => "–",
    };
    let number = |number: Option<usize>| number.map_or("–".into(), |number| number.to_string());
    let minutes = validate_every.map(|every| every.as_secs() / 60);
    vec![
        ("chat and events come by", chat.into()),
        ("only during a broadcast", yes(needs_broadcast)),
        ("what happens while not connected", replay.into()),
        ("chat message, characters at most", number(send_chars)),
        ("answer to a message", yes(reply)),
        ("delete a message", yes(delete_message)),
        ("ban, unban", yes(ban)),
        ("timeout", timeout.into()),
        ("change the title", yes(title)),
        ("change the description", yes(description)),
        ("change the category", yes(category)),
        ("change tags", yes(tags)),
        ("makes and ends broadcasts", yes(broadcasts)),
        ("viewers, channels in a call", number(viewers_batch)),
        ("tokens validated", minutes.map_or("–".into(), |minutes| format!("every {minutes} min"))),
    ]
}

fn table() -> String {
    let columns: Vec<_> = platforms()
        .into_iter()
        .map(|(name, platform)| (name, column(platform.capabilities())))
        .collect();
    let line = |first: &str, cells: Vec<&str>| format!("| {first} | {} |\n", cells.join(" | "));
    let mut table = line("", columns.iter().map(|(name, _)| *name).collect());
    table += &line("---", columns.iter().map(|_| "---").collect());
    for (at, (row, _)) in columns[0].1.iter().enumerate() {
        table += &line(row, columns.iter().map(|(_, cells)| &*cells[at].1).collect());
    }
    table
}

#[test]
fn the_documented_capabilities_are_the_real_ones() {
    let written = fs::read_to_string(document()).unwrap();
    let (before, rest) = written.split_once(BEGIN).expect("where the table begins");
    let (note, rest) = rest.split_once("-->\n").expect("the end of the note");
    let (found, after) = rest.split_once(END).expect("where the table ends");
    let expected = table();
    if env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        let document_now = format!("{before}{BEGIN}{note}-->\n{expected}{END}{after}");
        fs::write(document(), document_now).unwrap();
        return;
    }
    assert_eq!(found, expected, "UPDATE_DOCS=1 writes the table anew");
}

#[test]
fn every_scope_that_is_asked_for_is_explained() {
    let written = fs::read_to_string(document()).unwrap();
    for (name, platform) in platforms() {
        let section = written.split_once(&format!("\n## {name}\n")).expect(name).1;
        let section = section.split("\n## ").next().unwrap();
        for scope in platform.oauth().config().scopes {
            assert!(section.contains(&format!("`{scope}`")), "{name}: {scope} is not explained");
        }
    }
}

#[test]
fn every_callback_is_named() {
    let written = fs::read_to_string(document()).unwrap();
    for (name, _) in platforms() {
        let callback = format!("/connect/{}/callback", name.to_lowercase());
        assert!(written.contains(&callback), "{callback}");
    }
}
