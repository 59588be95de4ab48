//! What every platform knows us by.

use std::path::Path;

use secrecy::SecretString;

use crate::config::Invalid;

/// An application that is registered with a platform, as it is configured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App<'a> {
    pub(crate) keys: &'static Keys,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) client_secret: Option<&'a SecretString>,
    pub(crate) client_secret_file: Option<&'a Path>,
}

/// The names of its keys.
#[expect(clippy::struct_field_names, reason = "that is what the keys are called")]
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) client_id: &'static str,
    pub(crate) client_secret: &'static str,
    pub(crate) client_secret_file: &'static str,
}

/// The keys of a platform's section.
macro_rules! keys {
    ($platform:literal) => {
        $crate::config::platforms::app::Keys {
            client_id: concat!("platforms.", $platform, ".client_id"),
            client_secret: concat!("platforms.", $platform, ".client_secret"),
            client_secret_file: concat!("platforms.", $platform, ".client_secret_file"),
        }
    };
}
pub(super) use keys;

/// A platform's [`App`].
macro_rules! app {
    ($config:expr, $platform:literal) => {{
        const KEYS: $crate::config::platforms::app::Keys =
            $crate::config::platforms::app::keys!($platform);
        $crate::config::platforms::app::App {
            keys: &KEYS,
            client_id: $config.client_id.as_deref(),
            client_secret: $config.client_secret.as_ref(),
            client_secret_file: $config.client_secret_file.as_deref(),
        }
    }};
}
pub(super) use app;

impl App<'_> {
    pub(crate) fn is_configured(&self) -> bool {
        self.client_id.is_some()
    }

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        let Keys { client_id, client_secret, client_secret_file } = self.keys;
        if self.client_secret.is_some() && self.client_secret_file.is_some() {
            let problem = format!("cannot stand beside {client_secret}: give one of them");
            return Err(Invalid::new(client_secret_file, problem));
        }
        let Some(id) = self.client_id else { return Ok(()) };
        if id.trim().is_empty() {
            return Err(Invalid::new(client_id, "is empty"));
        }
        if self.client_secret.is_none() && self.client_secret_file.is_none() {
            let problem = format!("needs {client_secret_file} or {client_secret}");
            return Err(Invalid::new(client_id, problem));
        }
        Ok(())
    }
}
