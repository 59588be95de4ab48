//! The command line.

mod stream;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ColorChoice, Parser, Subcommand};
use stagedoor_domain::UserId;
use stagedoor_inspect::Action;

pub(crate) use stream::{ActOnStream, Events, Stream};

const EXIT_CODES: &str = "\
Paths join ids by '/': users/ada/stream_state. Lists are tables on a terminal and tab-separated in a pipe.

Exit codes: 0 answered, 1 answered with an error or not found, 2 wrong usage, 69 the daemon is not there,
130 interrupted.";

/// See what a stagedoor daemon does: who is here, what runs, what has crashed.
#[derive(Debug, Parser)]
#[command(name = "stagedoor", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The daemon's Unix socket
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "STAGEDOOR_SOCKET",
        default_value = "./var/stagedoord.sock"
    )]
    pub(crate) socket: PathBuf,
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        help = "Ask over TCP instead; the token comes from --token-file or STAGEDOOR_TOKEN"
    )]
    pub(crate) connect: Option<String>,
    /// A file that holds the token for --connect
    #[arg(long, global = true, value_name = "PATH", requires = "connect")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print JSON; its forms are stable
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print again whenever something changes, at least each second, until interrupted
    #[arg(short, long, global = true)]
    pub(crate) watch: bool,
    /// How long an answer may take [default: 5s; 15s for stream start and stop;
    /// 130s for restart, stop and crash]
    #[arg(long, global = true, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help = "When to use colours; NO_COLOR is honoured"
    )]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything at a glance: presence, managed users, running managers, pending timers
    Debug,
    /// Who is present, with their sessions
    Presence,
    /// The users for whom a tree is kept
    Users,
    /// The metrics of each user's stream
    Metrics {
        /// The daemon's own numbers instead
        #[arg(long)]
        summary: bool,
    },
    /// The supervision tree, or one user's part of it
    Tree(Tree),
    /// The children of a supervisor
    Children {
        /// The supervisor's path; '' is the root
        path: String,
    },
    /// How many children a supervisor has
    Count {
        /// The supervisor's path; the root if none
        #[arg(default_value = "", hide_default_value = true)]
        path: String,
    },
    /// What an actor says of itself
    Show {
        /// The actor's path
        path: String,
    },
    /// The last exits, restarts and give-ups below a supervisor
    History {
        /// The path of the supervisor, or of one of its workers; the root if none
        #[arg(default_value = "", hide_default_value = true)]
        path: String,
    },
    /// Changes in actors' lives, as they happen
    Watch,
    /// A user's stream: where it stands; or start or stop it
    Stream(Stream),
    /// What has happened around a user's stream
    Events(Events),
    /// A user's alerts: what is on the overlays, what waits, what was
    Alerts {
        /// Whose
        user: UserId,
    },
    /// A user's accounts on the platforms, and how each is connected
    Platforms {
        /// Whose
        user: UserId,
    },
    /// The quotas that all users share, and who waits for them
    Budget,
    /// Stop an actor gracefully and start it again
    Restart(Act),
    /// Stop an actor gracefully, and leave it so
    Stop(Act),
    /// Kill an actor, as a crash would
    Crash(Act),
    /// Print a completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Tree {
    /// Whose tree; a text with a '/' is taken as a path
    pub(crate) user: Option<String>,
    /// Begin at this path
    #[arg(long, value_name = "PATH", conflicts_with = "user")]
    pub(crate) path: Option<String>,
    /// How many levels to show
    #[arg(long, value_name = "LEVELS")]
    pub(crate) depth: Option<usize>,
    /// How many rows to show at most [default: 1000 on a terminal, else all]
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<usize>,
}

impl Tree {
    /// Where the tree begins.
    pub(crate) fn path(&self) -> String {
        match (&self.path, &self.user) {
            (Some(path), _) => path.clone(),
            (None, Some(user)) if user.contains('/') => user.clone(),
            (None, Some(user)) => format!("users/{user}"),
            (None, None) => String::new(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Act {
    /// The actor's path
    pub(crate) path: String,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Command {
    /// What it does to an actor, if it does.
    pub(crate) fn action(&self) -> Option<(Action, &Act)> {
        match self {
            Self::Restart(act) => Some((Action::Restart, act)),
            Self::Stop(act) => Some((Action::Stop, act)),
            Self::Crash(act) => Some((Action::Crash, act)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_tells_commands_options_and_exit_codes() {
        // Without what this machine's environment would add.
        let mut command = Cli::command().term_width(100).mut_args(|arg| arg.hide_env_values(true));
        insta::assert_snapshot!("help", command.render_help());
        let mut texts = String::new();
        command.build();
        for command in command.get_subcommands_mut() {
            help_of(command, &mut texts);
            command.get_subcommands_mut().for_each(|command| help_of(command, &mut texts));
        }
        insta::assert_snapshot!("help_of_each_command", texts);
    }

    fn help_of(command: &clap::Command, texts: &mut String) {
        // The global options are in every one.
        let mut command = command.clone().mut_args(|arg| {
            let global = arg.is_global_set();
            arg.hide(global)
        });
        let help = command.render_help().to_string();
        texts.extend(["=== ", command.get_name(), "\n", &help, "\n"]);
    }

    #[test]
    fn a_stream_is_looked_at_started_or_stopped() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        let act = |line: &str| match parse(line).unwrap().command {
            Command::Stream(Stream { user, act }) => {
                assert_eq!(user.as_str(), "ada");
                act.map(|act| act.action())
            }
            other => panic!("{other:?}"),
        };
        let start = |names: &[&str]| stagedoor_inspect::StreamAction::Start {
            destinations: names.iter().map(|name| name.parse().unwrap()).collect(),
        };
        assert_eq!(act("stagedoor stream ada"), None);
        assert!(act("stagedoor stream ada stop -y").unwrap().1);
        assert_eq!(act("stagedoor stream ada start"), Some((start(&[]), false)));
        assert_eq!(
            act("stagedoor stream ada start twitch kick --yes"),
            Some((start(&["twitch", "kick"]), true))
        );
        for wrong in [
            "stagedoor stream",
            "stagedoor stream ada pause",
            "stagedoor stream a/b",
            "stagedoor stream ada start Twitch",
            "stagedoor events ada --follow --watch",
            "stagedoor events ada -n -1",
        ] {
            parse(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn a_tree_begins_at_the_root_at_a_user_or_at_a_path() {
        let path = |arguments: &[&str]| {
            let line = ["stagedoor", "tree"].iter().chain(arguments);
            match Cli::parse_from(line).command {
                Command::Tree(tree) => tree.path(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(path(&[]), "");
        assert_eq!(path(&["ada"]), "users/ada");
        assert_eq!(path(&["users/ada/stream_state"]), "users/ada/stream_state");
        assert_eq!(path(&["--path", "presence"]), "presence");
    }
}
