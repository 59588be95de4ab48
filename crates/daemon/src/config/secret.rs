//! Serde of secrets: read as text, written as `[redacted]`.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

const REDACTED: &str = "[redacted]";

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    let secret = Option::<String>::deserialize(deserializer)?;
    // Who has nothing to say would know it: an environment variable that was left empty must not open a door.
    if secret.as_deref().is_some_and(|secret| secret.trim().is_empty()) {
        return Err(D::Error::custom("a secret is not empty"));
    }
    Ok(secret.map(SecretString::from))
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn serialize<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_some(REDACTED),
        None => serializer.serialize_none(),
    }
}
