//! Platforms are gone for a while. They are found again without help, and not by everybody at the same moment.

use std::time::Duration;

use stagedoor_domain::UserId;
use stagedoor_fakes::Effect;
use stagedoor_stream::PlatformPace;
use stagedoor_testkit::{Harness, wait_until};
use tokio::time::Instant;

use crate::platforms::{
    FOUR, Platforms, chat_is, connect_as, hurried, link, links, twitch as a_twitch,
};

#[tokio::test]
async fn all_platforms_are_found_again_after_an_outage_of_all_of_them() {
    let platforms = Platforms::new().await;
    let daemon = platforms.start().await;
    let mut tab = platforms.live(&daemon).await;
    let outage = |effect: Option<Effect>| {
        platforms.twitch.set_outage(effect.clone());
        platforms.youtube.set_outage(effect.clone());
        platforms.kick.set_outage(effect.clone());
        platforms.facebook.set_outage(effect);
    };
    let before = platforms.say_everywhere("before");
    for (platform, id) in FOUR.into_iter().zip(&before) {
        chat_is(&daemon, platform, [id]).await;
    }

    outage(Some(Effect::status(503)));
    platforms.twitch.drop_sockets(None);
    platforms.youtube.cut_connections();
    for platform in ["facebook", "twitch", "youtube"] {
        link(&daemon, platform, "backing_off").await;
    }
    // What is said where all of it comes later is not lost.
    let comment = platforms.facebook.comment(&platforms.live_video(), ("77", "Grace"), "meanwhile");
    tab.drain(Duration::from_secs(2)).await.unwrap();
    outage(None);
    for platform in FOUR {
        link(&daemon, platform, "connected").await;
    }
    let after = platforms.say_everywhere("after");
    for ((platform, before), after) in FOUR.into_iter().zip(before).zip(after) {
        let mut all = vec![before, after];
        all.extend(comment.clone().filter(|_| platform == "facebook").map(Into::into));
        chat_is(&daemon, platform, all).await;
    }
    let story = links(&daemon, "twitch").await;
    assert_eq!(story, ["link.connected", "link.lost", "link.connected"]);
    assert_eq!(platforms.broadcasts(), [(1, 1), (1, 1)], "they are on air all the time");
}

/// How many sockets there were, and when.
#[derive(Debug, Default)]
struct Seen(Vec<(Instant, usize)>);

impl Seen {
    /// The most that came within so long.
    fn most_within(&self, window: Duration) -> usize {
        let came = |from: usize| {
            let (begun, before) = self.0[from];
            let within = self.0[from..].iter().take_while(|(at, _)| *at - begun <= window);
            within.last().map_or(0, |(_, sockets)| sockets - before)
        };
        (0..self.0.len()).map(came).max().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_users_do_not_come_back_at_the_same_moment() {
    const USERS: usize = 200;
    const LONGEST: Duration = Duration::from_secs(3);
    let fake = a_twitch().await;
    let daemon = hurried(Harness::builder()).twitch(&fake).configure(|config| {
        config.paces.platforms = PlatformPace {
            retry_initial: Duration::from_millis(500),
            retry_max: LONGEST,
            ..PlatformPace::default()
        };
    });
    let daemon = daemon.start().await;
    let mut guests = Vec::new();
    for n in 0..USERS {
        let (user, channel) = (format!("guest-{n}"), (5_000 + n).to_string());
        fake.add_channel(&channel, &user);
        connect_as(&daemon, &user, "twitch", &channel, fake.grant(&channel)).await;
        let (user, tracker) = (UserId::new(user).unwrap(), daemon.daemon().tracker());
        guests.push(tracker.track(&user, "laptop".parse().unwrap(), "home".parse().unwrap()));
    }
    let sockets = async || fake.sockets(None);
    wait_until("all are connected", sockets, |sockets| *sockets == USERS).await;

    fake.set_outage(Some(Effect::status(503)));
    assert_eq!(fake.drop_sockets(None), USERS);
    // Long enough that even the longest waits have begun.
    let before = fake.count(stagedoor_fakes::twitch::Call::Connect);
    let tried = async || fake.count(stagedoor_fakes::twitch::Call::Connect) - before;
    wait_until("they have tried again", tried, |tried| *tried >= 3 * USERS).await;
    fake.set_outage(None);
    let (begun, mut seen) = (Instant::now(), Seen::default());
    let sockets = async || {
        let sockets = fake.sockets(None);
        seen.0.push((Instant::now(), sockets));
        sockets
    };
    wait_until("all are connected again", sockets, |sockets| *sockets == USERS).await;
    let (took, most) = (begun.elapsed(), seen.most_within(Duration::from_millis(100)));
    println!("{USERS} users came back within {took:?}, at most {most} of them within 100 ms");
    assert!(most <= USERS / 8, "{most} of {USERS} came within 100 ms");
    assert!(took < LONGEST + Duration::from_secs(3), "{took:?}");
}
