//! How Kick is reached, and as whom.

use std::time::Duration;

use secrecy::SecretString;
use stagedoor_budget::BudgetConfig;
use stagedoor_domain::Platform;

use crate::{
    BuildError, OAuthConfig,
    http::{base, below},
    priority::RESERVED,
};

/// What users are asked to agree to (<https://docs.kick.com/scopes/scopes>).
const SCOPES: &[&str] = &[
    "user:read",
    "channel:read",
    "channel:write",
    "channel:rewards:read",
    "chat:write",
    "streamkey:read",
    "events:subscribe",
    "moderation:ban",
    "moderation:chat_message:manage",
    "kicks:read",
];

/// How Kick is reached, and as whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// The app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: SecretString,
    /// Where the API is.
    pub api_url: String,
    /// Where users agree and tokens are fetched.
    pub id_url: String,
    /// Where people watch.
    pub site_url: String,
    /// Calls of the API in a minute, of all users together. Kick tells no limit; one call too many makes all wait for as
    /// long as Kick says.
    pub calls_per_minute: u32,
    /// The public key, in PEM, by which deliveries are known until another one is fetched. Without one it is fetched
    /// with the first delivery.
    pub public_key: Option<String>,
    /// How often the public key is fetched at most, because a signature does not fit: Kick may have another one by
    /// now, or somebody else has made the delivery.
    pub public_key_interval: Duration,
    /// How often a channel is looked at, because a delivery may be late or lost: at random from the first to the
    /// second.
    pub reconcile: (Duration, Duration),
    /// How often it is made sure that all events are subscribed to: Kick ends the subscriptions of a webhook that does
    /// not answer for a day.
    pub resubscribe: Duration,
}

impl Config {
    /// The real Kick.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            api_url: "https://api.kick.com".into(),
            id_url: "https://id.kick.com".into(),
            site_url: "https://kick.com".into(),
            calls_per_minute: 6_000,
            public_key: None,
            public_key_interval: Duration::from_mins(5),
            reconcile: (Duration::from_mins(1), Duration::from_mins(2)),
            resubscribe: Duration::from_mins(15),
        }
    }

    pub(crate) fn oauth(&self) -> Result<OAuthConfig, BuildError> {
        let id = base(&self.id_url)?;
        Ok(OAuthConfig {
            platform: Platform::Kick,
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            authorize_url: below(&id, &["oauth", "authorize"]),
            token_url: below(&id, &["oauth", "token"]),
            revoke_url: Some(below(&id, &["oauth", "revoke"])),
            scopes: SCOPES,
            scope_separator: " ",
            pkce: true,
            authorize_extra: &[],
            revoke_in_query: true,
            long_lived_by: None,
        })
    }

    /// What is allowed: within a second as much as otherwise in two.
    pub(crate) fn budget(&self) -> BudgetConfig {
        let limit = self.calls_per_minute.max(1);
        BudgetConfig {
            limit,
            window: Duration::from_mins(1),
            burst: (limit / 30).max(1),
            reserved: RESERVED,
        }
    }

    /// The intervals, put into the order that is needed.
    pub(crate) fn pace(&self) -> Pace {
        let (shortest, longest) = self.reconcile;
        Pace { shortest, longest: longest.max(shortest), resubscribe: self.resubscribe }
    }
}

/// How often a connection looks at what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
    pub(crate) resubscribe: Duration,
}

impl Pace {
    /// How long until the next look: at random, so that those who connected together do not look together.
    pub(crate) fn next_look(&self) -> Duration {
        let spread = self.longest.saturating_sub(self.shortest);
        self.shortest + spread.mul_f64(random_fraction())
    }

    /// How long until it is made sure again that all events are subscribed to: up to a quarter less than configured.
    pub(crate) fn next_resubscribe(&self) -> Duration {
        self.resubscribe.mul_f64(1.0 - random_fraction() / 4.0)
    }
}

/// From 0 to 1.
fn random_fraction() -> f64 {
    let random = getrandom::u32().expect("the operating system has randomness");
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_spread_between_their_bounds() {
        let config = Config::new("id", "secret".to_owned());
        let looks: Vec<_> = (0..200).map(|_| config.pace().next_look()).collect();
        let (least, most) = (looks.iter().min().unwrap(), looks.iter().max().unwrap());
        assert!(*least >= config.reconcile.0 && *most <= config.reconcile.1);
        assert!(*most - *least > Duration::from_secs(30), "{least:?} to {most:?}");
    }

    #[test]
    fn bounds_in_the_wrong_order_do_no_harm() {
        let reconcile = (Duration::from_secs(9), Duration::from_secs(3));
        let config = Config { reconcile, ..Config::new("id", "secret".to_owned()) };
        assert_eq!(config.pace().next_look(), Duration::from_secs(9));
    }
}
