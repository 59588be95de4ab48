//! The keys that secrets are encrypted with.

use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretBox};
use thiserror::Error;

/// How long a key's id may be, in bytes.
pub(crate) const MAX_KEY_ID_BYTES: usize = 16;

/// How long a key is, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

/// Keys: the first one encrypts, all of them decrypt. A clone shares them.
///
/// As a text: a line `id:key` for each, the key as 32 bytes in base64; empty lines and those that begin with `#` do not
/// count. To rotate, put a new line above the others, re-encrypt by
/// [`Store::rotate_secrets`](crate::Store::rotate_secrets), then remove the old line.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<[Key]>,
}

pub(crate) struct Key {
    pub(crate) id: Box<str>,
    pub(crate) bytes: SecretBox<[u8; KEY_BYTES]>,
}

/// Why there is no keyring. Says the line, never what is in it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The file cannot be read or created.
    #[error("could not read or create the keyring {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no key.
    #[error("the keyring has no key")]
    Empty,
    /// A line is not a key.
    #[error("line {line} of the keyring is not `id:key` with {expected}")]
    Line {
        /// Which line, counted from one.
        line: usize,
        /// What is expected.
        expected: &'static str,
    },
    /// Two keys have the same id.
    #[error("line {line} of the keyring has the id of an earlier line")]
    Twice {
        /// Which line, counted from one.
        line: usize,
    },
    /// The system gives no random numbers.
    #[error("could not make a key: {0}")]
    Random(getrandom::Error),
}

impl Keyring {
    /// Reads the keys from their text.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key = Key::parse(text).map_err(|expected| KeyringError::Line { line, expected })?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(KeyringError::Twice { line });
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self { keys: keys.into() }) }
    }

    /// Reads the keys from a file.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let file = |source| KeyringError::File { path: path.into(), source };
        let text = fs::read_to_string(path).map_err(file)?;
        let mode = fs::metadata(path).map_err(file)?.permissions().mode();
        if mode & 0o007 != 0 {
            tracing::warn!(path = %path.display(), "everybody on this machine may read the keyring");
        }
        Self::parse(&text)
    }

    /// Reads the keys from a file; where there is none, makes one with a new key, which only its owner may read.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyringError> {
        let file = |source| KeyringError::File { path: path.into(), source };
        if fs::exists(path).map_err(file)? {
            return Self::load(path);
        }
        // By chance, and not always the same: a keyring that is made because the old one is gone is then noticed.
        let number = getrandom::u32().map_err(KeyringError::Random)?;
        let text = Self::new_key(&format!("k{number:08x}"))?;
        match create(path, &text) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            created => created.map_err(file).and_then(|()| Self::parse(&text)),
        }
    }

    /// A line for a keyring with a new key.
    pub fn new_key(id: &str) -> Result<String, KeyringError> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(KeyringError::Random)?;
        Ok(format!("{id}:{}\n", BASE64_STANDARD.encode(bytes)))
    }

    /// The key that encrypts.
    pub(crate) fn first(&self) -> &Key {
        &self.keys[0]
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| &*key.id == id)
    }
}

impl Key {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (id, key) = text.split_once(':').ok_or("a colon between them")?;
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > MAX_KEY_ID_BYTES || !id.chars().all(is_id) {
            return Err("an id of 1 to 16 ASCII letters, digits, - and _");
        }
        let key = SecretBox::new(Box::new(BASE64_STANDARD.decode(key).unwrap_or_default()));
        let bytes: [u8; KEY_BYTES] =
            key.expose_secret().as_slice().try_into().map_err(|_| "32 bytes in base64")?;
        Ok(Self { id: id.into(), bytes: SecretBox::new(Box::new(bytes)) })
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    // A secret encrypted with a key that a power failure takes away is lost.
    file.sync_all()?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn the_first_key_encrypts_and_all_are_found() {
        let keyring = Keyring::parse(&format!("# mine\n\nnew:{KEY}\nold:{KEY}\n")).unwrap();
        assert_eq!(&*keyring.first().id, "new");
        assert!(keyring.find("old").is_some());
        assert!(keyring.find("older").is_none());
    }

    #[test]
    fn a_line_that_is_no_key_is_named_by_its_number_and_not_repeated() {
        for line in ["nothing", ":x", "a b:x", "k:c2hvcnQ=", "k:!!", "longer-than-sixteen:x"] {
            let error = Keyring::parse(&format!("k1:{KEY}\n{line}")).unwrap_err();
            assert!(matches!(error, KeyringError::Line { line: 2, .. }), "{line}");
            assert!(!error.to_string().contains(line), "{error}");
        }
        let twice = Keyring::parse(&format!("k1:{KEY}\nk1:{KEY}")).unwrap_err();
        assert!(matches!(twice, KeyringError::Twice { line: 2 }));
        assert!(matches!(Keyring::parse("# none\n").unwrap_err(), KeyringError::Empty));
    }

    #[test]
    fn no_key_is_in_its_debug_form() {
        let keyring = Keyring::parse(&format!("k1:{KEY}")).unwrap();
        let shown = format!("{keyring:?} {:?}", keyring.first().bytes);
        assert!(shown.contains("k1"));
        assert!(!shown.contains("AAEC") && !shown.contains("1, 2, 3"), "{shown}");
    }

    #[test]
    fn a_missing_file_is_made_for_its_owner_alone_and_read_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring");
        let made = Keyring::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Keyring::load_or_create(&path).unwrap();
        assert_eq!(made.first().bytes.expose_secret(), read.first().bytes.expose_secret());
    }

    #[test]
    fn a_keyring_that_is_made_again_does_not_pass_for_the_old_one() {
        let made = || {
            let folder = tempfile::tempdir().unwrap();
            Keyring::load_or_create(&folder.path().join("keyring")).unwrap()
        };
        let (old, new) = (made(), made());
        assert!(new.find(&old.first().id).is_none(), "{old:?} {new:?}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = Keyring::load(Path::new("/nowhere/keyring")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/keyring"), "{error}");
    }
}
