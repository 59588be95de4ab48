//! A chat that is read.
//!
//! ```text
//!          ┌── a call ends in good order: the next one goes on from nextPageToken, as soon as the ledger's pace allows ──┐
//!          ▼                                                                                                             │
//! ledger ──▶ StreamList by gRPC ── responses ──▶ Batch { reports, cursor } ──────────────────────────────────────────────┘
//!   │        └─ not offered there, or broken again and again: for a while
//!   └──────▶ liveChatMessages.list, as often as YouTube and the ledger allow, and Link::Degraded says so
//! ```
//!
//! Nothing is read ahead: what a call has for us waits in its HTTP/2 window until it is asked for. What was read before
//! somebody gave up waiting is answered the next time.

mod batches;
mod failures;
mod health;
mod pool;
mod reader;
mod trouble;

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _, future::BoxFuture, stream};

use super::Inner;
use crate::{AccountAccess, Batch, Connection, Disconnect, Resume};
pub(crate) use pool::Pool;
use reader::Reader;

/// A connection to a chat.
pub(crate) struct LiveChat(Pin<Box<dyn Stream<Item = Result<Batch, Disconnect>> + Send>>);

impl LiveChat {
    pub(crate) fn new(youtube: Arc<Inner>, account: &AccountAccess, resume: Resume) -> Self {
        let reader = Reader::new(youtube, account.clone(), resume);
        // The stream keeps what a call of `next` was in the midst of when it was dropped.
        Self(Box::pin(stream::unfold(reader, |mut reader| async {
            let next = reader.next().await;
            Some((next, reader))
        })))
    }
}

impl Connection for LiveChat {
    fn next(&mut self) -> BoxFuture<'_, Result<Batch, Disconnect>> {
        Box::pin(async { self.0.next().await.unwrap_or(Err(Disconnect::Ended)) })
    }
}
