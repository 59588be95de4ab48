//! One function for each parser of what comes from outside. It takes any bytes, and panics only if what it promises does
//! not hold: no parser panics, and every report that it makes is one that is taken.
//!
//! The fuzz targets in `fuzz/` call these, and so do the tests beside this file: in every run, with arbitrary bytes and
//! with what platforms send, changed a little.

use jiff::Timestamp;
use stagedoor_domain::EventReport;

pub use crate::{
    facebook::fuzzing::facebook_comments,
    kick::fuzzing::kick_webhook,
    oauth::fuzzing::token_answer,
    twitch::fuzzing::twitch_frame,
    youtube::fuzzing::{youtube_message, youtube_stream},
};

#[cfg(test)]
mod tests;

/// When everything is received here.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_370_400, 0);

/// What a parser reports is within the limits of what is stored.
///
/// # Panics
/// If it is not.
pub(crate) fn is_taken(report: &EventReport) {
    if let Err(problem) = report.validate(NOW) {
        panic!("{problem}: {report:?}");
    }
}
