//! Series of numbers: a point a minute, later an hour, per platform and livestream.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use stagedoor_domain::{
    Counted, EventId, EventKind, LivestreamId, Platform, SeriesPoint, UserId, ViewerSamples,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{reading, statements, writing},
    ids::least_id_at,
    json,
};

/// How many points are given at a time at most.
pub const MAX_POINTS_A_PAGE: u32 = 20_000;

/// The length of a minute's point, in seconds.
pub(crate) const MINUTE_S: u32 = 60;

/// The length of an hour's point, in seconds.
pub(crate) const HOUR_S: u32 = 3_600;

/// How far a clock is set back without an event being overlooked.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// Which points of a user's series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesQuery {
    /// Those that begin then or later.
    pub from: Timestamp,
    /// Those that begin before then.
    pub to: Option<Timestamp>,
    /// Those of this livestream.
    pub livestream: Option<LivestreamId>,
    /// Those of this platform.
    pub platform: Option<Platform>,
    /// Those of this length, in seconds.
    pub length_s: Option<u32>,
    /// How many at most; [`MAX_POINTS_A_PAGE`] is the limit.
    pub limit: u32,
}

impl Default for SeriesQuery {
    /// The oldest thousand.
    fn default() -> Self {
        Self {
            from: Timestamp::UNIX_EPOCH,
            to: None,
            livestream: None,
            platform: None,
            length_s: None,
            limit: 1_000,
        }
    }
}

statements! {
    pub(crate) PUT_POINT = "insert into series (user_id, begins_at, length_s, platform, livestream, viewers_min, viewers_max,
               viewers_sum, viewers_count, chat_messages, follows, subscriptions, donated)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           on conflict (user_id, begins_at, length_s, platform, livestream) do update set
               viewers_min = excluded.viewers_min, viewers_max = excluded.viewers_max,
               viewers_sum = excluded.viewers_sum, viewers_count = excluded.viewers_count,
               chat_messages = excluded.chat_messages, follows = excluded.follows,
               subscriptions = excluded.subscriptions, donated = excluded.donated";
    GET = "select begins_at, length_s, platform, livestream, viewers_min, viewers_max, viewers_sum, viewers_count,
               chat_messages, follows, subscriptions, donated
           from series
           where user_id = $1 and begins_at >= $2 and begins_at < $3
               and (livestream = $4 or $4 is null) and (platform = $5 or $5 is null) and (length_s = $6 or $6 is null)
           order by begins_at, platform, livestream limit $7";
    /// Money in units and millionths: their sums do not overflow.
    COUNT = "select received_at / 60000, platform, livestream, kind, currency, count(*),
                 cast(sum(micros / 1000000) as bigint), cast(sum(micros % 1000000) as bigint),
                 min(viewers), max(viewers), cast(sum(viewers) as bigint), count(viewers),
                 (select id from events where user_id = $1 order by id desc limit 1)
             from events
             where user_id = $1 and id >= $2 and received_at >= $3
             group by received_at / 60000, platform, livestream, kind, currency";
    LAST_MINUTE = "select max(begins_at + (length_s - 60) * 1000) from series where user_id = $1";
}

pub(crate) type Row = (
    i64,
    i64,
    String,
    Uuid,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i64,
    i64,
    i64,
    String,
);

/// Binds all parameters of [`PUT_POINT`].
macro_rules! bind_point {
    ($user:expr, $point:expr) => {{
        let (user, point): (&str, &stagedoor_domain::SeriesPoint) = ($user, $point);
        let viewers = point.viewers;
        sqlx::query($crate::series::PUT_POINT)
            .bind(user)
            .bind(point.at.as_millisecond())
            .bind(i64::from(point.length_s))
            .bind(point.platform.as_str())
            .bind(point.livestream.map_or(uuid::Uuid::nil(), |id| *id.as_uuid()))
            .bind(viewers.map(|viewers| i64::from(viewers.min)))
            .bind(viewers.map(|viewers| i64::from(viewers.max)))
            .bind(viewers.map(|viewers| viewers.sum.cast_signed()))
            .bind(viewers.map(|viewers| i64::from(viewers.count)))
            .bind(point.chat_messages.cast_signed())
            .bind(point.follows.cast_signed())
            .bind(point.subscriptions.cast_signed())
            .bind($crate::json::write(&point.donated))
    }};
}

pub(crate) use bind_point;

impl Store {
    /// Keeps points; one for the same stretch, platform and livestream is replaced.
    pub async fn put_series(
        &self,
        user: &UserId,
        points: &[SeriesPoint],
    ) -> Result<(), StoreError> {
        writing!(self.db(), |connection| {
            for point in points {
                bind_point!(user.as_str(), point).execute(&mut *connection).await?;
            }
            Ok::<_, StoreError>(())
        })
    }

