//! Who one is: a JSON Web Token, or in development just a name.
//!
//! ```text
//! sub-protocol ─┐
//! ?token=…     ─┼─▶ the first one there ─▶ signature, algorithm, exp, nbf ─▶ sub, role ─▶ Identity
//! Authorization ┘
//! ```
//!
//! The algorithm is the configured key's; what a token says of it must match and decides nothing. A token that is
//! there but wrong is refused, not passed over for the next place.

mod credentials;
mod key;

#[cfg(test)]
pub(crate) mod tests;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use http::request::Parts;
use jiff::Timestamp;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, TokenData, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use stagedoor_domain::UserId;
use thiserror::Error;

pub use self::key::{AuthKey, AuthKeyError, MIN_SECRET_BYTES};
use self::{credentials::Credentials, key::Keys};
use crate::{Identity, Role};

/// How far clocks may differ: a token is taken so long after its `exp` and before its `nbf`.
const LEEWAY: Duration = Duration::from_secs(10);

/// The longest token, in bytes. Ours have 200; those of identity providers with many claims 2,000.
const MAX_TOKEN_BYTES: usize = 4096;

/// Which tokens are taken.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// What signs them.
    pub key: AuthKey,
    /// The `aud` that a token must name. Without one, tokens that name any are refused (RFC 7519, section 4.1.3).
    pub audience: Option<String>,
    /// The `iss` that a token must name. Without one, it is not looked at.
    pub issuer: Option<String>,
}

impl AuthConfig {
    /// With `key` and neither audience nor issuer.
    #[must_use]
    pub fn new(key: AuthKey) -> Self {
        Self { key, audience: None, issuer: None }
    }
}

/// Why a connection is not told who it is. The texts go to the client: they say what is wrong with the token, nothing
/// of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There is no token.
    #[error(
        "there is no token: send one as the client's `authToken`, as the parameter `token`, or in the header \
         `Authorization: Bearer`"
    )]
    Missing,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token is not one that counts here.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
}

impl AuthError {
    /// A short name for programs and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Invalid(_) => "token_invalid",
        }
    }
}

/// A login by name alone was asked for where others could use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the development login is for loopback only, and the public listener is on {0}")]
pub struct NotLoopback(pub SocketAddr);

/// Why a token was not minted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MintError {
    /// Only who holds a shared secret can sign.
    #[error(
        "tokens of a public key are minted by whoever holds its private key; this server only checks them"
    )]
    PublicKey,
    /// The time to live leads past the end of time.
    #[error("a time to live of {0:?} is too long")]
    Ttl(Duration),
    /// The signature failed.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Tells who a request comes from. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    decode: DecodingKey,
    encode: Option<EncodingKey>,
    validation: Validation,
    development_login: bool,
}

/// What a token says. That there is a `sub`, and `exp`, `nbf`, `aud` and `iss`, are the validation's.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    role: Option<String>,
}

#[derive(Serialize)]
struct MintedClaims<'a> {
    sub: &'a UserId,
    role: Role,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
}

// === impl Authenticator ===

impl Authenticator {
    /// Takes tokens by `config`.
    ///
    /// # Errors
    ///
    /// When the key is none: a short secret, a PEM of another kind.
    pub fn new(config: &AuthConfig) -> Result<Self, AuthKeyError> {
        let Keys { algorithm, decode, encode } = config.key.load()?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub"]);
        if let Some(audience) = &config.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".into());
        }
        if let Some(issuer) = &config.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".into());
        }
        Ok(Self(Arc::new(Inner { decode, encode, validation, development_login: false })))
    }

    /// Also takes `?user=ada` for a user's word, from requests that name a loopback host: whoever can reach the port
    /// can be anybody, so the listener must be on loopback, and a page of another site whose name points here must not
    /// be taken for one of ours.
    ///
    /// # Errors
    ///
    /// When `listener` is reachable from outside.
    pub fn with_development_login(self, listener: SocketAddr) -> Result<Self, NotLoopback> {
        if !listener.ip().to_canonical().is_loopback() {
            return Err(NotLoopback(listener));
        }
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.development_login = true;
        Ok(Self(Arc::new(inner)))
    }

    /// Who the request's connection is.
    pub fn identify(&self, request: &Parts) -> Result<Identity, AuthError> {
        let credentials = Credentials::of(request)?;
        if let Some(token) = credentials.token {
            return self.verify(&token);
        }
        match credentials.user {
            Some(name) if self.0.development_login && credentials.host_is_loopback => {
                let user = UserId::new(name);
                let user = user.map_err(|_| AuthError::Invalid("`user` is not a user id"))?;
                Ok(Identity { user, role: Role::User })
            }
            _ => Err(AuthError::Missing),
        }
    }

    /// Who the token is for.
    pub fn verify(&self, token: &str) -> Result<Identity, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Invalid("it is too long"));
        }
        let decoded = jsonwebtoken::decode(token, &self.0.decode, &self.0.validation);
        let TokenData::<Claims> { claims, .. } = decoded.map_err(|error| refusal(error.kind()))?;
        let user = UserId::new(claims.sub.unwrap_or_default());
        Ok(Identity {
            user: user.map_err(|_| AuthError::Invalid("`sub` is not a user id"))?,
            role: role(claims.role.as_deref())?,
        })
    }

    /// Signs a token for `user` that is valid for `ttl` from now, in whole seconds.
    pub fn mint(&self, user: &UserId, role: Role, ttl: Duration) -> Result<String, MintError> {
        let key = self.0.encode.as_ref().ok_or(MintError::PublicKey)?;
        let iat = Timestamp::now().as_second();
        let seconds = i64::try_from(ttl.as_secs()).ok();
        let exp = seconds.and_then(|ttl| iat.checked_add(ttl)).ok_or(MintError::Ttl(ttl))?;
        let only = |names: &'_ Option<std::collections::HashSet<String>>| {
            names.as_ref().and_then(|names| names.iter().next()).cloned()
        };
        let (aud, iss) = (only(&self.0.validation.aud), only(&self.0.validation.iss));
        let claims =
            MintedClaims { sub: user, role, iat, exp, aud: aud.as_deref(), iss: iss.as_deref() };
        let header = Header::new(self.0.validation.algorithms[0]);
        jsonwebtoken::encode(&header, &claims, key).map_err(MintError::Sign)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("algorithms", &self.0.validation.algorithms)
            .field("development_login", &self.0.development_login)
            .finish_non_exhaustive()
    }
}

/// A role that we do not know is refused rather than taken for the least one: it was meant to say something.
fn role(claim: Option<&str>) -> Result<Role, AuthError> {
    match claim {
        None | Some("user") => Ok(Role::User),
        Some("service") => Ok(Role::Service),
        Some("admin") => Ok(Role::Admin),
        Some(_) => Err(AuthError::Invalid("`role` is none of user, service, admin")),
    }
}

fn refusal(kind: &ErrorKind) -> AuthError {
    match kind {
        ErrorKind::ExpiredSignature => AuthError::Expired,
        ErrorKind::ImmatureSignature => AuthError::NotYetValid,
        ErrorKind::InvalidSignature => AuthError::Invalid("the signature does not match"),
        ErrorKind::InvalidAlgorithm => {
            AuthError::Invalid("the algorithm is not the configured one")
        }
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            AuthError::Invalid("one of `sub`, `exp` and the configured `aud` and `iss` is missing")
        }
        ErrorKind::InvalidAudience => AuthError::Invalid("`aud` is not the configured audience"),
        ErrorKind::InvalidIssuer => AuthError::Invalid("`iss` is not the configured issuer"),
        _ => AuthError::Invalid("it is malformed"),
    }
}
