//! A PostgreSQL of the test run's own: in a temporary folder, on a free port of loopback, gone at the end.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::shell::{command, works};

/// Names the server to the tests. When it is set already, none is started.
pub(crate) const URL_VARIABLE: &str = "STAGEDOOR_TEST_POSTGRES";

/// With this one set, tests that need the server fail without it instead of skipping.
pub(crate) const REQUIRE_VARIABLE: &str = "STAGEDOOR_REQUIRE_POSTGRES";

/// Where Debian puts the programs of each version; they are on nobody's `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// How long the server may take to answer.
const STARTED: Duration = Duration::from_mins(1);

/// A server that ends with this value.
pub(crate) struct Postgres {
    folder: PathBuf,
    server: Option<Child>,
    url: String,
}

/// The folder of the server's programs: the one on the `PATH`, or the newest of Debian's.
pub(crate) fn programs() -> Option<PathBuf> {
    let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut of_debian: Vec<_> = versions.map(|version| version.join("bin")).collect();
    of_debian.sort_by_key(|folder| version_of(folder));
    on_path.into_iter().chain(of_debian.into_iter().rev()).find(|folder| {
        ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
    })
}

fn version_of(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.parse().ok()
}

impl Postgres {
    /// The one that the environment names, or else a fresh one.
    pub(crate) fn for_tests() -> Result<Self> {
        if let Ok(url) = env::var(URL_VARIABLE) {
            return Ok(Self { folder: PathBuf::new(), server: None, url });
        }
        let programs = programs().context("PostgreSQL is missing: run `cargo xtask setup`")?;
        let folder = env::temp_dir().join(format!("stagedoor-postgres-{}", std::process::id()));
        let mut postgres = Self { folder, server: None, url: String::new() };
        postgres.start(&programs).context("PostgreSQL could not be started")?;
        Ok(postgres)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn start(&mut self, programs: &Path) -> Result<()> {
        // Nobody else reads the password.
        fs::DirBuilder::new().mode(0o700).create(&self.folder)?;
        let password = fs::read_to_string("/proc/sys/kernel/random/uuid")?.trim().to_owned();
        let password_file = self.folder.join("password");
        fs::write(&password_file, &password)?;
        if is_root() {
            let mut give = command("chown", &["-R", "postgres"]);
            succeed(give.arg(&self.folder))?;
        }
        let data = self.folder.join("data");
        succeed(
            self.command(&programs.join("initdb"))
                .args(["--no-sync", "--auth=scram-sha-256", "--username=stagedoor"])
                .args(["--encoding=UTF8", "--locale=C"])
                .arg("--pwfile")
                .arg(&password_file)
                .arg("--pgdata")
                .arg(&data),
        )?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
        let log = fs::File::create(self.folder.join("log"))?;
        // A child in our own process group: an interrupt at the keyboard ends it, too. Its data need not outlast it.
        let server = self
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&self.folder)
            .args(["-h", "127.0.0.1", "-p", &port, "-N", "200", "-F"])
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.server = Some(server);
        self.wait(programs, &port)?;
        self.url = format!("postgres://stagedoor:{password}@127.0.0.1:{port}/postgres");
        Ok(())
    }

    fn wait(&mut self, programs: &Path, port: &str) -> Result<()> {
        const PAUSE: Duration = Duration::from_millis(50);
        let is_ready = programs.join("pg_isready").to_string_lossy().into_owned();
        let server = self.server.as_mut().context("there is no server")?;
        let mut waited = Duration::ZERO;
        while !works(&is_ready, &["-q", "-h", "127.0.0.1", "-p", port]) {
            if waited >= STARTED || server.try_wait()?.is_some() {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("it does not answer; its log says:\n{log}");
            }
            #[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
        Ok(())
    }

    /// A program of the server's. It refuses to run as root, where Debian's package has made a user for it.
    fn command(&self, program: &Path) -> Command {
        let mut command = if is_root() {
            let user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
            let mut as_user = command("setpriv", &user);
            as_user.arg(program);
            as_user
        } else {
            command(&program.to_string_lossy(), &[])
        };
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // Its own quick end, which ends its children, too.
            if !works("kill", &["-INT", &server.id().to_string()]) {
                let _ = server.kill();
            }
            let _ = server.wait();
        }
        if !self.folder.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    command("id", &["-u"]).output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs quietly to a successful end.
fn succeed(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {said}", command.get_program().to_string_lossy(), output.status);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_versions_are_compared_as_numbers() {
        let version = |path: &str| version_of(Path::new(path));
        assert_eq!(version("/usr/lib/postgresql/15/bin"), Some(15));
        assert!(version("/usr/lib/postgresql/9/bin") < version("/usr/lib/postgresql/15/bin"));
        assert_eq!(version("/opt/bin"), None);
    }
}
