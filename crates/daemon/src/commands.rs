//! What `stagedoord` does: one function a command.

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use stagedoor_gateway::MintError;
use stagedoor_supervision::install_panic_hook;
use thiserror::Error;
use tokio::runtime::Runtime;
use tracing::info;

use crate::{
    Daemon, Exit, StartError,
    causes::Causes,
    cli::{Arguments, Command, ConfigCommand, Flags, SecretsCommand, TokenArguments},
    config::{Config, DEFAULT_TOML, LoadError, Loaded, Mode, Sources},
    credentials::{self, CredentialError},
    demo::{Demo, DemoError},
    descriptors,
    lifecycle::Lifecycle,
    logs::{self, LogError},
    signals,
};

/// How long blocking tasks may take after everything else has stopped.
const RUNTIME_SHUTDOWN: Duration = Duration::from_millis(500);

#[derive(Debug, Error)]
enum CommandError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("no token was signed")]
    Mint(#[from] MintError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("--demo is for development mode: in production mode nothing is made up")]
    DemoInProduction,
    #[error("the logs could not be set up")]
    Logs(#[from] LogError),
    #[error("the runtime could not be set up")]
    Runtime(#[source] io::Error),
    #[error("standard output could not be written to")]
    Output(#[source] io::Error),
}

/// Does what the command line says.
#[must_use]
pub fn execute(arguments: Arguments) -> Exit {
    let Arguments { command, flags, demo, demo_listen } = arguments;
    let done = match command.unwrap_or(Command::Run) {
        Command::Run => run(flags, demo.then_some(demo_listen)),
        Command::Secrets(SecretsCommand::Rotate) => rotate_secrets(flags),
        Command::Config(ConfigCommand::Default) => print(DEFAULT_TOML),
        Command::Config(ConfigCommand::Show) => show(flags),
        Command::Config(ConfigCommand::Check) => check(flags),
        Command::Token(token) => mint(flags, &token),
    };
    done.unwrap_or_else(|error| {
        // Standard error may be closed, and then there is nobody to tell.
        let _ = writeln!(io::stderr(), "stagedoord: {}", Causes(&error));
        error.exit()
    })
}

fn run(flags: Flags, demo: Option<SocketAddr>) -> Result<Exit, CommandError> {
    let sources = flags.into_sources()?;
    let mut config = Loaded::from_sources(&sources)?.config;
    if demo.is_some() && config.mode == Mode::Production {
        return Err(CommandError::DemoInProduction);
    }
    let level = logs::init(&config.log, config.mode)?;
    install_panic_hook();
    descriptors::raise_limit(config.gateway.connection_limit);
    let runtime = Runtime::new().map_err(CommandError::Runtime)?;
    let exit = runtime.block_on(async {
        // Before anything starts: a signal during the start is a signal.
        let signals = signals::listen().map_err(CommandError::Runtime)?;
        let mut demo = match demo {
            Some(address) => Some(Demo::prepare(address, &mut config).await?),
            None => None,
        };
        let service = Daemon::start(&config).await?;
        if let Some(demo) = &mut demo {
            demo.open(&service)?;
        }
        announce(&config, &service);
        Ok(Lifecycle { service, config, sources, level, signals }.run().await)
    });
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN);
    exit
}

fn announce(config: &Config, daemon: &Daemon) {
    let addresses = daemon.addresses();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        mode = config.mode.as_str(),
        public = %addresses.public,
        admin = %addresses.admin,
        socket = %addresses.inspect_socket.display(),
        "ready"
    );
    if config.auth.development_login {
        info!(
            "development login is on: whoever reaches the public listener is any user that ?user= says"
        );
    }
}

fn show(flags: Flags) -> Result<Exit, CommandError> {
    print(&Loaded::from_sources(&flags.into_sources()?)?.to_string())
}

/// Checks what can be checked without touching anything: in development mode, a secret is not made for this.
fn check(flags: Flags) -> Result<Exit, CommandError> {
    let sources: Sources = flags.into_sources()?;
    let config = Loaded::from_sources(&sources)?.config;
    credentials::inspect_token(&config)?;
    credentials::cloudflare_token(&config)?;
    credentials::webhook_secret(&config)?;
    for app in config.platforms.apps() {
        credentials::client_secret(app)?;
    }
    credentials::kick_public_key(&config)?;
    if config.mode == Mode::Production || config.auth.says_how() {
        credentials::authenticator(&config)?;
    }
    print(&format!("the configuration is valid ({} mode)\n", config.mode.as_str()))
}

fn mint(flags: Flags, token: &TokenArguments) -> Result<Exit, CommandError> {
    let config = Loaded::from_sources(&flags.into_sources()?)?.config;
    let authenticator = credentials::authenticator(&config)?;
    let text = authenticator.mint(&token.user, token.role.into(), token.ttl)?;
    print(&format!("{text}\n"))
}

/// Needs the database, and nobody else who writes secrets into it.
fn rotate_secrets(flags: Flags) -> Result<Exit, CommandError> {
    let config = Loaded::from_sources(&flags.into_sources()?)?.config;
    let runtime = Runtime::new().map_err(CommandError::Runtime)?;
    let rotated = runtime.block_on(Daemon::rotate_secrets(&config))?;
    print(&format!("{} secrets are encrypted with the first key of the keyring\n", rotated.values))
}

fn print(text: &str) -> Result<Exit, CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CommandError::Output)?;
    Ok(Exit::Clean)
}

impl CommandError {
    fn exit(&self) -> Exit {
        match self {
            Self::Load(_) | Self::Credential(_) | Self::Mint(_) | Self::DemoInProduction => {
                Exit::Configuration
            }
            Self::Demo(_) => Exit::Unavailable,
            Self::Start(error) => error.exit(),
            Self::Logs(_) | Self::Runtime(_) | Self::Output(_) => Exit::Failed,
        }
    }
}
