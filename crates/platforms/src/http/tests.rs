//! Calls over a real socket, to a server that says line by line what it was told to.

use std::sync::Mutex;

use futures_util::future::{self, BoxFuture};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

use super::*;
use crate::{AccountAccess, Priority, TokenError};

/// Answers to one request each; an empty one closes the connection. Afterwards nothing is answered any more.
struct Server {
    url: Url,
    requests: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/api", listener.local_addr().unwrap())).unwrap();
        let answers: Vec<_> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let requests = Arc::default();
        let seen: Arc<Mutex<Vec<String>>> = Arc::clone(&requests);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut answers = answers.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    stream.read_buf(&mut request).await.unwrap();
                }
                seen.lock().unwrap().push(String::from_utf8(request).unwrap());
                let Some(answer) = answers.next() else { return future::pending().await };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests, _task: task }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request);
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() == length.map_or(0, |length| length.parse().unwrap())
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Tokens `token-1`, `token-2`, …: one more with each renewal.
#[derive(Default)]
struct Tokens(Mutex<i64>);

impl Tokens {
    fn held(&self) -> AccessToken {
        let version = *self.0.lock().unwrap();
        AccessToken { secret: format!("token-{version}").into(), version }
    }
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(future::ready(Ok(self.held())))
    }

    fn renew(&self, refused: AccessToken) -> BoxFuture<'_, Result<AccessToken, TokenError>> {
        *self.0.lock().unwrap() = refused.version + 1;
        self.token()
    }
}

/// What became of the permits.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<Mutex<Vec<&'static str>>>);

struct CountedPermit(Counted, Option<&'static str>);

impl Turns for Counted {
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        if claim.cost > 10 {
            let refusal = Error::QuotaExhausted { retry_after: Duration::from_secs(9) };
            return Box::pin(future::ready(Err(refusal)));
        }
        let permit = CountedPermit(self.clone(), Some("cut off"));
        Box::pin(future::ready(Ok(Permit::new(permit))))
    }
}

impl Held for CountedPermit {
    fn answered(mut self: Box<Self>, _: &RateLimits, too_many: bool) {
        self.1 = Some(if too_many { "too many" } else { "answered" });
    }
}

impl Drop for CountedPermit {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().extend(self.1);
    }
}

#[derive(Debug)]
struct Plain;

impl Dialect for Plain {}

struct House {
    server: Server,
    http: Http,
    turns: Counted,
    account: AccountAccess,
}

impl House {
    async fn start(answers: &[&str]) -> Self {
        Self::with_patience(Duration::from_secs(15), answers).await
    }

