//! Where configuration comes from.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use super::LoadError;

/// The prefix of our environment variables: `STAGEDOOR__SECTION__KEY`.
const PREFIX: &str = "STAGEDOOR__";
/// What every Rust program calls it.
const RUST_LOG: &str = "RUST_LOG";
const SYSTEM_FILE: &str = "/etc/stagedoor/stagedoor.toml";
const DIRECTORY: &str = "config";
/// In [`DIRECTORY`], these document the defaults and say nothing.
const DOCUMENTS: [&str; 2] = ["default.toml", "example.toml"];

/// Who said a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, built in.
    Default,
    /// What differs in development mode, built in.
    Development,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Development => f.write_str("default of development mode"),
            Self::File(path) => write!(f, "configuration file {}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// Where configuration comes from, from weak to strong. The default has nothing but what is built in.
///
/// Not `Debug`: variables and flags may hold secrets.
#[derive(Clone, Default)]
pub struct Sources {
    /// Read when it exists.
    pub system_file: Option<PathBuf>,
    /// Its `*.toml` are read by name, but for `default.toml` and `example.toml`, when it exists.
    pub directory: Option<PathBuf>,
    /// Files that must exist.
    pub files: Vec<PathBuf>,
    /// Names and values.
    pub variables: Vec<(String, String)>,
    /// Flag, key and value.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl Sources {
    /// The usual places of a process, and what its command line said.
    pub fn of_process(
        files: Vec<PathBuf>,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            system_file: Some(SYSTEM_FILE.into()),
            directory: Some(DIRECTORY.into()),
            files,
            variables: variables_of_process()?,
            flags,
        })
    }

    /// The files that there are, weak ones first. Looked for anew at each call, so that a reload sees a new file.
    pub(super) fn existing_files(&self) -> Result<Vec<PathBuf>, LoadError> {
        let mut files = Vec::new();
        files.extend(self.system_file.iter().filter(|path| path.exists()).cloned());
        if let Some(directory) = &self.directory {
            files.extend(toml_files(directory)?);
        }
        files.extend(self.files.iter().cloned());
        Ok(files)
    }

    /// The key, variable and value of each variable; `RUST_LOG` is the weakest.
    pub(super) fn keyed_variables(&self) -> impl Iterator<Item = (String, &str, &str)> {
        let rust_log = self
            .variables
            .iter()
            .filter(|(name, _)| name == RUST_LOG)
            .map(|(name, value)| ("log.level".to_owned(), name.as_str(), value.as_str()));
        let ours = self.variables.iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?.to_ascii_lowercase().replace("__", ".");
            Some((key, name.as_str(), value.as_str()))
        });
        rust_log.chain(ours)
    }
}

fn variables_of_process() -> Result<Vec<(String, String)>, LoadError> {
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        let is_ours = |name: &str| name.starts_with(PREFIX) || name == RUST_LOG;
        let readable_name = name.to_string_lossy().into_owned();
        if !is_ours(&readable_name) {
            continue;
        }
        let value = value
            .into_string()
            .map_err(|_| LoadError::NotUnicode { variable: readable_name.clone() })?;
        if readable_name == RUST_LOG && value.is_empty() {
            continue;
        }
        variables.push((readable_name, value));
    }
    variables.sort();
    Ok(variables)
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: directory.to_owned(), source };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let is_document =
            path.file_name().is_some_and(|name| DOCUMENTS.iter().any(|doc| name == *doc));
        if path.extension().is_some_and(|extension| extension == "toml") && !is_document {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
