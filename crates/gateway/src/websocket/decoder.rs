//! Bytes in, messages out.
//!
//! ```text
//! bytes of one read ──▶ whole frames: unmasked in place, shown to the visitor as they lie there
//!                  └──▶ the rest: kept until more comes ── nothing is kept between messages
//! ```

use super::{
    close::CloseFrame,
    frame::{Header, MAX_HEADER_BYTES, Opcode},
};

/// What a client sent, as it lies in the read buffer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// With what it is to be answered.
    Close(CloseFrame),
}

/// What the visitor wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    /// No more for now: the rest is kept for [`Decoder::feed`] with nothing new.
    Pause,
    /// No more at all.
    Stop,
}

/// What became of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fed {
    /// How many whole frames there were.
    pub(super) frames: u32,
    pub(super) flow: Flow,
}

/// Puts frames and messages together. Empty, and 8 bytes, between messages.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    partial: Option<Box<Partial>>,
}

/// What has come of a frame, and of a message, that is not complete.
#[derive(Debug, Default)]
struct Partial {
    /// The frame's bytes, as they came; after a pause whole frames too.
    pending: Vec<u8>,
    message: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    text: bool,
    bytes: Vec<u8>,
}

impl Decoder {
    /// Keeps `bytes` for a [`feed`](Self::feed) with nothing new.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.partial.get_or_insert_default().pending.extend_from_slice(bytes);
    }

    /// Takes the bytes of one read. `limit` is the longest message in bytes.
    ///
    /// Keeps at most one frame of `limit` and the fragments of one message of `limit`; after a pause also what was
    /// in `new`.
    pub(super) fn feed(
        &mut self,
        new: &mut [u8],
        limit: usize,
        visit: &mut impl FnMut(Incoming<'_>) -> Result<Flow, CloseFrame>,
    ) -> Result<Fed, CloseFrame> {
        let mut pending = match &mut self.partial {
            Some(partial) => std::mem::take(&mut partial.pending),
            None => Vec::new(),
        };
        if pending.is_empty() {
            let (used, fed) = self.frames(new, limit, visit)?;
            if let rest @ [_, ..] = &new[used..] {
                self.partial.get_or_insert_default().pending = rest.to_vec();
            }
            Ok(fed)
        } else {
            pending.extend_from_slice(new);
            let (used, fed) = self.frames(&mut pending, limit, visit)?;
            if used < pending.len() {
                pending.drain(..used);
                self.partial.get_or_insert_default().pending = pending;
            } else if self.partial.as_ref().is_some_and(|partial| partial.message.is_none()) {
                self.partial = None;
            }
            Ok(fed)
        }
    }

    /// Visits the whole frames at the start of `input`; how many bytes they were.
    fn frames(
        &mut self,
        input: &mut [u8],
        limit: usize,
        visit: &mut impl FnMut(Incoming<'_>) -> Result<Flow, CloseFrame>,
    ) -> Result<(usize, Fed), CloseFrame> {
        let mut used = 0;
        let mut fed = Fed { frames: 0, flow: Flow::Continue };
        while fed.flow == Flow::Continue {
            let rest = &mut input[used..];
            let Some(header) = Header::parse(rest)? else { break };
            self.check(&header, limit)?;
            let end = header.bytes + header.payload_bytes;
            let Some(payload) = rest.get_mut(header.bytes..end) else { break };
            header.unmask(payload);
            used += end;
            fed.frames += 1;
            fed.flow = self.frame(&header, payload, visit)?;
        }
        Ok((used, fed))
    }

    /// Refuses what cannot become a message before its bytes are waited for.
    fn check(&self, header: &Header, limit: usize) -> Result<(), CloseFrame> {
        let message = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
        match (header.opcode, message) {
            (Opcode::Continuation, None) => {
                return Err(CloseFrame::protocol("continuation of nothing"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(CloseFrame::protocol("message inside a fragmented message"));
            }
            _ => {}
        }
        let before = match message {
            Some(message) if header.opcode == Opcode::Continuation => message.bytes.len(),
            _ => 0,
        };
        // Also on a machine of 32 bits the sum of header and payload must not wrap.
        let limit = limit.min(usize::MAX - MAX_HEADER_BYTES);
        if header.payload_bytes > limit.saturating_sub(before) && !header.opcode.is_control() {
            return Err(CloseFrame::TOO_BIG);
        }
        Ok(())
    }

    fn frame(
        &mut self,
        header: &Header,
        payload: &[u8],
        visit: &mut impl FnMut(Incoming<'_>) -> Result<Flow, CloseFrame>,
    ) -> Result<Flow, CloseFrame> {
        match header.opcode {
            Opcode::Ping => visit(Incoming::Ping(payload)),
            Opcode::Pong => visit(Incoming::Pong),
            Opcode::Close => visit(Incoming::Close(CloseFrame::answer(payload))),
            Opcode::Text if header.fin => visit(text(payload)?),
            Opcode::Binary if header.fin => visit(Incoming::Binary(payload)),
            Opcode::Text | Opcode::Binary => {
                let text = header.opcode == Opcode::Text;
                self.partial.get_or_insert_default().message =
                    Some(Fragments { text, bytes: payload.to_vec() });
                Ok(Flow::Continue)
            }
            Opcode::Continuation => {
                let Some(partial) = &mut self.partial else { return Ok(Flow::Continue) };
                let Some(message) = &mut partial.message else { return Ok(Flow::Continue) };
                message.bytes.extend_from_slice(payload);
                if !header.fin {
                    return Ok(Flow::Continue);
                }
                let message = partial.message.take();
                // What is pending is with `feed` at this moment, so nothing else is in there.
                self.partial = None;
                match message {
                    Some(Fragments { text: true, bytes }) => visit(text(&bytes)?),
                    Some(Fragments { text: false, bytes }) => visit(Incoming::Binary(&bytes)),
                    None => Ok(Flow::Continue),
                }
            }
        }
    }
}

fn text(payload: &[u8]) -> Result<Incoming<'_>, CloseFrame> {
    std::str::from_utf8(payload).map(Incoming::Text).map_err(|_| CloseFrame::BAD_TEXT)
}

#[cfg(test)]
mod tests;
