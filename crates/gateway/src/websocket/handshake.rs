//! The handshake: from a request to the answer that makes its connection a WebSocket, or to a refusal.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    request::Parts,
};
use thiserror::Error;
use tungstenite::handshake::derive_accept_key;

/// The sub-protocol that a `phoenix` client offers, and that is answered.
const PHOENIX: &str = "phoenix";

/// How a `phoenix` client carries its `authToken` among the sub-protocols.
const TOKEN_PREFIX: &str = "base64url.bearer.phx.";

/// Why a request does not become a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Error)]

pub(crate) enum HandshakeError {
    /// Not a GET of HTTP/1.1.
    #[error("a WebSocket begins with a GET of HTTP/1.1")]
    Method,
    /// It does not ask for an upgrade to `websocket`.
    #[error(
        "this address speaks WebSocket only: Connection: upgrade and Upgrade: websocket are missing"
    )]
    NotAnUpgrade,
    /// `Sec-WebSocket-Version` is not 13.
    #[error("Sec-WebSocket-Version must be 13")]
    WebSocketVersion,
    /// `Sec-WebSocket-Key` is missing or not 16 bytes in base64.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64")]
    Key,
    /// `vsn` names another version of the channel protocol, or none, which means 1.0.0.
    #[error("vsn must be 2.0.0: version 1 of the channel protocol is not spoken here")]
    ChannelVersion,
    /// The token among the sub-protocols is not text in base64url.
    #[error("the token in Sec-WebSocket-Protocol is not base64url")]
    Token,
}

impl HandshakeError {
    /// With what it is answered.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Method | Self::Key => StatusCode::BAD_REQUEST,
            Self::NotAnUpgrade | Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            Self::ChannelVersion => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }

    /// What the answer must carry besides.
    #[must_use]
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        headers
    }
}

/// A request that may become a WebSocket, once it is known who asks.
#[derive(Debug)]
pub(crate) struct Accepted {
    accept: HeaderValue,
    phoenix: bool,
}

impl Accepted {
    /// The answer: 101 and its headers.
    #[must_use]
    pub(crate) fn response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if self.phoenix {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PHOENIX));
        }
        response
    }
}

/// Checks all of a handshake but who asks: RFC 6455, 4.2.1, the version of the channel protocol (`vsn`, major
/// version 2), and the sub-protocols.
///
/// # Errors
///
/// What is wrong with the request, with the status of the answer.
pub(crate) fn handshake(request: &Parts) -> Result<Accepted, HandshakeError> {
    let headers = &request.headers;
    if request.method != Method::GET || request.version < Version::HTTP_11 {
        return Err(HandshakeError::Method);
    }
    if !names(headers, &CONNECTION).any(|name| name.eq_ignore_ascii_case("upgrade"))
        || !names(headers, &UPGRADE).any(|name| name.eq_ignore_ascii_case("websocket"))
    {
        return Err(HandshakeError::NotAnUpgrade);
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::WebSocketVersion);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or(HandshakeError::Key)?.as_bytes();
    if key.len() != 24 || !key.ends_with(b"==") {
        return Err(HandshakeError::Key);
    }
    if !speaks_version_2(request.uri.query().unwrap_or_default()) {
        return Err(HandshakeError::ChannelVersion);
    }
    let offered = || names(headers, &SEC_WEBSOCKET_PROTOCOL);
    // Who asks is for `auth` to say, but only if the token can be read.
    if !offered().filter_map(|name| name.strip_prefix(TOKEN_PREFIX)).all(is_base64url) {
        return Err(HandshakeError::Token);
    }
    let accept = HeaderValue::try_from(derive_accept_key(key)).map_err(|_| HandshakeError::Key)?;
    Ok(Accepted { accept, phoenix: offered().any(|name| name == PHOENIX) })
}

/// The names in a header that lists some, as often as it comes.
fn names<'a>(headers: &'a HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn speaks_version_2(query: &str) -> bool {
    let vsn = query.split('&').find_map(|pair| pair.strip_prefix("vsn="));
    vsn.and_then(|vsn| vsn.split('.').next()) == Some("2")
}

fn is_base64url(token: &str) -> bool {
    URL_SAFE_NO_PAD.decode(token).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// The key and its answer are those of RFC 6455, 1.3.
    fn request(change: impl FnOnce(&mut Parts)) -> Parts {
        let request = Request::get("/socket/websocket?token=t&vsn=2.0.0")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        change(&mut parts);
        parts
    }

    fn with(name: &'static str, value: &'static str) -> Parts {
        request(|parts| {
            parts.headers.insert(name, HeaderValue::from_static(value));
        })
    }

    #[test]
    fn a_browsers_request_is_accepted() {
        let response: Response<()> = handshake(&request(|_| {})).unwrap().response();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn of_the_sub_protocols_only_phoenix_is_answered() {
        let token = "phoenix, base64url.bearer.phx.YS5iLWM";
        let response: Response<()> =
            handshake(&with("sec-websocket-protocol", token)).unwrap().response();
        assert_eq!(response.headers()["sec-websocket-protocol"], "phoenix");
        let response: Response<()> =
            handshake(&with("sec-websocket-protocol", "chat, v2")).unwrap().response();
        assert!(!response.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn a_token_that_is_no_base64url_is_unauthorized() {
        let parts = with("sec-websocket-protocol", "phoenix, base64url.bearer.phx.+/==");
        let error = handshake(&parts).unwrap_err();
        assert_eq!((&error, error.status()), (&HandshakeError::Token, StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn version_1_of_the_channel_protocol_is_refused() {
        for query in ["", "?vsn=1.0.0", "?vsn=20.0", "?avsn=2.0.0", "?vsn=3.0.0"] {
            let parts = request(|parts| {
                parts.uri = format!("/socket/websocket{query}").parse().unwrap();
            });
            let error = handshake(&parts).unwrap_err();
            assert_eq!(error, HandshakeError::ChannelVersion, "{query}");
            assert_eq!(error.status(), 403);
        }
    }

    #[test]
    fn each_fault_of_a_handshake_has_its_refusal() {
        let post = request(|parts| parts.method = Method::POST);
        let old = request(|parts| parts.version = Version::HTTP_10);
        let no_key = request(|parts| {
            parts.headers.remove("sec-websocket-key");
        });
        let cases = [
            (post, HandshakeError::Method),
            (old, HandshakeError::Method),
            (with("connection", "close"), HandshakeError::NotAnUpgrade),
            (with("upgrade", "h2c"), HandshakeError::NotAnUpgrade),
            (with("sec-websocket-version", "8"), HandshakeError::WebSocketVersion),
            (no_key, HandshakeError::Key),
            (with("sec-websocket-key", "short=="), HandshakeError::Key),
        ];
        for (parts, expected) in cases {
            assert_eq!(handshake(&parts).unwrap_err(), expected);
        }
        assert_eq!(HandshakeError::WebSocketVersion.headers()["sec-websocket-version"], "13");
    }
}
