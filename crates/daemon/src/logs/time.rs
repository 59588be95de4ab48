//! The time of a line: UTC, to the millisecond.

use std::fmt;

use jiff::{
    Timestamp,
    fmt::{StdFmtWrite, temporal::DateTimePrinter},
};
use tracing_subscriber::fmt::{format::Writer, time::FormatTime};

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// `2026-11-22T15:09:03.121Z`
#[derive(Clone, Copy, Debug)]
pub(super) struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        PRINTER.print_timestamp(&Timestamp::now(), StdFmtWrite(writer)).map_err(|_| fmt::Error)
    }
}
