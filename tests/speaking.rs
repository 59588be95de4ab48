//! What a streamer says and does goes to all platforms, or to the one it is about, and each answers for itself.

use serde_json::{Value, json};
use stagedoor_fakes::Effect;
use stagedoor_testkit::{Answer, Reach, wait_until};

use crate::platforms::{FOUR, ON_FACEBOOK, ON_KICK, ON_TWITCH, Platforms, events, link};

/// Ada says something on all platforms.
async fn say(daemon: &Reach, text: &str) -> Value {
    let sent = daemon.user("ada").post("/chat", &json!({ "text": text })).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    sent.body["platforms"].clone()
}

/// The platforms that took it, and by which code the others refused.
fn outcomes(platforms: &Value) -> Vec<(&str, &str)> {
    let platforms = platforms.as_object().expect("there is an outcome for each");
    let outcome = |(platform, outcome)| -> (&str, &str) {
        let (platform, outcome): (&String, &Value) = (platform, outcome);
        let code = outcome["error"]["code"].as_str();
        (platform, code.unwrap_or_else(|| if outcome["ok"].is_object() { "ok" } else { "?" }))
    };
    platforms.iter().map(outcome).collect()
}

impl Platforms {
    /// Who has been sent this text, as often as they have.
    fn have(&self, text: &str) -> [usize; 4] {
        let count = |texts: Vec<&str>| texts.into_iter().filter(|it| *it == text).count();
        let comments = self.facebook.messages(&self.live_video());
        let of_kick = self.kick.messages(ON_KICK);
        let of_twitch = self.twitch.messages(ON_TWITCH);
        let of_youtube = self.youtube.messages(&self.youtube_chat());
        let said = of_youtube.iter().map(|message| match &message.said {
            stagedoor_fakes::youtube::Said::Text(text) => text.as_str(),
            _ => "",
        });
        [
            count(comments.iter().map(|comment| &*comment.message).collect()),
            count(of_kick.iter().map(|message| &*message.content).collect()),
            count(of_twitch.iter().map(|message| &*message.text).collect()),
            count(said.collect()),
        ]
    }
}

#[tokio::test]
async fn a_message_to_all_arrives_once_at_each_and_comes_back_as_ours() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    // The same words twice are two messages.
    for _ in 0..2 {
        let sent = say(&daemon, "Hello, all of you").await;
        assert_eq!(outcomes(&sent), FOUR.map(|platform| (platform, "ok")), "{sent}");
    }
    assert_eq!(platforms.have("Hello, all of you"), [2; 4]);
    // What others write behind it has come when all of ours has.
    platforms.say_everywhere("Hello, Ada");
    let chat = async || events(&daemon, "kinds=chat.message").await;
    let chat = wait_until("all of it comes", chat, |chat| chat.len() >= 12).await;
    for platform in FOUR {
        let said = |text: &str, by_us: bool| {
            let is_it = |event: &&Value| {
                event["platform"] == platform
                    && event["message"]["text"] == text
                    && (event["sent_by_us"] == true) == by_us
            };
            chat.iter().filter(is_it).count()
        };
        assert_eq!(said("Hello, all of you", true), 2, "{platform}: {chat:#?}");
        assert_eq!(said("Hello, Ada", false), 1, "{platform}: {chat:#?}");
    }
    assert_eq!(chat.len(), 12, "{chat:#?}");
}

#[tokio::test]
async fn a_message_that_is_too_long_for_one_goes_to_the_others() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    let long = "x".repeat(300);
    let sent = say(&daemon, &long).await;
    let youtube = ("youtube", "invalid");
    let expected = [("facebook", "ok"), ("kick", "ok"), ("twitch", "ok"), youtube];
    assert_eq!(outcomes(&sent), expected, "{sent}");
    assert_eq!(platforms.have(&long), [1, 1, 1, 0]);
}

