//! The session machine: what comes in which order, and what is done.

use serde_json::json;

use super::*;

const CLOCK: Timestamp = Timestamp::constant(1_795_370_400, 0);

struct World {
    session: Session,
    start: Instant,
    number: u32,
}

impl World {
    fn new() -> Self {
        let start = Instant::now();
        Self { session: Session::new(true, start), start, number: 0 }
    }

    fn standing() -> Self {
        let mut world = Self::new();
        world.welcome(Side::Main, 0);
        world
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn say(
        &mut self,
        side: Side,
        second: u64,
        kind: &str,
        payload: &serde_json::Value,
    ) -> Option<Step> {
        self.number += 1;
        let message = json!({
            "metadata": { "message_id": self.number.to_string(), "message_type": kind,
                "message_timestamp": CLOCK, "subscription_type": payload["type"] },
            "payload": payload,
        });
        let now = self.at(second);
        self.session.message(side, &message.to_string(), now, CLOCK)
    }

    fn welcome(&mut self, side: Side, second: u64) -> Option<Step> {
        let session = json!({ "session": { "id": "s", "keepalive_timeout_seconds": 10 } });
        self.say(side, second, "session_welcome", &session)
    }

    fn reconnect(&mut self, second: u64, url: &str) -> Option<Step> {
        let session = json!({ "session": { "id": "s", "reconnect_url": url } });
        self.say(Side::Main, second, "session_reconnect", &session)
    }

    /// A follow, whose message has this id.
    fn follow(&mut self, side: Side, second: u64, message_id: &str) -> bool {
        self.follow_sent_at(side, second, message_id, CLOCK).is_some()
    }

    fn follow_sent_at(
        &mut self,
        side: Side,
        second: u64,
        message_id: &str,
        sent_at: Timestamp,
    ) -> Option<Step> {
        let message = json!({
            "metadata": { "message_id": message_id, "message_type": "notification",
                "message_timestamp": sent_at, "subscription_type": "channel.follow" },
            "payload": { "event": { "user_id": "7" } },
        });
        let now = self.at(second);
        self.session.message(side, &message.to_string(), now, CLOCK)
    }

    fn time(&mut self, second: u64) -> Option<Step> {
        let now = self.at(second);
        self.session.time(now)
    }
}

fn open(url: &str) -> Step {
    Step::Open { url: url.into() }
}

fn is_lost(step: Option<&Step>) -> bool {
    matches!(step, Some(Step::End(Disconnect::Lost { .. })))
}

#[test]
fn the_first_welcome_is_answered_by_subscriptions_and_no_other_one_is() {
    let mut world = World::new();
    let session_id = || "s".into();
    assert_eq!(world.welcome(Side::Main, 1), Some(Step::Subscribe { session_id: session_id() }));
    assert_eq!(world.reconnect(2, "wss://x/2"), Some(open("wss://x/2")));
    assert_eq!(world.welcome(Side::Fresh, 3), Some(Step::Swap { session_id: session_id() }));
    assert_eq!(world.welcome(Side::Main, 4), None);
}

#[test]
fn without_a_welcome_it_is_over() {
    let mut world = World::new();
    assert_eq!(world.session.due(), Some(world.at(10)));
    assert_eq!(world.time(9), None);
    assert!(is_lost(world.time(10).as_ref()));
    assert_eq!(world.session.due(), None);
}

#[test]
fn whatever_comes_is_a_sign_of_life_and_silence_is_the_end() {
    let mut world = World::standing();
    assert_eq!(world.session.due(), Some(world.at(12)));
    world.say(Side::Main, 11, "session_keepalive", &json!({}));
    assert_eq!(world.session.due(), Some(world.at(23)));
    assert!(world.follow(Side::Main, 20, "a"));
    assert_eq!(world.time(31), None);
    assert!(is_lost(world.time(32).as_ref()));
}

#[test]
fn while_a_session_moves_both_sockets_are_read_and_each_message_is_taken_once() {
    let mut world = World::standing();
    world.reconnect(1, "wss://x/2");
    assert!(world.follow(Side::Main, 2, "a"));
    assert!(!world.follow(Side::Fresh, 2, "a"));
    world.welcome(Side::Fresh, 3);
    assert!(world.follow(Side::Old, 3, "b"));
    assert!(world.follow(Side::Main, 3, "c"));
    assert!(!world.follow(Side::Old, 3, "c"));
    assert_eq!(world.session.gone(Side::Old, "closed", world.at(4)), None);
    assert_eq!(world.session.due(), Some(world.at(15)));
}

#[test]
fn the_old_socket_may_go_before_the_fresh_one_is_welcomed() {
    let mut world = World::standing();
    world.reconnect(1, "wss://x/2");
    assert_eq!(world.session.gone(Side::Main, "closed", world.at(2)), None);
    assert!(matches!(world.welcome(Side::Fresh, 9), Some(Step::Swap { .. })));
}

#[test]
fn a_fresh_socket_that_fails_is_tried_again_until_the_old_one_is_cut() {
    let mut world = World::standing();
    world.reconnect(0, "wss://x/2");
    assert_eq!(world.session.gone(Side::Fresh, "refused", world.at(1)), None);
    assert_eq!(world.time(1), None);
    assert_eq!(world.time(2), Some(open("wss://x/2")));
    // Neither does it come, nor does it fail.
    assert_eq!(world.time(12), Some(open("wss://x/2")));
    assert_eq!(world.reconnect(13, "wss://x/3"), None);
    assert_eq!(world.time(22), Some(open("wss://x/3")));
    assert!(is_lost(world.time(30).as_ref()));
}

#[test]
fn nobody_is_led_to_a_socket_without_encryption() {
    let mut world = World::standing();
    assert!(is_lost(world.reconnect(1, "ws://x/2").as_ref()));
}

#[test]
fn a_socket_that_is_gone_is_the_end_with_its_reason() {
    let mut world = World::standing();
    let lost = Disconnect::Lost { reason: "why".into(), retry_after: None };
    assert_eq!(world.session.gone(Side::Main, "why", world.at(1)), Some(Step::End(lost)));
    assert_eq!(world.session.gone(Side::Main, "again", world.at(2)), None);
}

#[test]
fn what_is_revoked_decides_what_becomes_of_the_connection() {
    let revoked = |status: &str| {
        let subscription = json!({ "type": "channel.follow", "status": status });
        World::standing().say(Side::Main, 1, "revocation", &json!({ "subscription": subscription }))
    };
    for status in ["authorization_revoked", "user_removed"] {
        let step = revoked(status);
        assert!(matches!(step, Some(Step::End(Disconnect::NeedsReauth { .. }))), "{step:?}");
    }
    let reason = "Twitch ended the subscription to channel.follow: version_removed".into();
    assert_eq!(revoked("version_removed"), Some(Step::Link(Link::Degraded { reason })));
}

#[test]
fn what_is_older_than_ten_minutes_is_history() {
    let mut world = World::standing();
    let mut replayed = |minutes| {
        let sent_at = CLOCK - SignedDuration::from_mins(minutes);
        match world.follow_sent_at(Side::Main, 1, &minutes.to_string(), sent_at) {
            Some(Step::Report(report)) => report.replayed,
            other => panic!("{other:?}"),
        }
    };
    assert!(!replayed(9));
    assert!(replayed(11));
}

#[test]
fn garbage_is_passed_over() {
    let mut world = World::standing();
    for garbage in ["", "{", "[]", "{\"metadata\":{}}", "\u{0}"] {
        let now = world.at(1);
        assert_eq!(world.session.message(Side::Main, garbage, now, CLOCK), None);
    }
    assert_eq!(world.say(Side::Main, 1, "session_party", &json!({})), None);
    assert!(world.follow(Side::Main, 2, "a"));
}
