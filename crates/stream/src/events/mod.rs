//! EventProcessor: the one door for events.

use std::fmt;

/// Messages of EventProcessor.
#[derive(Debug)]
pub enum EventsMsg {}

impl fmt::Display for EventsMsg {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
