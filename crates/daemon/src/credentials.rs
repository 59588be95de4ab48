//! The keys and secrets that the configuration points at.
//!
//! In development mode a secret is made when none is given, so that `stagedoord token` and a running daemon agree.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use stagedoor_gateway::{AuthConfig as TokenRules, AuthKey, AuthKeyError, Authenticator};
use thiserror::Error;
use tracing::{info, warn};

use crate::{
    config::{Algorithm, App, Config, Mode, read_text},
    state_dir::{self, StateDirError},
};

/// The secret of development mode, in the state directory.
const DEVELOPMENT_SECRET: &str = "dev-secret";
/// A key file has some KiB.
const FILE_LIMIT: u64 = 64 * 1024;

/// Why a key or a secret cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The file of a key or secret cannot be read.
    #[error("{key}: {path} could not be read")]
    Unreadable {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is there and has nothing in it.
    #[error("{key}: {path} is empty")]
    Empty {
        /// The configuration key.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// What was found is not a key.
    #[error("{key} does not work")]
    Key {
        /// The configuration key.
        key: &'static str,
        /// Why.
        #[source]
        source: AuthKeyError,
    },
    /// No key outside development mode, which validation refuses before.
    #[error("no key is configured")]
    Missing,
    /// The development secret could not be made.
    #[error("the development secret could not be made")]
    Make(#[from] StateDirError),
    /// The system has no random bytes.
    #[error("the system gives no random bytes for the development secret")]
    Random(#[source] getrandom::Error),
}

/// What `[auth]` comes to: who takes tokens, and signs them where it can. Makes the development secret if need be.
pub fn authenticator(config: &Config) -> Result<Authenticator, CredentialError> {
    let (key_name, key) = token_key(config)?;
    let rules = TokenRules {
        key,
        audience: config.auth.audience.clone(),
        issuer: config.auth.issuer.clone(),
    };
    Authenticator::new(&rules).map_err(|source| CredentialError::Key { key: key_name, source })
}

/// What `inspect.token` or `inspect.token_file` says.
pub fn inspect_token(config: &Config) -> Result<Option<SecretString>, CredentialError> {
    let inspect = &config.inspect;
    secret("inspect.token_file", inspect.token.as_ref(), inspect.token_file.as_deref())
}

/// What `cloudflare.api_token` or `cloudflare.api_token_file` says.
pub fn cloudflare_token(config: &Config) -> Result<Option<SecretString>, CredentialError> {
    let cloudflare = &config.cloudflare;
    let (token, file) = (cloudflare.api_token.as_ref(), cloudflare.api_token_file.as_deref());
    secret("cloudflare.api_token_file", token, file)
}

/// What `cloudflare.webhook_secret` or `cloudflare.webhook_secret_file` says.
pub fn webhook_secret(config: &Config) -> Result<Option<SecretString>, CredentialError> {
    let cloudflare = &config.cloudflare;
    let (word, file) =
        (cloudflare.webhook_secret.as_ref(), cloudflare.webhook_secret_file.as_deref());
    secret("cloudflare.webhook_secret_file", word, file)
}

/// What `client_secret` or `client_secret_file` of a platform says, if it is configured.
pub(crate) fn client_secret(app: App<'_>) -> Result<Option<SecretString>, CredentialError> {
    if !app.is_configured() {
        return Ok(None);
    }
    secret(app.keys.client_secret_file, app.client_secret, app.client_secret_file)
}

/// What is in the file of Kick's public key, if there is one.
pub(crate) fn kick_public_key(config: &Config) -> Result<Option<String>, CredentialError> {
    let path = config.platforms.kick.public_key_file.as_deref();
    path.map(|path| read("platforms.kick.public_key_file", path)).transpose()
}

/// What was said, or what is in the file.
fn secret(
    key: &'static str,
    said: Option<&SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, CredentialError> {
    match (said, file) {
        (Some(secret), _) => Ok(Some(secret.clone())),
        (None, Some(path)) => read_secret(key, path).map(|secret| Some(secret.into())),
        (None, None) => Ok(None),
    }
}

fn token_key(config: &Config) -> Result<(&'static str, AuthKey), CredentialError> {
    let auth = &config.auth;
    if let Some(secret) = &auth.secret {
        return Ok(("auth.secret", AuthKey::Hs256(secret.clone())));
    }
    if let Some(path) = &auth.secret_file {
        let key = "auth.secret_file";
        return Ok((key, AuthKey::Hs256(read_secret(key, path)?.into())));
    }
    if let Some(path) = &auth.public_key_file {
        let key = "auth.public_key_file";
        let pem = read(key, path)?;
        return match auth.algorithm {
            Some(Algorithm::RS256) => Ok((key, AuthKey::Rs256(pem))),
            Some(Algorithm::ES256) => Ok((key, AuthKey::Es256(pem))),
            Some(Algorithm::HS256) | None => Err(CredentialError::Missing),
        };
    }
    match config.mode {
        Mode::Development => {
            let secret = development_secret(&config.state_dir)?;
            Ok(("the development secret", AuthKey::Hs256(secret.into())))
        }
        Mode::Production => Err(CredentialError::Missing),
    }
}

/// The development secret, made at first use.
fn development_secret(directory: &Path) -> Result<String, CredentialError> {
    let path = directory.join(DEVELOPMENT_SECRET);
    if !path.exists() {
        let word = || getrandom::u64().map_err(CredentialError::Random);
        let secret = format!("{:016x}{:016x}{:016x}{:016x}", word()?, word()?, word()?, word()?);
        state_dir::create(directory)?;
        if state_dir::create_file(&path, &secret)? {
            info!(path = %path.display(), "made a secret for tokens of development mode");
        }
    }
    read_secret("the development secret", &path)
}

fn read_secret(key: &'static str, path: &Path) -> Result<String, CredentialError> {
    let text = read(key, path)?;
    warn_if_others_can_read(key, path);
    // Editors and `echo` end a file with a newline, which nobody means to be part of the secret.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read(key: &'static str, path: &Path) -> Result<String, CredentialError> {
    let unreadable = |source| CredentialError::Unreadable { key, path: path.to_owned(), source };
    let text = read_text(path, FILE_LIMIT).map_err(unreadable)?;
    if text.trim().is_empty() {
        return Err(CredentialError::Empty { key, path: path.to_owned() });
    }
    Ok(text)
}

fn warn_if_others_can_read(key: &str, path: &Path) {
    let is_open = |permissions: Permissions| permissions.mode() & 0o004 != 0;
    if path.metadata().is_ok_and(|metadata| is_open(metadata.permissions())) {
        warn!(key, path = %path.display(), "everybody on this machine can read a secret; chmod o-r would end that");
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use stagedoor_gateway::{MIN_SECRET_BYTES, Role};

    use super::*;

    fn development_in(dir: &Path) -> Config {
        Config { state_dir: dir.join("var"), ..Config::development() }
    }

    fn token(config: &Config) -> String {
        let user = "ada".parse().unwrap();
        authenticator(config).unwrap().mint(&user, Role::Admin, Duration::from_mins(1)).unwrap()
    }

    #[test]
    fn a_development_daemon_takes_the_tokens_that_another_process_signed() {
        let dir = tempfile::tempdir().unwrap();
        let config = development_in(dir.path());
        let token = token(&config);
        let identity = authenticator(&config).unwrap().verify(&token).unwrap();
        assert_eq!((identity.user.as_str(), identity.role), ("ada", Role::Admin));

        let stranger = tempfile::tempdir().unwrap();
        assert!(authenticator(&development_in(stranger.path())).unwrap().verify(&token).is_err());
    }

    #[test]
    fn the_development_secret_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let config = development_in(dir.path());
        authenticator(&config).unwrap();
        let metadata = fs::metadata(config.state_dir.join(DEVELOPMENT_SECRET)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert!(metadata.len() >= MIN_SECRET_BYTES as u64);
    }

    #[test]
    fn a_secret_file_may_end_with_a_newline() {
        let dir = tempfile::tempdir().unwrap();
        let secret = "0123456789abcdef0123456789abcdef";
        let mut by_file = development_in(dir.path());
        let path = dir.path().join("secret");
        fs::write(&path, format!("{secret}\n")).unwrap();
        by_file.auth.secret_file = Some(path);
        let mut by_value = development_in(dir.path());
        by_value.auth.secret = Some(secret.into());
        authenticator(&by_value).unwrap().verify(&token(&by_file)).unwrap();
    }

    #[test]
    fn a_file_that_does_not_work_is_named_with_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let mut config = development_in(dir.path());
        config.auth.secret_file = Some(path.clone());
        let complaint = |config: &Config| authenticator(config).unwrap_err().to_string();

        assert_eq!(
            complaint(&config),
            format!("auth.secret_file: {} could not be read", path.display())
        );
        fs::write(&path, "\n").unwrap();
        assert_eq!(complaint(&config), format!("auth.secret_file: {} is empty", path.display()));
        fs::write(&path, "short").unwrap();
        assert_eq!(complaint(&config), "auth.secret_file does not work");

        config.auth.secret_file = None;
        config.auth.public_key_file = Some(path);
        config.auth.algorithm = Some(Algorithm::ES256);
        assert_eq!(complaint(&config), "auth.public_key_file does not work");
    }

    #[test]
    fn a_platforms_secret_comes_from_its_file_which_is_not_empty() {
        use secrecy::ExposeSecret;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "the app's secret\n").unwrap();
        let mut config = development_in(dir.path());
        config.platforms.kick.client_secret_file = Some(path.clone());
        let kick = |config: &Config| client_secret(config.platforms.apps()[2]);
        assert!(kick(&config).unwrap().is_none(), "there is no app whose secret it would be");
        config.platforms.kick.client_id = Some("the app".into());
        assert_eq!(kick(&config).unwrap().unwrap().expose_secret(), "the app's secret");
        fs::write(&path, " \n").unwrap();
        let complaint = kick(&config).unwrap_err().to_string();
        let expected = format!("platforms.kick.client_secret_file: {} is empty", path.display());
        assert_eq!(complaint, expected);
    }

    #[test]
    fn the_inspectors_token_comes_from_its_file() {
        use secrecy::ExposeSecret;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "sixteen-bytes-ok\n").unwrap();
        let mut config = development_in(dir.path());
        assert!(inspect_token(&config).unwrap().is_none());
        config.inspect.token_file = Some(path);
        assert_eq!(inspect_token(&config).unwrap().unwrap().expose_secret(), "sixteen-bytes-ok");
    }
}
