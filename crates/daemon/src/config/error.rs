//! What is wrong with a configuration, and where.

use std::{borrow::Cow, io, path::PathBuf};

use thiserror::Error;

use super::Origin;

/// A value that cannot be: which key, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{key} {problem}")]
pub struct Invalid {
    /// The key, `presence.max_users`.
    pub key: &'static str,
    /// A sentence without its subject, `must be between 1 and 10, got 0`.
    pub problem: Cow<'static, str>,
}

impl Invalid {
    pub(crate) fn new(key: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { key, problem: problem.into() }
    }
}

/// Why the configuration could not be loaded. Every variant names the file, variable or flag, and the key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file could not be read.
    #[error("configuration file {path} could not be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not TOML.
    #[error("configuration file {path}, line {line}, column {column}: {problem}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What the parser says. Never the line itself, which may hold a secret.
        problem: String,
    },
    /// A key that there is not.
    #[error("{origin}: unknown key {key}{}", hint.as_ref().map(|key| format!("; did you mean {key}?")).unwrap_or_default())]
    UnknownKey {
        /// Who said it.
        origin: Origin,
        /// The key.
        key: String,
        /// A key that there is, much like it.
        hint: Option<String>,
    },
    /// A value of the wrong kind, out of its range, or one that must not be here.
    #[error("{origin}: {key} {problem}")]
    BadValue {
        /// Who said it.
        origin: Origin,
        /// The key.
        key: String,
        /// A sentence without its subject.
        problem: String,
    },
    /// An environment variable of ours that is not UTF-8.
    #[error("environment variable {variable} is not UTF-8")]
    NotUnicode {
        /// Its name, as far as it can be written.
        variable: String,
    },
}
