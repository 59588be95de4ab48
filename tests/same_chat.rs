//! Whatever is sent twice, cut off, refused or killed on the way: what is stored is what was said.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use serde_json::Value;
use stagedoor_domain::Platform;
use stagedoor_fakes::{
    kick::{Chaos, Viewer},
    twitch::{Delivery, FakeTwitch},
    youtube::{Author, Said},
};
use stagedoor_testkit::{Harness, Reach, wait_until};
use tokio::runtime::Runtime;

use crate::platforms::{
    ON_FACEBOOK, ON_KICK, ON_TWITCH, ON_YOUTUBE, Platforms, chat_is, connect, events, hurried,
    link, twitch,
};

/// What happens on the way.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// So much is said.
    Say(usize),
    /// From now on this goes wrong with deliveries: they come twice, late and in another order.
    Disorder(bool),
    /// The connections are cut.
    Cut,
    /// The platform wants the connections to move, or ends them in good order.
    Move,
    /// The manager is killed.
    Kill,
    /// The tokens end.
    Expire,
    /// So many milliseconds pass.
    Pass(u64),
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let blow = prop_oneof![
        6 => (1..20_usize).prop_map(Blow::Say),
        1 => any::<bool>().prop_map(Blow::Disorder),
        1 => Just(Blow::Cut),
        1 => Just(Blow::Move),
        1 => Just(Blow::Kill),
        1 => Just(Blow::Expire),
        3 => (0..150_u64).prop_map(Blow::Pass),
    ];
    prop::collection::vec(blow, 4..16)
}

/// The manager of a platform, in whatever life, is killed.
fn kill(daemon: &Harness, platform: &str) {
    let users = daemon.daemon().tree().child("users").and_then(|users| users.supervisor());
    let ada = users.and_then(|users| users.child("ada")).and_then(|ada| ada.supervisor());
    let managers = ada.and_then(|ada| ada.child("platforms")).and_then(|all| all.supervisor());
    if let Some(manager) = managers.and_then(|managers| managers.child(platform)) {
        // One that is between two lives is as good as killed.
        let _ = manager.kill();
    }
}

