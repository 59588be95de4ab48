//! The state directory: of one daemon at a time, and of nobody else's business.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
};

use thiserror::Error;

const LOCK: &str = "stagedoord.lock";
const MODE_DIRECTORY: u32 = 0o700;
const MODE_FILE: u32 = 0o600;

/// Why the state directory cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateDirError {
    /// It could not be made, or something in it could not.
    #[error("could not make {path} in the state directory")]
    Make {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another daemon holds it.
    #[error(
        "another stagedoord runs with the state directory {path}; give this one its own by --state-dir"
    )]
    Taken {
        /// The directory.
        path: PathBuf,
    },
}

/// A state directory that is ours until this value is dropped.
#[derive(Debug)]
pub(crate) struct StateDir {
    _lock: File,
}

impl StateDir {
    /// Makes the directory with mode 0700 if it is not there, and takes its lock.
    pub(crate) fn open(path: &Path) -> Result<Self, StateDirError> {
        create(path)?;
        let lock_path = path.join(LOCK);
        let failed = |source| StateDirError::Make { path: lock_path.clone(), source };
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(MODE_FILE)
            .open(&lock_path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateDirError::Taken { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// Makes the directory with mode 0700 if it is not there. One that is there keeps its mode.
pub(crate) fn create(path: &Path) -> Result<(), StateDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(MODE_DIRECTORY)
        .create(path)
        .map_err(|source| StateDirError::Make { path: path.to_owned(), source })
}

/// Makes a file of mode 0600 that appears with its content or not at all. False: it was there already.
pub(crate) fn create_file(path: &Path, content: &str) -> Result<bool, StateDirError> {
    let draft = path.with_added_extension(process::id().to_string());
    let publish = || {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(MODE_FILE).open(&draft)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        // Unlike a rename, a link does not replace what another process has put there meanwhile.
        match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    let published = publish();
    let removed = fs::remove_file(&draft);
    published
        .and_then(|is_new| removed.map(|()| is_new))
        .map_err(|source| StateDirError::Make { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_directory_is_made_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("var/stagedoor");
        let _state = StateDir::open(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(LOCK)), 0o600);
    }

    #[test]
    fn a_second_daemon_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = StateDir::open(dir.path()).unwrap();
        assert!(matches!(StateDir::open(dir.path()), Err(StateDirError::Taken { .. })));
        drop(first);
        StateDir::open(dir.path()).unwrap();
    }

    #[test]
    fn a_file_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dev-secret");
        assert!(create_file(&path, "one").unwrap());
        assert!(!create_file(&path, "two").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let error = StateDir::open(&path.join("state")).unwrap_err();
        assert!(error.to_string().contains("file/state"), "{error}");
    }
}
