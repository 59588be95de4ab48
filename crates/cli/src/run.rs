//! What each command asks, and what it does with the answer.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use clap::CommandFactory;
use stagedoor_inspect::{Action, InspectClient, TreeQuery, Watched};
use tokio::time::{sleep, timeout};

use crate::{
    args::{Act, Cli, Command, Events, Options, Stream, Tree},
    connect::connect,
    failure::Failure,
    output::Output,
    streams,
    text::escape,
    view,
};

/// How long a question may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long an action may take: a supervisor may take a minute to stop a child and another to start it.
const ACT_LIMIT: Duration = Duration::from_secs(130);

/// `--watch`: how long nothing need be printed anew, and how long changes are gathered before they are.
const REDRAW: Duration = Duration::from_secs(1);
const GATHER: Duration = Duration::from_millis(100);

/// How many rows of a tree a person reads.
const TREE_ROWS: usize = 1_000;

/// Does what the command line says.
pub async fn run(cli: Cli) -> ExitCode {
    let watches = cli.options.watch
        || matches!(cli.command, Command::Watch | Command::Events(Events { follow: true, .. }));
    let done = tokio::select! {
        // First, so that an interrupt while it asks `y/N` ends the process in the usual way.
        biased;
        done = command(cli) => done,
        // The way to end a watch.
        _ = tokio::signal::ctrl_c() => if watches { Ok(()) } else { Err(Failure::Interrupted) },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nobody else to tell.
            let _ = io::stderr().write_all(failure.text().as_bytes());
            failure.exit_code()
        }
    }
}

async fn command(cli: Cli) -> Result<(), Failure> {
    let Cli { options, command } = cli;
    if let Command::Completions { shell } = command {
        return completions(shell);
    }
    let output = Output::new(&options);
    if let Some((action, act)) = command.action() {
        return self::act(action, act, &options, &output).await;
    }
    if let Command::Stream(Stream { user, act: Some(act) }) = &command {
        return streams::act(user, act, &options, &output).await;
    }
    let client = connect(&options, LIMIT).await?;
    if let Command::Watch = command {
        return watch(&client, &output.in_lines()).await;
    }
    if let Command::Events(events @ Events { follow: true, .. }) = &command {
        return streams::follow(events, &client, &output.in_lines()).await;
    }
    if !options.watch {
        return ask(&command, &client, &output).await;
    }
    let mut changes = client.watch().await?;
    loop {
        ask(&command, &client, &output).await?;
        if let Ok(change) = timeout(REDRAW, changes.next()).await {
            change?;
            sleep(GATHER).await;
            // What has gathered is shown by the one answer that follows.
            while let Ok(change) = timeout(Duration::ZERO, changes.next()).await {
                change?;
            }
        }
    }
}

/// Asks one question and prints the answer.
async fn ask(command: &Command, client: &InspectClient, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Debug => {
            let overview = client.overview().await?;
            output.answer(&overview, |look| view::overview(&overview, look))
        }
        Command::Presence => {
            let presence = client.presence().await?;
            output.answer(&presence, |look| view::presence(&presence, look))
        }
        Command::Users => {
            let users = client.users().await?;
            let ids: Vec<&str> = users.iter().map(|user| user.user.as_str()).collect();
            output.list(&ids, |look| view::users(&users, look))
        }
        Command::Metrics { summary: true } => {
            let summary = client.metrics().await?;
            output.answer(&summary, |look| view::summary(&summary, look))
        }
        Command::Metrics { summary: false } => {
            let metrics = client.user_metrics().await?;
            output.answer(&metrics, |look| view::metrics(&metrics, look))
        }
        Command::Tree(tree) => self::tree(tree, client, output).await,
        Command::Children { path } => {
            let children = client.children(path).await?;
            output.answer(&children, |look| view::children(&children, look))
        }
        Command::Count { path } => {
            let count = client.count(path).await?;
            output.answer(&count, |look| view::count(count, look))
        }
        Command::Show { path } => {
            let snapshot = client.snapshot(path).await?;
            output.answer(&snapshot, |look| view::snapshot(&snapshot, look))
        }
        Command::History { path } => {
            let history = client.history(path).await?;
            output.answer(&history, |look| view::history(&history, look))
        }
        Command::Stream(Stream { user, .. }) => {
            let stream = client.stream(user).await?;
            output.answer(&stream, |look| view::stream(&stream, look))
        }
        Command::Events(events) => streams::events(events, client, output).await,
        Command::Alerts { user } => {
            let alerts = client.alerts(user).await?;
            output.answer(&alerts, |look| view::alerts(&alerts, look))
        }
        Command::Platforms { user } => {
            let platforms = client.platforms(user).await?;
            output.answer(&platforms, |look| view::platforms(&platforms, look))
        }
        Command::Budget => {
            let budgets = client.budgets().await?;
            output.answer(&budgets, |look| view::budgets(&budgets, look))
        }
        Command::Watch
        | Command::Restart(_)
        | Command::Stop(_)
        | Command::Crash(_)
        | Command::Completions { .. } => Ok(()),
    }
}

async fn tree(tree: &Tree, client: &InspectClient, output: &Output) -> Result<(), Failure> {
    let usual = if output.is_for_people() { TREE_ROWS } else { usize::MAX };
    let query = TreeQuery { path: tree.path(), depth: tree.depth };
    let rows = client.tree(query, tree.limit.unwrap_or(usual).max(1)).await?;
    output.answer(&rows.rows, |look| view::tree(&rows, look))
}

async fn watch(client: &InspectClient, output: &Output) -> Result<(), Failure> {
    let mut watch = client.watch().await?;
    loop {
        match watch.next().await? {
            Watched::Event(event) => {
                output.answer(&event, |look| view::event(&event, look))?;
            }
            Watched::Missed(missed) => {
                let json = serde_json::json!({ "missed": missed });
                output.answer(&json, |look| view::missed(missed, look))?;
            }
        }
    }
}

async fn act(action: Action, act: &Act, options: &Options, output: &Output) -> Result<(), Failure> {
    let Act { path, yes } = act;
    if !yes {
        confirm(&format!("{action} {path}"))?;
    }
    let client = connect(options, ACT_LIMIT).await?;
    let acted = client.act(action, path).await?;
    output.answer(&acted, |look| view::acted(&acted, look))
}

/// Asks whoever sits at the terminal.
pub(crate) fn confirm(what: &str) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::NotAsked { what: what.into() });
    }
    write!(io::stderr(), "{}? [y/N] ", escape(what))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut command = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "stagedoor", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
