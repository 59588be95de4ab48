//! `[auth]`: how tokens are proven.

use std::path::PathBuf;

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use stagedoor_gateway::MIN_SECRET_BYTES;

use super::{GatewayConfig, Invalid, Mode, secret, values::optional_choice};

/// `[auth]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The secret that tokens are signed with.
    #[serde(with = "secret", default)]
    pub secret: Option<SecretString>,
    /// A file that holds [`Self::secret`].
    pub secret_file: Option<PathBuf>,
    /// A file with the public key (PEM) whose private half signs tokens.
    pub public_key_file: Option<PathBuf>,
    /// How tokens are signed; not given with a secret: [`Algorithm::HS256`].
    #[serde(deserialize_with = "optional_choice", default)]
    pub algorithm: Option<Algorithm>,
    /// The `aud` that a token must name.
    pub audience: Option<String>,
    /// The `iss` that a token must name.
    pub issuer: Option<String>,
    /// Whether `?user=ada` is a login.
    pub development_login: bool,
}

/// How tokens are signed (RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Algorithm {
    /// HMAC with SHA-256, by a shared secret.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, by a public key.
    RS256,
    /// ECDSA with P-256 and SHA-256, by a public key.
    ES256,
}

impl AuthConfig {
    /// Whether a secret or a key is given.
    #[must_use]
    pub fn says_how(&self) -> bool {
        self.secret.is_some() || self.secret_file.is_some() || self.public_key_file.is_some()
    }

    /// Refuses what nobody could mean, and what would let strangers in.
    pub(super) fn validate(&self, mode: Mode, gateway: &GatewayConfig) -> Result<(), Invalid> {
        self.validate_sources()?;
        self.validate_algorithm()?;
        if mode == Mode::Production {
            self.validate_production()?;
        }
        if self.development_login && !gateway.is_loopback() {
            return Err(Invalid::new(
                "gateway.listen",
                format!(
                    "must be a loopback address while auth.development_login lets everybody in as anybody, got {}: set mode = \"production\", or auth.development_login = false",
                    gateway.listen
                ),
            ));
        }
        Ok(())
    }

    fn validate_sources(&self) -> Result<(), Invalid> {
        let given = [
            ("auth.secret", self.secret.is_some()),
            ("auth.secret_file", self.secret_file.is_some()),
            ("auth.public_key_file", self.public_key_file.is_some()),
        ];
        let mut given = given.iter().filter_map(|(key, is_given)| is_given.then_some(*key));
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            return Err(Invalid::new(
                second,
                format!("cannot stand beside {first}: give one of them"),
            ));
        }
        let bytes =
            self.secret.as_ref().map_or(MIN_SECRET_BYTES, |secret| secret.expose_secret().len());
        if bytes < MIN_SECRET_BYTES {
            return Err(Invalid::new(
                "auth.secret",
                format!("must have at least {MIN_SECRET_BYTES} bytes, got {bytes}"),
            ));
        }
        Ok(())
    }

    fn validate_algorithm(&self) -> Result<(), Invalid> {
        let by_key = self.public_key_file.is_some();
        match self.algorithm {
            Some(Algorithm::HS256) if by_key => Err(Invalid::new(
                "auth.algorithm",
                "must be \"RS256\" or \"ES256\" with auth.public_key_file, got \"HS256\"",
            )),
            None if by_key => Err(Invalid::new(
                "auth.public_key_file",
                "needs auth.algorithm, \"RS256\" or \"ES256\"",
            )),
            Some(Algorithm::RS256 | Algorithm::ES256) if !by_key => Err(Invalid::new(
                "auth.algorithm",
                "needs auth.public_key_file, unless it is \"HS256\"",
            )),
            _ => Ok(()),
        }
    }

    fn validate_production(&self) -> Result<(), Invalid> {
        if self.development_login {
            return Err(Invalid::new(
                "auth.development_login",
                "lets everybody in as anybody and is for development mode only",
            ));
        }
        if !self.says_how() {
            return Err(Invalid::new(
                "mode",
                "is production, which needs a way to prove tokens: give auth.secret_file, auth.secret or auth.public_key_file",
            ));
        }
        Ok(())
    }
}
