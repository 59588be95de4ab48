//! What it means that a call for a chat went wrong.

use std::{error::Error as _, time::Duration};

use tonic::{Code, ConnectError, Status};

use crate::{
    Error,
    youtube::failure::{CHAT_DISABLED, CHAT_ENDED, NO_CHAT},
};

/// What there may stand in the words of a status, without gaps, when there were too many calls in a short time.
const TOO_FAST: [&str; 5] =
    ["ratelimitexceeded", "requestsexceedratelimit", "perminute", "persecond", "per100seconds"];

/// The same when nothing is left of the day.
const NOTHING_LEFT: [&str; 4] = ["quotaexceeded", "dailylimitexceeded", "perday", "daily"];

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The token was not taken.
    Unauthorized,
    /// The chat has ended, or is gone.
    Ended,
    /// The broadcast has no chat, for now.
    Disabled,
    /// Nothing is left of the day's quota.
    NothingLeft,
    /// There were too many calls in a short time.
    TooFast,
    /// The place to go on from is not known there any more.
    Forgotten,
    /// Chats are not streamed there.
    NotStreamed,
    /// The server was not reached: it knows of no call.
    NotReached(Box<str>),
    /// The connection broke, or the server is ill.
    Broken(Box<str>),
    /// It will not do it.
    Refused(Box<str>),
}

/// The longest words of a server that are kept, in characters.
const MAX_WORDS: usize = 300;

impl From<Status> for Trouble {
    /// Google puts the reasons of the REST API into the words or the details of a status; where it does not, the code
    /// must do.
    fn from(status: Status) -> Self {
        let details = String::from_utf8_lossy(status.details());
        let says = |reason: &str| {
            let reason = reason.to_lowercase();
            let snake = |text: &str| text.to_lowercase().replace(['_', ' ', '-'], "");
            snake(status.message()).contains(&reason) || snake(&details).contains(&reason)
        };
        let words = || -> Box<str> {
            let words = format!("{:?}: {}", status.code(), status.message());
            words.chars().take(MAX_WORDS).collect::<String>().into()
        };
        match status.code() {
            Code::Unauthenticated => Self::Unauthorized,
            Code::Unimplemented => Self::NotStreamed,
            // The words of a quota for each minute say that it is exceeded, too.
            _ if TOO_FAST.iter().any(|words| says(words)) => Self::TooFast,
            _ if NOTHING_LEFT.iter().any(|words| says(words)) => Self::NothingLeft,
            _ if says(CHAT_ENDED) || says(NO_CHAT) => Self::Ended,
            _ if says(CHAT_DISABLED) => Self::Disabled,
            // Also what HTTP/2 says to a connection that asks too much: it must not cost everybody the day.
            Code::ResourceExhausted => Self::TooFast,
            Code::NotFound => Self::Ended,
            Code::InvalidArgument | Code::OutOfRange => Self::Forgotten,
            Code::PermissionDenied | Code::FailedPrecondition => Self::Refused(words()),
            _ if was_not_reached(&status) => Self::NotReached(words()),
            _ => Self::Broken(words()),
        }
    }
}

/// Whether no connection could be made.
fn was_not_reached(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl From<&Error> for Trouble {
    fn from(error: &Error) -> Self {
        match error {
            Error::Refused { code, .. } if [CHAT_ENDED, NO_CHAT].contains(&&**code) => Self::Ended,
            Error::NotFound => Self::Ended,
            Error::Refused { code, .. } if **code == *CHAT_DISABLED => Self::Disabled,
            Error::Refused { code, .. } if code.to_lowercase().contains("pagetoken") => {
                Self::Forgotten
            }
            Error::RateLimited { .. } => Self::TooFast,
            Error::QuotaExhausted { .. } => Self::NothingLeft,
            error => Self::Broken(error.to_string().into()),
        }
    }
}

/// How long to wait before a chat that is disabled, or that we may not read, is looked at again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_counts_for_more_than_the_code() {
        for (status, trouble) in [
            (Status::unauthenticated("x"), Trouble::Unauthorized),
            (Status::unimplemented("x"), Trouble::NotStreamed),
            (Status::permission_denied("The live chat is over: liveChatEnded"), Trouble::Ended),
            (Status::failed_precondition("LIVE_CHAT_ENDED"), Trouble::Ended),
            (Status::permission_denied("liveChatDisabled"), Trouble::Disabled),
            (Status::not_found("gone"), Trouble::Ended),
            (Status::resource_exhausted("quotaExceeded"), Trouble::NothingLeft),
            (Status::permission_denied("rateLimitExceeded"), Trouble::TooFast),
            (
                Status::resource_exhausted("Quota exceeded for limit 'Queries per minute'"),
                Trouble::TooFast,
            ),
            (
                Status::resource_exhausted("Quota exceeded for limit 'Queries per day'"),
                Trouble::NothingLeft,
            ),
            (Status::resource_exhausted("h2: enhance your calm"), Trouble::TooFast),
            (Status::invalid_argument("page token"), Trouble::Forgotten),
            (Status::unavailable("x"), Trouble::Broken("Unavailable: x".into())),
            (Status::permission_denied("no"), Trouble::Refused("PermissionDenied: no".into())),
        ] {
            assert_eq!(Trouble::from(status.clone()), trouble, "{status:?}");
        }
        let details = bytes_of("type.googleapis.com/google.rpc.ErrorInfo\u{12}\u{d}quotaExceeded");
        let status = Status::with_details(Code::PermissionDenied, "no", details.into());
        assert_eq!(Trouble::from(status), Trouble::NothingLeft);
    }

    fn bytes_of(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }
}
