use thiserror::Error;

/// Why a platform's client could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The base URL is not one.
    #[error("{url:?} is no address of an API: an http or https URL without a query is needed")]
    BaseUrl {
        /// What was given.
        url: Box<str>,
    },
    /// Something else of the configuration is not usable.
    #[error("{what} {problem}")]
    Config {
        /// What.
        what: &'static str,
        /// What is wrong with it, as a predicate.
        problem: &'static str,
    },
    /// The HTTP client could not be made: no TLS certificates, for example.
    #[error("cannot make an HTTP client")]
    Http(#[source] reqwest::Error),
}
