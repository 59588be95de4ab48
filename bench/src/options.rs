//! The words of a command line: `n=10000 kids=4 pipes`.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use anyhow::{Context, Result, bail};

/// What was said, each word taken by the one who knows it. What nobody knows is a mistake.
#[derive(Debug)]
pub(crate) struct Options(BTreeMap<String, String>);

impl Options {
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Self {
        let pair = |word: String| match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (word, "on".to_owned()),
        };
        Self(words.into_iter().map(pair).collect())
    }

    /// The value of `key`, or `default`.
    pub(crate) fn take<T>(&mut self, key: &str, default: T) -> Result<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(value) = self.0.remove(key) else { return Ok(default) };
        match value.parse() {
            Ok(value) => Ok(value),
            Err(error) => bail!("{key}={value}: {error}"),
        }
    }

    /// The parts of a value that is a list.
    pub(crate) fn take_list(&mut self, key: &str, default: &str) -> Result<Vec<String>> {
        let list: String = self.take(key, default.to_owned())?;
        Ok(list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Into::into).collect())
    }

    /// Whether `key` was said, alone or as `key=on`.
    pub(crate) fn take_switch(&mut self, key: &str) -> Result<bool> {
        match self.0.remove(key).as_deref() {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(value) => bail!("{key}={value}: neither on nor off"),
        }
    }

    /// Everything must have been taken.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(key) => Err(anyhow::anyhow!("{key}: no such option")).context("command line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        Options::parse(words.iter().map(ToString::to_string))
    }

    #[test]
    fn a_word_that_nobody_takes_is_refused() {
        let mut options = options(&["n=5", "pipes", "kid=4"]);
        assert_eq!(options.take("n", 1).unwrap(), 5);
        assert_eq!(options.take("m", 7).unwrap(), 7);
        assert!(options.take_switch("pipes").unwrap());
        assert!(format!("{:#}", options.finish().unwrap_err()).contains("kid"));
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_its_key() {
        let error = options(&["n=many"]).take("n", 1).unwrap_err();
        assert!(error.to_string().starts_with("n=many: "), "{error}");
    }
}
