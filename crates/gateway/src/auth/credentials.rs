//! Where a request carries its token.

use std::net::IpAddr;

use axum::extract::Query;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, header, request::Parts};
use serde::Deserialize;

use super::AuthError;

/// What the Phoenix client puts before its `authToken` in `Sec-WebSocket-Protocol`.
const SUB_PROTOCOL_PREFIX: &str = "base64url.bearer.phx.";

pub(super) struct Credentials {
    pub(super) token: Option<String>,
    pub(super) user: Option<String>,
    /// Did the client address a loopback name? A page of another site cannot make a browser do so in its own name.
    pub(super) host_is_loopback: bool,
}

/// The parameters that we look at; clients send others too.
#[derive(Default, Deserialize)]
struct Parameters {
    token: Option<String>,
    user: Option<String>,
}

impl Credentials {
    pub(super) fn of(request: &Parts) -> Result<Self, AuthError> {
        let Query(parameters) = Query::<Parameters>::try_from_uri(&request.uri)
            .map_err(|_| AuthError::Invalid("the query cannot be read, or names it twice"))?;
        let token = match from_sub_protocol(&request.headers)? {
            Some(token) => Some(token),
            None => match parameters.token.filter(|token| !token.is_empty()) {
                Some(token) => Some(token),
                None => from_authorization(&request.headers)?,
            },
        };
        let host_is_loopback = host_is_loopback(&request.headers);
        Ok(Self { token, user: parameters.user, host_is_loopback })
    }
}

fn from_sub_protocol(headers: &HeaderMap) -> Result<Option<String>, AuthError> {
    const UNREADABLE: AuthError = AuthError::Invalid("the sub-protocol does not carry base64url");
    for header in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let protocols = header.to_str().map_err(|_| UNREADABLE)?;
        let mut protocols = protocols.split(',').map(str::trim);
        if let Some(encoded) = protocols.find_map(|name| name.strip_prefix(SUB_PROTOCOL_PREFIX)) {
            let token = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| UNREADABLE)?;
            return String::from_utf8(token).map(Some).map_err(|_| UNREADABLE);
        }
    }
    Ok(None)
}

fn from_authorization(headers: &HeaderMap) -> Result<Option<String>, AuthError> {
    const OTHER: AuthError =
        AuthError::Invalid("`Authorization` is not of the form `Bearer <token>`");
    let Some(header) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(OTHER)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Some(token.trim().to_owned()))
    } else {
        Err(OTHER)
    }
}

fn host_is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(authority) = host.and_then(|host| host.parse::<http::uri::Authority>().ok()) else {
        return false;
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
