//! The tree, page by page: rows in the order in which one draws it, parents before children.

use jiff::Timestamp;
use stagedoor_supervision::{ChildHandle, SupervisorHandle};

use super::{
    View,
    look::{Found, segments},
};
use crate::{
    error::InspectError,
    message::TreeQuery,
    paging::{Paging, cut},
    view::{TreeRow, TreeRows},
};

/// Appends an id to a path.
pub(super) fn join(path: &mut String, id: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(id);
}

impl View {
    pub(super) fn tree(
        &self,
        query: &TreeQuery,
        paging: &Paging,
    ) -> Result<TreeRows, InspectError> {
        let top = segments(&query.path).collect::<Vec<_>>().join("/");
        let found = self.find(&top)?;
        let mut walk = Walk {
            rows: Vec::new(),
            room: paging.rows(),
            depth: query.depth.unwrap_or(usize::MAX),
            more: false,
        };
        let root = match &found {
            Found::Root(root) => Some(root.strategy()),
            Found::Child(child) => {
                if paging.after.is_none() {
                    walk.push(&top, 0, child);
                }
                None
            }
        };
        if let Some(supervisor) = found.supervisor() {
            let after = paging.after.as_deref().map(|after| below(&top, after));
            let after: Vec<&str> = after.map(|after| segments(after).collect()).unwrap_or_default();
            walk.below(&supervisor, &top, 1, &after);
        }
        let next = walk.rows.last().filter(|_| walk.more).map(|row| row.path.clone());
        Ok(TreeRows { observed_at: Timestamp::now(), root, rows: walk.rows, next })
    }
}

/// `path` as seen from `top`. A cursor from another tree begins at its beginning.
fn below<'path>(top: &str, path: &'path str) -> &'path str {
    if top.is_empty() {
        return path;
    }
    path.strip_prefix(top).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default()
}

struct Walk {
    rows: Vec<TreeRow>,
    room: usize,
    depth: usize,
    /// There was a row for which there was no room.
    more: bool,
}

impl Walk {
    /// Appends a row. Says whether there was room for it.
    fn push(&mut self, path: &str, depth: usize, child: &ChildHandle) -> bool {
        if self.rows.len() == self.room {
            self.more = true;
            return false;
        }
        let supervisor = child.supervisor();
        self.rows.push(TreeRow {
            path: path.into(),
            depth,
            strategy: supervisor.as_ref().map(SupervisorHandle::strategy),
            children: supervisor.as_ref().map(SupervisorHandle::count_children),
            info: child.info().clone(),
        });
        true
    }

    /// Appends what is below `supervisor`, after the row to which the ids of `after` lead. The recursion is as deep as
    /// the tree, which is built by code and not by clients.
    fn below(&mut self, supervisor: &SupervisorHandle, path: &str, depth: usize, after: &[&str]) {
        if depth > self.depth {
            return;
        }
        let mut cursor = after.first().map(ToString::to_string);
        if let Some((first, rest)) = after.split_first()
            && let Some(child) = supervisor.child(first).and_then(|child| child.supervisor())
        {
            self.below(&child, &child_path(path, first), depth + 1, rest);
        }
        while !self.more {
            let ids = ids_after(supervisor, cursor.as_deref(), self.room - self.rows.len() + 1);
            for id in &ids {
                // Who ended since the ids were read has no row.
                let Some(child) = supervisor.child(id) else { continue };
                let path = child_path(path, id);
                if !self.push(&path, depth, &child) {
                    return;
                }
                if let Some(supervisor) = child.supervisor() {
                    self.below(&supervisor, &path, depth + 1, &[]);
                }
                if self.more {
                    return;
                }
            }
            let Some(last) = ids.into_iter().next_back() else { return };
            cursor = Some(last);
        }
    }
}

fn child_path(path: &str, id: &str) -> String {
    let mut path = path.to_owned();
    join(&mut path, id);
    path
}

/// The ids that follow the cursor, at most `limit`: sorted when children come and go, else in start order. When the
/// cursor's child is gone from a supervisor in start order, nothing follows it.
fn ids_after(supervisor: &SupervisorHandle, cursor: Option<&str>, limit: usize) -> Vec<String> {
    if let SupervisorHandle::Dynamic(supervisor) = supervisor {
        let paging = Paging { after: cursor.map(Into::into), limit: Some(limit) };
        let ids = supervisor.ids();
        let (ids, _) = cut(ids.iter().map(|id| Id(id.as_str())), &paging);
        return ids.into_iter().map(|Id(id)| id.to_owned()).collect();
    }
    let mut ids = supervisor.which_children().into_iter().map(|child| child.id);
    if let Some(cursor) = cursor
        && !ids.any(|id| id == cursor)
    {
        return Vec::new();
    }
    ids.take(limit).collect()
}

/// The key of a page of ids.
pub(super) struct Id<'a>(pub(super) &'a str);

impl AsRef<str> for Id<'_> {
    fn as_ref(&self) -> &str {
        self.0
    }
}
