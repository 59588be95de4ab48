//! What a running daemon can take over from a configuration read anew.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{App, Config, show};

/// The difference between the configuration that runs and one read anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// `presence.cleanup_timeout`, if it changed.
    pub cleanup_timeout: Option<Duration>,
    /// `log.level`, if it changed.
    pub log_level: Option<String>,
    /// Keys that changed and need a restart.
    pub need_restart: Vec<String>,
}

impl Changes {
    /// What is different in `new`.
    #[must_use]
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut changes = Self::default();
        let old_leaves = show::leaves(old);
        for (key, value) in show::leaves(new) {
            if old_leaves.get(&key) == Some(&value) && !secret_changed(&key, old, new) {
                continue;
            }
            match key.as_str() {
                "presence.cleanup_timeout" => {
                    changes.cleanup_timeout = Some(new.presence.cleanup_timeout);
                }
                "log.level" => changes.log_level = Some(new.log.level.clone()),
                _ => changes.need_restart.push(key),
            }
        }
        changes
    }

    /// Takes over into `running` what can change without a restart.
    pub fn apply_to(&self, running: &mut Config) {
        if let Some(timeout) = self.cleanup_timeout {
            running.presence.cleanup_timeout = timeout;
        }
        if let Some(level) = &self.log_level {
            running.log.level.clone_from(level);
        }
    }
}

/// Secrets are shown redacted, so that two of them look alike.
fn secret_changed(key: &str, old: &Config, new: &Config) -> bool {
    if let Some(at) = old.platforms.apps().iter().position(|app| app.keys.client_secret == key) {
        let (old, new) = (old.platforms.apps()[at], new.platforms.apps()[at]);
        let word = |app: App<'_>| app.client_secret.map(|secret| secret.expose_secret().to_owned());
        return word(old) != word(new);
    }
    let (old, new) = match key {
        "auth.secret" => (&old.auth.secret, &new.auth.secret),
        "inspect.token" => (&old.inspect.token, &new.inspect.token),
        "store.url" => (&old.store.url, &new.store.url),
        "store.keyring" => (&old.store.keyring, &new.store.keyring),
        "cloudflare.api_token" => (&old.cloudflare.api_token, &new.cloudflare.api_token),
        "cloudflare.webhook_secret" => {
            (&old.cloudflare.webhook_secret, &new.cloudflare.webhook_secret)
        }
        _ => return false,
    };
    old.as_ref().map(ExposeSecret::expose_secret) != new.as_ref().map(ExposeSecret::expose_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cleanup_timeout_and_the_level_change_in_flight_and_the_rest_needs_a_restart() {
        let old = Config::development();
        let mut new = old.clone();
        assert_eq!(Changes::between(&old, &new), Changes::default());

        new.presence.cleanup_timeout = Duration::from_secs(30);
        new.log.level = "debug".into();
        new.gateway.connection_limit = 7;
        new.auth.secret = Some("one".into());
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.cleanup_timeout, Some(Duration::from_secs(30)));
        assert_eq!(changes.log_level.as_deref(), Some("debug"));
        assert_eq!(changes.need_restart, ["auth.secret", "gateway.connection_limit"]);

        let mut running = old;
        changes.apply_to(&mut running);
        let still = Changes::between(&running, &new);
        assert_eq!((still.cleanup_timeout, still.log_level), (None, None));
        assert_eq!(still.need_restart, changes.need_restart);
    }

    #[test]
    fn a_secret_that_changes_is_noticed_although_both_are_shown_alike() {
        let mut old = Config::development();
        old.auth.secret = Some("one".into());
        old.platforms.kick.client_secret = Some("one".into());
        let mut new = old.clone();
        new.auth.secret = Some("two".into());
        new.platforms.kick.client_secret = Some("two".into());
        let expected = ["auth.secret", "platforms.kick.client_secret"];
        assert_eq!(Changes::between(&old, &new).need_restart, expected);
    }
}
