//! What a stream is called and about, as far as a platform takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a change of the metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Applied {
    /// What the platform did not take as it was given. The rest stands there now.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub skipped: Vec<Skipped>,
}

/// A field that a platform did not take as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Skipped {
    /// Which: `category`, `tags.3`.
    pub field: Box<str>,
    /// Why, for people.
    pub reason: Box<str>,
}

/// A category or game of a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Category {
    /// The platform's id of it.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub picture_url: Option<Box<str>>,
}
