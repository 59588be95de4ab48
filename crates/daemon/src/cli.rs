//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use stagedoor_domain::UserId;
use stagedoor_gateway::Role;

use crate::config::{LoadError, LogFormat, Mode, Sources};

const EXIT_CODES: &str = "\
Exit codes:
  0   stopped as asked
  1   a part died, or did not stop in time
  64  the command line makes no sense
  69  an address or the state directory cannot be had
  78  the configuration is wrong, or refused in this mode";

/// Beside the daemon's own listeners.
const DEMO_LISTEN: &str = "127.0.0.1:4003";

/// Runs a supervised tree of actors for every user who is on the dashboard.
///
/// Without arguments and files it runs in development mode, on loopback, with its state in ./var.
#[derive(Debug, Parser)]
#[command(name = "stagedoord", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do; nothing said: run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What is configured by flags.
    #[command(flatten)]
    pub flags: Flags,
    /// Run with a made-up Cloudflare, Twitch, YouTube, Kick and Facebook inside and two users, ada and bob, to try
    /// everything without an account
    #[arg(long, global = true)]
    pub demo: bool,
    /// Where the demo's Cloudflare listens; POST /control/users/ada/encoder/disconnect there
    #[arg(long, global = true, value_name = "ADDRESS", default_value = DEMO_LISTEN, requires = "demo")]
    pub demo_listen: SocketAddr,
}

/// What `stagedoord` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon (as without a command)
    Run,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Sign a token for a user
    Token(TokenArguments),
    /// Look after the secrets in the database
    #[command(subcommand)]
    Secrets(SecretsCommand),
}

/// What `stagedoord secrets` does.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Encrypt every secret in the database anew, with the first key of the keyring; the daemon must not run
    Rotate,
}

/// What `stagedoord config` does.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read all sources and say whether the daemon would start with them
    Check,
    /// Print every key, its value and where it comes from; secrets are redacted
    Show,
    /// Print the built-in defaults
    Default,
}

/// Whose token.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// The user that the token is for
    #[arg(long)]
    pub user: UserId,
    /// What its bearer may do
    #[arg(long, value_enum, default_value = "user")]
    pub role: RoleName,
    /// How long it is valid
    #[arg(long, value_parser = humantime::parse_duration, default_value = "1h", value_name = "DURATION")]
    pub ttl: Duration,
}

/// [`Role`], as it is written on a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// A streamer: sees their own sessions
    User,
    /// A web backend: reports sessions of any user over HTTP
    Service,
    /// An operator: sees everybody
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::User => Self::User,
            RoleName::Service => Self::Service,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Configuration by flags: the strongest layer.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Flags {
    /// Read this file too; of several, later ones win
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Where the daemon keeps its socket, its lock and its development secret
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<String>,
    /// Short for --mode development
    #[arg(long, global = true, conflicts_with = "mode")]
    pub dev: bool,
    /// How careful the daemon is
    #[arg(long, global = true, value_enum)]
    pub mode: Option<Mode>,
    /// Where dashboards and web backends connect
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where health and metrics are
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// What is written, as in `info` or `info,stagedoor_presence=debug`
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// How a log line looks
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
}

impl Flags {
    /// The usual sources of this process, with these flags on top.
    pub fn into_sources(self) -> Result<Sources, LoadError> {
        let values = [
            ("--state-dir", "state_dir", self.state_dir),
            ("--dev", "mode", self.dev.then(|| Mode::Development.as_str().to_owned())),
            ("--mode", "mode", self.mode.map(|mode| mode.as_str().to_owned())),
            ("--listen", "gateway.listen", self.listen.map(|address| address.to_string())),
            (
                "--admin-listen",
                "gateway.admin_listen",
                self.admin_listen.map(|address| address.to_string()),
            ),
            ("--log-level", "log.level", self.log_level),
            (
                "--log-format",
                "log.format",
                self.log_format.map(|format| format.as_str().to_owned()),
            ),
        ];
        let flags =
            values.into_iter().filter_map(|(flag, key, value)| Some((flag, key, value?))).collect();
        Sources::of_process(self.config, flags)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_after_the_command() {
        for line in [
            ["stagedoord", "--mode", "production", "run"],
            ["stagedoord", "run", "--mode", "production"],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert_eq!(arguments.flags.mode, Some(Mode::Production));
        }
    }

    #[test]
    fn the_exit_codes_in_the_help_are_those_of_the_code() {
        use crate::Exit;
        let codes: Vec<u8> = EXIT_CODES
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        let exits =
            [Exit::Clean, Exit::Failed, Exit::Usage, Exit::Unavailable, Exit::Configuration];
        assert_eq!(codes, exits.map(|exit| exit as u8));
    }
}
