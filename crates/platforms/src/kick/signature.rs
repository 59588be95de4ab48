//! Whether a delivery is Kick's: an RSA signature, PKCS#1 v1.5 with SHA-256, over the message's id, its timestamp and
//! the body as it came, joined by dots (<https://docs.kick.com/events/webhook-security>).

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The longest key that is read, in characters. One of 2048 bits has 451.
const MAX_CHARS: usize = 4_096;

/// The key by which Kick's deliveries are known.
pub struct PublicKey {
    key: ParsedPublicKey,
    pem: Box<str>,
}

/// Why a text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAKey {
    /// It is not in PEM, or not a public key.
    #[error("a public key in PEM begins with {BEGIN:?} and ends with {END:?}")]
    Pem,
    /// It is not an RSA key of 2048 to 8192 bits.
    #[error("not an RSA key of 2048 to 8192 bits")]
    Rsa,
}

/// It does not fit: somebody else has made or changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forged;

impl PublicKey {
    /// A key in PEM, as Kick publishes it.
    ///
    /// # Errors
    /// See [`NotAKey`].
    pub fn from_pem(pem: &str) -> Result<Self, NotAKey> {
        let pem = pem.trim();
        let between = |pem: &str| -> Option<String> {
            let base64 = pem.strip_prefix(BEGIN)?.strip_suffix(END)?;
            Some(base64.split_ascii_whitespace().collect())
        };
        let base64 = Some(pem).filter(|pem| pem.len() <= MAX_CHARS).and_then(between);
        let der = STANDARD.decode(base64.ok_or(NotAKey::Pem)?).map_err(|_| NotAKey::Pem)?;
        let key =
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| NotAKey::Rsa)?;
        Ok(Self { key, pem: pem.into() })
    }

    /// Whether this signature, in Base64, is over these.
    pub(crate) fn verify(
        &self,
        message_id: &str,
        timestamp: &str,
        body: &[u8],
        signature: &[u8],
    ) -> Result<(), Forged> {
        let signature = STANDARD.decode(signature).map_err(|_| Forged)?;
        let mut signed = Vec::with_capacity(message_id.len() + timestamp.len() + body.len() + 2);
        for part in [message_id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            signed.extend_from_slice(part);
        }
        self.key.verify_sig(&signed, &signature).map_err(|_| Forged)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.pem == other.pem
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.pem).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rsa_keys_in_pem_are_taken() {
        let pem = |der: &[u8]| format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der));
        for (wrong, why) in [
            (String::new(), NotAKey::Pem),
            ("MIIB".to_owned(), NotAKey::Pem),
            (format!("{BEGIN}\n!!!\n{END}"), NotAKey::Pem),
            (format!("{BEGIN}{END}"), NotAKey::Rsa),
            (pem(b"no key at all"), NotAKey::Rsa),
            (pem(&[0; MAX_CHARS]), NotAKey::Pem),
        ] {
            assert_eq!(PublicKey::from_pem(&wrong).unwrap_err(), why, "{wrong}");
        }
    }
}
