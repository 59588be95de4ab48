//! The children of a supervisor: a list, and for many children an index.
//!
//! A user's tree has a handful of children and there are many such trees, so theirs is a plain list in start order. The
//! supervisor of all users has tens of thousands of children: it finds them by an index, and their order means nothing.

use std::{borrow::Borrow, collections::HashMap};

use ractor::ActorId;

use crate::{id::ChildId, life::Child};

/// The children.
pub(crate) struct Roster {
    children: Vec<Child>,
    index: Option<Box<Index>>,
}

#[derive(Default)]
struct Index {
    positions: HashMap<ChildId, usize>,
    actors: HashMap<ActorId, ChildId>,
}

impl Roster {
    /// For a handful, in start order.
    pub(crate) fn few() -> Self {
        Self { children: Vec::new(), index: None }
    }

    /// For many, in no order that means anything.
    pub(crate) fn many() -> Self {
        Self { children: Vec::new(), index: Some(Box::default()) }
    }

    /// Whether it is a roster for many, which come and go.
    pub(crate) fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.children.len()
    }

    pub(crate) fn reserve_exact(&mut self, additional: usize) {
        self.children.reserve_exact(additional);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Child> {
        self.children.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Child> {
        self.children.iter_mut()
    }

    pub(crate) fn at(&self, position: usize) -> Option<&Child> {
        self.children.get(position)
    }

    pub(crate) fn position(&self, id: &(impl Borrow<str> + ?Sized)) -> Option<usize> {
        let id = id.borrow();
        match &self.index {
            Some(index) => index.positions.get(id).copied(),
            None => self.children.iter().position(|child| child.spec.id.as_str() == id),
        }
    }

    pub(crate) fn get(&self, id: &(impl Borrow<str> + ?Sized)) -> Option<&Child> {
        self.children.get(self.position(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &(impl Borrow<str> + ?Sized)) -> Option<&mut Child> {
        let position = self.position(id)?;
        self.children.get_mut(position)
    }

    /// Adds a child, whose id must be new.
    pub(crate) fn insert(&mut self, child: Child) {
        if let Some(index) = &mut self.index {
            index.positions.insert(child.spec.id.clone(), self.children.len());
        }
        self.children.push(child);
    }

    /// Takes a child out. The few keep their order.
    pub(crate) fn remove(&mut self, id: &(impl Borrow<str> + ?Sized)) -> Option<Child> {
        let position = self.position(id)?;
        let Some(index) = &mut self.index else { return Some(self.children.remove(position)) };
        index.positions.remove(id.borrow());
        let child = self.children.swap_remove(position);
        if let Some(moved) = self.children.get(position)
            && let Some(entry) = index.positions.get_mut(moved.spec.id.as_str())
        {
            *entry = position;
        }
        Some(child)
    }

    /// Keeps the children for whom `keep` says so, of a few.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Child) -> bool) {
        debug_assert!(!self.is_indexed(), "positions would be wrong");
        self.children.retain(keep);
    }

    pub(crate) fn clear(&mut self) {
        self.children.clear();
        if let Some(index) = &mut self.index {
            index.positions.clear();
            index.actors.clear();
        }
    }

    /// Whose actor it is. Nobody's, when it is one of an earlier life.
    pub(crate) fn child_of(&self, actor: ActorId) -> Option<ChildId> {
        if let Some(index) = &self.index {
            return index.actors.get(&actor).cloned();
        }
        let has_it =
            |child: &&Child| child.started().is_some_and(|started| started.cell.get_id() == actor);
        self.children.iter().find(has_it).map(|child| child.spec.id.clone())
    }

    /// Writes down whose actor it is.
    pub(crate) fn has_actor(&mut self, id: &ChildId, actor: ActorId) {
        if let Some(index) = &mut self.index {
            index.actors.insert(actor, id.clone());
        }
    }

    /// Writes down that the actor is gone.
    pub(crate) fn actor_gone(&mut self, actor: ActorId) {
        if let Some(index) = &mut self.index {
            index.actors.remove(&actor);
        }
    }

    /// How many actors the index knows.
    #[cfg(test)]
    pub(crate) fn known_actors(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.actors.len())
    }
}
