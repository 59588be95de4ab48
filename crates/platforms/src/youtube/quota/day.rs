//! The day of YouTube's quota: from midnight to midnight, Pacific Time
//! (<https://developers.google.com/youtube/v3/determine_quota_cost>). Two days of a year have 23 and 25 hours.

use std::time::Duration;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Pacific Time since 2007, for a system without a database of time zones.
const PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";

/// A day, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    date: Date,
    /// The first moment of the next one.
    pub(crate) ends: Timestamp,
}

impl Day {
    /// The day at this moment.
    pub(crate) fn at(now: Timestamp) -> Self {
        let zone = TimeZone::get("America/Los_Angeles").unwrap_or_else(|_| fixed());
        Self::in_zone(now, zone)
    }

    fn in_zone(now: Timestamp, zone: TimeZone) -> Self {
        let date = now.to_zoned(zone.clone()).date();
        let next = date.tomorrow().and_then(|next| next.to_zoned(zone));
        Self { date, ends: next.map_or(Timestamp::MAX, |next| next.timestamp()) }
    }

    /// Its name: `2026-11-22`.
    pub(crate) fn name(&self) -> String {
        self.date.to_string()
    }

    /// How much of it is left.
    pub(crate) fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.ends.duration_since(now)).unwrap_or_default()
    }
}

fn fixed() -> TimeZone {
    TimeZone::posix(PACIFIC).expect("it is a time zone in the form of POSIX")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_in_los_angeles_in_winter_and_in_summer() {
        for (now, name, ends) in [
            ("2026-11-22T07:59:59.999Z", "2026-11-21", "2026-11-22T08:00:00Z"),
            ("2026-11-22T08:00:00Z", "2026-11-22", "2026-11-23T08:00:00Z"),
            ("2026-07-01T06:59:59Z", "2026-06-30", "2026-07-01T07:00:00Z"),
            ("2026-07-01T07:00:00Z", "2026-07-01", "2026-07-02T07:00:00Z"),
            ("2027-01-01T00:00:00Z", "2026-12-31", "2027-01-01T08:00:00Z"),
        ] {
            let day = Day::at(at(now));
            assert_eq!((&*day.name(), day.ends), (name, at(ends)), "{now}");
            assert_eq!(day, Day::in_zone(at(now), fixed()), "{now}, without a database");
        }
    }

    #[test]
    fn the_days_when_the_clocks_change_have_23_and_25_hours() {
        for (begins, ends, hours) in [
            ("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z", 23),
            ("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z", 25),
        ] {
            for zone in [None, Some(fixed())] {
                let day = |now| match &zone {
                    None => Day::at(now),
                    Some(zone) => Day::in_zone(now, zone.clone()),
                };
                let first = day(at(begins));
                assert_eq!(first.ends, at(ends));
                assert_eq!(first.left(at(begins)), Duration::from_hours(hours));
                let just_before = at(begins) - Duration::from_millis(1);
                assert_eq!(day(just_before).ends, at(begins));
                let last = at(ends) - Duration::from_millis(1);
                assert_eq!(day(last), first);
                assert_ne!(day(at(ends)), first);
            }
        }
    }
}
