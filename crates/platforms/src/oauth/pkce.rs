use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A proof that whoever exchanges a code is who asked for it (RFC 7636, S256).
#[derive(Debug)]
pub struct Pkce {
    /// What is sent with the code.
    pub verifier: SecretString,
    /// What is sent with the user.
    pub challenge: String,
}

impl Pkce {
    /// A fresh one.
    ///
    /// # Panics
    /// If the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        Self::of(BASE64_URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// That of a verifier.
    #[must_use]
    pub fn of(verifier: SecretString) -> Self {
        let digest = Sha256::digest(verifier.expose_secret());
        Self { challenge: BASE64_URL_SAFE_NO_PAD.encode(digest), verifier }
    }
}

impl Default for Pkce {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_example_of_the_rfc_comes_out() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn no_two_are_alike_and_a_verifier_is_long_enough() {
        let (one, other) = (Pkce::new(), Pkce::new());
        assert_ne!(one.challenge, other.challenge);
        assert!((43..=128).contains(&one.verifier.expose_secret().len()), "RFC 7636, section 4.1");
    }
}
