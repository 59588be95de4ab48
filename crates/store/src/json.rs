//! JSON in columns of text.

use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// Writes what this crate or the domain defines: structures with names for keys, which cannot fail.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("our structures have names for keys")
}

/// Reads what [`write`] wrote.
pub(crate) fn read<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::unreadable(table, error))
}
