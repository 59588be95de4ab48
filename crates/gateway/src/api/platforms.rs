//! The platforms: which there are, what they can do, and what is asked of one of them.

use serde::{Deserialize, Serialize};
use stagedoor_domain::{Platform, UserId};
use stagedoor_platforms::{Capabilities, Category};
use stagedoor_stream::{PlatformCommandError, PlatformMsg, UserContext};
use utoipa::{IntoParams, ToSchema};

use super::{ANSWER_LIMIT, Desk, limits, outcome::within};
use crate::http::ApiError;

const MAX_NAME_CHARS: usize = 100;

/// The platforms that are configured here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformList {
    /// In no particular order.
    platforms: Vec<PlatformView>,
}

/// A platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformView {
    /// Which.
    platform: Platform,
    /// What it can do.
    capabilities: Capabilities,
    /// Where a browser goes to connect an account: with the user's token as the parameter `token`.
    connect_url: String,
}

/// Categories of a platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// As the platform orders them.
    categories: Vec<Category>,
}

/// What category is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CategoryQuery {
    /// Its name, or a part of it.
    pub(crate) name: Box<str>,
}

/// The same on a channel.
#[derive(Debug, Deserialize)]
pub(crate) struct SearchCategories {
    pub(crate) platform: Platform,
    pub(crate) name: Box<str>,
}

pub(crate) fn list(desk: &Desk) -> PlatformList {
    let platforms = desk.backstage().services.platforms.iter();
    let view = platforms.map(|client| PlatformView {
        platform: client.id(),
        capabilities: *client.capabilities(),
        connect_url: desk.connect_url(&client.id()),
    });
    PlatformList { platforms: view.collect() }
}

/// Categories by their name.
pub(crate) async fn search_categories(
    desk: &Desk,
    user: &UserId,
    platform: &Platform,
    name: &str,
) -> Result<CategoryList, ApiError> {
    limits::platform(platform)?;
    limits::name("name", name, MAX_NAME_CHARS)?;
    let tree = desk.tree(user)?;
    let found = within(ANSWER_LIMIT, platform, tree.search_categories(platform, name)).await?;
    Ok(CategoryList { categories: found })
}

/// Has a lost connection made now instead of later.
pub(crate) fn reconnect(desk: &Desk, user: &UserId, platform: &Platform) -> Result<(), ApiError> {
    limits::platform(platform)?;
    let tree = desk.tree(user)?;
    let not_connected = || PlatformCommandError::NotConnected { platform: platform.clone() };
    let manager = tree.platform(platform).ok_or_else(not_connected)?;
    Ok(manager.cast(PlatformMsg::Reconnect).map_err(|_| not_connected())?)
}

impl Desk {
    /// The platforms whose managers run in this tree.
    pub(crate) fn connected(&self, tree: &UserContext) -> Vec<Platform> {
        // Where none is configured nobody has a manager, and the tree need not make room for them.
        match self.backstage().services.platforms.iter().next() {
            Some(_) => tree.connected_platforms(),
            None => Vec::new(),
        }
    }
}
