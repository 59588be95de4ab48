//! The Graph API, as far as live videos go.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::{
    Shared, comments,
    request::{Asked, Who},
    wire::{self, Answer, Wrong},
    world::{LiveVideo, Stage},
};

/// Questions in a batch.
const MAX_BATCH: usize = 50;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let asked = Asked::new(method, uri.path(), uri.query().unwrap_or_default(), &body);
    let answer = shared.let_in(&asked, &headers).and_then(|who| shared.answer(&asked, &who));
    if let (Ok(made), ["POST", _, "live_videos"]) = (&answer, &asked.words()[..]) {
        stream_arrives_later(&shared, made["id"].as_str().unwrap_or_default());
    }
    answer.map_or_else(Wrong::into_response, |answer| Json(answer).into_response())
}

impl Shared {
    fn answer(&self, asked: &Asked, who: &Who) -> Answer {
        match &asked.words()[..] {
            ["GET", "me"] => Ok(self.me(who)),
            ["GET", "me", "accounts"] => self.accounts(who),
            ["GET", "me", "permissions"] => {
                let granted = who.scopes.iter();
                let granted: Vec<_> = granted
                    .map(|scope| json!({ "permission": scope, "status": "granted" }))
                    .collect();
                Ok(json!({ "data": granted }))
            }
            ["GET", page, "live_videos"] => self.list(asked, own_page(who, page)?),
            ["POST", page, "live_videos"] => self.create(asked, own_page(who, page)?),
            ["GET", video, "comments"] => comments::list(self, asked, who, video),
            ["POST", under, "comments"] => comments::create(self, asked, who, under),
            ["POST", page, "blocked"] => self.block(asked, own_page(who, page)?),
            ["DELETE", page, "blocked"] => self.unblock(asked, own_page(who, page)?),
            ["GET", id] => self.get(asked, who, id),
            ["POST", id] => self.update(asked, who, id),
            ["DELETE", id] => self.delete(who, id),
            ["POST"] => self.batch(asked),
            _ => Err(Wrong::not_there(&asked.path)),
        }
    }

    fn me(&self, who: &Who) -> Value {
        let world = self.world();
        let name = world.pages.get(&who.account).map_or("A. User", |page| &page.name);
        json!({ "id": who.account, "name": name })
    }

    fn accounts(&self, who: &Who) -> Answer {
        let world = self.world();
        if world.pages.contains_key(&who.account) {
            let words = "Tried accessing nonexisting field (accounts) on node type (Page)";
            return Err(Wrong::parameter(words));
        }
        let mut pages: Vec<_> =
            world.pages.iter().filter(|(_, page)| page.owner == who.account).collect();
        pages.sort_by_key(|(id, _)| (id.len(), *id));
        let pages: Vec<_> = pages
            .into_iter()
            .map(|(id, page)| {
                let token = self.provider.grant(id).access;
                let tasks = ["ANALYZE", "MODERATE", "CREATE_CONTENT", "MANAGE"];
                json!({ "id": id, "name": page.name, "access_token": token, "tasks": tasks })
            })
            .collect();
        Ok(json!({ "data": pages }))
    }

