//! Destinations, and the live input that feeds them.

use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use stagedoor_domain::{Destination, DestinationId, Platform, UserId};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, limits};
use crate::http::ApiError;

/// How many a user may have. Cloudflare sends one input to at most 50:
/// <https://developers.cloudflare.com/stream/stream-live/simulcasting/>.
pub(super) const MAX_DESTINATIONS: usize = 50;
const MAX_KEY_BYTES: usize = 512;
const MAX_NAME_CHARS: usize = 100;

/// All destinations of a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DestinationList {
    /// By their ids.
    pub(crate) destinations: Vec<Destination>,
}

/// A destination, as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DestinationBody {
    /// What the user calls it; its id when absent.
    #[serde(default)]
    name: Option<Box<str>>,
    /// On which platform it is.
    platform: Platform,
    /// The ingest server, without the stream key.
    #[schema(example = "rtmps://live.example.com/app")]
    #[serde(default)]
    url: Box<str>,
    /// The user's account on the platform gives server and stream key: then neither is given here.
    #[serde(default)]
    account: bool,
    /// The stream key. A destination that is there keeps its own when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    stream_key: Option<SecretString>,
}

/// The same on a channel.
#[derive(Debug, Deserialize)]
pub(crate) struct PutDestination {
    pub(crate) id: DestinationId,
    #[serde(default)]
    name: Option<Box<str>>,
    platform: Platform,
    #[serde(default)]
    url: Box<str>,
    #[serde(default)]
    account: bool,
    #[serde(default)]
    stream_key: Option<SecretString>,
}

impl PutDestination {
    pub(crate) fn split(self) -> (DestinationId, DestinationBody) {
        let Self { id, name, platform, url, account, stream_key } = self;
        (id, DestinationBody { name, platform, url, account, stream_key })
    }
}

/// A destination by its id.
#[derive(Debug, Deserialize)]
pub(crate) struct DestinationPath {
    pub(crate) id: DestinationId,
}

/// Where the user's encoder sends to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveInput {
    /// The server for the encoder.
    ingest_url: Box<str>,
    /// The key for the encoder, if it was asked for. Whoever has it can stream in the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_key: Option<String>,
    /// Where the stream can be watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    playback: Option<Box<str>>,
}

/// What of the live input is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveInputQuery {
    /// With the stream key.
    #[param(value_type = Option<bool>)]
    reveal: bool,
}

pub(crate) async fn list(desk: &Desk, user: &UserId) -> Result<DestinationList, ApiError> {
    Ok(DestinationList { destinations: desk.store().destinations(user).await? })
}

pub(crate) async fn get(
    desk: &Desk,
    user: &UserId,
    id: &DestinationId,
) -> Result<Destination, ApiError> {
    match desk.store().destination(user, id).await? {
        Some((destination, _)) => Ok(destination),
        None => Err(unknown(id)),
    }
}

