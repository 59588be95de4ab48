//! Users and their sessions.

use stagedoor_inspect::{ManagedUser, PresentUser};

use super::{actor::status, time};
use crate::{
    style::{DIM, Look, of_status},
    table::{Cell, Table},
};

/// A line for each session.
pub(crate) fn presence(presence: &[PresentUser], look: Look) -> String {
    let mut table = Table::new(["USER", "PAGE", "SESSION", "SINCE", "REF"]);
    for user in presence {
        for session in &user.sessions {
            table.row([
                user.user.as_str().into(),
                session.page.as_str().into(),
                session.session_id.as_str().into(),
                Cell::styled(time(session.joined_at), DIM),
                Cell::styled(&session.phx_ref, DIM),
            ]);
        }
    }
    table.render(look)
}

pub(crate) fn users(users: &[ManagedUser], look: Look) -> String {
    let mut table = Table::new(["USER", "STATUS"]);
    for user in users {
        table.row([Cell::from(&user.user), managed(user)]);
    }
    table.render(look)
}

/// Where a user's tree stands, and why it is kept if the user need not be here for it.
pub(super) fn managed(user: &ManagedUser) -> Cell {
    let mut text = status(&user.status);
    if let Some(held) = &user.held {
        text.extend([" (held: ", held, ")"]);
    }
    Cell::styled(text, of_status(&user.status))
}
