//! What the Tracker tells: who is here ([`PresenceState`]) and what has changed ([`Diff`]), in the form of
//! Phoenix.Presence's `presence_state` and `presence_diff`.

use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::{RawValue, to_raw_value};
use stagedoor_domain::UserId;

use crate::Meta;

/// One change of one user: a join, a leave, or both when a session has changed its page.
#[derive(Clone, Debug)]
pub struct Diff {
    user: UserId,
    join: Option<Meta>,
    leave: Option<Meta>,
    sessions: usize,
    json: OnceLock<Box<RawValue>>,
}

impl Diff {
    pub(crate) fn new(
        user: UserId,
        join: Option<Meta>,
        leave: Option<Meta>,
        sessions: usize,
    ) -> Self {
        Self { user, join, leave, sessions, json: OnceLock::new() }
    }

    /// Whose sessions changed.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The metas that came: at most one.
    #[must_use]
    pub fn joins(&self) -> &[Meta] {
        self.join.as_slice()
    }

    /// The metas that went: at most one.
    #[must_use]
    pub fn leaves(&self) -> &[Meta] {
        self.leave.as_slice()
    }

    /// How many sessions the user has after the change. With 0 the user is gone.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions
    }

    /// The payload of `presence_diff`: `{"joins":{"ada":{"metas":[…]}},"leaves":{}}`. Written by the first call,
    /// shared by the others.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        self.json.get_or_init(|| write(self))
    }
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("joins", &Side(&self.user, self.joins()))?;
        map.serialize_entry("leaves", &Side(&self.user, self.leaves()))?;
        map.end()
    }
}

fn write(payload: &impl Serialize) -> Box<RawValue> {
    to_raw_value(payload).expect("ids and times always serialise")
}

/// One side of a diff: an empty object, or the one user.
struct Side<'a>(&'a UserId, &'a [Meta]);

impl Serialize for Side<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(user, metas) = self;
        let present = !metas.is_empty();
        serializer.collect_map(present.then_some((user, Metas { metas })))
    }
}

/// What stands beside a user's key.
#[derive(Serialize)]
struct Metas<'a> {
    metas: &'a [Meta],
}

/// Who is here, with all their metas. Cheap to clone: a sink may keep it and write its JSON later, outside the lock.
#[derive(Clone, Debug)]
pub struct PresenceState(Arc<StateInner>);

#[derive(Debug)]
struct StateInner {
    users: Vec<(UserId, Vec<Meta>)>,
    json: OnceLock<Box<RawValue>>,
}

impl PresenceState {
    /// Of `users` who each have at least one meta.
    pub(crate) fn new(users: Vec<(UserId, Vec<Meta>)>) -> Self {
        Self(Arc::new(StateInner { users, json: OnceLock::new() }))
    }

    /// The users present and their metas, oldest first.
    #[must_use]
    pub fn users(&self) -> impl ExactSizeIterator<Item = (&UserId, &[Meta])> {
        self.0.users.iter().map(|(user, metas)| (user, metas.as_slice()))
    }

    /// How many users are present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.users.len()
    }

    /// Is nobody present?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.users.is_empty()
    }

    /// The payload of `presence_state`: `{"ada":{"metas":[…]}}`. Written by the first call, shared by the others.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        self.0.json.get_or_init(|| write(self))
    }
}

impl Serialize for PresenceState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.users().map(|(user, metas)| (user, Metas { metas })))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stagedoor_domain::{Page, SessionId};

    use super::*;
    use crate::PhxRef;

    fn meta(page: &str, phx_ref_prev: Option<PhxRef>) -> Meta {
        Meta {
            phx_ref: PhxRef::next(),
            phx_ref_prev,
            session: SessionId::new("tab-1").unwrap(),
            page: Page::new(page).unwrap(),
            joined_at: "2026-11-22T15:00:00.5Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_diff_reads_as_phoenix_writes_it() {
        let old = meta("home", None);
        let new = meta("stream", Some(old.phx_ref));
        let user = UserId::new("__proto__").unwrap();
        let diff = Diff::new(user, Some(new.clone()), Some(old.clone()), 1);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(diff.json().get()).unwrap(),
            json!({
                "joins": {"__proto__": {"metas": [{
                    "phx_ref": new.phx_ref.to_string(),
                    "phx_ref_prev": old.phx_ref.to_string(),
                    "session_id": "tab-1",
                    "page": "stream",
                    "joined_at": "2026-11-22T15:00:00.5Z",
                }]}},
                "leaves": {"__proto__": {"metas": [{
                    "phx_ref": old.phx_ref.to_string(),
                    "session_id": "tab-1",
                    "page": "home",
                    "joined_at": "2026-11-22T15:00:00.5Z",
                }]}},
            })
        );
    }

    #[test]
    fn the_empty_side_of_a_diff_is_an_empty_object() {
        let diff = Diff::new(UserId::new("ada").unwrap(), None, Some(meta("home", None)), 0);
        assert!(diff.json().get().starts_with(r#"{"joins":{},"leaves":{"ada":{"metas":["#));
    }

    #[test]
    fn a_state_is_written_once_for_all_its_clones() {
        let ada = UserId::new("ada").unwrap();
        let state = PresenceState::new(vec![(ada, vec![meta("home", None)])]);
        let clone = state.clone();
        assert!(std::ptr::eq(state.json(), clone.json()));
        assert_eq!(PresenceState::new(Vec::new()).json().get(), "{}");
    }
}
