//! `[gateway]`: the listeners, and what one client may ask of them.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use http::Uri;
use serde::{Deserialize, Serialize};
use stagedoor_gateway::WebUrl;

use super::{
    ByteSize, Invalid, Mode, PlatformsConfig, check_range,
    values::{address, duration, string_list},
};

/// Below, not even a join with its parameters fits.
const MESSAGE_LIMIT: RangeInclusive<ByteSize> = ByteSize::kib(1)..=ByteSize::mib(16);
const OUTBOX_LIMIT: RangeInclusive<ByteSize> = ByteSize::kib(4)..=ByteSize::mib(64);
/// The official client sends a heartbeat every 30 s.
const IDLE_TIMEOUT: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_hours(24);

/// `[gateway]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where dashboards and web backends connect. Port 0: any free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Health and metrics, without a login.
    #[serde(deserialize_with = "address")]
    pub admin_listen: SocketAddr,
    /// Where browsers and platforms reach the public listener from outside: what OAuth's redirect URIs begin with. Not
    /// given: `http://` and [`Self::listen`].
    pub public_url: Option<String>,
    /// Where a browser is sent to when an account was connected, or was not. Not given: it is told so by a plain page.
    pub connected_url: Option<String>,
    /// Origins of pages that may open a socket; `*` is every origin.
    #[serde(deserialize_with = "string_list")]
    pub allowed_origins: Vec<String>,
    /// The largest frame or request body that is read.
    pub message_limit: ByteSize,
    /// The most that waits to be sent to one connection before it is dropped as too slow.
    pub outbox_limit: ByteSize,
    /// A socket that is silent for so long is closed.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// Topics that one connection may have joined.
    pub channels_per_connection: usize,
    /// Connections from one IP address.
    pub connections_per_address: usize,
    /// Connections in all.
    pub connection_limit: usize,
}

impl GatewayConfig {
    pub(super) fn validate(&self, mode: Mode, platforms: &PlatformsConfig) -> Result<(), Invalid> {
        self.validate_urls(mode, platforms)?;
        for origin in &self.allowed_origins {
            if !is_origin(origin) {
                return Err(Invalid::new(
                    "gateway.allowed_origins",
                    format!(
                        "must hold origins such as \"https://dashboard.example.com\", without a path, or \"*\"; got {origin:?}"
                    ),
                ));
            }
        }
        check_range("gateway.message_limit", self.message_limit, &MESSAGE_LIMIT)?;
        check_range("gateway.outbox_limit", self.outbox_limit, &OUTBOX_LIMIT)?;
        check_range(
            "gateway.idle_timeout",
            humantime::Duration::from(self.idle_timeout),
            &super::durations(&IDLE_TIMEOUT),
        )?;
        check_range(
            "gateway.channels_per_connection",
            self.channels_per_connection,
            &(1..=10_000),
        )?;
        check_range(
            "gateway.connections_per_address",
            self.connections_per_address,
            &(1..=10_000_000),
        )?;
        check_range("gateway.connection_limit", self.connection_limit, &(1..=10_000_000))
    }

    /// Codes that open a user's account travel to the public URL: on another machine, only encrypted.
    fn validate_urls(&self, mode: Mode, platforms: &PlatformsConfig) -> Result<(), Invalid> {
        let key = "gateway.public_url";
        if let Some(url) = &self.public_url
            && !is_http_url(url)
        {
            let problem = format!(
                "must be an address such as \"https://stagedoor.example.com\", got {url:?}"
            );
            return Err(Invalid::new(key, problem));
        }
        if let Some(url) = &self.connected_url {
            let check = WebUrl::new(url);
            check.map_err(|error| Invalid::new("gateway.connected_url", error.to_string()))?;
        }
        if mode == Mode::Development {
            return Ok(());
        }
        match &self.public_url {
            Some(url) if !url.starts_with("https://") && !is_loopback_url(url) => {
                Err(Invalid::new(
                    key,
                    format!("must begin with https:// in production mode, got {url:?}"),
                ))
            }
            None if !self.is_loopback() => {
                match platforms.apps().iter().find(|app| app.is_configured()) {
                    Some(app) => {
                        let problem = "needs gateway.public_url in production mode: users are sent back there";
                        Err(Invalid::new(app.keys.client_id, problem))
                    }
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Whether only this machine reaches the public listener.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.listen.ip())
    }
}

/// `::ffff:127.0.0.1` is loopback as well.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// An address without a query: something can be added behind.
pub(super) fn is_http_url(text: &str) -> bool {
    WebUrl::new(text).is_ok() && !text.contains('?')
}

fn is_loopback_url(text: &str) -> bool {
    let uri = text.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(is_loopback)
}

/// `scheme://host[:port]`, as a browser sends it (RFC 6454, section 6.2), or `*`.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return text == "*" };
    !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT_TOML};

    #[test]
    fn the_defaults_are_those_of_the_gateway() {
        let said: toml::Table = DEFAULT_TOML.parse().unwrap();
        let ours: GatewayConfig = said["gateway"].clone().try_into().unwrap();
        let theirs = stagedoor_gateway::GatewayConfig::default();
        assert_eq!(ours.allowed_origins, theirs.origins);
        assert_eq!(ours.message_limit.bytes(), theirs.socket.message_limit);
        assert_eq!(ours.outbox_limit.bytes(), theirs.socket.outbox_limit);
        assert_eq!(ours.idle_timeout, theirs.socket.idle_timeout);
        assert_eq!(ours.channels_per_connection, theirs.socket.channels_per_connection);
        assert_eq!(ours.connection_limit, theirs.public.connections);
        assert_eq!(ours.connections_per_address, theirs.public.connections_per_address);
    }

    #[test]
    fn in_development_one_machine_may_play_all_clients() {
        let GatewayConfig { connection_limit, connections_per_address, .. } =
            Config::development().gateway;
        assert_eq!(connections_per_address, connection_limit);
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for origin in [
            "*",
            "https://a.example",
            "http://localhost:5173",
            "http://[::1]:80",
            "tauri://localhost",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for text in [
            "",
            "a.example",
            "https://",
            "https://a.example/",
            "https://a.example/path",
            "https://*.a b",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    #[test]
    fn an_address_that_something_is_added_to_is_plain() {
        for url in [
            "https://a.example",
            "http://[::1]:80",
            "http://localhost:4000/stagedoor",
            "https://a.example/",
        ] {
            assert!(is_http_url(url), "{url}");
        }
        for text in [
            "",
            "a.example",
            "/path",
            "https://",
            "ftp://a.example",
            "https://a.example/?query",
            "https://a.example/#here",
            "https://ada@a.example",
            "https://a b.example",
        ] {
            assert!(!is_http_url(text), "{text}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_known() {
        for url in ["http://localhost:4000", "http://127.0.0.2", "http://[::1]:80/x"] {
            assert!(is_loopback_url(url), "{url}");
        }
        for url in ["http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1"] {
            assert!(!is_loopback_url(url), "{url}");
        }
    }

    #[test]
    fn a_mapped_ipv4_loopback_address_is_loopback() {
        assert!(is_loopback("::ffff:127.0.0.1".parse().unwrap()));
        assert!(is_loopback("::1".parse().unwrap()));
        assert!(!is_loopback("0.0.0.0".parse().unwrap()));
        assert!(!is_loopback("::".parse().unwrap()));
    }
}
