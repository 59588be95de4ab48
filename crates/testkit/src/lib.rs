//! What tests need: a channel client.

mod channel_client;

pub use channel_client::{ChannelClient, ClientError, Connect, Frame, Reply};
