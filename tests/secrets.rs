//! Keys and tokens: encrypted where they are kept, re-encrypted when asked, and told to nobody.

use std::fs;

use serde_json::json;
use stagedoor_inspect::TreeQuery;
use stagedoor_store::Keyring;
use stagedoor_testkit::{Ended, ProcessBuilder};

use crate::{
    stage::{PLATFORMS, becomes, cloudflare, donate, live, live_on, start, stop},
    support::stagedoord,
};

const KEYRING: &str = "var/keyring";

/// `stagedoord secrets rotate`, on the state of a daemon that does not run.
async fn rotate(daemon: &ProcessBuilder) -> Ended {
    let state = daemon.dir().join("var");
    stagedoord().arg("secrets").arg("rotate").arg("--state-dir").arg(state).run().await
}

fn stream_keys(fake: &stagedoor_fakes::cloudflare::FakeCloudflare) -> Vec<Box<str>> {
    let outputs = fake.input_of("ada").unwrap().outputs;
    let mut keys: Vec<_> = outputs.into_iter().map(|output| output.stream_key).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn secrets_are_rotated_to_a_new_key_and_the_old_one_can_go() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;
    let keys = stream_keys(&fake);

    let running = stagedoord().arg("secrets").arg("rotate").arg("--state-dir");
    let Ended { code, stderr, .. } = running.arg(daemon.dir().join("var")).run().await;
    assert_eq!(code, Some(69), "not while a daemon runs: {stderr}");

    let daemon = daemon.stop().await;
    let keyring = daemon.dir().join(KEYRING);
    let (old, new) = (fs::read_to_string(&keyring).unwrap(), Keyring::new_key("new").unwrap());
    fs::write(&keyring, format!("{new}\n{old}")).unwrap();
    let Ended { code, stdout, stderr } = rotate(&daemon).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let count = stdout.split_whitespace().next().and_then(|count| count.parse::<u64>().ok());
    assert!(count.is_some_and(|count| count > PLATFORMS.len() as u64), "and an input's: {stdout}");
    fs::write(&keyring, new).unwrap();

    let daemon = daemon.start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = daemon.open_dashboard("ada", "stream").await;
    becomes(&daemon, "ada", "ready").await;
    start(&daemon, "ada").await;
    live_on(&daemon, "ada", &PLATFORMS).await;
    assert_eq!(stream_keys(&fake), keys);
    assert_eq!(fake.outputs_created(), PLATFORMS.len(), "they are still known for the same keys");
}

#[tokio::test]
async fn a_keyring_that_does_not_open_the_secrets_is_refused_at_the_start() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).start().await;
    let destination =
        json!({ "platform": "twitch", "url": "rtmps://twitch.example/app", "stream_key": "k" });
    assert_eq!(daemon.user("ada").put("/destinations/twitch", &destination).await.status, 201);
    let daemon = daemon.stop().await;
    let wrong = Keyring::new_key("wrong").unwrap();
    fs::write(daemon.dir().join(KEYRING), &wrong).unwrap();
    let Ended { code, stderr, .. } = daemon.run().await;
    assert_eq!(code, Some(69), "{stderr}");
    assert!(stderr.contains("which the keyring does not have"), "{stderr}");
    let key = wrong.split(':').nth(1).unwrap().trim();
    assert!(!stderr.contains(key), "{stderr}");
}

#[tokio::test]
async fn no_key_and_no_token_is_told_by_logs_actors_metrics_or_the_database() {
    let fake = cloudflare().await;
    let daemon = stagedoord().cloudflare(&fake).config("log.level = 'trace'").start().await;
    fake.set_webhook(Some(daemon.webhook()));
    let _tab = live(&daemon, &fake, "ada", &PLATFORMS).await;
    let ada = daemon.user("ada");
    donate(&daemon, "ada", "tip-1").await;
    let revealed = ada.get("/live_input?reveal=true").await;
    let mut secrets = vec![fake.config().token.clone(), daemon.webhook().secret];
    secrets.push(revealed.body["stream_key"].as_str().expect("it was asked for").to_owned());
    secrets.extend(PLATFORMS.map(|name| format!("key-of-ada-at-{name}")));
    let widget = ada.post("/widgets/alert_box/token", &json!({})).await;
    secrets.push(widget.body["token"].as_str().expect("it is told once").to_owned());
    let account = json!({ "access_token": "access-of-ada", "refresh_token": "refresh-of-ada",
        "external_id": "4711", "name": "ada" });
    assert_eq!(ada.put("/accounts/twitch", &account).await.status, 201);
    secrets.extend(["access-of-ada".into(), "refresh-of-ada".into()]);
    stop(&daemon, "ada").await;
    becomes(&daemon, "ada", "ready").await;

    let tells = |what: &str, text: &str| {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{what} tells {secret}: {text}");
        }
    };
    let shown = daemon.ask(async |client| {
        let tree = client.tree(TreeQuery::default(), 100).await.unwrap();
        let mut shown = Vec::new();
        for row in tree.rows {
            if let Ok(snapshot) = client.snapshot(&row.path).await {
                shown.push((row.path, serde_json::to_string(&snapshot.state).unwrap()));
            }
        }
        shown
    });
    let shown = shown.await;
    for part in ["users/ada/cloudflare", "users/ada/stream_state", "services/store"] {
        assert!(shown.iter().any(|(path, _)| path == part), "{part} was looked at: {shown:?}");
    }
    for (path, snapshot) in &shown {
        tells(path, snapshot);
    }
    for path in ["/stream", "/destinations", "/live_input", "/accounts", "/events?raw=true"] {
        tells(path, &ada.get(path).await.body.to_string());
    }
    tells("/metrics", &daemon.admin("/metrics").await.body.to_string());
    tells("the log", &daemon.log().join("\n"));
    let stopped = daemon.stop().await;
    for file in fs::read_dir(stopped.dir().join("var")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let content = fs::read(&path).unwrap();
            tells(&path.display().to_string(), &String::from_utf8_lossy(&content));
        }
    }
}
