//! Why a connection ends, as the peer is told.

/// A close frame: its code decides what a `phoenix` client does next (after 1000 older ones stay away, after any other
/// all come back), its reason is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// RFC 6455, 7.4, and the registry of IANA.
    pub code: u16,
    /// At most 123 bytes, the room that a control frame has.
    pub reason: &'static str,
}

impl CloseFrame {
    /// Both sides are done.
    pub const NORMAL: Self = Self { code: 1000, reason: "" };
    /// No message for too long.
    pub const IDLE: Self = Self { code: 1001, reason: "no message for too long" };
    /// A binary message that names no channel to answer on.
    pub const BINARY: Self = Self { code: 1003, reason: "binary messages are not supported" };
    /// Text that is not UTF-8.
    pub const BAD_TEXT: Self = Self { code: 1007, reason: "text is not valid UTF-8" };
    /// The peer reads slower than frames come.
    pub const SLOW_CONSUMER: Self = Self { code: 1008, reason: "too slow to read" };
    /// A message over the limit.
    pub const TOO_BIG: Self = Self { code: 1009, reason: "message is too big" };
    /// The server shuts down and comes back.
    pub const SERVICE_RESTART: Self = Self { code: 1012, reason: "service restart" };

    /// The peer broke the protocol (1002).
    #[must_use]
    pub const fn protocol(reason: &'static str) -> Self {
        Self { code: 1002, reason }
    }

    /// The peer sent text that does not hold what it must (1007).
    #[must_use]
    pub const fn bad_data(reason: &'static str) -> Self {
        Self { code: 1007, reason }
    }

    /// The answer to the payload of a client's close frame: the same code, or why the frame is wrong.
    pub(super) fn answer(payload: &[u8]) -> Self {
        match payload {
            [] => Self::NORMAL,
            [_] => Self::protocol("close frame has half a code"),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                // The codes that may be on the wire: RFC 6455, 7.4.1 and 7.4.2, and 1012 to 1014 of the registry.
                if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                    return Self::protocol("close code is not valid");
                }
                if std::str::from_utf8(reason).is_err() {
                    return Self::BAD_TEXT;
                }
                Self { code, reason: "" }
            }
        }
    }

    /// Its payload: the code, and as much of the reason as has room.
    pub(super) fn payload(self) -> ([u8; 2], &'static [u8]) {
        let room = self.reason.floor_char_boundary(super::frame::MAX_CONTROL_BYTES - 2);
        (self.code.to_be_bytes(), &self.reason.as_bytes()[..room])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_answered_with_its_own_code() {
        assert_eq!(CloseFrame::answer(&[]), CloseFrame::NORMAL);
        assert_eq!(CloseFrame::answer(b"\x0f\xa0bye").code, 4000);
    }

    #[test]
    fn a_wrong_close_is_answered_with_what_is_wrong() {
        assert_eq!(CloseFrame::answer(&[3]).code, 1002);
        for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(CloseFrame::answer(&code.to_be_bytes()).code, 1002, "{code}");
        }
        assert_eq!(CloseFrame::answer(b"\x03\xe8\xff").code, 1007);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        const LONG: &str = concat!(
            "éééééééééééééééééééééééééééééééééééééééé",
            "éééééééééééééééééééééééééééééééééééééééé"
        );
        let (_, reason) = CloseFrame { code: 1000, reason: LONG }.payload();
        assert_eq!(reason.len(), 122);
        assert!(std::str::from_utf8(reason).is_ok());
    }
}
