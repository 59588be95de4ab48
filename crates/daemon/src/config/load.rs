//! Lays the sources over each other, and knows afterwards who said what.
//!
//! Each source is a layer of leaves (`presence.max_users` and its value). After each layer the whole is read into
//! [`Config`]: an error can only be the fault of the layer just laid, so it can be named.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use clap::ValueEnum;
use config::{ConfigError, Value, ValueKind, builder::DefaultState};

use super::{Config, LoadError, Mode, Origin, Sources, show};

/// `config/default.toml`.
pub const DEFAULT_TOML: &str = include_str!("../../../../config/default.toml");
const DEVELOPMENT_TOML: &str = include_str!("development.toml");
/// A configuration file is some KiB; this is for the one that is not a configuration file.
const FILE_LIMIT: u64 = 1 << 20;

/// A valid configuration, and who said its values.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

struct Layer {
    origin: Origin,
    leaves: Vec<(String, Value)>,
}

impl Loaded {
    /// Reads all sources and lays them over each other.
    pub fn from_sources(sources: &Sources) -> Result<Self, LoadError> {
        let said = read_layers(sources)?;
        let defaults = built_in(Origin::Default, DEFAULT_TOML);
        let mut tower = Tower::new(&defaults);
        let development = built_in(Origin::Development, DEVELOPMENT_TOML);
        if mode(&defaults, &said) == Some(Mode::Development) {
            tower.lay(&development)?;
        }
        for layer in &said {
            tower.lay(layer)?;
        }
        let loaded = Self { config: tower.config, origins: tower.origins };
        loaded.config.validate().map_err(|invalid| LoadError::BadValue {
            origin: loaded.origin(invalid.key),
            key: invalid.key.to_owned(),
            problem: invalid.problem.into_owned(),
        })?;
        Ok(loaded)
    }

    /// Who said the value of `key`.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }
}

/// The layers laid so far.
struct Tower {
    builder: Builder,
    config: Config,
    origins: BTreeMap<String, Origin>,
    /// Every key that there is: a [`Config`] with its options spelt out.
    schema: Vec<String>,
}

impl Tower {
    fn new(defaults: &Layer) -> Self {
        let builder = add(config::Config::builder(), defaults);
        let config = read(&builder).expect("the built-in defaults are complete");
        let schema = show::leaves(&config).into_keys().collect();
        Self { builder, config, origins: BTreeMap::new(), schema }
    }

    fn lay(&mut self, layer: &Layer) -> Result<(), LoadError> {
        for (key, _) in &layer.leaves {
            if !self.schema.contains(key) {
                return Err(LoadError::UnknownKey {
                    origin: layer.origin.clone(),
                    key: key.clone(),
                    hint: nearest(key, &self.schema).map(Into::into),
                });
            }
        }
        self.builder = add(std::mem::take(&mut self.builder), layer);
        self.config = read(&self.builder).map_err(|error| bad_value(layer, error))?;
        for (key, _) in &layer.leaves {
            self.origins.insert(key.clone(), layer.origin.clone());
        }
        Ok(())
    }
}

type Builder = config::ConfigBuilder<DefaultState>;

fn add(builder: Builder, layer: &Layer) -> Builder {
    layer.leaves.iter().fold(builder, |builder, (key, value)| {
        builder
            .set_override(key, value.clone())
            .expect("a key of the schema is a path that the library can parse")
    })
}

fn read(builder: &Builder) -> Result<Config, ConfigError> {
    builder.build_cloned()?.try_deserialize()
}

/// What the layers say of the mode, which decides whether development's own defaults are among them. Nonsense is found
/// when the layer is laid.
fn mode(defaults: &Layer, said: &[Layer]) -> Option<Mode> {
    let layers = said.iter().rev().chain([defaults]);
    let leaf = layers.flat_map(|layer| &layer.leaves).find(|(key, _)| key == "mode");
    let word = leaf.and_then(|(_, value)| value.clone().into_string().ok())?;
    Mode::from_str(&word, false).ok()
}

fn read_layers(sources: &Sources) -> Result<Vec<Layer>, LoadError> {
    let mut layers = Vec::new();
    for path in sources.existing_files()? {
        layers.push(read_file(&path)?);
    }
    for (key, variable, value) in sources.keyed_variables() {
        layers.push(Layer {
            origin: Origin::Variable(variable.to_owned()),
            leaves: vec![(key, value.into())],
        });
    }
    for (flag, key, value) in &sources.flags {
        layers.push(Layer {
            origin: Origin::Flag(flag),
            leaves: vec![((*key).to_owned(), value.as_str().into())],
        });
    }
    Ok(layers)
}

fn read_file(path: &Path) -> Result<Layer, LoadError> {
    let text = read_text(path, FILE_LIMIT)
        .map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    let leaves = parse(&text).map_err(|error| {
        let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
        let problem = error.message().to_owned();
        LoadError::Syntax { path: path.to_owned(), line, column, problem }
    })?;
    Ok(Layer { origin: Origin::File(path.to_owned()), leaves })
}

/// Reads a text file that is expected to be small.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {limit} bytes"),
        ));
    }
    Ok(text)
}

fn built_in(origin: Origin, text: &str) -> Layer {
    Layer { origin, leaves: parse(text).expect("a built-in file is TOML") }
}

fn parse(text: &str) -> Result<Vec<(String, Value)>, toml::de::Error> {
    let table: config::Map<String, Value> = toml::from_str(text)?;
    let mut leaves = Vec::new();
    flatten("", table, &mut leaves);
    Ok(leaves)
}

fn flatten(prefix: &str, table: config::Map<String, Value>, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value.kind {
            ValueKind::Table(inner) => flatten(&key, inner, leaves),
            _ => leaves.push((key, value)),
        }
    }
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn bad_value(layer: &Layer, error: ConfigError) -> LoadError {
    let (key, problem) = match error {
        ConfigError::Type { unexpected, expected, key, .. } => {
            (key, format!("must be {expected}, got {unexpected}"))
        }
        ConfigError::At { error, key, .. } => (key, format!("is not valid: {error}")),
        error => (None, format!("is not valid: {error}")),
    };
    let key = key.or_else(|| layer.leaves.first().map(|(key, _)| key.clone())).unwrap_or_default();
    LoadError::BadValue { origin: layer.origin.clone(), key, problem }
}

/// The known key that an unknown one was probably meant to be.
fn nearest<'a>(unknown: &str, known: &'a [String]) -> Option<&'a str> {
    let likeness = |key: &str| strsim::normalized_damerau_levenshtein(unknown, key);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(nearest) > 0.7).then_some(nearest)
}
