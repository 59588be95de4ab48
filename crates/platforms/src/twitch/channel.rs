//! The channel: what its stream is called and about, and its stream key.

use std::collections::{BTreeSet, VecDeque};

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use stagedoor_domain::Metadata;

use super::{Inner, helix::Data};
use crate::{
    AccountAccess, Applied, Category, Error, Priority, Skipped,
    http::{Call, below},
};

/// <https://dev.twitch.tv/docs/api/reference/#modify-channel-information>
const MAX_TITLE: usize = 140;
const MAX_TAGS: usize = 10;
const MAX_TAG: usize = 25;

/// How many categories are remembered by their names.
const REMEMBERED: usize = 256;

/// Categories that were found by their names, so that a name that many use is looked for once.
#[derive(Debug, Default)]
pub(crate) struct Categories(VecDeque<(Box<str>, Category)>);

impl Categories {
    fn get(&self, name: &str) -> Option<Category> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, category)| category.clone())
    }

    fn put(&mut self, name: Box<str>, category: Category) {
        self.0.retain(|(known, _)| *known != name);
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((name, category));
    }
}

/// Changes what the stream is called and about. What Twitch does not take as it is, is adapted or left out, and told.
/// What is empty is left as it is there: who has said nothing of tags does not want them gone.
pub(super) async fn update(
    inner: &Inner,
    account: &AccountAccess,
    metadata: &Metadata,
) -> Result<Applied, Error> {
    let mut applied = Applied::default();
    let mut body = json!({});
    if !metadata.title.is_empty() {
        let title: String = metadata.title.chars().take(MAX_TITLE).collect();
        if title.len() < metadata.title.len() {
            applied
                .skip("title", format!("is cut to the {MAX_TITLE} characters that Twitch takes"));
        }
        body["title"] = title.into();
    }
    let tags = tags(&metadata.tags, &mut applied);
    if !tags.is_empty() {
        body["tags"] = tags.into();
    }
    if !metadata.category.trim().is_empty() {
        match find(inner, account, &metadata.category).await {
            Ok(Some(category)) => body["game_id"] = (*category.id).into(),
            Ok(None) => applied.skip("category", "Twitch has no category of this name".into()),
            // The rest is worth having.
            Err(error) if !matches!(error, Error::NeedsReauth { .. }) => {
                applied.skip("category", format!("could not be looked for: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    if body.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(applied);
    }
    let url = below(&inner.helix, &["channels"]);
    let call = Call::new(Method::PATCH, url, account, Priority::Metadata)
        .query("broadcaster_id", &*account.external_id)
        .json(body);
    inner.http.tell(call).await?;
    Ok(applied)
}

impl Applied {
    fn skip(&mut self, field: impl Into<Box<str>>, reason: String) {
        self.skipped.push(Skipped { field: field.into(), reason: reason.into() });
    }
}

/// Tags as Twitch takes them: letters and digits only, so that `late night` becomes `latenight`; each once.
fn tags(wanted: &[Box<str>], applied: &mut Applied) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, wanted) in wanted.iter().enumerate() {
        let tag: String = wanted.chars().filter(|character| character.is_alphanumeric()).collect();
        let skipped = if tag.is_empty() {
            "has no letters or digits, and Twitch takes nothing else".into()
        } else if tag.chars().count() > MAX_TAG {
            format!("is longer than the {MAX_TAG} characters that Twitch takes")
        } else if tags.len() >= MAX_TAGS {
            format!("is one more than the {MAX_TAGS} that Twitch takes")
        } else if !seen.insert(tag.to_lowercase()) {
            "is there twice".into()
        } else {
            if tag.len() < wanted.len() {
                applied.skip(
                    format!("tags.{at}"),
                    format!("is {tag} on Twitch, which takes only letters and digits"),
                );
            }
            tags.push(tag);
            continue;
        };
        applied.skip(format!("tags.{at}"), skipped);
    }
    tags
}

/// The category of exactly this name, however it is written.
async fn find(
    inner: &Inner,
    account: &AccountAccess,
    name: &str,
) -> Result<Option<Category>, Error> {
    let wanted: Box<str> = name.trim().to_lowercase().into();
    if let Some(category) = inner.categories().get(&wanted) {
        return Ok(Some(category));
    }
    let found = search(inner, account, name).await?;
    let category = found.into_iter().find(|category| category.name.to_lowercase() == *wanted);
    if let Some(category) = &category {
        inner.categories().put(wanted, category.clone());
    }
    Ok(category)
}

#[derive(Deserialize)]
struct Game {
    id: Box<str>,
    name: Box<str>,
    #[serde(default)]
    box_art_url: Option<Box<str>>,
}

/// Categories by a part of their name.
pub(super) async fn search(
    inner: &Inner,
    account: &AccountAccess,
    name: &str,
) -> Result<Vec<Category>, Error> {
    if name.trim().is_empty() {
        return Ok(Vec::new());
    }
    let url = below(&inner.helix, &["search", "categories"]);
    let call = Call::get(url, account, Priority::Metadata).query("query", name.trim());
    let games: Data<Game> = inner.http.ask(call.query("first", "100")).await?;
    let category = |game: Game| Category {
        id: game.id,
        name: game.name,
        picture_url: game.box_art_url.filter(|url| !url.is_empty()),
    };
    Ok(games.data.into_iter().map(category).collect())
}

#[derive(Deserialize)]
struct Key {
    stream_key: SecretString,
}

/// The channel's stream key.
pub(super) async fn stream_key(
    inner: &Inner,
    account: &AccountAccess,
) -> Result<SecretString, Error> {
    let url = below(&inner.helix, &["streams", "key"]);
    let call =
        Call::get(url, account, Priority::Send).query("broadcaster_id", &*account.external_id);
    Ok(inner.http.ask::<Data<Key>>(call).await?.one()?.stream_key)
}

/// The channel's name in addresses, for where it is watched.
pub(super) async fn login(inner: &Inner, account: &AccountAccess) -> Result<Box<str>, Error> {
    let call = Call::get(below(&inner.helix, &["users"]), account, Priority::Send)
        .query("id", &*account.external_id);
    let user: Value = inner.http.ask::<Data<Value>>(call).await?.one()?;
    user["login"].as_str().map(Into::into).ok_or(Error::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_adapted_or_left_out_and_it_is_told() {
        let mut wanted: Vec<Box<str>> =
            vec!["English".into(), "late night".into(), "english".into(), "!!!".into()];
        wanted.push("x".repeat(26).into());
        wanted.extend((0..10).map(|number| format!("tag{number}").into()));
        let mut applied = Applied::default();
        let tags = tags(&wanted, &mut applied);
        assert_eq!(tags.len(), MAX_TAGS);
        assert_eq!(tags[..3], ["English", "latenight", "tag0"]);
        let skipped: Vec<_> = applied.skipped.iter().map(|skipped| &*skipped.field).collect();
        assert_eq!(skipped, ["tags.1", "tags.2", "tags.3", "tags.4", "tags.13", "tags.14"]);
    }

    #[test]
    fn remembered_categories_have_an_end() {
        let mut categories = Categories::default();
        let category = |id: &str| Category { id: id.into(), name: id.into(), picture_url: None };
        for number in 0..=REMEMBERED {
            categories.put(number.to_string().into(), category(&number.to_string()));
        }
        assert_eq!(categories.get("0"), None);
        assert_eq!(categories.get("256"), Some(category("256")));
        assert_eq!(categories.0.len(), REMEMBERED);
    }
}
