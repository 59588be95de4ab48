//! `[cloudflare]`: the account whose live inputs the users stream to.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Invalid, check_range, secret};

const MAX_INSTANCE_BYTES: usize = 32;

/// `[cloudflare]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudflareConfig {
    /// The account's id. Not given: there are no live inputs, and nobody can start a stream.
    pub account_id: Option<String>,
    /// A token with the permission to edit Stream.
    #[serde(with = "secret", default)]
    pub api_token: Option<SecretString>,
    /// A file that holds [`Self::api_token`].
    pub api_token_file: Option<PathBuf>,
    /// What Cloudflare's webhooks say in `cf-webhook-auth`.
    #[serde(with = "secret", default)]
    pub webhook_secret: Option<SecretString>,
    /// A file that holds [`Self::webhook_secret`].
    pub webhook_secret_file: Option<PathBuf>,
    /// The `<CODE>` of `customer-<CODE>.cloudflarestream.com`, where an encoder's state costs nothing of the budget.
    pub customer_code: Option<String>,
    /// What the names of our live inputs begin with. Daemons that share an account must differ in it, or they take each
    /// other's live inputs for their own.
    pub instance: String,
    /// Whether Cloudflare records what is streamed, which it bills, and keeps it for 30 days. The lifecycle of a live
    /// input is known only with it.
    pub record: bool,
    /// Where the API is.
    pub base_url: String,
    /// Where the lifecycle of a live input is asked; not given: made of [`Self::customer_code`].
    pub lifecycle_url: Option<String>,
    /// Calls in 5 minutes, for the account as a whole.
    pub call_limit: usize,
}

impl CloudflareConfig {
    /// Whether there is an account.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.account_id.is_some()
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        for (key, beside, both) in [
            (
                "cloudflare.api_token_file",
                "cloudflare.api_token",
                self.api_token.is_some() && self.api_token_file.is_some(),
            ),
            (
                "cloudflare.webhook_secret_file",
                "cloudflare.webhook_secret",
                self.webhook_secret.is_some() && self.webhook_secret_file.is_some(),
            ),
        ] {
            if both {
                let problem = format!("cannot stand beside {beside}: give one of them");
                return Err(Invalid::new(key, problem));
            }
        }
        let has_token = self.api_token.is_some() || self.api_token_file.is_some();
        if self.is_configured() && !has_token {
            return Err(Invalid::new(
                "cloudflare.account_id",
                "needs cloudflare.api_token_file or cloudflare.api_token",
            ));
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let instance = &self.instance;
        if instance.is_empty()
            || instance.len() > MAX_INSTANCE_BYTES
            || !instance.chars().all(is_word)
        {
            let problem = format!(
                "must be 1 to {MAX_INSTANCE_BYTES} ASCII letters, digits, - and _, got {instance:?}"
            );
            return Err(Invalid::new("cloudflare.instance", problem));
        }
        check_url("cloudflare.base_url", Some(&self.base_url))?;
        check_url("cloudflare.lifecycle_url", self.lifecycle_url.as_deref())?;
        check_range("cloudflare.call_limit", self.call_limit, &(10..=1_000_000))
    }
}

fn check_url(key: &'static str, url: Option<&str>) -> Result<(), Invalid> {
    match url {
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            Err(Invalid::new(key, format!("must begin with https://, got {url:?}")))
        }
        _ => Ok(()),
    }
}
