//! Who may see whom, and what is not there.

use super::*;

#[tokio::test]
async fn who_one_is_must_be_said_and_proven() {
    let running = start().await;
    let path = "/api/presence";
    let response = running.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "token_missing");

    let (status, body) = answer(running.request(Method::GET, path).bearer_auth("a.b.c")).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({ "error": {
            "code": "token_invalid",
            "message": "the token is not valid: it is malformed",
        }})
    );
    let socket = running.connect("vsn=2.0.0&user=ada");
    assert_eq!(self::status(socket).await, 401, "a name alone does not count here");
}

#[tokio::test]
async fn a_service_sees_everybody_in_pages_and_a_user_themselves() {
    let running = start().await;
    let _guards = ["cy", "ada", "bob"].map(|user| running.track(user));
    let list = |query: &str, role| {
        let call = running.call(Method::GET, &format!("/api/presence{query}"), "ada", role);
        answer(call)
    };
    let users = |page: &Value| -> Vec<String> {
        page["users"].as_object().unwrap().keys().cloned().collect()
    };

    let (_, all) = list("", Role::Service).await;
    assert_eq!(
        (users(&all), &all["next"]),
        (vec!["ada".into(), "bob".into(), "cy".into()], &Value::Null)
    );
    assert_eq!(all["users"]["ada"]["metas"][0]["session_id"], "tab");

    let (_, first) = list("?limit=2", Role::Admin).await;
    assert_eq!((users(&first), &first["next"]), (vec!["ada".into(), "bob".into()], &json!("bob")));
    let (_, second) = list("?limit=2&after=bob", Role::Admin).await;
    assert_eq!((users(&second), &second["next"]), (vec!["cy".into()], &Value::Null));

    let (_, own) = list("", Role::User).await;
    assert_eq!(users(&own), ["ada"]);

    for wrong in ["?limit=0", "?limit=1001", "?limit=x", "?after=a%20b"] {
        assert_eq!(list(wrong, Role::Admin).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_the_same_form() {
    let running = start().await;
    let (status, body) = answer(running.request(Method::GET, "/api")).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    let (status, body) = answer(running.request(Method::POST, "/api/presence")).await;
    assert_eq!((status, &body["error"]["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(running.ask_admin("/api/presence").await.status(), 404, "not on this listener");
    assert_eq!(self::status(running.request(Method::GET, "/metrics")).await, 404);
}
