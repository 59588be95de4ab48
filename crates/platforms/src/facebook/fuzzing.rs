//! See [`crate::fuzzing`].

use super::comment::parse;
use crate::fuzzing::{NOW, is_taken};

/// An answer with comments.
pub fn facebook_comments(body: &[u8]) {
    parse(body, "1000000000000001", NOW).iter().for_each(is_taken);
}
