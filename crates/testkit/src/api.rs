//! A client of the HTTP API, as a trusted service is one.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// What the API has of one user.
#[derive(Clone, Debug)]
pub struct Api {
    http: Client,
    token: String,
    base: String,
}

/// An answer of the HTTP API.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null when it is empty, and a string when it is not JSON.
    pub body: Value,
}

impl Answer {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.body["error"]["code"].as_str()
    }
}

/// Paths begin behind `/api/v1/users/{user}`.
impl Api {
    pub(crate) fn new(http: Client, token: String, base: String) -> Self {
        Self { http, token, base }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Acts, with this for a body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Makes it so.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    /// As [`post`](Self::post), of a daemon that may die meanwhile: none when there is no whole answer.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        try_answer(self.request(Method::POST, path).json(body)).await.ok()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    try_answer(request).await.expect("the daemon answers")
}

async fn try_answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    };
    Ok(Answer { status, body })
}
