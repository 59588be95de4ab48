//! The public and admin routes over real connections on loopback.

mod accounts;
mod admin;
mod alerts;
mod commands;
mod connect;
mod destinations;
mod documented;
mod events;
mod guide;
mod house;
mod kick;
mod leases;
mod lifecycle;
mod openapi;
mod platforms;
mod presence;
mod socket;
mod stage;
mod stream;
mod webhooks;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use stagedoor_domain::{Page, SessionId, UserId};
use stagedoor_presence::{SessionGuard, Tracker, TrackerLimits};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

use self::house::House;
use crate::{
    Gateway, GatewayConfig, Metrics, Readiness, Role, WebUrl,
    auth::tests::{authenticator, token_for},
};

/// A gateway on ports of its own.
struct Running {
    gateway: Gateway,
    tracker: Tracker,
    readiness: Readiness,
    public: SocketAddr,
    admin: SocketAddr,
    client: Client,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
    house: House,
}

const LIMITS: TrackerLimits = TrackerLimits { sessions_per_user: 2, users: 3 };

async fn start() -> Running {
    start_with(GatewayConfig::default()).await
}

async fn start_with(config: GatewayConfig) -> Running {
    start_in(House::open().await, config).await
}

async fn start_in(house: House, mut config: GatewayConfig) -> Running {
    let public = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let admin = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    config.public_url = WebUrl::new(&format!("http://{}", public.local_addr().unwrap())).unwrap();
    let tracker = Tracker::new(LIMITS);
    let readiness = Readiness::new();
    let metrics = Metrics::new();
    let backstage = house.backstage();
    let (auth, ready) = (authenticator(), readiness.clone());
    let gateway = Gateway::new(&config, tracker.clone(), auth, ready, metrics, backstage).unwrap();
    let shutdown = CancellationToken::new();
    let addresses = (public.local_addr().unwrap(), admin.local_addr().unwrap());
    let (running, ending) = (gateway.clone(), shutdown.clone());
    let task = tokio::spawn(async move { running.run(public, admin, ending).await });
    let client = Client::builder().no_proxy().build().unwrap();
    let (public, admin) = addresses;
    Running { gateway, tracker, readiness, public, admin, client, shutdown, task, house }
}

impl Running {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.public))
    }

    /// As `user` with `role`.
    fn call(&self, method: Method, path: &str, user: &str, role: Role) -> RequestBuilder {
        self.request(method, path).bearer_auth(token_for(user, role))
    }

    fn put_lease(&self, user: &str, session: &str, body: &Value) -> RequestBuilder {
        let path = format!("/api/presence/{user}/sessions/{session}");
        self.call(Method::PUT, &path, "backend", Role::Service).json(body)
    }

    /// As a service.
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.call(method, path, "backend", Role::Service)
    }

    /// A browser's handshake, with a token.
    fn connect(&self, query: &str) -> RequestBuilder {
        self.request(Method::GET, &format!("/socket/websocket?{query}"))
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
    }

    fn connect_as_ada(&self) -> RequestBuilder {
        self.connect(&format!("vsn=2.0.0&token={}", token_for("ada", Role::User)))
    }

    async fn ask_admin(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap()
    }

    fn track(&self, user: &str) -> SessionGuard {
        let (session, page) = (SessionId::new("tab").unwrap(), Page::new("home").unwrap());
        self.tracker.track(&UserId::new(user).unwrap(), session, page).unwrap()
    }
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    wait_until_async(what, async || condition()).await;
}

async fn wait_until_async(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let limit = Duration::from_secs(10);
    assert!(tokio::time::timeout(limit, waiting).await.is_ok(), "never: {what}");
}
