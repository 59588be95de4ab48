//! Ids of events: UUIDs of version 7 that rise without exception.

use uuid::{Builder, Uuid};

/// How many bits of an id are not its time: 12 before and 62 behind the variant.
const COUNTER_BITS: u32 = 74;

/// The part of a new millisecond's first id that is left empty, so that there is room to count up.
const FIRST: u128 = (1 << (COUNTER_BITS - 1)) - 1;

/// Makes ids, each greater than all before, also when the clock goes backwards and over restarts.
///
/// An id is its time in milliseconds and 74 bits: random in the first id of a millisecond, counted up by a random step
/// in those that follow (RFC 9562, section 6.2, method 2).
#[derive(Debug)]
pub(crate) struct Ids {
    millisecond: u64,
    counter: u128,
}

impl Ids {
    /// Goes on after `newest`.
    pub(crate) fn after(newest: Option<Uuid>) -> Self {
        let bits = newest.map_or(0, |id| id.as_u128());
        let high = (bits >> 64) & 0xfff;
        let low = bits & ((1 << 62) - 1);
        Self {
            millisecond: u64::try_from(bits >> 80).expect("48 bits fit into 64"),
            counter: (high << 62) | low,
        }
    }

    /// The next id. `random` should be different each time.
    pub(crate) fn next(&mut self, now_ms: u64, random: u128) -> Uuid {
        if now_ms > self.millisecond {
            self.millisecond = now_ms;
            self.counter = random & FIRST;
        } else {
            self.counter += 1 + (random & 0xffff_ffff);
            if self.counter >> COUNTER_BITS != 0 {
                self.millisecond += 1;
                self.counter = random & FIRST;
            }
        }
        let bytes = (self.counter >> 62 << 64 | (self.counter & ((1 << 62) - 1))).to_be_bytes();
        let random = bytes[6..].try_into().expect("16 bytes without 6 are 10");
        Builder::from_unix_timestamp_millis(self.millisecond, &random).into_uuid()
    }
}

/// The least id of a millisecond: all ids of earlier events are smaller.
pub(crate) fn least_id_at(at: jiff::Timestamp) -> Uuid {
    let millisecond = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millisecond, &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_rise_whatever_the_clock_does_and_over_restarts(
            steps in prop::collection::vec((1_700_000_000_000_u64..1_700_000_000_005, any::<u128>(), any::<bool>()), 1..200),
        ) {
            let mut ids = Ids::after(None);
            let mut last = Uuid::nil();
            for (now, random, restart) in steps {
                if restart {
                    ids = Ids::after(Some(last));
                }
                let id = ids.next(now, random);
                prop_assert!(id > last, "{last} {id}");
                prop_assert_eq!(id.get_version_num(), 7);
                prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
                last = id;
            }
        }
    }

    #[test]
    fn an_id_tells_its_time() {
        let mut ids = Ids::after(None);
        let id = ids.next(1_700_000_000_123, u128::MAX);
        assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_700_000_000, 123_000_000));
        let at = jiff::Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        assert!(least_id_at(at) < id);
        assert!(least_id_at(at + jiff::SignedDuration::from_millis(1)) > id);
    }

    #[test]
    fn a_millisecond_that_is_full_borrows_from_the_next() {
        let full = Builder::from_unix_timestamp_millis(5, &[0xff; 10]).into_uuid();
        let next = Ids::after(Some(full)).next(5, 0);
        assert!(next > full);
        assert_eq!(next.get_timestamp().unwrap().to_unix(), (0, 6_000_000));
    }
}
