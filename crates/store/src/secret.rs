//! Secrets at rest.
//!
//! ```text
//! stored = 1 ‖ key id, 16 bytes, filled with zeros ‖ nonce, 24 bytes ‖ XChaCha20-Poly1305(secret), 16 bytes longer
//! ```
//!
//! The table, the row and the column go in as associated data: a value that is copied to another place does not open.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use thiserror::Error;

use crate::keyring::{Key, Keyring, MAX_KEY_ID_BYTES};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// How many of the first bytes of a stored secret tell its key.
pub(crate) const PREFIX_BYTES: usize = 1 + MAX_KEY_ID_BYTES;

/// Why a secret cannot be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// What is stored is not a secret of ours.
    #[error("a stored secret has a form that is not known")]
    Form,
    /// Its key is not in the keyring.
    #[error("a stored secret needs the key {0:?}, which the keyring does not have")]
    UnknownKey(Box<str>),
    /// It was changed, or moved here from another row, or the key with this id is another one now.
    #[error("a stored secret does not open: it was changed or moved, or its key was")]
    Changed,
    /// The system gives no random numbers.
    #[error("there are no random numbers")]
    Random,
}

/// Where a secret is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) user: &'a str,
    /// Which of the user's rows; empty where there is but one.
    pub(crate) row: &'a str,
}

impl Place<'_> {
    /// No user id has a slash, so no two places have the same text.
    fn associated_data(&self) -> String {
        format!("{}:{}/{}:{}", self.table, self.user, self.row, self.column)
    }
}

/// The first bytes of what a key encrypts.
pub(crate) fn prefix(key: &Key) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0; PREFIX_BYTES];
    prefix[0] = VERSION;
    prefix[1..=key.id.len()].copy_from_slice(key.id.as_bytes());
    prefix
}

/// The id of the key that a secret with these first bytes needs.
pub(crate) fn key_id(prefix: &[u8]) -> Result<&str, SecretError> {
    let (version, id) = prefix.split_first().ok_or(SecretError::Form)?;
    let id = id.get(..MAX_KEY_ID_BYTES).ok_or(SecretError::Form)?;
    let end = id.iter().position(|byte| *byte == 0).unwrap_or(id.len());
    let is_filled = id[end..].iter().all(|byte| *byte == 0);
    match std::str::from_utf8(&id[..end]) {
        Ok(id) if *version == VERSION && is_filled => Ok(id),
        _ => Err(SecretError::Form),
    }
}

pub(crate) fn seal(
    keyring: &Keyring,
    place: Place<'_>,
    secret: &SecretString,
) -> Result<Vec<u8>, SecretError> {
    let key = keyring.first();
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| SecretError::Random)?;
    let aad = place.associated_data();
    let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: aad.as_bytes() };
    let text = cipher(key)
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a secret is shorter than 256 GB, the limit of the cipher");
    Ok([&prefix(key)[..], &nonce, &text].concat())
}

pub(crate) fn open(
    keyring: &Keyring,
    place: Place<'_>,
    stored: &[u8],
) -> Result<SecretString, SecretError> {
    let id = key_id(stored)?;
    let key = keyring.find(id).ok_or_else(|| SecretError::UnknownKey(id.into()))?;
    let (nonce, text) =
        stored[PREFIX_BYTES..].split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::Form)?;
    let aad = place.associated_data();
    let payload = Payload { msg: text, aad: aad.as_bytes() };
    let opened =
        cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| SecretError::Changed)?;
    match String::from_utf8(opened) {
        Ok(secret) => Ok(secret.into()),
        Err(error) => {
            error.into_bytes().zeroize();
            Err(SecretError::Form)
        }
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes.expose_secret().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> =
        Place { table: "accounts", column: "access_token", user: "ada", row: "twitch" };

    fn keyring(ids: &[&str]) -> Keyring {
        let lines: String = ids.iter().map(|id| Keyring::new_key(id).unwrap()).collect();
        Keyring::parse(&lines).unwrap()
    }

    #[test]
    fn a_secret_opens_where_it_was_put_and_nowhere_else() {
        let keyring = keyring(&["k1"]);
        let stored = seal(&keyring, HERE, &"hunter2".into()).unwrap();
        assert_eq!(open(&keyring, HERE, &stored).unwrap().expose_secret(), "hunter2");
        for elsewhere in [
            Place { table: "destinations", ..HERE },
            Place { column: "refresh_token", ..HERE },
            Place { user: "bob", ..HERE },
            Place { row: "kick", ..HERE },
        ] {
            assert_eq!(open(&keyring, elsewhere, &stored).unwrap_err(), SecretError::Changed);
        }
    }

    #[test]
    fn the_same_secret_looks_different_each_time_and_is_not_in_what_is_stored() {
        let keyring = keyring(&["k1"]);
        let stored = [0; 2].map(|_| seal(&keyring, HERE, &"hunter2".into()).unwrap());
        assert_ne!(stored[0], stored[1]);
        assert!(!stored[0].windows(7).any(|window| window == b"hunter2"));
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let keyring = keyring(&["k1"]);
        let stored = seal(&keyring, HERE, &"hunter2".into()).unwrap();
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            open(&keyring, HERE, &changed).unwrap_err();
            open(&keyring, HERE, &stored[..at]).unwrap_err();
        }
    }

    #[test]
    fn an_old_key_still_opens_and_a_missing_one_is_named() {
        let old = Keyring::new_key("old").unwrap();
        let stored = seal(&Keyring::parse(&old).unwrap(), HERE, &"hunter2".into()).unwrap();
        let both = Keyring::parse(&(Keyring::new_key("new").unwrap() + &old)).unwrap();
        assert_eq!(open(&both, HERE, &stored).unwrap().expose_secret(), "hunter2");
        assert_eq!(
            open(&keyring(&["new"]), HERE, &stored).unwrap_err(),
            SecretError::UnknownKey("old".into())
        );
        assert_eq!(
            open(&keyring(&["old"]), HERE, &stored).unwrap_err(),
            SecretError::Changed,
            "another key with the same id"
        );
    }

    #[test]
    fn an_id_may_be_as_long_as_there_is_room() {
        let keyring = keyring(&["0123456789abcdef"]);
        assert_eq!(key_id(&prefix(keyring.first())), Ok("0123456789abcdef"));
    }
}
