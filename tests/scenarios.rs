//! Scenarios: one module a story.
