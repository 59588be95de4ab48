//! How tests reach a daemon, wherever it runs: by its sockets, its HTTP API and its inspector.

use std::{path::Path, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::json;
use stagedoor_domain::{Platform, UserId};
use stagedoor_fakes::cloudflare::WebhookTarget;
use stagedoor_gateway::{Authenticator, Role};
use stagedoor_inspect::{Action, Endpoint, InspectClient, PlatformView, PlatformsOverview};
use stagedoor_supervision::ChildInfo;
use stagedoord::Addresses;
use tempfile::TempDir;

use crate::{
    Answer, Api, ChannelClient, Connect, PATIENCE, WEBHOOK_SECRET, api::answer, wait_until,
};

/// How long a token of a test is good.
const TOKEN_TTL: Duration = Duration::from_mins(5);

/// How often a browser is sent elsewhere at most.
const MAX_REDIRECTS: usize = 5;

/// Where a daemon is, and what opens its doors.
#[derive(Debug)]
pub struct Reach {
    addresses: Addresses,
    authenticator: Authenticator,
    http: Client,
    /// The daemon's own; it goes when nobody reaches for the daemon any more.
    dir: TempDir,
}

#[expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]
impl Reach {
    pub(crate) fn new(addresses: Addresses, authenticator: Authenticator, dir: TempDir) -> Self {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build();
        Self { addresses, authenticator, http: http.expect("the client needs nothing"), dir }
    }

    /// The directory that is the daemon's own: of an in-process one its state, of a process what it is started in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn into_dir(self) -> TempDir {
        self.dir
    }

    /// Where the daemon listens.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// A token for `user`.
    #[must_use]
    pub fn token(&self, user: &str, role: Role) -> String {
        let user = UserId::new(user).expect("the test names a valid user");
        self.authenticator.mint(&user, role, TOKEN_TTL).expect("a shared secret signs")
    }

    /// Begins a connection of `user`, as a dashboard does.
    #[must_use]
    pub fn connect(&self, user: &str, role: Role) -> Connect {
        ChannelClient::to(self.addresses.public).auth_token(&self.token(user, role))
    }

    /// Opens a page of the dashboard in a tab of its own: a connection that has joined `dashboard:<page>`.
    pub async fn open_dashboard(&self, user: &str, page: &str) -> ChannelClient {
        let tab = self.connect(user, Role::User).connect().await;
        let mut tab = tab.expect("the daemon takes the connection");
        tab.enter(&format!("dashboard:{page}")).await.expect("the daemon takes the session");
        tab
    }

    /// What the API has of `user`, asked as a trusted service asks.
    #[must_use]
    pub fn user(&self, user: &str) -> Api {
        let base = format!("http://{}/api/v1/users/{user}", self.addresses.public);
        Api::new(self.http.clone(), self.token("backend", Role::Service), base)
    }

    /// Where the daemon hears from the Cloudflare that it was given.
    #[must_use]
    pub fn webhook(&self) -> WebhookTarget {
        WebhookTarget {
            url: format!("http://{}/webhooks/cloudflare", self.addresses.public),
            secret: WEBHOOK_SECRET.into(),
        }
    }

    /// Where Kick's webhooks go.
    #[must_use]
    pub fn kick_webhook(&self) -> String {
        format!("http://{}/webhooks/kick", self.addresses.public)
    }

    /// Connects an account of `user` as a browser does: by the page that asks whether to go on, to the platform, whose
    /// page agrees by itself, and back. What the last page says.
    pub async fn connect_by_page(&self, user: &str, platform: &Platform) -> Answer {
        let token = self.token(user, Role::User);
        let mut url = format!("http://{}/connect/{platform}?token={token}", self.addresses.public);
        let browser = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE);
        let browser = browser.build().expect("the client needs nothing");
        let mut cookie = None;
        for _ in 0..MAX_REDIRECTS {
            let mut request = browser.get(&url);
            if let Some(cookie) = &cookie {
                request = request.header(COOKIE, cookie);
            }
            let response = request.send().await.expect("the page is there");
            if let Some(set) = response.headers().get(SET_COOKIE) {
                let set = set.to_str().expect("cookies are text");
                cookie = set.split(';').next().map(ToOwned::to_owned);
            }
            let location = response
                .headers()
                .get(LOCATION)
                .map(|location| location.to_str().expect("addresses are text").to_owned());
            let status = response.status().as_u16();
            let page = response.text().await.expect("the page is text");
            match location.or_else(|| onward(&page)) {
                Some(location) => url = location,
                None => return Answer { status, body: page.into() },
            }
        }
        panic!("the browser is sent around in circles; at last to {url}");
    }

    /// How the user's accounts are connected.
    pub async fn platforms(&self, user: &str) -> PlatformsOverview {
        let user = UserId::new(user).expect("the test names a valid user");
        let platforms = self.ask(async |client| client.platforms(&user).await).await;
        platforms.expect("the inspector answers")
    }

    /// Waits until the connection of the user's account stands so: `connected`, `standby`, `needs_reauth`.
    pub async fn link_becomes(&self, user: &str, platform: &Platform, state: &str) -> PlatformView {
        let of = |overview: &PlatformsOverview| {
            let view = overview.platforms.iter().find(|view| view.platform == *platform);
            view.filter(|view| view.link.as_str() == state).cloned()
        };
        let what = format!("{user}'s connection to {platform} is {state}");
        let seen = async || self.platforms(user).await;
        let seen = wait_until(&what, seen, |overview| of(overview).is_some()).await;
        of(&seen).expect("it was seen")
    }

    /// Takes or renews the lease of `session`, as a web backend does.
    pub async fn put_lease(&self, user: &str, session: &str, page: &str, ttl: &str) -> Answer {
        let request = self.api(Method::PUT, &lease(user, session));
        answer(request.json(&json!({ "page": page, "ttl": ttl }))).await
    }

    /// Ends the lease of `session`.
    pub async fn end_lease(&self, user: &str, session: &str) -> Answer {
        answer(self.api(Method::DELETE, &lease(user, session))).await
    }

    /// Who is present, as a web backend sees it.
    pub async fn presence(&self) -> Answer {
        answer(self.api(Method::GET, "/api/presence")).await
    }

    /// Asks the admin listener, which wants no token: `/ready`, `/metrics`.
    pub async fn admin(&self, path: &str) -> Answer {
        answer(self.http.get(format!("http://{}{path}", self.addresses.admin))).await
    }

    /// Asks the inspector through the daemon's Unix socket, over a connection of its own.
    pub async fn ask<T>(&self, question: impl AsyncFnOnce(&InspectClient) -> T) -> T {
        let endpoint = Endpoint::Unix(self.addresses.inspect_socket.clone());
        let client = InspectClient::connect(&endpoint, PATIENCE).await;
        let client = client.expect("the inspector lets its owner in");
        let answer = question(&client).await;
        client.close().await;
        answer
    }

    /// Kills the actor at `path`, as the debug client's `crash` does.
    pub async fn crash(&self, path: &str) {
        let acted = self.ask(async |client| client.act(Action::Crash, path).await).await;
        acted.expect("there is an actor to crash");
    }

    /// The actor at `path` as its supervisor sees it.
    pub async fn child(&self, path: &str) -> Option<ChildInfo> {
        let (parent, id) = path.rsplit_once('/').unwrap_or(("", path));
        let children = self.ask(async |client| client.children(parent).await).await;
        children.ok()?.into_iter().find(|child| child.id == id)
    }

    fn api(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.token("backend", Role::Service);
        let url = format!("http://{}{path}", self.addresses.public);
        self.http.request(method, url).bearer_auth(token)
    }
}

fn lease(user: &str, session: &str) -> String {
    format!("/api/presence/{user}/sessions/{session}")
}

/// Where the link on a page leads, if it has one.
fn onward(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("href=\"")?;
    let (url, _) = rest.split_once('"')?;
    Some(url.replace("&amp;", "&"))
}
