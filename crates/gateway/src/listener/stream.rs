//! A stream that keeps its connection's place among the limits, over an upgrade too.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::limits::ConnectionPermit;

/// A TCP stream and its place. Whoever has the stream has the place, and they go together.
#[derive(Debug)]
pub(crate) struct PlacedStream {
    stream: TcpStream,
    open: Gauge,
    _permit: ConnectionPermit,
}

impl PlacedStream {
    /// Counts in `open` as long as it lives.
    pub(super) fn new(stream: TcpStream, permit: ConnectionPermit, open: Gauge) -> Self {
        open.inc();
        Self { stream, open, _permit: permit }
    }
}

impl Drop for PlacedStream {
    fn drop(&mut self) {
        self.open.dec();
    }
}

impl AsyncRead for PlacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for PlacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
