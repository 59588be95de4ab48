//! What becomes of a chat when a call for it comes to nothing.

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::debug;

use super::{
    reader::Reader,
    trouble::{LOOK_AGAIN, Trouble},
};
use crate::{AccessToken, Batch, Disconnect, Error, TokenError};

/// After so many failures in a row chats are polled for a while.
const FAILURES: u32 = 3;

/// After so many calls in a row that were refused because there were too many, the connection is given up.
const MAX_THROTTLED: u32 = 6;

impl Reader {
    /// A call came to something.
    pub(super) fn works(&mut self) {
        self.failures = 0;
        self.throttled = 0;
        self.renewed = false;
        self.health.throttled = false;
    }

    /// A call came to nothing: what now?
    pub(super) async fn fail(&mut self, trouble: Trouble) -> Result<Option<Batch>, Disconnect> {
        let lost = |reason: Box<str>, retry_after| Disconnect::Lost { reason, retry_after };
        debug!(?trouble, "a call for a chat came to nothing");
        match trouble {
            Trouble::Unauthorized => {
                let token = self.account.tokens.token().await.map_err(no_token)?;
                self.renew(token).await?;
            }
            Trouble::Ended => {
                self.ended = true;
                return Ok(Some(self.off_air(Timestamp::now()).into()));
            }
            Trouble::Disabled => {
                return Err(lost("the chat is switched off".into(), Some(LOOK_AGAIN)));
            }
            Trouble::NothingLeft => {
                if self.youtube.ledger.pace().is_some() {
                    // It is Google who says so.
                    self.youtube.ledger.use_up();
                }
                self.health.exhausted();
            }
            Trouble::TooFast => {
                self.throttled += 1;
                if self.throttled > MAX_THROTTLED {
                    return Err(lost("YouTube takes no more calls".into(), None));
                }
                self.health.throttled = true;
                self.back_off(self.throttled);
            }
            Trouble::Forgotten if self.cursor.is_some() => {
                // What is still known there comes again; what we have is told by its key.
                self.cursor = None;
                self.history_before = Some(Timestamp::now());
            }
            Trouble::Forgotten => return Err(lost("YouTube refuses the call".into(), None)),
            Trouble::Refused(why) => return Err(lost(why, Some(LOOK_AGAIN))),
            Trouble::NotStreamed => self.poll_because("YouTube does not stream it".into()),
            Trouble::NotReached(why) | Trouble::Broken(why) => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.poll_because(why);
                } else {
                    self.back_off(self.failures);
                }
            }
        }
        Ok(None)
    }

    fn poll_because(&mut self, why: Box<str>) {
        self.failures = 0;
        self.called_at = None;
        self.poll_until = Some(Instant::now() + self.youtube.config.poll_for);
        self.health.polled = Some(why);
    }

    fn back_off(&mut self, failures: u32) {
        let pause = self.youtube.config.pause * 2u32.saturating_pow(failures.min(6) - 1);
        self.not_before = Some(Instant::now() + pause);
    }

    pub(super) async fn renew(&mut self, refused: AccessToken) -> Result<(), Disconnect> {
        if self.renewed {
            let reason = "YouTube refuses the account's fresh token".into();
            return Err(Disconnect::Lost { reason, retry_after: Some(LOOK_AGAIN) });
        }
        self.renewed = true;
        self.account.tokens.renew(refused).await.map_err(no_token)?;
        // It was not the pace's fault.
        self.called_at = None;
        Ok(())
    }
}

pub(super) fn no_token(error: TokenError) -> Disconnect {
    Error::from(error).into()
}
