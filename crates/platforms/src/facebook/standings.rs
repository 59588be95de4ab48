//! Where the live videos of many pages stand, in one call.
//!
//! `GET /?ids=…` would ask with one page's token for the videos of all, which takes a permission that only few apps have.
//! A batch lets each question have its page's own token: <https://developers.facebook.com/docs/graph-api/batch-requests>.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    VIEWERS_BATCH,
    graph::Graph,
    video::{LiveVideo, STANDING, Stage},
};
use crate::{
    Error, Priority, Standing, Watched,
    http::{Auth, Call},
};

/// One answer of a batch; none where Facebook had no time for it.
#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    body: Box<str>,
}

/// Where these stand, in their order. None for one without a broadcast, a token, or an answer.
pub(super) async fn standings(
    graph: &Graph,
    of: &[Watched],
) -> Result<Vec<Option<Standing>>, Error> {
    let of = &of[..of.len().min(VIEWERS_BATCH)];
    let mut standings = vec![None; of.len()];
    let (mut places, mut questions) = (Vec::new(), Vec::new());
    let mut any_token = None;
    for (place, watched) in of.iter().enumerate() {
        let Some(video) = &watched.broadcast else { continue };
        // Who has no token now finds out elsewhere.
        let Ok(token) = watched.account.tokens.token().await else { continue };
        questions.push(question(graph, video, &token.secret));
        places.push(place);
        any_token.get_or_insert(token.secret);
    }
    let Some(token) = any_token else { return Ok(standings) };
    let cost = u32::try_from(questions.len()).unwrap_or(u32::MAX);
    let call = Call::new(Method::POST, graph.at(&[""]), Auth::Token(&token), Priority::Viewers)
        .reading()
        .form("batch", Value::Array(questions).to_string())
        .form("include_headers", "false")
        .cost(cost);
    let parts: Vec<Option<Part>> = match graph.ask(call).await {
        // That the first page's token does not hold says nothing of the others.
        Err(Error::NeedsReauth { reason }) => return Err(Error::Unavailable { what: reason }),
        parts => parts?,
    };
    for (place, part) in places.into_iter().zip(parts) {
        standings[place] = part.and_then(Part::standing);
    }
    Ok(standings)
}

fn question(graph: &Graph, video: &str, token: &SecretString) -> Value {
    let mut url = graph.at(&[video]);
    url.query_pairs_mut()
        .append_pair("fields", STANDING)
        .append_pair("access_token", token.expose_secret());
    if let Some(proof) = graph.proof(token) {
        url.query_pairs_mut().append_pair("appsecret_proof", &proof);
    }
    // As seen from the version's address.
    let path = url.path().rsplit('/').next().unwrap_or_default();
    let relative = format!("{path}?{}", url.query().unwrap_or_default());
    json!({ "method": "GET", "relative_url": relative })
}

impl Part {
    fn standing(self) -> Option<Standing> {
        if self.code != 200 {
            return None;
        }
        let video: LiveVideo = serde_json::from_str(&self.body).ok()?;
        let live = video.stage() == Stage::Live;
        Some(Standing {
            live,
            viewers: video.viewers().filter(|_| live),
            title: video.title.clone(),
            category: None,
            started_at: video.broadcast_start_time.filter(|_| live),
        })
    }
}
