//! Minutes become hours.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use jiff::Timestamp;
use stagedoor_domain::{SeriesPoint, ViewerSamples};

use crate::{
    StoreError,
    db::{Db, reading, statements, writing},
    series::{self, HOUR_S, bind_point},
};

const HOUR_MS: i64 = HOUR_S as i64 * 1_000;

/// How many points of minutes are looked up at a time.
const CHUNK: i64 = 500;

statements! {
    OLD_MINUTES = "select user_id, begins_at / 3600000 from series
                   where length_s = 60 and begins_at < $1 order by begins_at limit $2";
    TAKE_MINUTES = "delete from series
                    where user_id = $1 and begins_at >= $2 and begins_at < $3 and length_s = 60
                    returning begins_at, length_s, platform, livestream, viewers_min, viewers_max, viewers_sum,
                        viewers_count, chat_messages, follows, subscriptions, donated";
    HOURS = "select begins_at, length_s, platform, livestream, viewers_min, viewers_max, viewers_sum, viewers_count,
                 chat_messages, follows, subscriptions, donated
             from series where user_id = $1 and begins_at = $2 and length_s = 3600";
}

/// Puts the points of minutes together that are in hours which ended before `until`. An hour's minutes go in the same
/// transaction in which they are added to its point, so that none is counted twice; late ones are added later.
pub(crate) async fn minutes_to_hours(db: &Db, until: Timestamp) -> Result<u64, StoreError> {
    let until = until.as_millisecond().div_euclid(HOUR_MS) * HOUR_MS;
    let mut minutes = 0;
    loop {
        let old: Vec<(String, i64)> = reading!(db, |pool| Ok(sqlx::query_as(OLD_MINUTES)
            .bind(until)
            .bind(CHUNK)
            .fetch_all(pool)
            .await?))?;
        if old.is_empty() {
            return Ok(minutes);
        }
        for (user, hour) in BTreeSet::from_iter(old) {
            minutes += put_together(db, &user, hour * HOUR_MS).await?;
        }
    }
}

async fn put_together(db: &Db, user: &str, from: i64) -> Result<u64, StoreError> {
    let at = Timestamp::from_millisecond(from)
        .map_err(|error| StoreError::unreadable("series", error))?;
    writing!(db, |connection| {
        let minutes: Vec<series::Row> = sqlx::query_as(TAKE_MINUTES)
            .bind(user)
            .bind(from)
            .bind(from + HOUR_MS)
            .fetch_all(&mut *connection)
            .await?;
        let hours: Vec<series::Row> =
            sqlx::query_as(HOURS).bind(user).bind(from).fetch_all(&mut *connection).await?;
        let taken = minutes.len() as u64;
        let mut sums: BTreeMap<_, SeriesPoint> = BTreeMap::new();
        for row in hours.into_iter().chain(minutes) {
            let point = series::point(row)?;
            match sums.entry((point.platform.clone(), point.livestream)) {
                Entry::Occupied(sum) => add(sum.into_mut(), &point),
                Entry::Vacant(place) => {
                    place.insert(SeriesPoint { at, length_s: HOUR_S, ..point });
                }
            }
        }
        for hour in sums.values() {
            bind_point!(user, hour).execute(&mut *connection).await?;
        }
        Ok::<_, StoreError>(taken)
    })
}

fn add(hour: &mut SeriesPoint, point: &SeriesPoint) {
    hour.chat_messages += point.chat_messages;
    hour.follows += point.follows;
    hour.subscriptions += point.subscriptions;
    for (currency, micros) in &point.donated {
        let donated = hour.donated.entry(*currency).or_default();
        *donated = donated.saturating_add(*micros);
    }
    hour.viewers = match (hour.viewers, point.viewers) {
        (Some(a), Some(b)) => Some(ViewerSamples {
            min: a.min.min(b.min),
            max: a.max.max(b.max),
            sum: a.sum + b.sum,
            count: a.count + b.count,
        }),
        (a, b) => a.or(b),
    };
}
