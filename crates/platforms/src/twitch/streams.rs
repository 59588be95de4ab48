//! Who is on air, and how many watch.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Inner, helix::Data};
use crate::{
    Error, Priority, Standing, Watched,
    http::{Auth, Call, below},
};

/// How many channels one call tells of: <https://dev.twitch.tv/docs/api/reference/#get-streams>.
pub(super) const A_CALL: usize = 100;

#[derive(Deserialize)]
struct Stream {
    user_id: Box<str>,
    #[serde(default)]
    viewer_count: Option<u32>,
    #[serde(default)]
    title: Option<Box<str>>,
    #[serde(default)]
    game_name: Option<Box<str>>,
    #[serde(default)]
    started_at: Option<Timestamp>,
}

/// Where these stand. A channel that is not listed is off air.
pub(super) async fn standings(
    inner: &Inner,
    of: &[Watched],
) -> Result<Vec<Option<Standing>>, Error> {
    let mut streams = HashMap::new();
    for some in of.chunks(A_CALL) {
        let url = below(&inner.helix, &["streams"]);
        let mut call = Call::get(url, Auth::App, Priority::Viewers).query("first", "100");
        for watched in some {
            call = call.query("user_id", &*watched.account.external_id);
        }
        let listed: Data<Stream> = inner.http.ask(call).await?;
        streams.extend(listed.data.into_iter().map(|stream| (stream.user_id.clone(), stream)));
    }
    let standing = |watched: &Watched| {
        let stream = streams.get(&*watched.account.external_id);
        Some(stream.map_or_else(Standing::default, |stream| Standing {
            live: true,
            viewers: stream.viewer_count,
            title: told(stream.title.as_deref()),
            category: told(stream.game_name.as_deref()),
            started_at: stream.started_at,
        }))
    };
    Ok(of.iter().map(standing).collect())
}

/// What is empty is not told.
fn told(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty()).map(Into::into)
}
