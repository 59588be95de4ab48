//! One session's task: reads, answers, writes, and closes as RFC 6455 wants.
//!
//! ```text
//!          ┌──────────────── park ◀── nothing to do
//!          ▼                             ▲
//! wake ─▶ write what is queued ─▶ read ─▶ decode ─▶ handler ─▶ queue
//!          │
//!          └─ close asked or answered ─▶ Closing: the farewell, bounded in time ─▶ end
//! ```
//!
//! A hand-written future, because its size is paid for by every idle session: no buffer, no timer, no queue is owned
//! while nothing is under way. Input is read into a buffer of the thread.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::{
    close::CloseFrame,
    counters::{SocketCounters, add, count},
    decoder::{Decoder, Flow, Incoming},
    live::Live,
    socket::Socket,
};

/// How long a peer may take to read the close frame and to answer it.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// With more than this in the backlog no further message is taken from the peer: answers to what it asks can never
/// fill its outbox, only what others tell it can.
const ENOUGH_BACKLOG: usize = 16 * 1024;

/// What a read can bring at once.
const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    /// Taken while in use: a read inside a read would get a buffer of its own.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What speaks through a connection.
pub(crate) trait Handler: Unpin + Send + 'static {
    /// A text message. An error closes the connection.
    fn text(&mut self, socket: &Arc<Socket>, text: &str) -> Result<(), CloseFrame>;

    /// A binary message. An error closes the connection.
    fn binary(&mut self, socket: &Arc<Socket>, data: &[u8]) -> Result<(), CloseFrame>;

    /// The connection begins to end: nothing more comes, nothing more is sent.
    fn closing(&mut self);
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) live: Live,
    pub(crate) counters: SocketCounters,
    /// The longest message, in bytes.
    pub(crate) message_limit: usize,
    /// The longest backlog, in bytes.
    pub(crate) outbox_limit: usize,
}

/// A session until its end. Dropping it ends the session without a farewell.
pub(crate) struct Connection<S, H: Handler> {
    stream: S,
    handler: H,
    socket: Arc<Socket>,
    sockets: Arc<Sockets>,
    decoder: Decoder,
    /// Taken from the outbox; `writing[written..]` is in flight.
    writing: Vec<u8>,
    written: usize,
    /// The decoder keeps messages that wait for the backlog to go.
    paused: bool,
    slot: u32,
    closing: Option<Box<Closing>>,
}

/// The farewell.
struct Closing {
    manner: Manner,
    shut_down: bool,
    timeout: Pin<Box<Sleep>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The peer has said goodbye: answer, and hang up.
    Answer,
    /// The server has: wait for the peer's answer.
    Await,
    /// The peer's bytes make no sense any more: hang up our side, and wait until it has hung up too. To drop the
    /// connection with its bytes unread would make the kernel throw away our close frame.
    GiveUp,
}

