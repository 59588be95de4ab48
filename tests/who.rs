//! Who one is, and what one may see.

use serde_json::json;
use stagedoor_gateway::Role;
use stagedoor_testkit::{ChannelClient, ClientError, Ended, Harness};

use crate::support::stagedoord;

fn status(refused: &ClientError) -> u16 {
    match refused {
        ClientError::Refused { status, .. } => *status,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_token_of_the_command_line_opens_the_running_daemon() {
    let daemon = stagedoord().start().await;
    let state = daemon.addresses().inspect_socket.parent().unwrap();
    let mint = stagedoord().arg("token").arg("--user=ada").arg("--state-dir").arg(state);
    let Ended { code, stdout, stderr } = mint.run().await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let connect = || ChannelClient::to(daemon.addresses().public);
    let token = stdout.trim_end();
    for connect in [
        connect().auth_token(token),
        connect().param("token", token),
        connect().header("authorization", &format!("Bearer {token}")),
    ] {
        let mut tab = connect.connect().await.unwrap();
        let state = tab.enter("dashboard:home").await.unwrap();
        assert!(state["ada"]["metas"].is_array(), "{state}");
    }
    let refused = connect().auth_token(&token[..token.len() - 2]).connect().await.unwrap_err();
    assert_eq!(status(&refused), 401);
}

#[tokio::test]
async fn in_development_anybody_here_is_whom_they_say_and_in_production_nobody_is() {
    let development = stagedoord().start().await;
    let tab = ChannelClient::to(development.addresses().public).param("user", "ada");
    tab.connect().await.unwrap().enter("dashboard:home").await.unwrap();

    let production = stagedoord()
        .config("mode = 'production'\nlog.format = 'text'\nauth.secret_file = 'secret'")
        .file("secret", "0123456789abcdef0123456789abcdef\n");
    let production = production.start().await;
    let tab = ChannelClient::to(production.addresses().public);
    let refused = tab.clone().param("user", "ada").connect().await.unwrap_err();
    assert_eq!(status(&refused), 401);
    assert!(!refused.to_string().contains("0123456789abcdef"), "{refused}");
    let refused = tab.auth_token(&production.token("ada", Role::User)).connect().await.unwrap_err();
    assert_eq!(status(&refused), 401, "a token of another secret");
    assert!(!production.log().iter().any(|line| line.contains("0123456789abcdef")));
}

#[tokio::test]
async fn an_admin_sees_everybody_come_and_go_and_nobody_else_does() {
    let daemon = Harness::start().await;
    let ada = daemon.open_dashboard("ada", "home").await;
    daemon.put_lease("bob", "laptop", "stream", "1h").await;

    let mut admin = daemon.connect("root", Role::Admin).connect().await.unwrap();
    let state = admin.enter("users_presence").await.unwrap();
    assert_eq!(state["ada"]["metas"][0]["page"], "home", "{state}");
    assert_eq!(state["bob"]["metas"][0]["page"], "stream", "{state}");
    ada.close().await.unwrap();
    let diff = admin.expect("presence_diff").await.unwrap().payload;
    assert!(diff["leaves"]["ada"].is_object() && diff["joins"] == json!({}), "{diff}");

    for role in [Role::User, Role::Service] {
        let mut other = daemon.connect("eve", role).connect().await.unwrap();
        let refused = other.join("users_presence").await.unwrap();
        assert_eq!(refused.reason(), Some("unauthorized"), "{role:?}");
    }
    let mut eve = daemon.open_dashboard("eve", "home").await;
    daemon.put_lease("bob", "phone", "home", "1h").await;
    admin.expect_that("bob's", |frame| frame.payload["joins"]["bob"].is_object()).await.unwrap();
    eve.heartbeat().await.unwrap();
    let told = eve.drain(std::time::Duration::ZERO).await.unwrap();
    assert!(told.iter().all(|frame| !frame.payload.to_string().contains("bob")), "{told:?}");
}
