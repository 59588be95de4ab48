//! What the fuzz target in `fuzz/` calls, and the tests beside the parser.

use jiff::Timestamp;
use stagedoor_domain::EventReport;

use crate::LiveWebhook;

/// A notification's body.
///
/// # Panics
/// If it panics, or if what it reports is not within the limits of what is stored.
pub fn cloudflare_webhook(body: &[u8]) {
    let Ok(webhook) = LiveWebhook::parse(body) else { return };
    let now = Timestamp::constant(1_795_370_400, 0);
    // A time that is far off is refused where the report enters: nothing sensible could be put in its place.
    let report = EventReport { occurred_at: now, ..webhook.into_report() };
    if let Err(problem) = report.validate(now) {
        panic!("{problem}: {report:?}");
    }
}
