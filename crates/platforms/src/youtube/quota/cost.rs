//! What calls cost, in units.
//!
//! The chat's are told by the API's own description
//! (<https://youtube.googleapis.com/$discovery/rest?version=v3>, revision 20261104); the others are in the table at
//! <https://developers.google.com/youtube/v3/determine_quota_cost>, where a question costs 1 and a change 50. A call
//! that is refused costs at least 1; here it costs as much as one that is not.

/// `liveChatMessages.list`
pub(crate) const LIST_CHAT: u32 = 5;
/// `liveChatMessages.stream`, for each call, however long it lasts.
pub(crate) const STREAM_CHAT: u32 = 5;
/// `liveChatMessages.insert`
pub(crate) const SEND_CHAT: u32 = 20;
/// `liveChatMessages.delete`
pub(crate) const DELETE_CHAT: u32 = 20;
/// `channels.list`, `videos.list`, `liveBroadcasts.list`, `liveStreams.list`
pub(crate) const LIST: u32 = 1;
/// `insert`, `update`, `bind`, `transition` and `delete` of broadcasts, streams and bans.
pub(crate) const CHANGE: u32 = 50;
