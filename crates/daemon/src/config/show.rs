//! Shows a configuration: each key, its value, and who said it.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use super::{Config, Loaded};

/// Every key that there is and its value, `null` where nobody said one, secrets as `[redacted]`.
pub(super) fn leaves(config: &Config) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let tree = serde_json::to_value(config).expect("configuration has text keys only");
    flatten("", tree, &mut leaves);
    leaves
}

fn flatten(prefix: &str, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                flatten(&key, value, leaves);
            }
        }
        leaf => {
            leaves.insert(prefix.to_owned(), leaf);
        }
    }
}

/// TOML with dotted keys, one line each, the origin as a comment.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = leaves(&self.config)
            .into_iter()
            .map(|(key, value)| {
                let line = match value {
                    Value::Null => format!("# {key} is not set"),
                    // What JSON makes of texts, numbers, booleans and lists of them is TOML as well.
                    value => format!("{key} = {value}"),
                };
                (line, self.origin(&key))
            })
            .collect();
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
        for (line, origin) in lines {
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        Ok(())
    }
}
