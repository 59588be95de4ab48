//! Whatever a client sends, and in whatever order.

use std::sync::Arc;

use proptest::prelude::*;
use stagedoor_presence::{Tracker, TrackerLimits};

use super::{Identity, Rehearsal, Role, Sessions, SocketConfig, user};
use crate::{
    channel::session::ChannelSession,
    websocket::{Handler, Socket},
};

/// A part of a message: what a client may send, or nearly.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "null", "\"1\"", "\"2\"", "\"dashboard:home\"", "\"dashboard:x\"", "\"users_presence\"",
            "\"phoenix\"", "\"phx_join\"", "\"phx_leave\"", "\"heartbeat\"", "{}", "[]", "7", "\"",
        ]).prop_map(str::to_owned),
        1 => "\"\\PC{0,20}\"",
    ]
}

fn near_message() -> impl Strategy<Value = String> {
    let select = |texts: &[&'static str]| prop::sample::select(texts.to_vec());
    let refs = || select(&["null", "\"1\"", "\"2\""]);
    let topics =
        select(&["\"dashboard:home\"", "\"dashboard:x\"", "\"users_presence\"", "\"room\""]);
    let events = select(&["\"phx_join\"", "\"phx_leave\"", "\"update\"", "\"stream:start\""]);
    prop_oneof![
        6 => (refs(), refs(), topics, events)
            .prop_map(|(join_ref, reference, topic, event)| {
                format!("[{join_ref},{reference},{topic},{event},{{}}]")
            }),
        2 => prop::collection::vec(part(), 0..7).prop_map(|parts| format!("[{}]", parts.join(","))),
        1 => ".{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is sent in whatever order: nobody panics, presence is what the channels are, and nothing stays.
    #[test]
    fn no_sequence_of_messages_breaks_a_session(
        messages in prop::collection::vec(near_message(), 0..40),
        data in prop::collection::vec(any::<u8>(), 0..60),
        admin: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _within = runtime.enter();
        let stage = Arc::new(Rehearsal::default());
        let tracker = Tracker::new(TrackerLimits { sessions_per_user: 100, users: 100 });
        let sessions = Sessions::new(&SocketConfig::default(), false, tracker.clone(), stage);
        let role = if admin { Role::Admin } else { Role::User };
        let identity = Identity { user: user("ada"), role };
        let mut session = ChannelSession::new(Arc::clone(&sessions.shared), identity);
        let socket = Arc::new(Socket::new(usize::MAX / 2, 0));
        for message in messages {
            let _ = session.text(&socket, &message);
            prop_assert!(session.dashboards() <= 2);
            prop_assert_eq!(session.dashboards(), tracker.session_count(&user("ada")));
        }
        let _ = session.binary(&socket, &data);
        session.closing();
        prop_assert_eq!(tracker.total_sessions(), 0);
    }
}
