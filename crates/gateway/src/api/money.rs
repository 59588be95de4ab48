//! Amounts as people write them: `"5"`, `"12.34"`.

/// Millionths of a decimal number. Exact: more than six decimals are refused, as is anything but digits and a point.
pub(super) fn micros(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > 6 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let decimals: i64 = format!("{decimals:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(decimals)
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn amounts_are_exact() {
        for (text, amount) in [
            ("5", 5_000_000),
            ("12.34", 12_340_000),
            ("0.000001", 1),
            ("007.10", 7_100_000),
            ("9223372036854.775807", i64::MAX),
        ] {
            assert_eq!(micros(text), Some(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".",
            "5.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,50",
            "0.0000001",
            "9223372036854.775808",
            "٣",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
