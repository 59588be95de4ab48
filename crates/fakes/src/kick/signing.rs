//! The key by which deliveries are signed.

use std::fmt::Write as _;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};

#[derive(Debug)]
pub(crate) struct Signer {
    pair: KeyPair,
    pub(crate) public_pem: String,
}

impl Signer {
    /// A new key of 2048 bits.
    pub(crate) async fn generate() -> Self {
        let made = tokio::task::spawn_blocking(|| KeyPair::generate(KeySize::Rsa2048)).await;
        let pair = made.expect("making a key does not panic").expect("there is randomness");
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a key has a form");
        let base64 = STANDARD.encode(der.as_ref());
        let mut public_pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for line in base64.as_bytes().chunks(64) {
            let _ = writeln!(public_pem, "{}", String::from_utf8_lossy(line));
        }
        public_pem.push_str("-----END PUBLIC KEY-----\n");
        Self { pair, public_pem }
    }

    /// The signature, in Base64, over the message's id, its timestamp and the body.
    pub(crate) fn sign(&self, message_id: &str, timestamp: &str, body: &[u8]) -> String {
        let signed = [message_id.as_bytes(), timestamp.as_bytes(), body].join(&b'.');
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature)
            .expect("a key signs");
        STANDARD.encode(signature)
    }
}
