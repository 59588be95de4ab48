//! What is subscribed to.
//!
//! <https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/>: names, versions, conditions and scopes.

use serde_json::{Value, json};

/// A type of subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What the account must have granted for it.
    pub(crate) scope: Option<&'static str>,
    condition: Condition,
}

/// What a subscription is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// The channel.
    Channel,
    /// The channel's chat, as its streamer sees it.
    Chat,
    /// What the channel's moderators see: its streamer is one.
    Moderator,
    /// Raids that arrive.
    RaidTo,
}

const fn kind(
    name: &'static str,
    version: &'static str,
    condition: Condition,
    scope: Option<&'static str>,
) -> Kind {
    Kind { name, version, scope, condition }
}

const CHAT: Option<&str> = Some("user:read:chat");
const SUBSCRIPTIONS: Option<&str> = Some("channel:read:subscriptions");
const REDEMPTIONS: Option<&str> = Some("channel:read:redemptions");
const HYPE_TRAIN: Option<&str> = Some("channel:read:hype_train");
const BANS: Option<&str> = Some("channel:moderate");

/// All of them. Chat is first: if there is time for one only before the socket is closed as unused, it is that.
pub(crate) const TYPES: &[Kind] = {
    use Condition::{Channel, Chat, Moderator, RaidTo};
    &[
        kind("channel.chat.message", "1", Chat, CHAT),
        kind("stream.online", "1", Channel, None),
        kind("stream.offline", "1", Channel, None),
        kind("channel.raid", "1", RaidTo, None),
        kind("channel.follow", "2", Moderator, Some("moderator:read:followers")),
        kind("channel.subscribe", "1", Channel, SUBSCRIPTIONS),
        kind("channel.subscription.message", "1", Channel, SUBSCRIPTIONS),
        kind("channel.subscription.gift", "1", Channel, SUBSCRIPTIONS),
        kind("channel.subscription.end", "1", Channel, SUBSCRIPTIONS),
        kind("channel.cheer", "1", Channel, Some("bits:read")),
        kind("channel.chat.message_delete", "1", Chat, CHAT),
        kind("channel.chat.clear_user_messages", "1", Chat, CHAT),
        kind("channel.chat.clear", "1", Chat, CHAT),
        kind("channel.chat.notification", "1", Chat, CHAT),
        kind("channel.channel_points_custom_reward_redemption.add", "1", Channel, REDEMPTIONS),
        kind("channel.channel_points_custom_reward_redemption.update", "1", Channel, REDEMPTIONS),
        kind("channel.update", "2", Channel, None),
        kind("channel.ban", "1", Channel, BANS),
        kind("channel.unban", "1", Channel, BANS),
        kind("channel.hype_train.begin", "2", Channel, HYPE_TRAIN),
        kind("channel.hype_train.progress", "2", Channel, HYPE_TRAIN),
        kind("channel.hype_train.end", "2", Channel, HYPE_TRAIN),
        kind("channel.ad_break.begin", "1", Channel, Some("channel:read:ads")),
    ]
};

impl Kind {
    /// The body that creates such a subscription for a channel and a socket.
    pub(crate) fn request(&self, channel: &str, session_id: &str) -> Value {
        let condition = match self.condition {
            Condition::Channel => json!({ "broadcaster_user_id": channel }),
            Condition::Chat => json!({ "broadcaster_user_id": channel, "user_id": channel }),
            Condition::Moderator => {
                json!({ "broadcaster_user_id": channel, "moderator_user_id": channel })
            }
            Condition::RaidTo => json!({ "to_broadcaster_user_id": channel }),
        };
        json!({
            "type": self.name,
            "version": self.version,
            "condition": condition,
            "transport": { "method": "websocket", "session_id": session_id },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_ask_for_is_what_the_account_is_asked_to_grant() {
        for kind in TYPES {
            let granted = kind.scope.is_none_or(|scope| crate::twitch::SCOPES.contains(&scope));
            assert!(granted, "{} needs {:?}", kind.name, kind.scope);
        }
    }

    #[test]
    fn one_socket_may_have_all_of_them() {
        // 300 subscriptions a socket, and the same one three times at most.
        let names: std::collections::BTreeSet<_> = TYPES.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), TYPES.len());
    }

    #[test]
    fn conditions_name_the_channel_as_each_type_wants_it() {
        let of = |name: &str| {
            let kind = TYPES.iter().find(|kind| kind.name == name).unwrap();
            kind.request("1337", "session")["condition"].clone()
        };
        assert_eq!(of("channel.raid"), json!({ "to_broadcaster_user_id": "1337" }));
        assert_eq!(
            of("channel.follow"),
            json!({ "broadcaster_user_id": "1337", "moderator_user_id": "1337" })
        );
        assert_eq!(
            of("channel.chat.message"),
            json!({ "broadcaster_user_id": "1337", "user_id": "1337" })
        );
    }
}
