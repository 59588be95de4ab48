//! Platforms that speak the real wire on loopback: for tests and for `stagedoord --demo`.
