//! A user's connections to the platforms.

use anstyle::Style;
use stagedoor_inspect::{LinkView, PlatformManagerView, PlatformView, PlatformsOverview};

use super::{brief, time};
use crate::{
    style::{BAD, BOLD, DIM, GOOD, Look, PLAIN, UNEASY},
    table::{Cell, Table},
    text::escape,
};

pub(crate) fn platforms(platforms: &PlatformsOverview, look: Look) -> String {
    let mut table = Table::new([
        "PLATFORM",
        "ACCOUNT",
        "CONNECTION",
        "SINCE",
        "VIEWERS",
        "BROADCAST",
        "EVENTS",
        "CIRCUIT",
        "WHY",
    ]);
    for view in &platforms.platforms {
        table.row(row(view));
    }
    if !look.aligned {
        return table.render(look);
    }
    let user = look.paint(BOLD, &escape(platforms.user.as_str()));
    let facts = match platforms.platforms.len() {
        0 => "no account is connected".to_owned(),
        1 => "1 account".to_owned(),
        accounts => format!("{accounts} accounts"),
    };
    let facts = format!("{facts}, observed at {}", time(platforms.observed_at));
    let head = format!("{user}  {}\n", look.paint(DIM, &facts));
    if platforms.platforms.is_empty() { head } else { head + &table.render(look) }
}

fn row(view: &PlatformView) -> [Cell; 9] {
    let manager = view.manager.as_ref();
    let known = |text: Option<String>| match text {
        Some(text) => Cell::from(text),
        None => Cell::styled("-", DIM),
    };
    let circuit = manager.map_or("-", |manager| &manager.circuit);
    [
        view.platform.as_str().into(),
        Cell::from(&view.name),
        Cell::styled(view.link.as_str(), of_link(&view.link)),
        Cell::styled(view.since.map_or_else(|| "-".to_owned(), time), DIM),
        known(manager.and_then(|manager| manager.viewers).map(|viewers| viewers.to_string())),
        known(manager.map(broadcast)),
        known(manager.map(|manager| manager.received.to_string())),
        Cell::styled(circuit, if matches!(circuit, "closed" | "-") { DIM } else { BAD }),
        Cell::from(brief(&why(view))),
    ]
}

const fn of_link(link: &LinkView) -> Style {
    match link {
        LinkView::Connected => GOOD,
        LinkView::Connecting | LinkView::Degraded { .. } => UNEASY,
        LinkView::BackingOff { .. } | LinkView::NeedsReauth { .. } => BAD,
        LinkView::NotConfigured | LinkView::NotRunning => DIM,
        _ => PLAIN,
    }
}

/// `open`, with the platform's id of it.
fn broadcast(manager: &PlatformManagerView) -> String {
    let broadcast = &manager.broadcast;
    match &broadcast.id {
        Some(id) => format!("{} {id}", broadcast.state),
        None => broadcast.state.to_string(),
    }
}

/// Why the connection does not stand, and what keeps the broadcast.
fn why(view: &PlatformView) -> String {
    let mut why: Vec<_> = view.link.reason().map(Into::into).into_iter().collect();
    if let LinkView::BackingOff { until, .. } = &view.link {
        why.push(format!("again at {}", time(*until)));
    }
    let broadcast = view.manager.as_ref().map(|manager| &manager.broadcast);
    let obstacle = broadcast.and_then(|broadcast| broadcast.obstacle.as_deref());
    why.extend(obstacle.map(|obstacle| format!("broadcast: {obstacle}")));
    why.join("; ")
}
