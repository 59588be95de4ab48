//! Streams: acting on them, and following what happens around them.

use std::time::Duration;

use stagedoor_domain::{DestinationId, EventId, UserId};
use stagedoor_inspect::{EventQuery, InspectClient, StreamAction};
use tokio::time::sleep;

use crate::{
    args::{ActOnStream, Events, Options},
    connect::connect,
    failure::Failure,
    output::Output,
    run::confirm,
    view,
};

/// How long a start or a stop may take to begin: longer than the daemon waits for it.
const ACT_LIMIT: Duration = Duration::from_secs(15);

/// How often one asks for what has happened since.
const POLL: Duration = Duration::from_millis(500);

pub(crate) async fn act(
    user: &UserId,
    act: &ActOnStream,
    options: &Options,
    output: &Output,
) -> Result<(), Failure> {
    let (action, yes) = act.action();
    if !yes {
        confirm(&sentence(user, &action))?;
    }
    let client = connect(options, ACT_LIMIT).await?;
    let acted = client.act_on_stream(user, action).await?;
    output.answer(&acted, |look| view::stream_acted(&acted, look))
}

/// `start the stream of ada on twitch, youtube`
fn sentence(user: &UserId, action: &StreamAction) -> String {
    let mut text = format!("{} the stream of {user}", action.as_str());
    if let StreamAction::Start { destinations } = action {
        let names: Vec<_> = destinations.iter().map(DestinationId::as_str).collect();
        let names = if names.is_empty() { "all destinations".into() } else { names.join(", ") };
        text.extend([" on ", names.as_str()]);
    }
    text
}

/// The newest events.
pub(crate) async fn events(
    events: &Events,
    client: &InspectClient,
    output: &Output,
) -> Result<(), Failure> {
    let newest = match events.limit {
        0 => Vec::new(),
        limit => client.events(query(events), limit).await?,
    };
    output.answer(&newest, |look| view::events(&newest, look))
}

/// The newest events and all that follow, in the order in which they came.
pub(crate) async fn follow(
    events: &Events,
    client: &InspectClient,
    output: &Output,
) -> Result<(), Failure> {
    // The newest one is where to go on from, shown or not.
    let newest = client.events(query(events), events.limit.max(1)).await?;
    let mut seen = newest.first().map_or(BEFORE_ALL, |newest| newest.id);
    for event in newest.iter().take(events.limit).rev() {
        output.answer(event, |look| view::stream_event(event, look))?;
    }
    loop {
        let since = EventQuery { after: Some(seen), ..query(events) };
        let page = client.event_page(since).await?;
        for event in &page.rows {
            output.answer(event, |look| view::stream_event(event, look))?;
            seen = event.id;
        }
        if page.next.is_none() {
            sleep(POLL).await;
        }
    }
}

/// Less than the id of any event.
const BEFORE_ALL: EventId = EventId::from_uuid(uuid::Uuid::nil());

fn query(events: &Events) -> EventQuery {
    EventQuery { kinds: events.kinds.clone(), ..EventQuery::newest(events.user.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_an_act_names_the_user_and_the_destinations() {
        let ada: UserId = "ada".parse().unwrap();
        let start = |names: &[&str]| {
            let destinations = names.iter().map(|name| name.parse().unwrap()).collect();
            sentence(&ada, &StreamAction::Start { destinations })
        };
        assert_eq!(start(&["twitch", "kick"]), "start the stream of ada on twitch, kick");
        assert_eq!(start(&[]), "start the stream of ada on all destinations");
        assert_eq!(sentence(&ada, &StreamAction::Stop), "stop the stream of ada");
    }
}
