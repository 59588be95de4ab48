//! The user's accounts on the platforms, at work.

mod registry;

pub use registry::Platforms;