    async fn with_patience(timeout: Duration, answers: &[&str]) -> Self {
        let turns = Counted::default();
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            server: Server::start(answers).await,
            http: Http::new(client, Arc::new(Plain), Arc::new(turns.clone())),
            turns,
            account: AccountAccess::new("7", Arc::new(Tokens::default())),
        }
    }

    fn read(&self) -> Call<'_> {
        Call::get(self.server.url.clone(), &self.account, Priority::Chat)
    }

    fn write(&self) -> Call<'_> {
        Call::new(Method::POST, self.server.url.clone(), &self.account, Priority::Send)
            .json(json!({ "text": "hello" }))
    }

    fn permits(&self) -> Vec<&'static str> {
        self.turns.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_call_carries_what_it_was_given_and_its_answer_is_read() {
    let house =
        House::start(&[&answer("200 OK", "", r#"{"x":1}"#), &answer("204 No Content", "", "")])
            .await;
    let x: Value = house.http.ask(house.read().query("id", "a b&c")).await.unwrap();
    assert_eq!(x["x"], 1);
    let url = house.server.url.clone();
    let call = Call::new(Method::PATCH, url, Auth::None, Priority::Metadata).form("title", "ä&b");
    house.http.tell(call).await.unwrap();
    let requests = house.server.requests();
    assert!(requests[0].starts_with("GET /api?id=a+b%26c HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("authorization: Bearer token-0\r\n"), "{}", requests[0]);
    assert!(requests[1].ends_with("\r\n\r\ntitle=%C3%A4%26b"), "{}", requests[1]);
    assert!(!requests[1].contains("authorization"), "{}", requests[1]);
    assert_eq!(house.permits(), ["answered", "answered"]);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once_and_the_call_made_once_more() {
    let refusal = answer("401 Unauthorized", "", r#"{"message":"expired"}"#);
    let house = House::start(&[&refusal, &answer("200 OK", "", "{}"), &refusal, &refusal]).await;
    house.http.tell(house.write()).await.unwrap();
    let again = house.http.tell(house.write()).await.unwrap_err();
    assert_eq!(again, Error::Forbidden { reason: "expired".into() }, "a fresh one was not taken");
    let requests = house.server.requests();
    let tokens = ["token-0", "token-1", "token-1", "token-2"];
    assert_eq!(requests.len(), tokens.len());
    for (request, token) in requests.iter().zip(tokens) {
        assert!(request.contains(&format!("Bearer {token}\r\n")), "{request}");
    }
    assert_eq!(house.permits().len(), 4, "each takes its turn");
}

#[tokio::test]
async fn of_a_token_without_a_source_it_is_said_that_it_does_not_hold() {
    let house =
        House::start(&[&answer("401 Unauthorized", "", r#"{"message":"no tok-en"}"#)]).await;
    let token = SecretString::from("tok-en".to_owned());
    let call = Call::get(house.server.url.clone(), Auth::Token(&token), Priority::Stop);
    let error = house.http.tell(call).await.unwrap_err();
    assert_eq!(error, Error::NeedsReauth { reason: "no [REDACTED]".into() });
}

#[tokio::test]
async fn without_a_proper_answer_a_change_is_unclear_and_a_question_unanswered() {
    let long = answer("200 OK", "", &"x".repeat(200));
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    let lost = [
        &*answer("502 Bad Gateway", "", "<html>"),
        &answer("301 Moved", "location: /x\r\n", ""),
        "",
        &long,
        short,
    ];
    for one in lost {
        let house = House::start(&[one, one]).await;
        let write = house.http.tell(house.write().limit(100)).await.unwrap_err();
        assert!(matches!(write, Error::Unclear { .. }), "{one}: {write:?}");
        let read = house.http.tell(house.read().limit(100)).await.unwrap_err();
        assert!(matches!(read, Error::Unavailable { .. }), "{one}: {read:?}");
    }
    let house = House::start(&[&answer("200 OK", "", "<html>")]).await;
    let garbage = house.http.ask::<Value>(house.write()).await.unwrap_err();
    assert!(matches!(garbage, Error::Unclear { .. }), "{garbage:?}");
    assert_eq!(house.permits(), ["answered"]);
    let house = House::with_patience(Duration::from_millis(100), &[]).await;
    let late = house.http.tell(house.write()).await.unwrap_err();
    assert!(matches!(late, Error::Unclear { .. }), "{late:?}");
    assert_eq!(house.permits(), ["cut off"], "it may yet count");
}

#[tokio::test]
async fn what_never_left_was_not_done() {
    let house = House::start(&[]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", closed.local_addr().unwrap())).unwrap();
    drop(closed);
    let call = Call::new(Method::POST, url, &house.account, Priority::Send);
    let error = house.http.tell(call).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let error = house.http.tell(house.write().cost(11)).await.unwrap_err();
    assert!(matches!(error, Error::QuotaExhausted { .. }), "{error:?}");
    assert!(house.server.requests().is_empty());
}

#[tokio::test]
async fn after_too_many_calls_it_is_said_when_to_come_again() {
    let date = "retry-after: Fri, 15 Jan 2100 08:00:30 GMT\r\n";
    let reset = "ratelimit-reset: 7\r\nratelimit-remaining: 0\r\n";
    for (headers, expected) in
        [("retry-after: 42\r\n", Some(42)), (date, Some(24 * 3600)), (reset, Some(7)), ("", None)]
    {
        let house = House::start(&[&answer("429 Too Many Requests", headers, "")]).await;
        let error = house.http.tell(house.write()).await.unwrap_err();
        let retry_after = expected.map(Duration::from_secs);
        assert_eq!(error, Error::RateLimited { retry_after }, "{headers}");
        assert_eq!(house.permits(), ["too many"]);
    }
}

#[tokio::test]
async fn a_platforms_words_are_passed_on_without_secrets_and_not_at_length() {
    let words = format!(r#"{{"message":"with token-0 {}"}}"#, "x".repeat(1000));
    let house = House::start(&[&answer("422 Unprocessable", "", &words)]).await;
    let error = house.http.tell(house.write()).await.unwrap_err();
    let Error::Refused { code, reason } = error else { panic!("{error:?}") };
    assert!(reason.starts_with("with [REDACTED] xx"), "{reason}");
    assert_eq!((&*code, reason.chars().count()), ("422", 300));
}

#[tokio::test]
async fn not_there_and_not_allowed_are_told_apart() {
    let house = House::start(&[
        &answer("404 Not Found", "", ""),
        &answer("403 Forbidden", "", r#"{"error":{"message":"a scope is missing"}}"#),
    ])
    .await;
    assert_eq!(house.http.tell(house.read()).await.unwrap_err(), Error::NotFound);
    let error = house.http.tell(house.read()).await.unwrap_err();
    assert_eq!(error, Error::Forbidden { reason: "a scope is missing".into() });
}
