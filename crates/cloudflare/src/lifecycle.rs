use serde::Deserialize;

/// What a live input's lifecycle address answers. It is not part of the API: it is asked without a token, at the
/// customer's own address, and costs nothing of the budget
/// (<https://developers.cloudflare.com/stream/stream-live/watch-live-stream/>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// Whether the id is a live input's.
    #[serde(default)]
    pub is_input: bool,
    /// The video that is being made of it.
    #[serde(rename = "videoUID", default)]
    pub video_uid: Option<Box<str>>,
    /// Whether it is live: an encoder is connected and there is something to see.
    #[serde(default)]
    pub live: bool,
}
