//! How many connections at a time, in all and from one address.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The connections of one listener. Cheap to clone: all clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    per_address: usize,
    open: Mutex<Open>,
}

/// Holds no address without a connection.
#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    limits: ConnectionLimits,
    address: IpAddr,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitReached {
    Total,
    PerAddress,
}

// === impl ConnectionLimits ===

impl ConnectionLimits {
    pub(crate) fn new(total: usize, per_address: usize) -> Self {
        Self(Arc::new(Inner { total, per_address, open: Mutex::default() }))
    }

    pub(crate) fn admit(&self, address: IpAddr) -> Result<ConnectionPermit, LimitReached> {
        let address = one_customer(address);
        let mut open = self.open();
        if open.total >= self.0.total {
            return Err(LimitReached::Total);
        }
        match open.by_address.entry(address) {
            Entry::Occupied(mut count) if *count.get() < self.0.per_address => {
                *count.get_mut() += 1;
            }
            Entry::Vacant(vacant) if self.0.per_address > 0 => {
                vacant.insert(1);
            }
            _ => return Err(LimitReached::PerAddress),
        }
        open.total += 1;
        Ok(ConnectionPermit { limits: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimitReached {
    /// For metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::PerAddress => "per_address",
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.limits.open();
        open.total -= 1;
        if let Entry::Occupied(mut count) = open.by_address.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// One customer of a provider has one IPv4 address but a whole /64 network of IPv6 (RFC 6177).
fn one_customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) if address.is_loopback() => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_has_gone() {
        let limits = ConnectionLimits::new(10, 2);
        let first = limits.admit(ip("10.0.0.1")).unwrap();
        let _second = limits.admit(ip("::ffff:10.0.0.1")).unwrap();
        assert_eq!(limits.admit(ip("10.0.0.1")).unwrap_err(), LimitReached::PerAddress);
        let _other = limits.admit(ip("10.0.0.2")).unwrap();
        drop(first);
        assert!(limits.admit(ip("10.0.0.1")).is_ok());
    }

    #[test]
    fn all_addresses_together_have_a_limit_too() {
        let limits = ConnectionLimits::new(2, 2);
        let _permits =
            [limits.admit(ip("10.0.0.1")).unwrap(), limits.admit(ip("10.0.0.2")).unwrap()];
        assert_eq!(limits.admit(ip("10.0.0.3")).unwrap_err(), LimitReached::Total);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let limits = ConnectionLimits::new(10, 1);
        let _permit = limits.admit(ip("2001:db8::1")).unwrap();
        assert!(limits.admit(ip("2001:db8::ffff:1")).is_err());
        assert!(limits.admit(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn nothing_is_kept_of_who_has_gone_or_was_refused() {
        let limits = ConnectionLimits::new(100, 1);
        let permits: Vec<_> =
            (0..50).map(|n| limits.admit(ip(&format!("10.0.0.{n}"))).unwrap()).collect();
        assert!(limits.admit(ip("10.0.0.1")).is_err());
        drop(permits);
        assert!(limits.open().by_address.is_empty());
        assert_eq!(limits.open().total, 0);
    }
}
