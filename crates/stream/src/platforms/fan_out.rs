//! What goes to several platforms at once: each answers for itself.

use std::{collections::BTreeMap, time::Duration};

use stagedoor_domain::{Metadata, Platform};
use stagedoor_platforms::{Applied, Category, ModerationAct};
use stagedoor_supervision::AddressError;

use super::{
    ModeratedView, PlatformCommandError, SentMessage,
    manager::{PlatformMsg, PlatformReply},
};
use crate::UserContext;

/// How long a platform is waited for beyond its own limits.
const GRACE: Duration = Duration::from_secs(2);

/// What each of the platforms answered.
pub type ByPlatform<T> = BTreeMap<Platform, Result<T, PlatformCommandError>>;

impl UserContext {
    /// The platforms whose managers run.
    #[must_use]
    pub fn connected_platforms(&self) -> Vec<Platform> {
        let managers = self.platform_managers().iter();
        let up = managers.filter(|(_, address)| address.current().is_some());
        up.map(|(platform, _)| platform.clone()).collect()
    }

    /// Sends a chat message to each of these platforms.
    pub async fn send_chat(&self, to: &[Platform], text: &str) -> ByPlatform<SentMessage> {
        self.each(to, |reply| PlatformMsg::Send { text: text.into(), reply_to: None, reply }).await
    }

    /// Answers a chat message, on its platform.
    pub async fn reply_chat(
        &self,
        platform: &Platform,
        text: &str,
        reply_to: &str,
    ) -> Result<SentMessage, PlatformCommandError> {
        let (text, reply_to) = (text.into(), Some(reply_to.into()));
        self.one(platform, |reply| PlatformMsg::Send { text, reply_to, reply }).await
    }

    /// Does what a moderator does, on one platform.
    pub async fn moderate(
        &self,
        platform: &Platform,
        act: ModerationAct,
    ) -> Result<ModeratedView, PlatformCommandError> {
        self.one(platform, |reply| PlatformMsg::Moderate(act, reply)).await
    }

    /// Changes what the stream is called and about on each of these platforms.
    pub async fn update_metadata(
        &self,
        on: &[Platform],
        metadata: &Metadata,
    ) -> ByPlatform<Applied> {
        self.each(on, |reply| PlatformMsg::UpdateMetadata(metadata.clone(), reply)).await
    }

    /// A platform's categories by their name.
    pub async fn search_categories(
        &self,
        platform: &Platform,
        name: &str,
    ) -> Result<Vec<Category>, PlatformCommandError> {
        self.one(platform, |reply| PlatformMsg::SearchCategories(name.into(), reply)).await
    }

    /// All at once: a slow platform delays no other.
    async fn each<T: Send + 'static>(
        &self,
        platforms: &[Platform],
        message: impl Fn(PlatformReply<T>) -> PlatformMsg,
    ) -> ByPlatform<T> {
        let ask = |platform: &Platform| {
            let (platform, message) = (platform.clone(), &message);
            async move {
                let answer = self.one(&platform, message).await;
                (platform, answer)
            }
        };
        futures_util::future::join_all(platforms.iter().map(ask)).await.into_iter().collect()
    }

    async fn one<T: Send + 'static>(
        &self,
        platform: &Platform,
        message: impl FnOnce(PlatformReply<T>) -> PlatformMsg,
    ) -> Result<T, PlatformCommandError> {
        let limit = self.services().settings.platforms.command_limit + GRACE;
        let answer = match self.platform(platform) {
            Some(address) => address.call(message, limit).await,
            None => Err(AddressError::Down),
        };
        answer.unwrap_or_else(|error| {
            Err(PlatformCommandError::from_address(&error, platform.clone()))
        })
    }
}
