//! The process from outside: what it refuses to start with, and what it tells systemd.

use std::os::unix::net::UnixDatagram as StdUnixDatagram;

use stagedoor_testkit::{Ended, PATIENCE, Signal};
use tokio::{net::UnixDatagram, time::timeout};

use crate::support::stagedoord;

/// Starts with a configuration that cannot be; what it says.
async fn refused(config: &str) -> String {
    let Ended { code, stdout, stderr } = stagedoord().config(config).run().await;
    assert_eq!(code, Some(78), "{config}: {stderr}");
    assert_eq!(stdout, "");
    stderr
}

#[tokio::test]
async fn an_unknown_key_is_named_with_its_file() {
    let text = refused("[presence]\ncleanup_timeut = '5s'").await;
    assert_eq!(
        text,
        "stagedoord: configuration file stagedoor.toml: unknown key presence.cleanup_timeut; \
         did you mean presence.cleanup_timeout?\n"
    );
}

#[tokio::test]
async fn a_bad_value_is_named_with_its_file_and_key() {
    let text = refused("presence.cleanup_timeout = '5 parsecs'").await;
    assert_eq!(
        text,
        "stagedoord: configuration file stagedoor.toml: presence.cleanup_timeout is not valid: \
         expected a duration with a unit, such as \"500ms\", \"5s\" or \"2m\", got \"5 parsecs\"\n"
    );
}

#[tokio::test]
async fn production_without_a_secret_is_refused() {
    let text = refused("mode = 'production'").await;
    assert!(text.contains("give auth.secret_file, auth.secret or auth.public_key_file"), "{text}");
}

#[tokio::test]
async fn a_development_login_on_a_public_address_is_refused() {
    let text = refused("gateway.listen = '0.0.0.0:0'").await;
    assert!(text.contains("gateway.listen must be a loopback address"), "{text}");
    let secret = "auth.secret = '0123456789abcdef0123456789abcdef'";
    let config = format!("mode = 'production'\n{secret}\nauth.development_login = true");
    assert!(refused(&config).await.contains("auth.development_login lets everybody in"));
}

#[tokio::test]
async fn systemd_hears_of_readiness_after_the_listeners_and_of_the_end_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = StdUnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let socket = UnixDatagram::from_std(socket).unwrap();
    let told = async || {
        let mut buffer = [0; 256];
        let length = timeout(PATIENCE, socket.recv(&mut buffer)).await.expect("a message").unwrap();
        str::from_utf8(&buffer[..length]).unwrap().trim_end().to_owned()
    };
    let daemon = stagedoord().env("NOTIFY_SOCKET", &path).start().await;
    assert_eq!(told().await, "READY=1");
    assert_eq!(daemon.admin("/ready").await.status, 200);
    daemon.signal(Signal::TERM);
    assert_eq!(told().await, "STOPPING=1");
    assert_eq!(daemon.ended().await.0, Some(0));
}