/// Says too whether it is new.
pub(crate) async fn put(
    desk: &Desk,
    user: &UserId,
    id: DestinationId,
    body: DestinationBody,
) -> Result<(Destination, bool), ApiError> {
    let DestinationBody { name, platform, url, account, stream_key } = body;
    let name = name.unwrap_or_else(|| id.as_str().into());
    limits::name("name", &name, MAX_NAME_CHARS)?;
    limits::platform(&platform)?;
    // What the account gives is not kept here: the key is empty.
    let stream_key = if account { Some(SecretString::default()) } else { stream_key };
    if let Some(key) = stream_key.as_ref().filter(|_| !account) {
        limits::key("stream_key", key.expose_secret(), MAX_KEY_BYTES)?;
    }
    let destination = Destination { id, name, platform, url, account };
    destination.validate()?;
    let all = desk.store().destinations(user).await?;
    let twin = all.iter().find(|known| {
        destination.account
            && known.account
            && known.platform == destination.platform
            && known.id != destination.id
    });
    if let Some(twin) = twin {
        // Two outputs with one key would push each other off the platform.
        let message = format!("{} takes its ingest from this account already", twin.id);
        return Err(ApiError::new(StatusCode::CONFLICT, "account_destination_exists", message));
    }
    let before = all.iter().find(|known| known.id == destination.id);
    match before {
        None if stream_key.is_none() => {
            let message = "a new destination needs its stream key";
            return Err(ApiError::invalid_field("stream_key", message));
        }
        None if all.len() >= MAX_DESTINATIONS => {
            let message =
                format!("the user has {MAX_DESTINATIONS} destinations, as many as one may");
            return Err(ApiError::new(StatusCode::CONFLICT, "too_many_destinations", message));
        }
        Some(known)
            if known.url != destination.url
                || known.account != destination.account
                || (stream_key.is_some() && !account) =>
        {
            refuse_while_used(desk, user, &destination.id).await?;
        }
        _ => {}
    }
    desk.store().put_destination(user, &destination, stream_key.as_ref()).await?;
    Ok((destination, before.is_none()))
}

pub(crate) async fn delete(desk: &Desk, user: &UserId, id: &DestinationId) -> Result<(), ApiError> {
    refuse_while_used(desk, user, id).await?;
    if desk.store().delete_destination(user, id).await? { Ok(()) } else { Err(unknown(id)) }
}

/// What a livestream is sent to stays as it is until the livestream ends.
async fn refuse_while_used(desk: &Desk, user: &UserId, id: &DestinationId) -> Result<(), ApiError> {
    let livestream = desk.store().open_livestream(user).await?;
    if livestream.is_some_and(|livestream| livestream.destinations.contains(id)) {
        let message = format!("the stream is sent to {id} now");
        let refusal = ApiError::new(StatusCode::CONFLICT, "destination_in_use", message);
        return Err(refusal.help("stop the stream first"));
    }
    Ok(())
}

/// The destinations whose ingest the account on this platform gives.
pub(super) async fn of_account(
    desk: &Desk,
    user: &UserId,
    platform: &Platform,
) -> Result<Vec<DestinationId>, ApiError> {
    let all = desk.store().destinations(user).await?.into_iter();
    let of_account = all.filter(|known| known.account && known.platform == *platform);
    Ok(of_account.map(|known| known.id).collect())
}

/// Adds one for an account, of the platform's name, unless there is one of that name: the user may change it.
pub(super) async fn add_of_account(desk: &Desk, user: &UserId, platform: &Platform) {
    let added = async {
        let Ok(id) = DestinationId::new(platform.as_str()) else { return Ok(()) };
        let all = desk.store().destinations(user).await?;
        if all.len() >= MAX_DESTINATIONS || all.iter().any(|known| known.id == id) {
            return Ok(());
        }
        let (name, platform, url) = (platform.as_str().into(), platform.clone(), "".into());
        let destination = Destination { id, name, platform, url, account: true };
        desk.store().put_destination(user, &destination, Some(&SecretString::default())).await
    };
    if let Err(error) = added.await {
        // The account is connected all the same, and the user can add it by hand.
        tracing::warn!(%user, %platform, %error, "destination not added");
    }
}

fn unknown(id: &DestinationId) -> ApiError {
    ApiError::missing(format!("there is no destination {id}"))
}

pub(crate) async fn live_input(
    desk: &Desk,
    user: &UserId,
    query: &LiveInputQuery,
) -> Result<LiveInput, ApiError> {
    let record = desk.store().live_input(user).await?.filter(|record| record.uid.is_some());
    let record = record.ok_or_else(|| {
        ApiError::missing("there is no live input yet")
            .help("it is made when a tree runs for the user and Cloudflare is configured")
    })?;
    Ok(LiveInput {
        ingest_url: record.ingest_url,
        stream_key: query.reveal.then(|| record.stream_key.expose_secret().to_owned()),
        playback: record.playback,
    })
}
