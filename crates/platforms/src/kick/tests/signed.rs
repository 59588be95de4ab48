//! The signature, by a delivery that Kick has made.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::kick::{PublicKey, Webhook, WebhookError};

const BODY: &[u8] = include_bytes!("../../../fixtures/kick/webhooks/ValidationPayload.json");
const DELIVERY: &str = include_str!("../../../fixtures/kick/signed_delivery.json");

/// The delivery's headers, and the key that Kick has published.
fn delivery() -> (HeaderMap, PublicKey) {
    let delivery: Value = serde_json::from_str(DELIVERY).unwrap();
    let pair = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(name).unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    let headers = delivery["headers"].as_object().unwrap().iter().map(pair).collect();
    let key = PublicKey::from_pem(delivery["public_key_pem"].as_str().unwrap()).unwrap();
    (headers, key)
}

#[test]
fn a_delivery_that_kick_has_made_is_taken_however_old_it_is() {
    let (headers, key) = delivery();
    let webhook = Webhook::read(&headers, BODY, &key).unwrap();
    assert_eq!(&*webhook.message_id, "01JQR5KV0QC94HMETWYNBWRW4Z");
    assert_eq!(&*webhook.event_type, "livestream.status.updated");
    assert_eq!(&*webhook.broadcaster_id, "4809577");
    assert_eq!(webhook.sent_at.to_string(), "2025-04-01T07:56:19Z");
    assert_eq!(&*webhook.reports[0].dedupe_key, "kick:stream.online:4809577:1743494178");
}

#[test]
fn whichever_byte_of_the_body_is_changed_it_is_refused() {
    let (headers, key) = delivery();
    for at in 0..BODY.len() {
        for change in [1, 0x20, 0x80] {
            let mut body = BODY.to_vec();
            body[at] ^= change;
            let refused = Webhook::read(&headers, &body, &key);
            assert_eq!(refused, Err(WebhookError::Forged), "byte {at}");
        }
    }
    let longer = [BODY, b" "].concat();
    for body in [&BODY[1..], &BODY[..BODY.len() - 1], &longer, b""] {
        assert_eq!(Webhook::read(&headers, body, &key), Err(WebhookError::Forged));
    }
}

#[test]
fn whichever_byte_of_what_is_signed_with_it_is_changed_it_is_refused() {
    let (headers, key) = delivery();
    for name in ["kick-event-message-id", "kick-event-message-timestamp", "kick-event-signature"] {
        let value = headers[name].as_bytes();
        for at in 0..value.len() {
            let mut changed = value.to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let mut headers = headers.clone();
            headers.insert(name, HeaderValue::from_bytes(&changed).unwrap());
            let refused = Webhook::read(&headers, BODY, &key);
            assert_eq!(refused, Err(WebhookError::Forged), "{name}, byte {at}");
        }
    }
}

#[test]
fn a_header_that_is_missing_twice_there_or_too_long_is_refused_by_its_name() {
    let (headers, key) = delivery();
    for name in [
        "kick-event-message-id",
        "kick-event-message-timestamp",
        "kick-event-signature",
        "kick-event-type",
    ] {
        let refused = |change: &dyn Fn(&mut HeaderMap)| {
            let mut headers = headers.clone();
            change(&mut headers);
            assert_eq!(Webhook::read(&headers, BODY, &key), Err(WebhookError::Header { name }));
            assert_eq!(Webhook::check_headers(&headers), Err(WebhookError::Header { name }));
        };
        let long = HeaderValue::from_str(&"A".repeat(1_401)).unwrap();
        refused(&|headers| drop(headers.remove(name)));
        refused(&|headers| {
            headers.append(name, HeaderValue::from_static("x"));
        });
        refused(&|headers| drop(headers.insert(name, long.clone())));
        refused(&|headers| drop(headers.insert(name, HeaderValue::from_static(""))));
        refused(&|headers| drop(headers.insert(name, HeaderValue::from_static("a b"))));
        refused(&|headers| {
            headers.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
        });
    }
}

#[test]
fn another_key_knows_nothing_of_it() {
    let (headers, _) = delivery();
    let other = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der = aws_lc_rs::encoding::AsDer::as_der(aws_lc_rs::signature::KeyPair::public_key(&other));
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = der.unwrap();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let key = PublicKey::from_pem(&pem).unwrap();
    assert_eq!(Webhook::read(&headers, BODY, &key), Err(WebhookError::Forged));
}
