//! The edge `comments`.

use serde_json::{Value, json};

use super::{
    Shared,
    request::{Asked, Who},
    wire::{self, Answer, Wrong},
    world::{CommentView, Place, Stage},
};

/// The most comments of an answer.
const MAX_PAGE: usize = 100;

/// `GET /{live video}/comments`
pub(super) fn list(shared: &Shared, asked: &Asked, who: &Who, id: &str) -> Answer {
    let script = shared.script().clone();
    match asked.given("live_filter") {
        Some(_) if script.no_live_filter => {
            return Err(Wrong::parameter("Param live_filter is not supported"));
        }
        None | Some("no_filter" | "filter_low_quality") => {}
        Some(_) => {
            let words = "Param live_filter must be one of {filter_low_quality, no_filter}";
            return Err(Wrong::parameter(words));
        }
    }
    let all = asked.given("filter") == Some("stream");
    let reversed = asked.given("order") == Some("reverse_chronological");
    let since = asked.given("since").and_then(|since| since.parse::<i64>().ok()).unwrap_or(0);
    let limit: usize = asked.given("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25);
    let limit = limit.min(script.page_size.unwrap_or(MAX_PAGE)).clamp(1, MAX_PAGE);
    let after = asked.given("after").map(place).transpose()?;
    let world = shared.world();
    let video = world.videos.get(id).filter(|video| video.view.page == who.account);
    let video = video.ok_or_else(|| Wrong::not_there(id))?;
    let range = video.comments.range((since, 0)..);
    let is_listed = |(at, comment): &(&Place, &CommentView)| {
        let is_behind =
            after.is_none_or(|after| if reversed { **at < after } else { **at > after });
        is_behind && (all || comment.parent.is_none())
    };
    // One more than fits tells whether there is another page.
    let mut found: Vec<_> = match (reversed, after) {
        (false, Some(after)) => {
            let rest = video.comments.range(after.max((since, 0))..);
            rest.filter(is_listed).take(limit + 1).collect()
        }
        (false, None) => range.filter(is_listed).take(limit + 1).collect(),
        (true, _) => range.rev().filter(is_listed).take(limit + 1).collect(),
    };
    let has_next = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|(at, _)| **at);
    let mut data: Vec<Value> = found
        .into_iter()
        .map(|(_, comment)| {
            let parent = comment.parent.as_deref().and_then(|id| world.find_comment(id));
            wire::comment(comment, parent.map(|(_, parent)| parent), !script.no_authors)
        })
        .collect();
    if script.duplicates {
        data = data.iter().flat_map(|comment| [comment.clone(), comment.clone()]).collect();
    }
    if script.reorders {
        data.reverse();
    }
    let mut answer = json!({ "data": data });
    if let Some((second, number)) = last {
        let cursor = format!("{second}.{number}");
        answer["paging"] = json!({ "cursors": { "before": "QVFI", "after": cursor } });
        if has_next {
            answer["paging"]["next"] = format!(
                "https://graph.facebook.com/v25.0/{id}/comments?access_token={}&after={cursor}",
                who.token
            )
            .into();
        }
    }
    Ok(answer)
}

fn place(cursor: &str) -> Result<Place, Wrong> {
    let parts = cursor.split_once('.');
    let place =
        parts.and_then(|(second, number)| Some((second.parse().ok()?, number.parse().ok()?)));
    place.ok_or_else(|| Wrong::parameter("Invalid cursors values"))
}

/// `POST /{video}/comments` or `POST /{comment}/comments`. A live video itself takes none.
pub(super) fn create(shared: &Shared, asked: &Asked, who: &Who, under: &str) -> Answer {
    let message = asked.given("message").filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| Wrong::parameter("Param message is missing"))?;
    if message.chars().count() > 8_000 {
        return Err(Wrong::parameter("The message is too long"));
    }
    let mut world = shared.world();
    let answers = world.find_comment(under).map(|(video, _)| video);
    let (video, parent) = match (answers, world.showing(under)) {
        (Some(video), _) => (video, Some(under)),
        (None, Some(video)) => (video, None),
        (None, None) => return Err(Wrong::not_there(under)),
    };
    if video.view.page != who.account || video.view.stage == Stage::Unpublished {
        return Err(Wrong(403, 200, 0, "(#200) Permissions error".into()));
    }
    let id = video.view.id.clone();
    let name = world.pages.get(&who.account).map(|page| page.name.clone()).unwrap_or_default();
    let now = jiff::Timestamp::now();
    let made = world.comment(&id, (&who.account, &name), message, now, parent);
    Ok(json!({ "id": made.ok_or_else(|| Wrong::not_there(under))? }))
}
