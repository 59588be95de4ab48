//! Amounts: exact, never a float.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::open_enum::open_enum;

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// Millionths of the currency's unit, as YouTube gives them: 5 € are `5_000_000`.
    pub micros: i64,
    /// Which currency.
    pub currency: Currency,
}

/// A currency's code of three letters, as ISO 4217 has them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "EUR", pattern = "^[A-Z]{3}$")]
pub struct Currency([u8; 3]);

/// Why a text is not a currency.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a currency is three upper-case letters, such as EUR")]
pub struct NotACurrency;

impl Currency {
    /// The code.
    #[expect(clippy::missing_panics_doc, reason = "checked when it was made")]
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is three ASCII letters")
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(NotACurrency) }
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(text: String) -> Result<Self, NotACurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().into()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Money {
    /// `5.00 EUR`: two decimals, more where the amount has more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) =
            (self.micros.unsigned_abs() / 1_000_000, self.micros.unsigned_abs() % 1_000_000);
        let sign = if self.micros < 0 { "-" } else { "" };
        let decimals = format!("{micros:06}");
        let more = decimals[2..].trim_end_matches('0');
        write!(f, "{sign}{whole}.{}{more} {}", &decimals[..2], self.currency)
    }
}

/// An amount of something that a platform counts instead of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Units {
    /// What is counted.
    pub kind: UnitKind,
    /// How many.
    pub amount: u64,
}

open_enum! {
    /// What platforms count instead of money.
    UnitKind {
        /// Twitch's.
        Bits => "bits",
        /// Kick's.
        Kicks => "kicks",
        /// YouTube's.
        Jewels => "jewels",
        /// Facebook's.
        Stars => "stars",
        /// Points of a channel, which viewers earn by watching.
        Points => "points",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_two_decimals_and_more_where_there_are_more() {
        let currency = "EUR".parse().unwrap();
        for (micros, text) in [
            (5_000_000, "5.00 EUR"),
            (1, "0.000001 EUR"),
            (-12_340_000, "-12.34 EUR"),
            (1_005_000, "1.005 EUR"),
            (i64::MIN, "-9223372036854.775808 EUR"),
        ] {
            assert_eq!(Money { micros, currency }.to_string(), text);
        }
    }

    #[test]
    fn a_currency_is_three_upper_case_letters() {
        for bad in ["", "EU", "eur", "EURO", "E1R", "€"] {
            assert_eq!(bad.parse::<Currency>(), Err(NotACurrency), "{bad:?}");
        }
    }
}
