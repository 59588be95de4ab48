//! AlertQueue: one alert at a time.

use serde::{Deserialize, Serialize};

/// Messages of AlertQueue.
#[derive(Debug)]
pub enum AlertQueueMsg {}

/// What is told of the alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertNews {}
