//! What tokens are checked with.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// The shortest secret for HS256, in bytes: that of the hash (RFC 7518, section 3.2). A shorter one can be guessed
/// from a single token.
pub const MIN_SECRET_BYTES: usize = 32;

/// The key of tokens, and with it their only algorithm.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthKey {
    /// A secret that whoever signs shares with us.
    Hs256(SecretString),
    /// An RSA public key as PEM.
    Rs256(String),
    /// A P-256 public key as PEM.
    Es256(String),
}

/// Why a key is none.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthKeyError {
    /// The secret can be guessed.
    #[error(
        "the secret has {bytes} bytes; at least {MIN_SECRET_BYTES} are needed, such as `openssl rand -base64 32` prints"
    )]
    ShortSecret {
        /// Its length.
        bytes: usize,
    },
    /// Whoever has a private key can sign, and this server shall only check.
    #[error("this is a private key; give the public one, as `openssl pkey -pubout` prints it")]
    PrivateKey,
    /// The text is not a PEM of the algorithm's kind of key.
    #[error("this is not a PEM with a public key for {algorithm}")]
    Pem {
        /// `RS256` or `ES256`.
        algorithm: &'static str,
        /// What the parser says.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// An RSA key that is too short to be safe (RFC 7518, section 3.3).
    #[error("RS256 needs a key of at least 2048 bits")]
    ShortRsaKey,
    /// A key on another curve than P-256.
    #[error("ES256 needs a key on the curve P-256")]
    Curve,
}

pub(super) struct Keys {
    pub(super) algorithm: Algorithm,
    pub(super) decode: DecodingKey,
    pub(super) encode: Option<EncodingKey>,
}

/// The modulus of 2048 bits.
const MIN_RSA_BYTES: usize = 256;

/// An uncompressed point on P-256: a tag and two coordinates of 32 bytes.
const P256_POINT_BYTES: usize = 65;

impl AuthKey {
    pub(super) fn load(&self) -> Result<Keys, AuthKeyError> {
        match self {
            Self::Hs256(secret) => {
                let secret = secret.expose_secret().as_bytes();
                if secret.len() < MIN_SECRET_BYTES {
                    return Err(AuthKeyError::ShortSecret { bytes: secret.len() });
                }
                Ok(Keys {
                    algorithm: Algorithm::HS256,
                    decode: DecodingKey::from_secret(secret),
                    encode: Some(EncodingKey::from_secret(secret)),
                })
            }
            Self::Rs256(pem) => {
                let decode = load_public(pem, "RS256", DecodingKey::from_rsa_pem)?;
                if length(&decode) < MIN_RSA_BYTES {
                    return Err(AuthKeyError::ShortRsaKey);
                }
                Ok(Keys { algorithm: Algorithm::RS256, decode, encode: None })
            }
            Self::Es256(pem) => {
                let decode = load_public(pem, "ES256", DecodingKey::from_ec_pem)?;
                if length(&decode) != P256_POINT_BYTES {
                    return Err(AuthKeyError::Curve);
                }
                Ok(Keys { algorithm: Algorithm::ES256, decode, encode: None })
            }
        }
    }
}

fn load_public(
    pem: &str,
    algorithm: &'static str,
    parse: fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>,
) -> Result<DecodingKey, AuthKeyError> {
    if pem.contains("PRIVATE KEY-----") {
        return Err(AuthKeyError::PrivateKey);
    }
    parse(pem.as_bytes()).map_err(|source| AuthKeyError::Pem { algorithm, source })
}

/// The bytes of a key: a point, or a modulus with a little around it.
fn length(key: &DecodingKey) -> usize {
    key.try_get_as_bytes().map_or(0, <[u8]>::len)
}
