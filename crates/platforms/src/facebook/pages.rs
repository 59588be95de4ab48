//! Whose a token is, and the page that belongs to it:
//! <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>.
//!
//! ```text
//! code ─▶ user token ─ fb_exchange_token ─▶ long-lived user token ─ /me/accounts ─▶ page token, which does not end
//!         └────────── OAuth::exchange ──────────┘                 └───── identify ─────┘
//! ```

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{
    fault,
    graph::Graph,
    wire::{Id, Listed},
};
use crate::{AccountAccess, Error, Identity, Priority, http::Auth};

/// Who may stream in the page's name has this task there, or that of doing everything.
const TASKS: [&str; 2] = ["CREATE_CONTENT", "MANAGE"];

#[derive(Debug, Deserialize)]
struct Page {
    id: Id,
    #[serde(default)]
    name: Box<str>,
    #[serde(default)]
    access_token: Option<SecretString>,
    #[serde(default)]
    tasks: Vec<Value>,
}

impl Page {
    fn may_stream(&self) -> bool {
        self.tasks.iter().filter_map(Value::as_str).any(|task| TASKS.contains(&task))
    }
}

#[derive(Debug, Deserialize)]
struct Permission {
    permission: Box<str>,
    #[serde(default)]
    status: Box<str>,
}

/// The page that a user's token gives access to, with a token of its own; or the page whose token it is.
///
/// Users choose in Facebook's dialog which of their pages we learn of. Of more than one the first is taken in which they
/// may stream: who wants another one chooses only that.
pub(super) async fn identify(graph: &Graph, token: &SecretString) -> Result<Identity, Error> {
    let call = graph
        .question(&["me", "accounts"], Auth::Token(token), Priority::Send)
        .query("fields", "id,name,access_token,tasks")
        .query("limit", "100");
    let pages: Listed<Page> = match graph.ask(call).await {
        // A page has no accounts: the call has no such form.
        Err(error) if fault::is_about_a_parameter(&error) => {
            return page_itself(graph, token).await;
        }
        pages => pages?,
    };
    let mut pages: Vec<_> =
        pages.data.into_iter().filter(|page| page.access_token.is_some()).collect();
    if pages.is_empty() {
        return Err(Error::Refused {
            code: "no_page".into(),
            reason: "the account gives access to no page: choose one in Facebook's dialog".into(),
        });
    }
    let at = pages.iter().position(Page::may_stream).unwrap_or(0);
    let page = pages.swap_remove(at);
    let scopes = permissions(graph, token).await;
    let (external_id, name) = (page.id.0, page.name);
    Ok(Identity { external_id, name, scopes, expires_at: None, token: page.access_token })
}

/// The page whose token this is.
async fn page_itself(graph: &Graph, token: &SecretString) -> Result<Identity, Error> {
    let page: Page = graph.fields(&["me"], Auth::Token(token), "id,name", Priority::Send).await?;
    let (external_id, name) = (page.id.0, page.name);
    Ok(Identity { external_id, name, scopes: Vec::new(), expires_at: None, token: None })
}

/// What the user has agreed to. Not to know it is no reason to fail.
async fn permissions(graph: &Graph, user: &SecretString) -> Vec<Box<str>> {
    let call = graph.question(&["me", "permissions"], Auth::Token(user), Priority::Send);
    let listed = graph.ask::<Listed<Permission>>(call).await;
    let permissions = listed.map(|listed| listed.data).unwrap_or_default();
    let granted = permissions.into_iter().filter(|permission| &*permission.status == "granted");
    granted.map(|permission| permission.permission).collect()
}

/// Asks whether the page's token holds.
pub(super) async fn validate(graph: &Graph, account: &AccountAccess) -> Result<(), Error> {
    let _: Page = graph.fields(&["me"], account, "id", Priority::Metadata).await?;
    Ok(())
}
