//! Leases: taken, renewed, refused.

use super::*;

#[tokio::test]
async fn a_lease_is_taken_renewed_changed_and_ended() {
    let running = start().await;
    let ada = UserId::new("ada").unwrap();

    let lease = running.put_lease("ada", "s1", &json!({ "page": "home", "ttl": "1m" }));
    let (status, first) = answer(lease).await;
    assert_eq!(status, 201);
    assert_eq!(
        first,
        json!({
            "user": "ada", "session": "s1", "page": "home", "ttl": "1m",
            "phx_ref": running.tracker.metas(&ada)[0].phx_ref.to_string(),
        })
    );

    let (status, second) = answer(running.put_lease("ada", "s1", &json!({ "page": "home" }))).await;
    assert_eq!((status, &second["ttl"]), (200, &json!("30s")));
    assert_eq!(second["phx_ref"], first["phx_ref"], "a renewal changes nothing for who looks on");

    let (_, third) = answer(running.put_lease("ada", "s1", &json!({ "page": "stream" }))).await;
    assert_ne!(third["phx_ref"], first["phx_ref"]);
    assert_eq!(running.tracker.metas(&ada)[0].page, Page::new("stream").unwrap());
    assert_eq!(running.gateway.lease_count(), 1);

    let path = "/api/presence/ada/sessions/s1";
    for _ in 0..2 {
        let delete = running.call(Method::DELETE, path, "backend", Role::Service);
        assert_eq!(self::status(delete).await, StatusCode::NO_CONTENT);
        assert!(!running.tracker.is_present(&ada));
    }
}

#[tokio::test]
async fn a_user_holds_leases_for_themselves_only() {
    let running = start().await;
    let body = json!({ "page": "home" });
    for (user, role, expected) in [
        ("ada", Role::User, 201),
        ("bob", Role::User, 403),
        ("bob", Role::Service, 200),
        ("bob", Role::Admin, 200),
    ] {
        let path = "/api/presence/ada/sessions/s1";
        let put = running.call(Method::PUT, path, user, role).json(&body);
        assert_eq!(status(put).await, expected, "{user} {role:?}");
    }
    let delete = running.call(Method::DELETE, "/api/presence/ada/sessions/s1", "bob", Role::User);
    assert_eq!(status(delete).await, 403);
    assert!(running.tracker.is_present(&UserId::new("ada").unwrap()));
}

#[tokio::test]
async fn what_is_wrong_with_a_lease_is_told_with_its_place() {
    let running = start().await;
    for (session, body, at, message) in [
        ("s1", json!({}), "body", "missing field `page`"),
        ("s1", json!([1]), "body", "invalid type"),
        ("s1", json!({ "page": "home", "colour": 1 }), "body", "unknown field `colour`"),
        ("s1", json!({ "page": "Home" }), "body", "page has the character 'H' at byte 0"),
        ("s1", json!({ "page": "home", "ttl": 30 }), "body", "invalid type"),
        ("s1", json!({ "page": "home", "ttl": "soon" }), "body", "invalid value"),
        ("s1", json!({ "page": "home", "ttl": "999ms" }), "body", "from \"1s\" to"),
        ("s1", json!({ "page": "home", "ttl": "61m" }), "body", "from \"1s\" to"),
        ("a%20b", json!({ "page": "home" }), "path", "session id has the character ' '"),
        (&"x".repeat(129), json!({ "page": "home" }), "path", "session id has 129 bytes"),
    ] {
        let (status, answer) = answer(running.put_lease("ada", session, &body)).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"], &error["at"]), (400, &json!("invalid"), &json!(at)));
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
    let huge = json!({ "page": "x".repeat(5000) });
    let (status, answer) = answer(running.put_lease("ada", "s1", &huge)).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!("body_too_large")));
    assert_eq!(running.tracker.total_sessions(), 0);
}

#[tokio::test]
async fn the_trackers_limits_are_told_as_what_they_are() {
    let running = start().await;
    let body = json!({ "page": "home" });
    for session in ["s1", "s2"] {
        assert_eq!(status(running.put_lease("ada", session, &body)).await, 201);
    }
    let (status, error) = answer(running.put_lease("ada", "s3", &body)).await;
    assert_eq!((status, &error["error"]["code"]), (429, &json!("too_many_sessions")));

    let _others = [running.track("bob"), running.track("cy")];
    let response = running.put_lease("dan", "s1", &body).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"]["code"], "too_many_users");
}