impl<S, H> Connection<S, H>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    /// `read_ahead`: what was read from the stream behind the handshake.
    pub(crate) fn new(stream: S, read_ahead: &[u8], handler: H, sockets: Arc<Sockets>) -> Self {
        let (socket, slot) = sockets.live.enter(sockets.outbox_limit);
        count(&sockets.counters.connections);
        let mut decoder = Decoder::default();
        let paused = !read_ahead.is_empty();
        if paused {
            decoder.keep(read_ahead);
        }
        Self {
            stream,
            handler,
            socket,
            sockets,
            decoder,
            writing: Vec::new(),
            written: 0,
            paused,
            slot,
            closing: None,
        }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Ready when the connection is over; an error is the transport's.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.unpark();
        loop {
            let flushed = self.poll_flush(cx)?;
            if self.closing.is_some() {
                return self.poll_close(cx, flushed);
            }
            if let Some(frame) = self.socket.take_close() {
                if frame == CloseFrame::SLOW_CONSUMER {
                    count(&self.sockets.counters.slow_consumers);
                }
                self.begin_close(frame, Manner::Await);
                continue;
            }
            let received = if flushed.is_pending() && self.socket.backlog() > ENOUGH_BACKLOG {
                Poll::Pending
            } else {
                self.poll_receive(cx)?
            };
            match received {
                Poll::Ready(Received::End) => return Poll::Ready(Ok(())),
                Poll::Ready(Received::Messages) => {}
                Poll::Ready(Received::Farewell(frame, manner)) => self.begin_close(frame, manner),
                Poll::Pending => {
                    if self.socket.park(cx) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Ready when everything that was sent is with the transport.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.writing.is_empty() {
                let (writing, frames) = self.socket.take_output();
                if writing.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                self.writing = writing;
                add(&self.sockets.counters.frames_out, frames);
            }
            let rest = &self.writing[self.written..];
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
            self.socket.written(self.writing.len() - self.written);
            if self.written == self.writing.len() {
                self.writing = Vec::new();
                self.written = 0;
                ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            }
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Received>> {
        if self.paused {
            return Poll::Ready(Ok(self.receive(&mut [])));
        }
        with_scratch(|scratch| {
            let bytes = ready!(poll_read(&mut self.stream, cx, scratch))?;
            Poll::Ready(Ok(match bytes {
                [] => Received::End,
                bytes => self.receive(bytes),
            }))
        })
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Received {
        let Self { decoder, handler, socket, sockets, .. } = self;
        let mut farewell = None;
        let fed = decoder.feed(bytes, sockets.message_limit, &mut |incoming| {
            match incoming {
                Incoming::Text(text) => handler.text(socket, text)?,
                Incoming::Binary(data) => handler.binary(socket, data)?,
                Incoming::Ping(payload) => socket.send_pong(payload),
                Incoming::Pong => {}
                Incoming::Close(frame) => {
                    farewell = Some(frame);
                    return Ok(Flow::Stop);
                }
            }
            Ok(if socket.backlog() > ENOUGH_BACKLOG { Flow::Pause } else { Flow::Continue })
        });
        match fed {
            Ok(fed) => {
                add(&sockets.counters.frames_in, fed.frames);
                if fed.frames > 0 {
                    socket.seen(sockets.live.now());
                }
                self.paused = fed.flow == Flow::Pause;
                match farewell {
                    Some(frame) => Received::Farewell(frame, Manner::Answer),
                    None => Received::Messages,
                }
            }
            Err(frame) => {
                count(&sockets.counters.protocol_errors);
                Received::Farewell(frame, Manner::GiveUp)
            }
        }
    }

    fn begin_close(&mut self, frame: CloseFrame, manner: Manner) {
        tracing::debug!(code = frame.code, reason = frame.reason, "closing connection");
        self.handler.closing();
        self.socket.farewell(frame);
        let timeout = Box::pin(tokio::time::sleep(CLOSE_TIMEOUT));
        self.closing = Some(Box::new(Closing { manner, shut_down: false, timeout }));
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, flushed: Poll<()>) -> Poll<io::Result<()>> {
        let Some(closing) = &mut self.closing else { return Poll::Ready(Ok(())) };
        if closing.timeout.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        ready!(flushed);
        loop {
            if closing.manner == Manner::Await {
                let answered = ready!(with_scratch(|scratch| {
                    let bytes = ready!(poll_read(&mut self.stream, cx, scratch))?;
                    Poll::Ready(io::Result::Ok(match bytes {
                        [] => true,
                        bytes => is_answered(&mut self.decoder, bytes, self.sockets.message_limit),
                    }))
                }))?;
                if answered {
                    closing.manner = Manner::Answer;
                }
                continue;
            }
            if !closing.shut_down {
                ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                closing.shut_down = true;
            }
            if closing.manner == Manner::Answer {
                return Poll::Ready(Ok(()));
            }
            let end = ready!(with_scratch(|scratch| {
                poll_read(&mut self.stream, cx, scratch)
                    .map(|read| read.map(|bytes| bytes.is_empty()))
            }))?;
            if end {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// What a read brought.
enum Received {
    /// Perhaps none that is complete.
    Messages,
    Farewell(CloseFrame, Manner),
    /// The peer has hung up.
    End,
}

/// Has the peer answered our close frame, or lost its wits? Its messages are not heard any more.
fn is_answered(decoder: &mut Decoder, bytes: &mut [u8], limit: usize) -> bool {
    let fed = decoder.feed(bytes, limit, &mut |incoming| {
        Ok(if matches!(incoming, Incoming::Close(_)) { Flow::Stop } else { Flow::Continue })
    });
    fed.map_or(true, |fed| fed.flow == Flow::Stop)
}

fn with_scratch<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; SCRATCH_BYTES].into_boxed_slice());
    let result = read(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}

fn poll_read<'a>(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    scratch: &'a mut [u8],
) -> Poll<io::Result<&'a mut [u8]>> {
    let mut buffer = ReadBuf::new(scratch);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    let bytes = buffer.filled().len();
    Poll::Ready(Ok(&mut scratch[..bytes]))
}

impl<S, H> Future for Connection<S, H>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error of the transport is an end like any other: the peer is gone.
        self.get_mut().drive(cx).map(|_| ())
    }
}

impl<S, H: Handler> Drop for Connection<S, H> {
    fn drop(&mut self) {
        self.handler.closing();
        self.socket.gone();
        self.sockets.live.leave(self.slot);
    }
}

#[cfg(test)]
mod tests;
