//! Donations, as donation services report them.

use jiff::Timestamp;
use serde::Deserialize;
use stagedoor_domain::{Actor, Currency, EventKind, EventReport, Message, Money, Platform, UserId};
use utoipa::ToSchema;

use super::{
    Desk,
    events::{self, EventReceipt},
    limits, money,
};
use crate::http::ApiError;

/// The longest id, in bytes.
pub(crate) const MAX_DONATION_ID_BYTES: usize = 200;
const MAX_NAME_CHARS: usize = 100;
const MAX_MESSAGE_CHARS: usize = 1_000;

/// A donation.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Donation {
    /// What makes it the same donation when it is sent again; or the header `Idempotency-Key`.
    #[serde(default)]
    #[schema(example = "tip-4711", max_length = 200)]
    pub(crate) id: Option<Box<str>>,
    /// Who gave it, as they want to be shown; nobody knows when absent.
    #[serde(default)]
    #[schema(example = "Grace", max_length = 100)]
    name: Option<Box<str>>,
    /// What they wrote.
    #[serde(default)]
    #[schema(max_length = 1000)]
    message: Option<Box<str>>,
    /// How much, in units of the currency, as a text with up to six decimals. Either this or `micros`.
    #[serde(default)]
    #[schema(example = "12.50")]
    amount: Option<Box<str>>,
    /// How much, in millionths of a unit.
    #[serde(default)]
    micros: Option<i64>,
    /// Of which currency.
    currency: Currency,
    /// When; now when absent.
    #[serde(default)]
    occurred_at: Option<Timestamp>,
}

/// Answers when the donation is durable. `key` is that of the header.
pub(crate) async fn give(
    desk: &Desk,
    user: &UserId,
    key: Option<&str>,
    donation: Donation,
) -> Result<EventReceipt, ApiError> {
    events::report(desk, user, report(key, donation)?).await.map_err(own_fields)
}

fn report(key: Option<&str>, donation: Donation) -> Result<EventReport, ApiError> {
    let Donation { id, name, message, amount, micros, currency, occurred_at } = donation;
    let id = match (id.as_deref(), key) {
        (Some(id), None) | (None, Some(id)) => id,
        (Some(id), Some(key)) if id == key => id,
        (Some(_), Some(_)) => {
            let message = "`id` and the header Idempotency-Key are not the same";
            return Err(ApiError::invalid_field("id", message));
        }
        (None, None) => {
            let refusal = ApiError::invalid_field("id", "missing field `id`");
            return Err(refusal.help(
                "give the id that the donation has with you, here or in the header Idempotency-Key: sent twice it counts once",
            ));
        }
    };
    limits::key("id", id, MAX_DONATION_ID_BYTES)?;
    let micros = amount_of(amount.as_deref(), micros)?;
    if let Some(name) = &name {
        limits::name("name", name, MAX_NAME_CHARS)?;
    }
    if let Some(message) = message.as_deref()
        && message.chars().count() > MAX_MESSAGE_CHARS
    {
        let refusal = format!("at most {MAX_MESSAGE_CHARS} characters are taken");
        return Err(ApiError::invalid_field("message", refusal));
    }
    let occurred_at = occurred_at.unwrap_or_else(Timestamp::now);
    let mut report = EventReport::new(
        Platform::Stagedoor,
        EventKind::Donation,
        occurred_at,
        format!("donation:{id}"),
    );
    report.money = Some(Money { micros, currency });
    report.actor = Some(Actor { anonymous: name.is_none(), name, ..Actor::default() });
    report.message = message
        .filter(|text| !text.trim().is_empty())
        .map(|text| Message { text, ..Message::default() });
    Ok(report)
}

fn amount_of(amount: Option<&str>, micros: Option<i64>) -> Result<i64, ApiError> {
    let micros = match (amount, micros) {
        (Some(amount), None) => money::micros(amount).ok_or_else(|| {
            let message =
                "an amount is a text of digits with up to six decimals, such as \"12.50\"";
            ApiError::invalid_field("amount", message)
        })?,
        (None, Some(micros)) => micros,
        _ => {
            let message = "give either `amount` or `micros`";
            return Err(ApiError::invalid_field("amount", message));
        }
    };
    if micros <= 0 {
        return Err(ApiError::invalid_field("amount", "a donation is more than nothing"));
    }
    Ok(micros)
}

/// What is refused of the event, by the names that the donation has for it.
fn own_fields(refusal: ApiError) -> ApiError {
    let own = match refusal.problem().field() {
        Some("actor.name") => "name",
        Some("message.text") => "message",
        Some("money.micros") => "amount",
        Some("dedupe_key") => "id",
        _ => return refusal,
    };
    refusal.field(own)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::read;

    fn read(key: Option<&str>, body: &Value) -> Result<EventReport, ApiError> {
        report(key, read::json("body", body.to_string().as_bytes())?)
    }

    fn refused(key: Option<&str>, body: &Value) -> Value {
        serde_json::to_value(read(key, body).unwrap_err().problem()).unwrap()["field"].clone()
    }

    #[test]
    fn a_donation_becomes_an_event() {
        let body = json!({ "id": "t-1", "name": "Grace", "message": "Hi", "amount": "12.5", "currency": "EUR" });
        let report = read(None, &body).unwrap();
        assert_eq!(&*report.dedupe_key, "donation:t-1");
        assert_eq!(report.money.unwrap().to_string(), "12.50 EUR");
        assert_eq!(report.actor.unwrap().name.as_deref(), Some("Grace"));
        assert_eq!(&*report.message.unwrap().text, "Hi");
    }

    #[test]
    fn without_a_name_nobody_knows_who_it_was() {
        let report = read(Some("k"), &json!({ "micros": 1, "currency": "EUR" })).unwrap();
        assert!(report.actor.unwrap().anonymous);
        assert_eq!(&*report.dedupe_key, "donation:k");
    }

    #[test]
    fn each_refusal_names_its_field() {
        let ok = json!({ "id": "x", "amount": "1", "currency": "EUR" });
        let with = |field: &str, value: Value| {
            let mut body = ok.clone();
            body[field] = value;
            body
        };
        assert!(read(Some("x"), &ok).is_ok());
        for (key, body, field) in [
            (None, json!({ "amount": "1", "currency": "EUR" }), "id"),
            (Some("y"), ok.clone(), "id"),
            (None, with("id", "a b".into()), "id"),
            (None, with("amount", "1,5".into()), "amount"),
            (None, with("amount", 1.5.into()), "amount"),
            (None, with("amount", "0".into()), "amount"),
            (None, with("micros", 5.into()), "amount"),
            (None, with("currency", "euro".into()), "currency"),
            (None, with("name", "".into()), "name"),
            (None, with("message", "x".repeat(1001).into()), "message"),
            (None, with("colour", "red".into()), "colour"),
        ] {
            assert_eq!(refused(key, &body), field, "{body}");
        }
    }
}
