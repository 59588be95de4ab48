//! What the daemon's log says of acts. Alone in its binary: which lines are wanted is decided for the whole process.

#![expect(clippy::unwrap_used, reason = "a test that is surprised fails")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use stagedoor_domain::UserId;
use stagedoor_inspect::{Action, StreamAction};

#[expect(dead_code, reason = "the house has more rooms than this test enters")]
#[path = "inspect/house.rs"]
mod house;

use house::House;

#[tokio::test]
async fn acts_are_logged_with_who_asked_and_what_for() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    // The runtime of this test has one thread, which is this one.
    let _guard = tracing::subscriber::set_default(subscriber);
    let house = House::with(&["ada"]).await;
    let outside = house.outside().await;
    outside.act(Action::Crash, "users/ada/state").await.unwrap();
    house.inside().act(Action::Stop, "users/bob").await.unwrap_err();
    let ada: UserId = "ada".parse().unwrap();
    let start = StreamAction::Start { destinations: Vec::new() };
    outside.act_on_stream(&ada, StreamAction::Stop).await.unwrap();
    house.inside().act_on_stream(&ada, start).await.unwrap_err();
    let log = log.text();
    let line = |text: &str| {
        let line = log.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("{text:?} is not in {log}")).to_owned()
    };
    let done = line("acted on an actor");
    let uid = format!("uid {}", rustix::process::geteuid().as_raw());
    let pid = format!("pid {}", std::process::id());
    for part in ["crash", "users/ada/state", &uid, &pid] {
        assert!(done.contains(part), "{part:?} is not in {done}");
    }
    let failed = line("could not act on an actor");
    assert!(failed.contains("users/bob") && failed.contains("the daemon itself"), "{failed}");
    let stopped = line("acted on a stream");
    for part in ["stop", "ada", "ending", &uid, &pid] {
        assert!(stopped.contains(part), "{part:?} is not in {stopped}");
    }
    let refused = line("could not act on a stream");
    assert!(refused.contains("start") && refused.contains("live already"), "{refused}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        // Without the colours of the fields' names.
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain + rest
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
