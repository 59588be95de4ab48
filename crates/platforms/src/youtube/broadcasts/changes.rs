//! What becomes of a broadcast later: changed, ended.

use reqwest::Method;
use serde_json::{Value, json};
use stagedoor_domain::Metadata;

use super::{
    planned::{MAX_DESCRIPTION, MAX_TITLE, allowed},
    resources::Resource,
};
use crate::{
    AccountAccess, Applied, Error, Priority, Skipped,
    youtube::api::{Api, List},
};

impl Api {
    async fn resource(&self, account: &AccountAccess, id: &str) -> Result<Option<Resource>, Error> {
        let call = self
            .list(&["liveBroadcasts"], "id,snippet,status,contentDetails", account, Priority::Stop)
            .query("id", id);
        let list: List<Resource> = self.ask(call).await?;
        Ok(list.items.into_iter().next())
    }

    /// Ends it. One that was never on air cannot be completed and would be announced for ever: it is deleted, and only
    /// after YouTube has said that it was never on air.
    pub(crate) async fn end_broadcast(
        &self,
        account: &AccountAccess,
        id: &str,
    ) -> Result<(), Error> {
        let call = self
            .change(Method::POST, &["liveBroadcasts", "transition"], account, Priority::Stop)
            .query("id", id)
            .query("broadcastStatus", "complete")
            .query("part", "id,status");
        let refusal = match self.tell(call).await {
            Ok(()) | Err(Error::NotFound) => return Ok(()),
            Err(refusal @ Error::Refused { .. }) => refusal,
            Err(error) => return Err(error),
        };
        let is = |refusal: &Error, reason: &str| matches!(refusal, Error::Refused { code, .. } if &**code == reason);
        if is(&refusal, "redundantTransition") {
            return Ok(());
        }
        let Some(broadcast) = self.resource(account, id).await? else { return Ok(()) };
        match &*broadcast.status.life_cycle_status {
            "complete" | "revoked" => Ok(()),
            "created" | "ready" => {
                let call =
                    self.change(Method::DELETE, &["liveBroadcasts"], account, Priority::Stop);
                match self.tell(call.query("id", id)).await {
                    Err(Error::NotFound) => Ok(()),
                    other => other,
                }
            }
            // It cannot be ended in the midst of that: a little later it can.
            "liveStarting" | "testStarting" => {
                Err(Error::Unavailable { what: "the broadcast is just going on air".into() })
            }
            // It went on air between the two questions: now it can be ended.
            "live" | "testing" if is(&refusal, "invalidTransition") => {
                Err(Error::Unavailable { what: "the broadcast has just gone on air".into() })
            }
            _ => Err(refusal),
        }
    }

    /// Changes title and description; what is empty stays as it is there. A change replaces the whole snippet, so what it says now is read before.
    pub(crate) async fn update_broadcast(
        &self,
        account: &AccountAccess,
        id: &str,
        metadata: &Metadata,
    ) -> Result<Applied, Error> {
        let call = self.list(&["liveBroadcasts"], "id,snippet", account, Priority::Metadata);
        let list: List<Value> = self.ask(call.query("id", id)).await?;
        let Some(mut broadcast) = list.items.into_iter().next() else {
            return Err(Error::NotFound);
        };
        let snippet = &mut broadcast["snippet"];
        if !snippet.is_object() {
            return Err(Error::Unavailable { what: "the broadcast has no snippet".into() });
        }
        let mut applied = Applied::default();
        let mut skip = |field: &str, reason: &str| {
            applied.skipped.push(Skipped { field: field.into(), reason: reason.into() });
        };
        let title = allowed(metadata.title.trim(), MAX_TITLE);
        if title.is_empty() {
            skip("title", "YouTube wants a title: the one that is there stays");
        } else {
            if *title != *metadata.title.trim() {
                skip("title", "YouTube takes 100 characters and no angle brackets");
            }
            snippet["title"] = (*title).into();
        }
        let description = allowed(&metadata.description, MAX_DESCRIPTION);
        if description != metadata.description {
            skip("description", "YouTube takes 5000 characters and no angle brackets");
        }
        if !description.is_empty() {
            snippet["description"] = (*description).into();
        }
        if !metadata.category.is_empty() {
            skip("category", "YouTube's categories are chosen on its own pages");
        }
        if !metadata.tags.is_empty() {
            skip("tags", "YouTube's tags are set on its own pages");
        }
        let body = json!({ "id": id, "snippet": snippet });
        let call = self.change(Method::PUT, &["liveBroadcasts"], account, Priority::Metadata);
        self.tell(call.query("part", "id,snippet").json(body)).await?;
        Ok(applied)
    }
}
