//! The calls.

use std::{fmt, time::Duration};

use reqwest::{Method, Url, header::HeaderValue, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use stagedoor_domain::UserId;

use crate::{
    Budget, BuildError, Error, Lifecycle, LiveInput, LiveInputEntry, Output, Turn,
    live_input::LiveInputs,
    transport::{ALL, Call, ONE, Transport, Unread, describe, read},
};

/// Recordings are deleted after so many days: the fewest that Cloudflare allows.
const KEEP_RECORDINGS_DAYS: u32 = 30;

/// How a client reaches Cloudflare.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the API is.
    pub base_url: String,
    /// Whose live inputs.
    pub account_id: String,
    /// What lets us in: an API token with the permission «Stream: Edit».
    pub token: SecretString,
    /// What the names of our live inputs begin with: two daemons with one account must differ in it.
    pub instance: String,
    /// Whether Cloudflare keeps recordings, for 30 days. Without one, nobody can watch at Cloudflare, and the
    /// lifecycle address says nothing.
    pub record: bool,
    /// The code in the customer's own address, `customer-<code>.cloudflarestream.com`: without it there are no
    /// lifecycles.
    pub customer_code: Option<String>,
    /// Where lifecycles are, if not at the customer's own address.
    pub lifecycle_base_url: Option<String>,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a call may take in all, from when its turn has come.
    pub timeout: Duration,
}

impl ClientConfig {
    /// Cloudflare's own address and what holds for most.
    #[must_use]
    pub fn new(account_id: impl Into<String>, token: SecretString) -> Self {
        Self {
            base_url: "https://api.cloudflare.com/client/v4".into(),
            account_id: account_id.into(),
            token,
            instance: "stagedoor".into(),
            record: true,
            customer_code: None,
            lifecycle_base_url: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
        }
    }
}

