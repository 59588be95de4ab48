//! A connection is a file descriptor, and shells hand out 1,024 of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{info, warn};

/// Takes as many descriptors as this process may have.
pub(crate) fn raise_limit(connection_limit: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        warn!(%error, "the limit of open files stays as it was");
    }
    if let Some(descriptors) = getrlimit(Resource::Nofile).current
        && descriptors < connection_limit as u64
    {
        info!(
            descriptors,
            connection_limit, "open files will run out before connections do; ulimit -n sets them"
        );
    }
}
