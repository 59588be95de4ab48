//! The name of every metric of this crate: `stagedoor_<noun>_<unit>`. Counters get their `_total` when they are written.
//! No label ever carries a user's id: labels are what a server has few of.

/// Users present.
pub(crate) const PRESENCE_USERS: &str = "stagedoor_presence_users";
/// Sessions of all users.
pub(crate) const PRESENCE_SESSIONS: &str = "stagedoor_presence_sessions";
/// Leases held through the HTTP API.
pub(crate) const LEASES: &str = "stagedoor_presence_leases";
/// Leases that ended for want of a renewal.
pub(crate) const LEASES_EXPIRED: &str = "stagedoor_presence_leases_expired";
/// Connections open, by listener.
pub(crate) const CONNECTIONS: &str = "stagedoor_listener_connections";
/// Connections taken, by listener.
pub(crate) const CONNECTIONS_ACCEPTED: &str = "stagedoor_listener_connections_accepted";
/// Connections refused by a limit, by listener and limit.
pub(crate) const CONNECTIONS_REFUSED: &str = "stagedoor_listener_connections_refused";
/// HTTP answers, by listener and class of status.
pub(crate) const RESPONSES: &str = "stagedoor_http_responses";
/// Requests that did not say who they come from, by reason.
pub(crate) const AUTH_REFUSED: &str = "stagedoor_auth_requests_refused";
/// Pages of foreign origins that tried to open a socket.
pub(crate) const ORIGINS_REFUSED: &str = "stagedoor_origin_requests_refused";
/// Sockets open.
pub(crate) const SOCKETS: &str = "stagedoor_socket_sessions";
/// Sockets opened.
pub(crate) const SOCKETS_OPENED: &str = "stagedoor_socket_sessions_opened";
/// Whole frames, by direction.
pub(crate) const FRAMES: &str = "stagedoor_socket_frames";
/// Sockets that the server closed, by reason.
pub(crate) const SOCKETS_CLOSED: &str = "stagedoor_socket_sessions_closed";
/// Channels joined.
pub(crate) const JOINS: &str = "stagedoor_channel_joins";
/// Requests on channels that were answered with `error`, by reason.
pub(crate) const CHANNEL_REFUSED: &str = "stagedoor_channel_requests_refused";
/// Webhooks received, by source and outcome.
pub(crate) const WEBHOOKS: &str = "stagedoor_webhooks";
/// Commands on channels, by outcome.
pub(crate) const COMMANDS: &str = "stagedoor_channel_commands";