/// A client. A clone is the same one, with the same connections and budget.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    /// `…/accounts/<account>/stream/live_inputs`
    inputs: Url,
    lifecycles: Option<Url>,
    instance: Box<str>,
    record: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("inputs", &self.inputs.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn new(config: ClientConfig, budget: Budget) -> Result<Self, BuildError> {
        let inputs = below(
            &base(&config.base_url)?,
            &["accounts", &config.account_id, "stream", "live_inputs"],
        );
        let lifecycles = match (&config.lifecycle_base_url, &config.customer_code) {
            (Some(url), _) => Some(base(url)?),
            (None, Some(code)) => {
                Some(base(&format!("https://customer-{code}.cloudflarestream.com"))?)
            }
            (None, None) => None,
        };
        let bearer = format!("Bearer {}", config.token.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer).map_err(|_| BuildError::Token)?;
        authorization.set_sensitive(true);
        let http = reqwest::Client::builder()
            .connect_timeout(config.connect_timeout)
            .timeout(config.timeout)
            // The token goes to the configured address and nowhere else.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("stagedoor/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(BuildError::Http)?;
        let transport = Transport { http, authorization, budget };
        let instance = config.instance.into();
        Ok(Self { transport, inputs, lifecycles, instance, record: config.record })
    }

    /// The budget of which its calls are taken.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.transport.budget
    }

    /// The name of a user's live input.
    #[must_use]
    pub fn input_name(&self, user: &UserId) -> String {
        format!("{}:{user}", self.instance)
    }

    /// A live input, with its keys.
    pub async fn live_input(&self, uid: &str, turn: impl Into<Turn>) -> Result<LiveInput, Error> {
        self.transport.ask(Call::get(below(&self.inputs, &[uid]), turn)).await
    }

    /// The live inputs that were created for a user: none, one, or more where a creation was repeated; the oldest
    /// first. All of the account's are listed for it.
    pub async fn find_live_inputs(
        &self,
        user: &UserId,
        turn: impl Into<Turn>,
    ) -> Result<Vec<LiveInputEntry>, Error> {
        let call = Call::get(self.inputs.clone(), turn).with_limit(ALL);
        let inputs: LiveInputs = self.transport.ask(call).await?;
        let name = self.input_name(user);
        let mut entries = inputs.into_entries();
        entries.retain(|entry| entry.name() == Some(&name));
        entries.sort_by(|a, b| (a.created, &a.uid).cmp(&(b.created, &b.uid)));
        Ok(entries)
    }

    /// Creates a live input for a user. After [`Error::Unclear`] it may be there:
    /// [`find_live_inputs`](Self::find_live_inputs) tells.
    pub async fn create_live_input(
        &self,
        user: &UserId,
        turn: impl Into<Turn>,
    ) -> Result<LiveInput, Error> {
        let mut body = json!({
            "meta": { "name": self.input_name(user) },
            "defaultCreator": user.as_str(),
            "recording": { "mode": if self.record { "automatic" } else { "off" } },
        });
        if self.record {
            body["deleteRecordingAfterDays"] = KEEP_RECORDINGS_DAYS.into();
        }
        let call = Call::new(Method::POST, self.inputs.clone(), turn).with_body(body);
        self.transport.ask(call).await
    }

    /// The outputs of a live input, also those that others made.
    pub async fn outputs(&self, input: &str, turn: impl Into<Turn>) -> Result<Vec<Output>, Error> {
        self.transport.ask(Call::get(below(&self.inputs, &[input, "outputs"]), turn)).await
    }

    /// Creates an output, enabled. After [`Error::Unclear`] it may be there and sending.
    pub async fn create_output(
        &self,
        input: &str,
        url: &str,
        stream_key: &SecretString,
        turn: impl Into<Turn>,
    ) -> Result<Output, Error> {
        let body = json!({ "url": url, "streamKey": stream_key.expose_secret(), "enabled": true });
        let address = below(&self.inputs, &[input, "outputs"]);
        let call = Call::new(Method::POST, address, turn).with_body(body).hiding(stream_key);
        self.transport.ask(call).await
    }

    /// Lets an output send, or keeps it from sending. Repeating it does no harm.
    pub async fn set_output_enabled(
        &self,
        input: &str,
        output: &str,
        enabled: bool,
        turn: impl Into<Turn>,
    ) -> Result<(), Error> {
        let address = below(&self.inputs, &[input, "outputs", output]);
        let call = Call::new(Method::PUT, address, turn);
        self.transport.tell(call.with_body(json!({ "enabled": enabled }))).await
    }

    /// Deletes an output; what it sends ends within 30 s. Repeating it gives [`Error::NotFound`].
    pub async fn delete_output(
        &self,
        input: &str,
        output: &str,
        turn: impl Into<Turn>,
    ) -> Result<(), Error> {
        let address = below(&self.inputs, &[input, "outputs", output]);
        self.transport.tell(Call::new(Method::DELETE, address, turn)).await
    }

    /// Whether [`lifecycle`](Self::lifecycle) can be asked, and says something: without recordings it does not.
    #[must_use]
    pub fn has_lifecycles(&self) -> bool {
        self.lifecycles.is_some() && self.record
    }

    /// Whether a live input is live: costs nothing of the budget and carries no token.
    ///
    /// # Errors
    /// [`Error::Unavailable`] also where no address is configured.
    pub async fn lifecycle(&self, input: &str) -> Result<Lifecycle, Error> {
        let unavailable = |what: &str| Error::Unavailable { what: what.into() };
        let Some(base) = &self.lifecycles else {
            return Err(unavailable("no customer code is configured"));
        };
        let request = self.transport.http.get(below(base, &[input, "lifecycle"]));
        let mut response = request.send().await.map_err(|error| unavailable(&describe(error)))?;
        let status = response.status().as_u16();
        if status == 404 {
            return Err(Error::NotFound);
        }
        if !response.status().is_success() {
            return Err(unavailable(&format!("HTTP {status}")));
        }
        let body = read(&mut response, ONE).await.map_err(|unread| match unread {
            Unread::TooLong => unavailable("the answer is too long"),
            Unread::Http(error) => unavailable(&describe(error)),
        })?;
        serde_json::from_slice(&body)
            .map_err(|_| unavailable("the answer lacks what it should have"))
    }
}

fn base(text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    });
    url.ok_or_else(|| BuildError::BaseUrl { url: text.into() })
}

/// An address below another one. What the segments contain stays in them.
fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(segments);
    url
}

#[cfg(test)]
mod tests;
