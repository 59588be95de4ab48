//! Analytics: numbers over time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{LivestreamId, Platform, SeriesPoint, UserId, ViewerSamples};
use stagedoor_store::{MAX_POINTS_A_PAGE, SeriesQuery};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use crate::http::ApiError;

const HOUR_S: u32 = 3600;
/// How far back one looks unasked.
const USUAL_SPAN: SignedDuration = SignedDuration::from_hours(24);
/// How many points an answer has at most.
const MAX_POINTS: usize = 2_000;

/// Which points of the series.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesRequest {
    /// Those that begin then or later; a day ago when absent.
    from: Option<Timestamp>,
    /// Those that begin before then; until now when absent.
    to: Option<Timestamp>,
    /// Those of this livestream.
    livestream: Option<LivestreamId>,
    /// Those of this platform.
    platform: Option<Platform>,
    /// `minute`, as they are kept (older ones in hours), or `hour`.
    #[param(value_type = Option<Resolution>, inline)]
    resolution: Resolution,
}

/// How long the stretch of a point is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Resolution {
    /// As it is kept: a minute, and an hour where it is long ago.
    #[default]
    Minute,
    /// An hour.
    Hour,
}

/// Numbers over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Series {
    /// Oldest first; at the same time one for each platform and livestream.
    pub(crate) points: Vec<SeriesPoint>,
    /// There is more: what to give as `from` for it. Null at the end.
    pub(crate) next: Option<Timestamp>,
}

pub(crate) async fn series(
    desk: &Desk,
    user: &UserId,
    request: SeriesRequest,
) -> Result<Series, ApiError> {
    let SeriesRequest { from, to, livestream, platform, resolution } = request;
    let from = from.unwrap_or_else(|| to.unwrap_or_else(Timestamp::now) - USUAL_SPAN);
    if to.is_some_and(|to| to <= from) {
        return Err(ApiError::invalid("query", "`to` must be after `from`").field("to"));
    }
    let query =
        SeriesQuery { from, to, livestream, platform, length_s: None, limit: MAX_POINTS_A_PAGE };
    let points = desk.store().series(user, &query).await?;
    let cut_off = points.len() >= MAX_POINTS_A_PAGE as usize;
    let points = match resolution {
        Resolution::Minute => points,
        Resolution::Hour => hours(points),
    };
    Ok(page(points, cut_off))
}

/// Whole moments only: the points of one moment are never on two pages.
fn page(mut points: Vec<SeriesPoint>, cut_off: bool) -> Series {
    let last = if points.len() > MAX_POINTS {
        points[MAX_POINTS].at
    } else if cut_off {
        points[points.len() - 1].at
    } else {
        return Series { points, next: None };
    };
    let whole = points.partition_point(|point| point.at < last);
    // A moment with more points than a page is given as far as it goes, rather than again and again.
    if whole == 0 {
        points.truncate(MAX_POINTS);
        return Series { points, next: last.checked_add(SignedDuration::from_secs(1)).ok() };
    }
    points.truncate(whole);
    Series { points, next: Some(last) }
}

/// Puts the minutes of an hour together.
fn hours(points: Vec<SeriesPoint>) -> Vec<SeriesPoint> {
    let mut hours: BTreeMap<(Timestamp, Platform, Option<LivestreamId>), SeriesPoint> =
        BTreeMap::new();
    for mut point in points {
        let second = point.at.as_second();
        let start = second - second.rem_euclid(i64::from(HOUR_S));
        point.at = Timestamp::from_second(start).unwrap_or(point.at);
        point.length_s = HOUR_S;
        let key = (point.at, point.platform.clone(), point.livestream);
        match hours.get_mut(&key) {
            Some(hour) => add(hour, &point),
            None => drop(hours.insert(key, point)),
        }
    }
    hours.into_values().collect()
}

fn add(hour: &mut SeriesPoint, point: &SeriesPoint) {
    hour.viewers = match (hour.viewers, point.viewers) {
        (Some(a), Some(b)) => Some(ViewerSamples {
            min: a.min.min(b.min),
            max: a.max.max(b.max),
            sum: a.sum.saturating_add(b.sum),
            count: a.count.saturating_add(b.count),
        }),
        (a, b) => a.or(b),
    };
    hour.chat_messages += point.chat_messages;
    hour.follows += point.follows;
    hour.subscriptions += point.subscriptions;
    for (currency, micros) in &point.donated {
        let sum = hour.donated.entry(*currency).or_default();
        *sum = sum.saturating_add(*micros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(minute: i64, chat_messages: u64) -> SeriesPoint {
        let viewers = u32::try_from(chat_messages).unwrap();
        SeriesPoint {
            at: Timestamp::from_second(minute * 60).unwrap(),
            length_s: 60,
            platform: Platform::Twitch,
            livestream: None,
            viewers: Some(ViewerSamples {
                min: viewers,
                max: viewers,
                sum: chat_messages,
                count: 1,
            }),
            chat_messages,
            follows: 1,
            subscriptions: 0,
            donated: BTreeMap::from([("EUR".parse().unwrap(), 5)]),
        }
    }

    #[test]
    fn an_hour_is_the_sum_of_its_minutes() {
        let hours = hours(vec![point(60, 3), point(119, 5), point(120, 7)]);
        let [first, second] = hours.as_slice() else { panic!("{hours:?}") };
        assert_eq!((first.at.as_second(), first.length_s), (3600, 3600));
        assert_eq!((first.chat_messages, first.follows), (8, 2));
        assert_eq!(first.viewers, Some(ViewerSamples { min: 3, max: 5, sum: 8, count: 2 }));
        assert_eq!(first.donated[&"EUR".parse().unwrap()], 10);
        assert_eq!((second.at.as_second(), second.chat_messages), (7200, 7));
    }

    #[test]
    fn pages_have_whole_moments_and_lead_to_each_other() {
        let two_a_minute =
            |minutes: i64| (0..minutes).flat_map(|m| [point(m, 1), point(m, 2)]).collect();
        let points: Vec<_> = two_a_minute(i64::try_from(MAX_POINTS).unwrap());
        let first = page(points.clone(), false);
        assert_eq!(first.points.len(), MAX_POINTS);
        let next = first.next.unwrap();
        assert!(first.points.iter().all(|point| point.at < next));
        assert_eq!(points.iter().filter(|point| point.at < next).count(), MAX_POINTS);
        let last = page(points[MAX_POINTS..].to_vec(), false);
        assert_eq!((last.points.len(), last.next), (MAX_POINTS, None));
        let cut = page(points[..10].to_vec(), true);
        assert_eq!((cut.points.len(), cut.next), (8, Some(points[8].at)));
    }
}
