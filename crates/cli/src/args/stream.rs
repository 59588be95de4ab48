use clap::{Args, Subcommand};
use stagedoor_domain::{DestinationId, EventKind, UserId};
use stagedoor_inspect::StreamAction;

#[derive(Debug, Args)]
#[command(
    subcommand_value_name = "ACTION",
    subcommand_help_heading = "Actions",
    disable_help_subcommand = true
)]
pub(crate) struct Stream {
    /// Whose
    pub(crate) user: UserId,
    #[command(subcommand)]
    pub(crate) act: Option<ActOnStream>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActOnStream {
    /// Start it, after asking: viewers will see it
    Start {
        /// The destinations to send it to; all that the user has if none are named
        destinations: Vec<DestinationId>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Stop it on all its destinations, after asking
    Stop {
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

impl ActOnStream {
    /// What is to be done, and whether without asking.
    pub(crate) fn action(&self) -> (StreamAction, bool) {
        match self {
            Self::Start { destinations, yes } => {
                (StreamAction::Start { destinations: destinations.clone() }, *yes)
            }
            Self::Stop { yes } => (StreamAction::Stop, *yes),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Whose
    pub(crate) user: UserId,
    /// How many, the newest first
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Only events of this kind, such as donation or chat.message; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    pub(crate) kinds: Vec<EventKind>,
    /// Print these the oldest first, and then each that happens, until interrupted
    #[arg(short, long, conflicts_with = "watch")]
    pub(crate) follow: bool,
}

/// Any word is a kind: a daemon may know more of them than this client.
#[expect(clippy::unnecessary_wraps, reason = "what clap wants of a parser")]
fn kind(text: &str) -> Result<EventKind, std::convert::Infallible> {
    Ok(text.into())
}