#[tokio::test]
async fn a_platform_that_is_down_says_so_and_the_three_others_have_it() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    platforms.kick.set_outage(Some(Effect::status(503)));
    let sent = say(&daemon, "Is Kick there?").await;
    let taken: Vec<_> =
        outcomes(&sent).into_iter().filter(|(_, outcome)| *outcome == "ok").collect();
    let expected = ["facebook", "twitch", "youtube"].map(|platform| (platform, "ok"));
    assert_eq!(taken, expected, "{sent}");
    assert!(sent["kick"]["error"]["message"].is_string(), "{sent}");
    platforms.kick.set_outage(None);
    let sent = say(&daemon, "Kick is there").await;
    assert_eq!(outcomes(&sent), FOUR.map(|platform| (platform, "ok")), "{sent}");
    assert_eq!(platforms.have("Kick is there"), [1; 4]);
}

/// A moderator does this.
async fn moderate(daemon: &Reach, act: &str, body: Value) -> Answer {
    daemon.user("ada").post(&format!("/moderation/{act}"), &body).await
}

#[tokio::test]
async fn a_moderator_acts_where_the_viewer_is() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    let viewer = |platform: &str| json!({ "platform": platform, "viewer_id": "77" });
    let bans = || {
        [
            platforms.facebook.bans(ON_FACEBOOK).len(),
            platforms.kick.bans(ON_KICK).len(),
            platforms.twitch.bans(ON_TWITCH).len(),
            platforms.youtube.bans().len(),
        ]
    };
    for (at, platform) in FOUR.into_iter().enumerate() {
        let mut expected = [0; 4];
        expected[at] = 1;
        let banned = moderate(&daemon, "ban", viewer(platform)).await;
        assert_eq!((banned.status, bans()), (200, expected), "{platform}: {banned:?}");
        let unbanned = moderate(&daemon, "unban", viewer(platform)).await;
        assert_eq!((unbanned.status, bans()), (200, [0; 4]), "{platform}: {unbanned:?}");
    }
    let mut timeout = viewer("kick");
    timeout["duration_s"] = 90.into();
    let done = moderate(&daemon, "timeout", timeout.clone()).await;
    assert_eq!(done.body["duration_s"], 120, "Kick counts minutes: {done:?}");
    timeout["platform"] = "facebook".into();
    let refused = moderate(&daemon, "timeout", timeout).await;
    assert_eq!((refused.status, refused.code()), (422, Some("unsupported")), "{refused:?}");

    let ids = platforms.say_everywhere("Buy cheap tea");
    for (platform, id) in FOUR.into_iter().zip(&ids) {
        let message = json!({ "platform": platform, "message_id": id });
        let deleted = daemon.user("ada").post("/chat/delete", &message).await;
        assert_eq!(deleted.status, 200, "{platform}: {deleted:?}");
    }
}

#[tokio::test]
async fn a_new_title_goes_to_all_and_each_says_what_it_has_no_place_for() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let _tab = platforms.live(&daemon).await;
    let metadata = json!({
        "title": "Tea, and what goes with it", "description": "At length", "category": "No such game",
        "tags": ["Tea"],
    });
    let saved = daemon.user("ada").put("/stream/metadata", &metadata).await;
    assert_eq!(saved.status, 200, "{saved:?}");
    let told = &saved.body["platforms"];
    assert_eq!(outcomes(told), FOUR.map(|platform| (platform, "ok")), "{told}");
    let skipped = |platform: &str| {
        let skipped = told[platform]["ok"]["skipped"].as_array().cloned().unwrap_or_default();
        let field = |it: &Value| it["field"].as_str().unwrap_or_default().to_owned();
        let mut skipped: Vec<_> = skipped.iter().map(field).collect();
        skipped.sort();
        skipped
    };
    assert!(skipped("twitch").contains(&"category".into()), "{told}");
    assert!(skipped("kick").contains(&"category".into()), "{told}");
    let title = "Tea, and what goes with it";
    assert_eq!(&*platforms.twitch.channel(ON_TWITCH).title, title);
    assert_eq!(&*platforms.kick.channel(ON_KICK).unwrap().title, title);
    assert_eq!(platforms.youtube.broadcasts()[0].title, title);
    assert_eq!(platforms.facebook.broadcasts()[0].title.as_deref(), Some(title));
    link(&daemon, "twitch", "connected").await;
}
