//! Everything at a glance. For people: programs ask with `--json`.

use stagedoor_inspect::{First, Overview};

use super::{actor::status, people::managed as of_managed, time};
use crate::{
    style::{BAD, BOLD, DIM, Look, of_status},
    table::{Cell, Table},
    text::{bytes, count, duration, escape},
};

pub(crate) fn overview(overview: &Overview, look: Look) -> String {
    let look = Look { aligned: true, ..look };
    let mut text = daemon(overview, look);

    let mut presence = Table::new(["USER", "SESSIONS", "PAGES"]);
    for user in &overview.presence.first {
        let mut pages: Vec<&str> =
            user.sessions.iter().map(|session| session.page.as_str()).collect();
        pages.sort_unstable();
        pages.dedup();
        let sessions = user.sessions.len().to_string();
        presence.row([user.user.as_str().into(), sessions.into(), pages.join(", ").into()]);
    }
    let sessions =
        format!("{} users, {} sessions", count(overview.presence.total), count(overview.sessions));
    section(
        &mut text,
        "presence",
        &sessions,
        "stagedoor presence",
        &overview.presence,
        &presence,
        look,
    );

    let mut managed = Table::new(["USER", "STATUS"]);
    for user in &overview.managed_users.first {
        managed.row([Cell::from(&user.user), of_managed(user)]);
    }
    let total = count(overview.managed_users.total);
    section(
        &mut text,
        "managed users",
        &total,
        "stagedoor users",
        &overview.managed_users,
        &managed,
        look,
    );

    let mut running = Table::new(["PATH", "RESTARTS", "STATUS"]);
    for manager in &overview.running_managers.first {
        let status = Cell::styled(status(&manager.status), of_status(&manager.status));
        running.row([Cell::from(&manager.path), manager.restarts.to_string().into(), status]);
    }
    let total = count(overview.running_managers.total);
    section(
        &mut text,
        "running managers",
        &total,
        "stagedoor tree",
        &overview.running_managers,
        &running,
        look,
    );

    let mut timers = Table::new(["USER", "STOPS IN"]);
    for timer in &overview.pending_timers.first {
        timers.row([timer.user.as_str().into(), duration(timer.remaining_ms).into()]);
    }
    let total = count(overview.pending_timers.total);
    section(
        &mut text,
        "pending timers",
        &total,
        "stagedoor debug --json",
        &overview.pending_timers,
        &timers,
        look,
    );
    text
}

fn daemon(overview: &Overview, look: Look) -> String {
    let daemon = &overview.daemon;
    let name = format!("stagedoord {}", escape(&daemon.version));
    let memory = daemon.rss_bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default();
    let facts = format!(
        "{} mode, pid {}, up {}{memory}, observed at {}",
        escape(&daemon.mode),
        daemon.pid,
        duration(daemon.uptime_ms),
        time(overview.observed_at),
    );
    format!("{}  {}\n", look.paint(BOLD, &name), look.paint(DIM, &facts))
}

fn section<T, const COLUMNS: usize>(
    text: &mut String,
    name: &str,
    total: &str,
    more: &str,
    list: &First<T>,
    table: &Table<COLUMNS>,
    look: Look,
) {
    text.push('\n');
    text.push_str(&look.paint(BOLD, name));
    if let Some(failure) = &list.failure {
        let unknown = format!("unknown: the actor that knows {failure}");
        text.extend([": ", &look.paint(BAD, &unknown), "\n"]);
        return;
    }
    text.extend([": ", total, "\n"]);
    if list.first.is_empty() {
        return;
    }
    for line in table.render(look).lines() {
        text.extend(["  ", line, "\n"]);
    }
    if list.total > list.first.len() {
        let rest = count(list.total - list.first.len());
        text.push_str(&look.paint(DIM, &format!("  and {rest} more: {more}")));
        text.push('\n');
    }
}