    fn list(&self, asked: &Asked, page: &str) -> Answer {
        let limit = asked.given("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25);
        let world = self.world();
        let newest_first = world.videos.values().rev();
        let videos: Result<Vec<_>, _> = newest_first
            .filter(|video| *video.view.page == *page)
            .take(limit)
            .map(|video| wire::video(video, asked.given("fields").unwrap_or("id")))
            .collect();
        Ok(json!({ "data": videos? }))
    }

    fn create(&self, asked: &Asked, page: &str) -> Answer {
        let at_once = match asked.given("status") {
            Some("LIVE_NOW") => true,
            Some("UNPUBLISHED") | None => false,
            Some(_) => return Err(Wrong::parameter("Param status must be one of {LIVE_NOW, …}")),
        };
        let title = asked.given("title");
        if title.is_some_and(|title| title.chars().count() > 255) {
            return Err(Wrong::parameter("The title is too long"));
        }
        let few_fields = self.script().few_fields;
        let mut world = self.world();
        let video = world.create_video(page, title, asked.given("description"), at_once);
        let asked_for = asked.given("fields").filter(|_| !few_fields);
        wire::video(video, asked_for.unwrap_or("id,stream_url,secure_stream_url"))
    }

    fn get(&self, asked: &Asked, who: &Who, id: &str) -> Answer {
        let fields = asked.given("fields").unwrap_or("id");
        if self.script().no_reactions && fields.contains("reactions") {
            return Err(Wrong(403, 200, 0, "(#200) Permissions error".into()));
        }
        let world = self.world();
        let video = world.videos.get(id).filter(|video| video.view.page == who.account);
        wire::video(video.ok_or_else(|| Wrong::not_there(id))?, fields)
    }

    fn update(&self, asked: &Asked, who: &Who, id: &str) -> Answer {
        let mut world = self.world();
        let video = world.videos.get_mut(id).filter(|video| video.view.page == who.account);
        let video = video.ok_or_else(|| Wrong::not_there(id))?;
        if asked.given("end_live_video") == Some("true") {
            if world.end(id) == Some(false) {
                return Err(Wrong::parameter("The live video has already ended"));
            }
            return Ok(json!({ "id": id }));
        }
        change(asked, video)?;
        Ok(json!({ "id": id, "success": true }))
    }

    fn delete(&self, who: &Who, id: &str) -> Answer {
        let mut world = self.world();
        let mine = |video: &LiveVideo| video.view.page == who.account;
        let is_done = if world.find_comment(id).is_some_and(|(video, _)| mine(video)) {
            world.delete_comment(id)
        } else if world.videos.get(id).is_some_and(mine) {
            world.delete_video(id)
        } else {
            return Err(Wrong::not_there(id));
        };
        Ok(json!({ "success": is_done }))
    }

    fn block(&self, asked: &Asked, page: &str) -> Answer {
        let list = asked.given("psid").unwrap_or_default();
        let people: Vec<Value> = serde_json::from_str(list)
            .map_err(|_| Wrong::parameter("Param psid must be an array."))?;
        let mut world = self.world();
        let page = world.pages.get_mut(page).ok_or_else(|| Wrong::not_there(page))?;
        let mut answer = serde_json::Map::new();
        for person in people {
            let person = person.as_str().map_or_else(|| person.to_string(), str::to_owned);
            page.blocked.insert(person.as_str().into());
            answer.insert(person, true.into());
        }
        Ok(Value::Object(answer))
    }

    fn unblock(&self, asked: &Asked, page: &str) -> Answer {
        let person =
            asked.given("psid").ok_or_else(|| Wrong::parameter("Param psid is missing"))?;
        let mut world = self.world();
        let page = world.pages.get_mut(page).ok_or_else(|| Wrong::not_there(page))?;
        page.blocked.remove(person);
        Ok(json!({ "success": true }))
    }

    /// Each with a token of its own.
    fn batch(&self, asked: &Asked) -> Answer {
        let parts = asked.given("batch").unwrap_or_default();
        let parts: Vec<Value> = serde_json::from_str(parts)
            .map_err(|_| Wrong::parameter("Param batch must be an array."))?;
        if parts.len() > MAX_BATCH {
            return Err(Wrong(400, 3, 0, "Too many requests in batch message.".into()));
        }
        let answers = parts.iter().map(|part| {
            let relative = part["relative_url"].as_str().unwrap_or_default();
            let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
            let method = part["method"].as_str().and_then(|method| method.parse().ok());
            let asked =
                Asked::new(method.unwrap_or(Method::GET), &format!("/v0/{path}"), query, "");
            let who = self.let_in(&asked, &HeaderMap::new());
            let (code, body) = match who.and_then(|who| self.answer(&asked, &who)) {
                Ok(body) => (200, body),
                Err(wrong) => (wrong.0, wrong.body()),
            };
            json!({ "code": code, "body": body.to_string() })
        });
        Ok(answers.collect())
    }
}

/// By itself, if it was configured so.
fn stream_arrives_later(shared: &Arc<Shared>, id: &str) {
    let Some(after) = shared.config.stream_arrives_after else { return };
    // It ends at the latest when it finds nobody to tell.
    let (shared, id) = (Arc::downgrade(shared), Box::<str>::from(id));
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        if let Some(shared) = shared.upgrade() {
            shared.world().stream_arrives(&id);
        }
    });
}

fn own_page<'a>(who: &Who, page: &'a str) -> Result<&'a str, Wrong> {
    if *who.account == *page {
        return Ok(page);
    }
    Err(Wrong(403, 200, 0, "(#200) You do not have permission to act in this Page's name".into()))
}

fn change(asked: &Asked, video: &mut LiveVideo) -> Result<(), Wrong> {
    if let Some(title) = asked.given("title") {
        if title.is_empty() || title.chars().count() > 255 {
            return Err(Wrong::parameter("The title is empty or too long"));
        }
        video.view.title = Some(title.into());
    }
    if let Some(description) = asked.given("description") {
        video.view.description = Some(description.into());
    }
    if asked.given("status") == Some("LIVE_NOW") && video.view.stage == Stage::Unpublished {
        video.view.at_once = true;
    }
    Ok(())
}
