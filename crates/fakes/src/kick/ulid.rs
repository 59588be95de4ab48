//! Ids of messages and deliveries.

use jiff::Timestamp;

use super::world::random;

/// An id that sorts by time: 48 bits of milliseconds and 80 of chance, in 26 characters (<https://github.com/ulid/spec>).
pub(crate) fn ulid() -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let millis = u128::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let chance =
        (u128::from(random()) << 48) | (u128::from(random()) << 16) | u128::from(random() >> 16);
    let id = (millis << 80) | chance;
    let digit = |at: u32| {
        let five = usize::try_from((id >> (5 * at)) & 31).expect("five bits are small");
        char::from(DIGITS[five])
    };
    (0..26).rev().map(digit).collect()
}
