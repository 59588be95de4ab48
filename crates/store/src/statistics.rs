//! The numbers of a livestream, counted again from its events.
//!
//! Chat is kept for a shorter time than livestreams: before retention deletes it, the numbers of what has ended are
//! kept with the livestream, and are the answer from then on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stagedoor_domain::{
    Counted, EventId, EventKind, EventReport, Livestream, LivestreamId, LivestreamSummary,
    Platform, Statistics, UserId,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    db::{Db, reading, statements},
    json,
    series::in_micros,
};

statements! {
    COUNT = "select kind, currency, count(*),
                 cast(sum(micros / 1000000) as bigint), cast(sum(micros % 1000000) as bigint)
             from events where user_id = $1 and livestream = $2 and id <= $3 group by kind, currency";
    SAMPLES = "select received_at, platform, viewers from events
               where user_id = $1 and livestream = $2 and id <= $3
                 and kind = 'viewers.sample' and viewers is not null
               order by id";
    NEWEST = "select id from events where user_id = $1 order by id desc limit 1";
    KEPT = "select numbers, ended_at from livestreams where user_id = $1 and id = $2";
}

/// The numbers of a livestream.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Numbers {
    pub(crate) statistics: Statistics,
    average_viewers: Option<f64>,
}

impl Store {
    /// The counts of a livestream, as its events give them; all zero where there are none.
    pub async fn statistics(
        &self,
        user: &UserId,
        livestream: LivestreamId,
    ) -> Result<Statistics, StoreError> {
        Ok(self.numbers(user, livestream).await?.statistics)
    }

    /// The counts of a livestream that goes on, and up to which of the user's events they go: whoever counts on begins
    /// after it.
    pub async fn recount(
        &self,
        user: &UserId,
        livestream: LivestreamId,
    ) -> Result<(Statistics, Option<EventId>), StoreError> {
        let newest: Option<(Uuid,)> = reading!(self.db(), |pool| Ok(sqlx::query_as(NEWEST)
            .bind(user.as_str())
            .fetch_optional(pool)
            .await?))?;
        let Some((newest,)) = newest else { return Ok((Statistics::default(), None)) };
        // Ids are committed in their order: all up to the newest are there, whatever comes meanwhile.
        let numbers = count(self.db(), user.as_str(), *livestream.as_uuid(), newest).await?;
        Ok((numbers.statistics, Some(EventId::from_uuid(newest))))
    }

    /// A livestream in numbers.
    pub async fn summary(
        &self,
        user: &UserId,
        livestream: LivestreamId,
    ) -> Result<Option<LivestreamSummary>, StoreError> {
        let Some(livestream) = self.livestream(user, livestream).await? else { return Ok(None) };
        let Numbers { statistics, average_viewers } = self.numbers(user, livestream.id).await?;
        Ok(Some(LivestreamSummary {
            duration_s: duration_s(&livestream),
            livestream,
            peak_viewers: statistics.peak_viewers,
            average_viewers,
            chat_messages: statistics.chat_messages,
            follows: statistics.follows,
            subscriptions: statistics.subscriptions,
            donations: statistics.donations,
            donated: statistics.donated,
            raids: statistics.raids,
        }))
    }

    async fn numbers(
        &self,
        user: &UserId,
        livestream: LivestreamId,
    ) -> Result<Numbers, StoreError> {
        type Row = (Option<String>, Option<i64>);
        let kept: Option<Row> = reading!(self.db(), |pool| Ok(sqlx::query_as(KEPT)
            .bind(user.as_str())
            .bind(*livestream.as_uuid())
            .fetch_optional(pool)
            .await?))?;
        if let Some((Some(numbers), _)) = kept {
            return json::read("livestreams", &numbers);
        }
        let mut numbers =
            count(self.db(), user.as_str(), *livestream.as_uuid(), Uuid::max()).await?;
        if let Some((_, Some(_))) = kept {
            numbers.statistics.leave_air();
        }
        Ok(numbers)
    }
}

/// Counts the events of a livestream up to this one.
pub(crate) async fn count(
    db: &Db,
    user: &str,
    livestream: Uuid,
    up_to: Uuid,
) -> Result<Numbers, StoreError> {
    type Counts = Vec<(String, Option<String>, i64, Option<i64>, Option<i64>)>;
    type Samples = Vec<(i64, String, i64)>;
    let (counts, samples): (Counts, Samples) = reading!(db, |pool| {
        let counts =
            sqlx::query_as(COUNT).bind(user).bind(livestream).bind(up_to).fetch_all(pool).await?;
        let samples =
            sqlx::query_as(SAMPLES).bind(user).bind(livestream).bind(up_to).fetch_all(pool).await?;
        Ok((counts, samples))
    })?;
    let mut statistics = Statistics::default();
    for (kind, currency, count, units, micros) in counts {
        let count = count.cast_unsigned();
        match EventKind::from(kind.as_str()).counted() {
            Some(Counted::ChatMessage) => statistics.chat_messages += count,
            Some(Counted::Follow) => statistics.follows += count,
            Some(Counted::Subscription) => statistics.subscriptions += count,
            Some(Counted::Raid) => statistics.raids += count,
            Some(Counted::Donation) => {
                statistics.donations += count;
                if let (Some(currency), Some(units), Some(micros)) = (currency, units, micros) {
                    let currency =
                        currency.parse().map_err(|error: stagedoor_domain::NotACurrency| {
                            StoreError::unreadable("events", error)
                        })?;
                    let donated: &mut i64 = statistics.donated.entry(currency).or_default();
                    *donated = donated.saturating_add(in_micros(units, micros));
                }
            }
            None => {}
        }
    }
    let mut minutes = Minutes::default();
    for (received_at, platform, viewers) in samples {
        let platform = Platform::from(platform.as_str());
        let viewers = u32::try_from(viewers).unwrap_or(u32::MAX);
        minutes.add(received_at, platform.clone(), viewers);
        // By the same rule as while it was live.
        let mut report =
            EventReport::new(platform, EventKind::ViewersSample, Timestamp::UNIX_EPOCH, "");
        report.viewers = Some(viewers);
        statistics.count(&report);
    }
    Ok(Numbers { statistics, average_viewers: minutes.average() })
}

/// Viewers by minute: on each platform on average, then summed up.
#[derive(Default)]
struct Minutes {
    samples: BTreeMap<(i64, Platform), (u64, u64)>,
}

impl Minutes {
    fn add(&mut self, at_ms: i64, platform: Platform, viewers: u32) {
        let (sum, count) = self.samples.entry((at_ms.div_euclid(60_000), platform)).or_default();
        *sum += u64::from(viewers);
        *count += 1;
    }

    #[expect(clippy::cast_precision_loss, reason = "an average of viewers needs no 53 bits")]
    fn average(&self) -> Option<f64> {
        let mut minutes: BTreeMap<i64, f64> = BTreeMap::new();
        for ((minute, _), (sum, count)) in &self.samples {
            *minutes.entry(*minute).or_default() += *sum as f64 / *count as f64;
        }
        (!minutes.is_empty()).then(|| minutes.values().sum::<f64>() / minutes.len() as f64)
    }
}

fn duration_s(livestream: &Livestream) -> u64 {
    let end = livestream.ended_at.unwrap_or_else(Timestamp::now);
    u64::try_from(end.duration_since(livestream.started_at).as_secs()).unwrap_or(0)
}
