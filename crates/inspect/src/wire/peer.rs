//! Who may come in.

use std::hint::black_box;

use secrecy::{ExposeSecret, SecretString};

/// May a process of the user `peer` ask a daemon of the user `own`? Its own user may, and root, who may anyway.
pub(crate) fn may_connect(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

/// Compares in a time that tells nothing of where a wrong token differs.
pub(crate) fn is_token(expected: &SecretString, said: &str) -> bool {
    let (expected, said) = (expected.expose_secret().as_bytes(), said.as_bytes());
    // Goes over what was said: its length is the client's own secret, the token's length is none.
    let mut differs = usize::from(expected.len() != said.len());
    for (at, byte) in said.iter().enumerate() {
        let byte_expected = expected.get(at % expected.len().max(1)).copied().unwrap_or_default();
        differs = black_box(differs | usize::from(byte ^ byte_expected));
    }
    // An empty token would let everybody in.
    differs == 0 && !expected.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_daemons_user_and_root_may_connect() {
        assert!(may_connect(1000, 1000));
        assert!(may_connect(0, 1000));
        assert!(!may_connect(1001, 1000));
        assert!(!may_connect(1000, 0), "a daemon of root is not everybody's");
    }

    #[test]
    fn a_token_is_equal_in_all_its_bytes_and_in_length() {
        let token = SecretString::from("0123456789abcdef");
        assert!(is_token(&token, "0123456789abcdef"));
        for wrong in [
            "",
            "0",
            "0123456789abcdeF",
            "1123456789abcdef",
            "0123456789abcdef0",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_token(&token, wrong), "{wrong:?}");
        }
        assert!(!is_token(&SecretString::from(""), ""), "no token is no password");
    }
}
