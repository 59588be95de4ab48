//! Live videos: <https://developers.facebook.com/docs/graph-api/reference/live-video>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use stagedoor_domain::{EventKind, EventReport, Platform, StreamFacts, UnitKind, Units};

use super::wire::{Id, Node, maybe_time};
use crate::{Broadcast, Ingest, fit::fit};

/// What is asked for of a live video that is made or found.
pub(super) const MADE: &str =
    "id,title,status,creation_time,secure_stream_url,stream_url,permalink_url,video{id}";

/// What is asked for to know where it stands.
pub(super) const STANDING: &str = "status,live_views,title,broadcast_start_time,creation_time";

/// Where relative addresses belong.
const SITE: &str = "https://www.facebook.com";

/// What viewers can express. Others are in the API's list; nobody can choose them any more.
pub(super) const REACTIONS: [&str; 7] = ["like", "love", "care", "haha", "wow", "sad", "angry"];

/// A live video. Its stream addresses have the stream key in them.
#[derive(Debug, Deserialize)]
pub(crate) struct LiveVideo {
    pub(crate) id: Id,
    #[serde(default)]
    pub(crate) title: Option<Box<str>>,
    #[serde(default)]
    pub(crate) status: Option<Box<str>>,
    #[serde(default)]
    pub(crate) live_views: Option<Value>,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(crate) creation_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(crate) broadcast_start_time: Option<Timestamp>,
    #[serde(default)]
    secure_stream_url: Option<SecretString>,
    #[serde(default)]
    stream_url: Option<SecretString>,
    #[serde(default)]
    permalink_url: Option<Box<str>>,
    #[serde(default)]
    pub(crate) video: Option<Node>,
    /// Counts of reactions among them.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Where a live video stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits for its stream, or shows it to its makers only.
    Before,
    /// It is on air.
    Live,
    /// It has ended, and will not begin again.
    Over,
    /// It is something that we do not know, and not over for all we know.
    Unknown,
}

impl LiveVideo {
    pub(crate) fn stage(&self) -> Stage {
        match self.status.as_deref().unwrap_or_default() {
            "LIVE" | "LIVE_NOW" => Stage::Live,
            "UNPUBLISHED" | "SCHEDULED_UNPUBLISHED" | "SCHEDULED_LIVE" => Stage::Before,
            "LIVE_STOPPED" | "PROCESSING" | "VOD" | "SCHEDULED_EXPIRED" | "SCHEDULED_CANCELED" => {
                Stage::Over
            }
            _ => Stage::Unknown,
        }
    }

    pub(crate) fn viewers(&self) -> Option<u32> {
        let views = self.live_views.as_ref()?;
        let number = views.as_u64().or_else(|| views.as_str()?.parse().ok())?;
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    }

    pub(crate) fn broadcast(&self) -> Broadcast {
        let watch_url = match self.permalink_url.as_deref() {
            Some(path) if path.starts_with('/') => Some(format!("{SITE}{path}").into()),
            Some(url) if url.starts_with("https://") => Some(url.into()),
            _ => None,
        };
        let chat_id = self.video.as_ref().map(|video| video.id.0.clone());
        Broadcast { id: self.id.0.clone(), chat_id, stream_id: None, watch_url }
    }

    /// Where to stream to; the encrypted way, where there is one.
    pub(crate) fn ingest(&self) -> Option<Ingest> {
        let addresses = [&self.secure_stream_url, &self.stream_url];
        addresses.into_iter().flatten().find_map(|url| split(url.expose_secret()))
    }

    /// How often viewers have expressed what. A count goes up and, when somebody takes it back, down: the greatest
    /// stays.
    pub(crate) fn reactions(&self, now: Timestamp) -> impl Iterator<Item = EventReport> {
        REACTIONS.into_iter().filter_map(move |name| {
            let count = self.rest.get(name)?.pointer("/summary/total_count")?.as_u64()?;
            let revision = u32::try_from(count).unwrap_or(u32::MAX);
            if revision == 0 {
                return None;
            }
            let key = format!("facebook:reaction:{}:{name}", self.id.0);
            let kind = EventKind::from("reaction");
            let mut report = EventReport::new(Platform::Facebook, kind, now, key);
            report.revision = revision;
            report.units = Some(Units { kind: UnitKind::from(name), amount: count });
            Some(fit(report, now))
        })
    }

    /// That it went on air.
    pub(crate) fn online(&self, now: Timestamp) -> EventReport {
        let at = self.broadcast_start_time.or(self.creation_time).unwrap_or(now);
        let key = format!("facebook:online:{}", self.id.0);
        let mut report = EventReport::new(Platform::Facebook, EventKind::StreamOnline, at, key);
        let (title, started_at) = (self.title.clone(), Some(at));
        report.stream = Some(StreamFacts { title, started_at, ..StreamFacts::default() });
        fit(report, now)
    }
}

/// That a live video went off air. When, Facebook does not say.
pub(super) fn offline(id: &str, now: Timestamp) -> EventReport {
    let key = format!("facebook:offline:{id}");
    let mut report = EventReport::new(Platform::Facebook, EventKind::StreamOffline, now, key);
    report.stream = Some(StreamFacts { ended_at: Some(now), ..StreamFacts::default() });
    fit(report, now)
}

