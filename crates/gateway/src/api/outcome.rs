//! What became of something on each of several platforms.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use serde::Serialize;
use stagedoor_domain::Platform;
use stagedoor_stream::PlatformCommandError;
use tokio::time::timeout;
use utoipa::ToSchema;

/// What became of it on one platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlatformOutcome<T> {
    /// It is done.
    Ok(T),
    /// It is not, or nobody knows.
    Error(PlatformProblem),
}

/// Why it is not done on a platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformProblem {
    /// For programs. Stable.
    #[schema(value_type = String, example = "rate_limited")]
    code: &'static str,
    /// What is wrong, for people.
    message: String,
    /// When to try again, in seconds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

/// What became of it on each.
pub(crate) type Outcomes<T> = BTreeMap<Platform, PlatformOutcome<T>>;

impl<T> From<Result<T, PlatformCommandError>> for PlatformOutcome<T> {
    fn from(result: Result<T, PlatformCommandError>) -> Self {
        result.map_or_else(|error| Self::Error(error.into()), Self::Ok)
    }
}

impl From<PlatformCommandError> for PlatformProblem {
    fn from(error: PlatformCommandError) -> Self {
        let retry_after_s = error.retry_after().map(|after| after.as_secs().max(1));
        Self { code: error.code(), message: error.to_string(), retry_after_s }
    }
}

/// Asks all of them at once, each for at most so long: what is slow takes nothing from the others.
pub(super) async fn each<T, F>(
    platforms: &[Platform],
    limit: Duration,
    ask: impl Fn(Platform) -> F,
) -> Outcomes<T>
where
    F: Future<Output = Result<T, PlatformCommandError>>,
{
    let asked = platforms.iter().map(|platform| {
        let asking = within(limit, platform, ask(platform.clone()));
        async move { (platform.clone(), asking.await.into()) }
    });
    join_all(asked).await.into_iter().collect()
}

/// Waits for one of them. What has been asked goes on when it is not waited for any more.
pub(super) async fn within<T>(
    limit: Duration,
    platform: &Platform,
    asking: impl Future<Output = Result<T, PlatformCommandError>>,
) -> Result<T, PlatformCommandError> {
    timeout(limit, asking)
        .await
        .unwrap_or_else(|_| Err(PlatformCommandError::TimedOut { platform: platform.clone() }))
}
