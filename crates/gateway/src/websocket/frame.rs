//! The frames of RFC 6455: headers in and out, masking.

use super::close::CloseFrame;

/// The longest header a client sends: two bytes, eight of length, four of mask.
pub(super) const MAX_HEADER_BYTES: usize = 14;

/// The longest payload of a control frame (RFC 6455, 5.5).
pub(super) const MAX_CONTROL_BYTES: usize = 125;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a frame from a client, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    /// Bytes of the header itself.
    pub(super) bytes: usize,
    pub(super) payload_bytes: usize,
    mask: [u8; 4],
}

impl Header {
    /// The header at the start of `input`, or `None` while not all of it has come.
    pub(super) fn parse(input: &[u8]) -> Result<Option<Self>, CloseFrame> {
        let &[first, second, ref rest @ ..] = input else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(CloseFrame::protocol("reserved bits are set"));
        }
        let Some(opcode) = Opcode::from_bits(first & 0x0F) else {
            return Err(CloseFrame::protocol("unknown opcode"));
        };
        if second & 0x80 == 0 {
            return Err(CloseFrame::protocol("frame is not masked"));
        }
        let fin = first & 0x80 != 0;
        let short = usize::from(second & 0x7F);
        if opcode.is_control() && (!fin || short > MAX_CONTROL_BYTES) {
            return Err(CloseFrame::protocol("control frame is fragmented or too long"));
        }
        let (payload_bytes, rest, length_bytes) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (usize::from(u16::from_be_bytes(*length)), rest, 2)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                // What does not fit is over every limit anyway.
                let length = usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX);
                (length, rest, 8)
            }
            short => (short, rest, 0),
        };
        let Some(&mask) = rest.first_chunk() else { return Ok(None) };
        Ok(Some(Self { fin, opcode, bytes: 2 + length_bytes + 4, payload_bytes, mask }))
    }

    /// Takes the mask off the payload, in place.
    pub(super) fn unmask(&self, payload: &mut [u8]) {
        let mask = u64::from_ne_bytes({
            let [a, b, c, d] = self.mask;
            [a, b, c, d, a, b, c, d]
        });
        let (words, rest) = payload.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ mask).to_ne_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(self.mask) {
            *byte ^= mask;
        }
        if let [_, _, _, _, rest @ ..] = rest {
            for (byte, mask) in rest.iter_mut().zip(self.mask) {
                *byte ^= mask;
            }
        }
    }
}

/// Appends the header of a whole, unmasked frame: the only kind a server of ours sends.
pub(super) fn write_header(out: &mut Vec<u8>, opcode: Opcode, payload_bytes: usize) {
    let first = 0x80 | opcode.bits();
    if let (Ok(short), true) = (u8::try_from(payload_bytes), payload_bytes < 126) {
        out.extend_from_slice(&[first, short]);
    } else if let Ok(length) = u16::try_from(payload_bytes) {
        out.extend_from_slice(&[first, 126]);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.extend_from_slice(&[first, 127]);
        out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_in_each_of_its_three_lengths() {
        let mask = [1, 2, 3, 4];
        for (length, bytes) in [(0, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)] {
            let mut frame = Vec::new();
            write_header(&mut frame, Opcode::Text, length);
            frame[1] |= 0x80;
            frame.extend(mask);
            for cut in 0..frame.len() {
                assert_eq!(Header::parse(&frame[..cut]), Ok(None), "{length} cut at {cut}");
            }
            let header = Header::parse(&frame).unwrap().unwrap();
            let expected =
                Header { fin: true, opcode: Opcode::Text, bytes, payload_bytes: length, mask };
            assert_eq!(header, expected);
        }
    }

    #[test]
    fn unmasking_is_right_at_every_length() {
        let mask = [0xA1, 0xB2, 0xC3, 0xD4];
        let header = Header { fin: true, opcode: Opcode::Text, bytes: 6, payload_bytes: 0, mask };
        for length in 0..40_u8 {
            let plain: Vec<u8> = (0..length).collect();
            let mut masked: Vec<u8> =
                plain.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            header.unmask(&mut masked);
            assert_eq!(masked, plain);
        }
    }

    #[test]
    fn what_a_client_must_not_send_is_a_protocol_error() {
        let cases: [(&[u8], &str); 5] = [
            (&[0xC1, 0x80], "reserved bits are set"),
            (&[0x83, 0x80], "unknown opcode"),
            (&[0x81, 0x00], "frame is not masked"),
            (&[0x09, 0x80], "control frame is fragmented or too long"),
            (&[0x89, 0xFE], "control frame is fragmented or too long"),
        ];
        for (bytes, reason) in cases {
            assert_eq!(Header::parse(bytes), Err(CloseFrame::protocol(reason)));
        }
    }
}