/// Those that send again what was missed: on them, everything is stored once.
async fn survive(blows: Vec<Blow>) {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    let (chat, video) = (platforms.youtube_chat(), platforms.live_video());
    let [mut comments, mut on_kick, mut on_youtube] = [const { Vec::<String>::new() }; 3];
    // Who has no place yet from which to read on is told little of what was there before.
    on_youtube.push(platforms.youtube.say(&chat, Author::viewer("grace"), Said::Text("hi".into())));
    let (store, user) = (&daemon.daemon().services().store, "ada".parse().unwrap());
    let broadcast = platforms.youtube.broadcast_of(ON_YOUTUBE).unwrap().id;
    let place = async || store.cursor(&user, &Platform::YouTube, &broadcast).await.unwrap();
    wait_until("there is a place to read on from", place, Option::is_some).await;
    for (number, blow) in blows.into_iter().enumerate() {
        match blow {
            Blow::Say(lines) => {
                for line in 0..lines {
                    let text = format!("line {line} of {number}");
                    let comment = platforms.facebook.comment(&video, ("77", "Grace"), &text);
                    comments.push(comment.unwrap().into());
                    on_kick.push(
                        platforms.kick.chat(ON_KICK, &Viewer::new(77, "grace"), &text).into(),
                    );
                    let author = Author::viewer("grace");
                    on_youtube.push(platforms.youtube.say(&chat, author, Said::Text(text)));
                }
            }
            Blow::Disorder(on) => {
                platforms.facebook.set_duplicates(on);
                platforms.facebook.set_reorders(on);
                platforms.youtube.set_duplicates(1 + usize::from(on));
                let (seed, delay) = (number as u64, Duration::from_millis(80));
                let chaos = Chaos { seed, duplicates: 30, delays: 30, delay };
                platforms.kick.set_chaos(on.then_some(chaos));
            }
            Blow::Cut => {
                platforms.youtube.cut_connections();
                let close = stagedoor_fakes::Effect::Close;
                platforms.facebook.fail(stagedoor_fakes::facebook::Call::GetComments, close, 3);
            }
            Blow::Move => platforms.youtube.break_streams(),
            Blow::Kill => {
                for platform in ["facebook", "kick", "youtube"] {
                    kill(&daemon, platform);
                }
            }
            Blow::Expire => {
                platforms.kick.oauth().expire(&ON_KICK.to_string());
                platforms.youtube.oauth().expire(ON_YOUTUBE);
            }
            Blow::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    platforms.youtube.set_duplicates(1);
    chat_is(&daemon, "facebook", comments).await;
    chat_is(&daemon, "kick", on_kick).await;
    chat_is(&daemon, "youtube", on_youtube).await;
    assert_eq!(platforms.broadcasts(), [(1, 1), (1, 1)], "{ON_FACEBOOK} is on air all the time");
}

/// Waits until a message that is said now is stored: everything before it is, too, or is lost.
async fn settled(daemon: &Reach, fake: &FakeTwitch) {
    fake.set_delivery(Delivery::default());
    link(daemon, "twitch", "connected").await;
    let last = async || {
        let (last, _) = fake.chat(ON_TWITCH, "grace", "the last line");
        let stored = events(daemon, "platforms=twitch&kinds=chat.message").await;
        let is_last = |event: &Value| {
            let key = event["dedupe_key"].as_str().unwrap_or_default();
            event["message"]["text"] == "the last line" && !key.ends_with(&*last)
        };
        stored.iter().any(is_last)
    };
    wait_until("the last line is stored", last, |stored| *stored).await;
}

/// Twitch sends nothing again: each message is stored once, and what is missing was said in a gap that is marked, or that
/// a crash made.
async fn survive_on_twitch(blows: Vec<Blow>) {
    let fake = twitch().await;
    let daemon = hurried(Harness::builder()).twitch(&fake).start().await;
    connect(&daemon, "twitch", ON_TWITCH, fake.grant(ON_TWITCH)).await;
    let _tab = daemon.open_dashboard("ada", "stream").await;
    link(&daemon, "twitch", "connected").await;
    let mut said = Vec::new();
    for (number, blow) in blows.into_iter().enumerate() {
        match blow {
            Blow::Say(lines) => said.extend((0..lines).map(|line| {
                let text = format!("line {line} of {number}");
                fake.chat(ON_TWITCH, "grace", &text);
                text
            })),
            Blow::Disorder(reorder) => {
                let duplicate_every = if reorder { 2 } else { 0 };
                fake.set_delivery(Delivery { duplicate_every, reorder, ..Delivery::default() });
            }
            Blow::Cut => drop(fake.drop_sockets(None)),
            Blow::Move => drop(fake.reconnect(None)),
            Blow::Kill => {
                kill(&daemon, "twitch");
                // Where the gap begins that nobody is left to mark.
                said.push("a crash".into());
            }
            Blow::Expire => fake.oauth().expire(ON_TWITCH),
            Blow::Pass(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    settled(&daemon, &fake).await;
    let kinds = "platforms=twitch&kinds=chat.message,link.connected,link.lost";
    let story = async || events(&daemon, kinds).await;
    let gaps_end = |story: &Vec<Value>| {
        let count = |kind| story.iter().filter(|event| event["kind"] == kind).count();
        count("link.connected") > count("link.lost")
    };
    check(&said, &wait_until("each gap has an end", story, gaps_end).await);
}

/// The story as it is stored, against what was said, in order.
fn check(said: &[String], story: &[Value]) {
    let keys = story.iter().map(|event| event["dedupe_key"].as_str().unwrap());
    assert_eq!(keys.collect::<BTreeSet<_>>().len(), story.len(), "each once");
    let texts = story.iter().filter_map(|event| event["message"]["text"].as_str());
    let stored: BTreeSet<_> = texts.collect();
    let crashes = said.iter().filter(|line| *line == "a crash").count();
    let of_kind = |kind: &str| story.iter().filter(|event| event["kind"] == kind).count();
    let gaps = of_kind("link.lost") + crashes;
    // Whatever is missing lies in runs, and there is no more than one run for each gap.
    let missing = |line: &String| line != "a crash" && !stored.contains(line.as_str());
    let lines: Vec<_> = said.iter().filter(|line| *line != "a crash").collect();
    let mut runs = 0;
    let mut before = false;
    for line in lines {
        let now = missing(line);
        runs += usize::from(now && !before);
        before = now;
    }
    assert!(runs <= gaps, "{runs} runs of lines are missing, {gaps} gaps: {said:#?} {story:#?}");
}

fn run(story: impl Future<Output = ()>) {
    Runtime::new().unwrap().block_on(story);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 4, ..ProptestConfig::default() })]

    #[test]
    fn what_youtube_kick_and_facebook_had_is_stored_once(blows in blows()) {
        run(survive(blows));
    }

    #[test]
    fn what_twitch_had_is_stored_once_or_lies_in_a_gap(blows in blows()) {
        run(survive_on_twitch(blows));
    }
}
