//! What the operating system says of this process.

use std::fs;

/// Resident memory in bytes, where `/proc` tells.
pub(crate) fn rss_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    u64::try_from(rustix::param::page_size()).ok()?.checked_mul(pages)
}