    /// The points that the query asks for, oldest first.
    pub async fn series(
        &self,
        user: &UserId,
        query: &SeriesQuery,
    ) -> Result<Vec<SeriesPoint>, StoreError> {
        let rows: Vec<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(GET)
            .bind(user.as_str())
            .bind(query.from.as_millisecond())
            .bind(query.to.map_or(i64::MAX, Timestamp::as_millisecond))
            .bind(query.livestream.map(|id| *id.as_uuid()))
            .bind(query.platform.as_ref().map(Platform::as_str))
            .bind(query.length_s.map(i64::from))
            .bind(i64::from(query.limit.min(MAX_POINTS_A_PAGE)))
            .fetch_all(pool)
            .await?))?;
        rows.into_iter().map(point).collect()
    }

    /// The points of the minutes since `since`, counted again from the events: what a collector that crashed had not
    /// yet kept. An event belongs to the minute in which it was received. Oldest first; a first minute that `since`
    /// cuts in two is counted as a whole. With them comes the newest event that there was when they were counted, if
    /// there are any: whoever goes on counting begins after it.
    pub async fn counts_since(
        &self,
        user: &UserId,
        since: Timestamp,
    ) -> Result<(Vec<SeriesPoint>, Option<EventId>), StoreError> {
        type Row = (
            i64,
            String,
            Option<Uuid>,
            String,
            Option<String>,
            i64,
            Option<i64>,
            Option<i64>,
            Option<i64>,
            Option<i64>,
            Option<i64>,
            i64,
            Uuid,
        );
        let minute = since.as_millisecond().div_euclid(60_000) * 60_000;
        // By their ids the events are found; a clock that was set back makes ids that are older than their events.
        let first = Timestamp::from_millisecond(minute)
            .and_then(|first| first.checked_sub(CLOCK_SLACK))
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let rows: Vec<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(COUNT)
            .bind(user.as_str())
            .bind(least_id_at(first))
            .bind(minute)
            .fetch_all(pool)
            .await?))?;
        let newest = rows.first().map(|(.., newest)| EventId::from_uuid(*newest));
        let mut points = BTreeMap::new();
        for row in rows {
            let (minute, platform, livestream, kind, currency, count, units, micros, ..) = &row;
            let at = Timestamp::from_millisecond(minute * 60_000)
                .map_err(|error| StoreError::unreadable("events", error))?;
            let platform = Platform::from(platform.as_str());
            let livestream = livestream.map(LivestreamId::from_uuid);
            let point =
                points.entry((at, platform.clone(), livestream)).or_insert_with(|| SeriesPoint {
                    at,
                    length_s: MINUTE_S,
                    platform,
                    livestream,
                    viewers: None,
                    chat_messages: 0,
                    follows: 0,
                    subscriptions: 0,
                    donated: BTreeMap::new(),
                });
            let count = count.cast_unsigned();
            let kind = EventKind::from(kind.as_str());
            match kind.counted() {
                Some(Counted::ChatMessage) => point.chat_messages += count,
                Some(Counted::Follow) => point.follows += count,
                Some(Counted::Subscription) => point.subscriptions += count,
                Some(Counted::Donation) => {
                    if let (Some(currency), Some(units), Some(micros)) = (currency, units, micros) {
                        let currency =
                            currency.parse().map_err(|error: stagedoor_domain::NotACurrency| {
                                StoreError::unreadable("events", error)
                            })?;
                        let donated: &mut i64 = point.donated.entry(currency).or_default();
                        *donated = donated.saturating_add(in_micros(*units, *micros));
                    }
                }
                Some(Counted::Raid) | None => {}
            }
            if let (EventKind::ViewersSample, (.., Some(min), Some(max), Some(sum), samples, _)) =
                (&kind, &row)
            {
                point.viewers = Some(ViewerSamples {
                    min: u32::try_from(*min).unwrap_or(0),
                    max: u32::try_from(*max).unwrap_or(u32::MAX),
                    sum: sum.cast_unsigned(),
                    count: u32::try_from(*samples).unwrap_or(u32::MAX),
                });
            }
        }
        // Minutes in which nothing happened that is counted have no point.
        Ok((points.into_values().filter(|point| !is_empty(point)).collect(), newest))
    }

    /// The last minute of which there is a point, or which an hour's point includes.
    pub async fn last_minute(&self, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
        let (last,): (Option<i64>,) = reading!(self.db(), |pool| Ok(sqlx::query_as(LAST_MINUTE)
            .bind(user.as_str())
            .fetch_one(pool)
            .await?))?;
        last.map(Timestamp::from_millisecond)
            .transpose()
            .map_err(|error| StoreError::unreadable("series", error))
    }
}

/// Puts together what was summed up in units and in millionths.
pub(crate) fn in_micros(units: i64, micros: i64) -> i64 {
    let sum = i128::from(units) * 1_000_000 + i128::from(micros);
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

fn is_empty(point: &SeriesPoint) -> bool {
    point.viewers.is_none()
        && point.chat_messages == 0
        && point.follows == 0
        && point.subscriptions == 0
        && point.donated.is_empty()
}

pub(crate) fn point(row: Row) -> Result<SeriesPoint, StoreError> {
    let (at, length, platform, livestream, min, max, sum, count, chat, follows, subs, donated) =
        row;
    let unreadable = |error: jiff::Error| StoreError::unreadable("series", error);
    let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let viewers = match (min, max, sum, count) {
        (Some(min), Some(max), Some(sum), Some(count)) => Some(ViewerSamples {
            min: small(min),
            max: small(max),
            sum: sum.cast_unsigned(),
            count: small(count),
        }),
        _ => None,
    };
    Ok(SeriesPoint {
        at: Timestamp::from_millisecond(at).map_err(unreadable)?,
        length_s: small(length),
        platform: Platform::from(platform.as_str()),
        livestream: (!livestream.is_nil()).then(|| LivestreamId::from_uuid(livestream)),
        viewers,
        chat_messages: chat.cast_unsigned(),
        follows: follows.cast_unsigned(),
        subscriptions: subs.cast_unsigned(),
        donated: json::read("series", &donated)?,
    })
}
