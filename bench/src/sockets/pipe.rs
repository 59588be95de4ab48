//! A connection in memory whose client's end keeps nothing: what it is sent is counted and forgotten.
//!
//! So all memory that grows with the sessions is theirs: the pipes are made before it is measured.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The client's end.
pub(super) struct Pipe(Mutex<State>);

struct State {
    to_server: Vec<u8>,
    read: usize,
    hung_up: bool,
    reader: Waker,
    received: usize,
}

/// The server's end.
pub(super) struct ServerEnd(Arc<Pipe>);

impl Pipe {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            to_server: Vec::new(),
            read: 0,
            hung_up: false,
            reader: Waker::noop().clone(),
            received: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.to_server.extend_from_slice(bytes);
        state.reader.wake_by_ref();
    }

    pub(super) fn hang_up(&self) {
        let mut state = self.state();
        state.hung_up = true;
        state.reader.wake_by_ref();
    }

    /// Bytes that the server has sent.
    pub(super) fn received(&self) -> usize {
        self.state().received
    }

    pub(super) fn server_end(self: &Arc<Self>) -> ServerEnd {
        ServerEnd(Arc::clone(self))
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        let unread = &state.to_server[state.read..];
        if unread.is_empty() {
            if state.hung_up {
                return Poll::Ready(Ok(()));
            }
            state.reader.clone_from(cx.waker());
            return Poll::Pending;
        }
        let bytes = unread.len().min(buffer.remaining());
        buffer.put_slice(&unread[..bytes]);
        state.read += bytes;
        if state.read == state.to_server.len() {
            state.to_server = Vec::new();
            state.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.state().received += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_is_sent_is_read_once_and_then_the_end() {
        let pipe = Pipe::new();
        let mut server = pipe.server_end();
        pipe.send(b"ab");
        let mut buffer = [0; 1];
        server.read_exact(&mut buffer).await.unwrap();
        pipe.hang_up();
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!((buffer, rest), ([b'a'], vec![b'b']));
        server.write_all(b"answer").await.unwrap();
        assert_eq!(pipe.received(), 6);
    }
}
