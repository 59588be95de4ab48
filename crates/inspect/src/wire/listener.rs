//! Where the inspector listens: a Unix socket, or a loopback address with a token.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::SecretString;
use tokio::net::{TcpListener, UnixListener, UnixStream};

use crate::error::ListenError;

/// An open listener, ready for [`serve`](crate::serve). Cheap to clone: all clones are the same, so that serving can
/// begin again after a crash. Dropping the last removes the socket's file.
#[derive(Clone, Debug)]
pub struct Listener(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) enum Inner {
    Unix { listener: UnixListener, _file: SocketFile },
    Tcp { listener: TcpListener, token: SecretString },
}

impl Listener {
    /// Listens at the Unix socket `path`, mode 0600.
    ///
    /// The file of a daemon that has died is removed; a daemon that answers there keeps it.
    ///
    /// # Errors
    /// When another daemon answers there, when the file is not a socket, or when the operating system refuses.
    pub async fn unix(path: impl Into<PathBuf>) -> Result<Self, ListenError> {
        let path = path.into();
        remove_stale(&path).await?;
        let (listener, file) =
            bind(&path).map_err(|source| ListenError::Unix { path: path.clone(), source })?;
        Ok(Self(Arc::new(Inner::Unix { listener, _file: file })))
    }

    /// Listens at a loopback address; clients must say `token`.
    ///
    /// # Errors
    /// When the address is not loopback, the token empty, or when the operating system refuses.
    pub async fn tcp(address: SocketAddr, token: SecretString) -> Result<Self, ListenError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(ListenError::NotLoopback { address });
        }
        if secrecy::ExposeSecret::expose_secret(&token).is_empty() {
            return Err(ListenError::NoToken { address });
        }
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ListenError::Tcp { address, source })?;
        Ok(Self(Arc::new(Inner::Tcp { listener, token })))
    }

    /// The address, of a TCP listener: with the port that port 0 became.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &*self.0 {
            Inner::Unix { .. } => None,
            Inner::Tcp { listener, .. } => listener.local_addr().ok(),
        }
    }
}

/// Removes the socket of a daemon that does not answer any more.
async fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let failed = |source| ListenError::Unix { path: path.into(), source };
    match fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => {
            return Err(ListenError::NotASocket { path: path.into() });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(ListenError::InUse { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            match fs::remove_file(path) {
                // Another daemon that starts now was faster; the bind decides who has it.
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let listener = UnixListener::bind(path)?;
    let file = fs::symlink_metadata(path)?;
    let file = SocketFile { path: path.into(), device: file.dev(), inode: file.ino() };
    // Until here whoever the umask allows could connect, and was turned away by the check of the peer's user.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, file))
}

/// The socket's file, removed on drop unless somebody else's has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let still_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| file.dev() == self.device && file.ino() == self.inode);
        if still_ours {
            // What is left over is stale, and the next daemon removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