/// The fields that count what viewers express, each kind by itself and without who it was.
pub(super) fn reaction_fields() -> String {
    let field = |name: &str| {
        let kind = name.to_ascii_uppercase();
        format!("reactions.type({kind}).limit(0).summary(total_count).as({name})")
    };
    REACTIONS.map(field).join(",")
}

/// Server and stream key: the key is what stands behind the last slash, with its query.
fn split(address: &str) -> Option<Ingest> {
    let rest = address.strip_prefix("rtmps://").or_else(|| address.strip_prefix("rtmp://"))?;
    // A slash within the key's query would be part of the key.
    let path = rest.split('?').next().unwrap_or(rest);
    let at = address.len() - rest.len() + path.rfind('/')?;
    let (url, key) = (&address[..at], &address[at + 1..]);
    let has_path = path.find('/').is_some_and(|host| host > 0 && host < path.len() - 1);
    (has_path && !key.is_empty()).then(|| Ingest {
        // Servers are named with a slash at their end: rtmps://live-api-s.facebook.com:443/rtmp/
        url: format!("{url}/").into(),
        stream_key: SecretString::from(key.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn video(fields: &Value) -> LiveVideo {
        let mut video = json!({ "id": "1953020644813104" });
        video.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        from_value(video).unwrap()
    }

    #[test]
    fn the_stream_address_is_split_before_the_key() {
        let key = "FB-1953020644813108-0-Ab3xYz?s_bl=1&s_ps=1&a=x/y";
        let address = format!("rtmps://live-api-s.facebook.com:443/rtmp/{key}");
        let plain = "rtmp://live-api-s.facebook.com:80/rtmp/other";
        let ingest =
            video(&json!({ "secure_stream_url": address, "stream_url": plain })).ingest().unwrap();
        assert_eq!(&*ingest.url, "rtmps://live-api-s.facebook.com:443/rtmp/");
        assert_eq!(ingest.stream_key.expose_secret(), key);
    }

    #[test]
    fn what_is_no_stream_address_is_none() {
        for wrong in [
            "",
            "https://x/rtmp/key",
            "rtmps://host",
            "rtmps://host/",
            "rtmps://host/rtmp/",
            "rtmps:///a/b",
        ] {
            let ingest = video(&json!({ "secure_stream_url": wrong })).ingest();
            assert!(ingest.is_none(), "{wrong}: {ingest:?}");
        }
        assert!(video(&json!({})).ingest().is_none());
    }

    #[test]
    fn no_debug_output_has_the_key_in_it() {
        let address = "rtmps://live-api-s.facebook.com:443/rtmp/FB-1-0-s3cret";
        let video = video(&json!({ "secure_stream_url": address, "stream_url": address }));
        let shown = format!("{video:?} {:?} {:?}", video.ingest(), video.broadcast());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn relative_addresses_lead_to_facebook_and_strange_ones_nowhere() {
        let url = |url: &str| video(&json!({ "permalink_url": url })).broadcast().watch_url;
        assert_eq!(
            url("/page/videos/1/").as_deref(),
            Some("https://www.facebook.com/page/videos/1/")
        );
        assert_eq!(
            url("https://www.facebook.com/x").as_deref(),
            Some("https://www.facebook.com/x")
        );
        assert_eq!(url("javascript:alert(1)"), None);
    }

    #[test]
    fn a_status_that_we_do_not_know_is_not_the_end() {
        let stage = |status: Value| video(&json!({ "status": status })).stage();
        assert_eq!(stage(json!("LIVE")), Stage::Live);
        assert_eq!(stage(json!("UNPUBLISHED")), Stage::Before);
        for over in ["LIVE_STOPPED", "PROCESSING", "VOD"] {
            assert_eq!(stage(json!(over)), Stage::Over);
        }
        assert_eq!(stage(json!("REPLAYING")), Stage::Unknown);
        assert_eq!(stage(json!(null)), Stage::Unknown);
    }

    #[test]
    fn no_number_of_viewers_is_not_zero_viewers() {
        assert_eq!(video(&json!({})).viewers(), None);
        assert_eq!(video(&json!({ "live_views": 0 })).viewers(), Some(0));
        assert_eq!(video(&json!({ "live_views": "17" })).viewers(), Some(17));
        assert_eq!(video(&json!({ "live_views": -1 })).viewers(), None);
        assert_eq!(video(&json!({ "live_views": u64::MAX })).viewers(), Some(u32::MAX));
    }

    #[test]
    fn reactions_are_counts_that_only_grow() {
        let now = Timestamp::constant(1_535_654_822, 0);
        let video = video(&json!({
            "like": { "data": [], "summary": { "total_count": 12 } },
            "love": { "data": [], "summary": { "total_count": 0 } },
            "wow": { "data": [] },
        }));
        let reports: Vec<_> = video.reactions(now).collect();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert_eq!(&*reports[0].dedupe_key, "facebook:reaction:1953020644813104:like");
        assert_eq!(reports[0].revision, 12);
        reports[0].validate(now).unwrap();
    }
}
