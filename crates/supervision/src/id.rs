//! A child's id, and the path that joins the ids from the root.

use std::{borrow::Borrow, fmt, hash, sync::Arc};

/// What a child is called among its siblings: stable across restarts, never global.
#[derive(Clone)]
pub struct ChildId(Text);

/// Component ids are literals and cost nothing; user ids are shared with whoever else holds them.
#[derive(Clone)]
enum Text {
    Literal(&'static str),
    Shared(Arc<str>),
}

impl ChildId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Literal(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl From<&'static str> for ChildId {
    fn from(text: &'static str) -> Self {
        Self(Text::Literal(text))
    }
}

impl From<Arc<str>> for ChildId {
    fn from(text: Arc<str>) -> Self {
        Self(Text::Shared(text))
    }
}

impl From<String> for ChildId {
    fn from(text: String) -> Self {
        Self(Text::Shared(text.into()))
    }
}

impl PartialEq for ChildId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ChildId {}

impl hash::Hash for ChildId {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        // As `str` does, so that a lookup by `&str` finds it.
        self.as_str().hash(state);
    }
}

impl Borrow<str> for ChildId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Where an actor stands in the tree: `users/ada/stream_state`. The root's path is empty.
///
/// A path is a link to its parent's path, so that 50,000 trees do not hold 50,000 copies of `users/`.
#[derive(Clone, Default)]
pub struct Path(Option<Arc<Step>>);

struct Step {
    parent: Path,
    id: ChildId,
}

impl Path {
    /// The root's path.
    #[must_use]
    pub const fn root() -> Self {
        Self(None)
    }

    /// The path of the child `id` of the actor that stands here.
    #[must_use]
    pub fn child(&self, id: ChildId) -> Self {
        Self(Some(Arc::new(Step { parent: self.clone(), id })))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.0 else { return Ok(()) };
        if step.parent.0.is_some() {
            write!(f, "{}/", step.parent)?;
        }
        f.write_str(step.id.as_str())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_joins_ids_by_slashes_and_the_root_is_empty() {
        let ada = Path::root().child("users".into()).child(String::from("ada").into());
        assert_eq!(ada.child("stream_state".into()).to_string(), "users/ada/stream_state");
        assert_eq!(Path::root().to_string(), "");
    }
}
