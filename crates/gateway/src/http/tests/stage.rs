//! Kick and Facebook on loopback behind a gateway, and a browser that somebody sits at.

use std::{sync::Arc, time::Duration};

use reqwest::{Url, redirect::Policy};
use stagedoor_fakes::{facebook::FakeFacebook, kick::FakeKick};
use stagedoor_platforms::{
    facebook::{self, Facebook},
    http_client,
    kick::{self, Kick},
};

use super::{house::House, *};

/// Channels of Kick and what they are called, and a page of Facebook.
pub(super) const ADA: u64 = 4_809_577;
pub(super) const BOB: u64 = 4_809_578;
pub(super) const PAGE: &str = "108824017345866";

pub(super) struct Stage {
    pub(super) running: Running,
    pub(super) kick: FakeKick,
    pub(super) facebook: FakeFacebook,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(GatewayConfig::default()).await
    }

    pub(super) async fn with(config: GatewayConfig) -> Self {
        let again_after = Duration::from_millis(20);
        let fake = kick_fake(again_after).await;
        let pages = FakeFacebook::start(stagedoor_fakes::facebook::FakeConfig::default());
        let pages = pages.await.unwrap();
        pages.add_channel(PAGE, "Ada's page");
        let http = http_client().unwrap();
        let (id, secret) = (&fake.config().client_id, &fake.config().client_secret);
        let of_kick = kick::Config {
            api_url: fake.api_url(),
            id_url: fake.id_url(),
            ..kick::Config::new(id.clone(), secret.clone())
        };
        let kick = Arc::new(Kick::new(of_kick, http.clone()).unwrap());
        let (id, secret) = (&pages.config().client_id, &pages.config().client_secret);
        let of_facebook = facebook::Config {
            graph_url: pages.graph_url(),
            dialog_url: pages.dialog_url(),
            ..facebook::Config::new(id.clone(), secret.clone().into())
        };
        let facebook = Facebook::new(of_facebook, http).unwrap();
        let house = House::with_platforms(kick, [Arc::new(facebook) as _]).await;
        let running = start_in(house, config).await;
        fake.set_webhook(Some(format!("http://{}/webhooks/kick", running.public)));
        Self { running, kick: fake, facebook: pages }
    }

    /// Ada's tree, with her account on Kick connected, and its connection made.
    pub(super) async fn connected() -> Self {
        let stage = Self::new().await;
        stage.running.house.start_tree("ada").await;
        stage.connect_kick().await;
        stage.link_is("kick", "connected").await;
        stage
    }

    /// By a backend, which has the tokens already.
    pub(super) async fn connect_kick(&self) {
        let tokens = self.kick.grant(ADA);
        let body = json!({
            "external_id": ADA.to_string(), "name": "ada",
            "access_token": tokens.access, "refresh_token": tokens.refresh,
        });
        let path = "/api/v1/users/ada/accounts/kick";
        let (status, account) = answer(self.running.ask(Method::PUT, path).json(&body)).await;
        assert_eq!(status, 201, "{account}");
    }

    pub(super) async fn connect_facebook(&self) {
        let body = json!({
            "external_id": PAGE, "name": "Ada's page", "access_token": self.facebook.grant(PAGE).access,
        });
        let path = "/api/v1/users/ada/accounts/facebook";
        let (status, account) = answer(self.running.ask(Method::PUT, path).json(&body)).await;
        assert_eq!(status, 201, "{account}");
    }

    pub(super) async fn accounts(&self, user: &str) -> Value {
        let path = format!("/api/v1/users/{user}/accounts");
        answer(self.running.ask(Method::GET, &path)).await.1["accounts"].clone()
    }

    /// Waits until Ada's connection to this platform stands so.
    pub(super) async fn link_is(&self, platform: &str, state: &str) {
        wait_until_async(&format!("{platform} is {state}"), async || {
            let accounts = self.accounts("ada").await;
            let mut accounts = accounts.as_array().unwrap().iter();
            accounts.any(|it| it["platform"] == *platform && it["link"]["state"] == *state)
        })
        .await;
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/v1/users/ada/{path}");
        answer(self.running.ask(Method::POST, &path).json(&body)).await
    }

    pub(super) fn browser(&self) -> Browser {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let base = format!("http://{}", self.running.public);
        Browser { client, base, cookie: None }
    }
}

async fn kick_fake(again_after: Duration) -> FakeKick {
    let config = stagedoor_fakes::kick::FakeConfig {
        again_after,
        ..stagedoor_fakes::kick::FakeConfig::default()
    };
    let fake = FakeKick::start(config).await.unwrap();
    fake.add_channel(ADA, "ada");
    fake.add_channel(BOB, "bob");
    fake
}

/// What a browser does: it follows redirects when it is told to, and keeps its cookie.
pub(super) struct Browser {
    client: Client,
    base: String,
    pub(super) cookie: Option<String>,
}

/// What a browser is shown.
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) html: String,
}

impl Shown {
    pub(super) fn location(&self) -> Url {
        self.headers[header::LOCATION].to_str().unwrap().parse().unwrap()
    }

    /// Where the link on the page leads.
    pub(super) fn onward(&self) -> Url {
        let (_, rest) = self.html.split_once("href=\"").expect("there is a link");
        let (url, _) = rest.split_once('"').expect("it ends");
        url.replace("&amp;", "&").parse().unwrap()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let url = if self.status == 200 { self.onward() } else { self.location() };
        url.query_pairs().find(|(its, _)| its == name).map(|(_, value)| value.into_owned())
    }
}

impl Browser {
    pub(super) async fn get(&mut self, url: &str) -> Shown {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let mut request = self.client.get(&url);
        if let Some(cookie) = self.cookie.as_ref().filter(|_| url.starts_with(&self.base)) {
            request = request.header(header::COOKIE, format!("other=1; {cookie}"));
        }
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(cookie.to_owned());
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Shown { status, headers, html: response.text().await.unwrap() }
    }

    /// Begins as this user: the page that asks whether to go on.
    pub(super) async fn begin(&mut self, user: &str, platform: &str) -> Shown {
        let token = token_for(user, Role::User);
        self.get(&format!("/connect/{platform}?token={token}")).await
    }

    /// Begins, agrees or not at the platform, and gives the address of the way back.
    pub(super) async fn way_back(&mut self, user: &str, platform: &str) -> String {
        let begun = self.begin(user, platform).await;
        assert_eq!(begun.status, 200, "{}", begun.html);
        let agreed = self.get(begun.onward().as_str()).await;
        assert_eq!(agreed.status, 302, "{}", agreed.html);
        agreed.location().into()
    }

    /// The whole way.
    pub(super) async fn connect(&mut self, user: &str, platform: &str) -> Shown {
        let way_back = self.way_back(user, platform).await;
        self.get(&way_back).await
    }
}
