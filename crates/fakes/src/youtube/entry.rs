//! What was said in a chat, and how it is written on the wires.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    proto::{
        self, LiveChatMessage, LiveChatMessageAuthorDetails, LiveChatMessageSnippet,
        live_chat_message_snippet::DisplayedContent,
    },
    said::{Author, Said},
};

/// Something said, and its place in the chat.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) author: Author,
    pub(crate) said: Said,
    pub(crate) at: Timestamp,
}

impl Entry {
    /// As gRPC has it.
    pub(crate) fn proto(&self) -> LiveChatMessage {
        let some = |text: &str| Some(text.to_owned());
        // A tombstone stands where the message was.
        let id = if let Said::Deleted { message } = &self.said { message } else { &self.id };
        LiveChatMessage {
            id: some(id),
            snippet: Some(LiveChatMessageSnippet {
                r#type: Some(self.said.kind().0),
                author_channel_id: some(&self.author.id),
                published_at: Some(self.at.to_string()),
                display_message: some(self.said.text()),
                displayed_content: self.content(),
            }),
            author_details: Some(LiveChatMessageAuthorDetails {
                channel_id: some(&self.author.id),
                display_name: some(&self.author.name),
                profile_image_url: Some(picture(&self.author.id)),
                is_verified: Some(false),
                is_chat_owner: Some(self.author.owner),
                is_chat_sponsor: Some(self.author.member),
                is_chat_moderator: Some(self.author.moderator),
            }),
        }
    }

    fn content(&self) -> Option<DisplayedContent> {
        use DisplayedContent as Is;
        let some = |text: &str| Some(text.to_owned());
        Some(match &self.said {
            Said::Text(text) => {
                Is::TextMessageDetails(proto::TextMessage { message_text: some(text) })
            }
            Said::SuperChat { micros, currency, comment } => {
                Is::SuperChatDetails(proto::SuperChat {
                    amount_micros: Some(*micros),
                    currency: some(currency),
                    user_comment: some(comment),
                    tier: Some(1),
                })
            }
            Said::SuperSticker { micros, currency } => {
                Is::SuperStickerDetails(proto::SuperSticker {
                    amount_micros: Some(*micros),
                    currency: some(currency),
                    tier: Some(1),
                    super_sticker_metadata: Some(proto::SuperStickerMetadata {
                        sticker_id: some("pears_hi"),
                        alt_text: some("A pear says hi"),
                    }),
                })
            }
            Said::Member { level, upgrade } => Is::NewSponsorDetails(proto::NewSponsor {
                member_level_name: some(level),
                is_upgrade: Some(*upgrade),
            }),
            Said::Milestone { months, comment } => {
                Is::MemberMilestoneChatDetails(proto::MemberMilestone {
                    member_level_name: some("Regulars"),
                    member_month: Some(*months),
                    user_comment: some(comment),
                })
            }
            Said::Memberships { count } => Is::MembershipGiftingDetails(proto::MembershipGifting {
                gift_memberships_count: Some(*count),
                gift_memberships_level_name: some("Regulars"),
            }),
            Said::MembershipReceived { giver, batch } => {
                Is::GiftMembershipReceivedDetails(proto::GiftMembershipReceived {
                    member_level_name: some("Regulars"),
                    gifter_channel_id: some(giver),
                    associated_membership_gifting_message_id: some(batch),
                })
            }
            Said::Gift { name, jewels, combo } => Is::GiftDetails(proto::Gift {
                gift_name: some(name),
                jewels_amount: Some(*jewels),
                gift_url: Some(format!("https://i.example/{name}.webp")),
                alt_text: some(name),
                combo_count: Some(*combo),
            }),
            Said::Banned { target, seconds } => Is::UserBannedDetails(proto::UserBanned {
                banned_user_details: Some(proto::ChannelProfile {
                    channel_id: some(&target.id),
                    display_name: some(&target.name),
                    profile_image_url: None,
                }),
                ban_type: Some(if seconds.is_some() { 2 } else { 1 }),
                ban_duration_seconds: *seconds,
            }),
            Said::Poll { question, closed } => Is::PollDetails(proto::Poll {
                metadata: Some(proto::PollMetadata {
                    question_text: some(question),
                    options: vec![proto::PollOption { option_text: some("yes"), tally: Some(7) }],
                }),
                status: Some(if *closed { 2 } else { 1 }),
            }),
            Said::Deleted { .. } | Said::Ended | Said::Odd(_) => return None,
        })
    }

    /// As the REST API has it.
    pub(crate) fn json(&self, chat: &str) -> Value {
        let mut snippet = json!({
            "type": self.said.kind().1,
            "liveChatId": chat,
            "authorChannelId": self.author.id,
            "publishedAt": self.at.to_string(),
            "hasDisplayContent": !self.said.text().is_empty(),
            "displayMessage": self.said.text(),
        });
        if let (Some(snippet), Some((name, details))) = (snippet.as_object_mut(), self.details()) {
            snippet.extend(Map::from_iter([(name.to_owned(), details)]));
        }
        json!({
            "kind": "youtube#liveChatMessage",
            "etag": format!("etag-{}", self.id),
            "id": self.id,
            "snippet": snippet,
            "authorDetails": {
                "channelId": self.author.id,
                "channelUrl": format!("http://www.youtube.com/channel/{}", self.author.id),
                "displayName": self.author.name,
                "profileImageUrl": picture(&self.author.id),
                "isVerified": false,
                "isChatOwner": self.author.owner,
                "isChatSponsor": self.author.member,
                "isChatModerator": self.author.moderator,
            },
        })
    }

    fn details(&self) -> Option<(&'static str, Value)> {
        Some(match &self.said {
            Said::Text(text) => ("textMessageDetails", json!({ "messageText": text })),
            Said::SuperChat { micros, currency, comment } => (
                "superChatDetails",
                json!({
                    "amountMicros": micros.to_string(), "currency": currency,
                    "amountDisplayString": format!("{micros}µ {currency}"), "userComment": comment, "tier": 1,
                }),
            ),
            Said::SuperSticker { micros, currency } => (
                "superStickerDetails",
                json!({
                    "amountMicros": micros.to_string(), "currency": currency, "tier": 1,
                    "superStickerMetadata": {
                        "stickerId": "pears_hi", "altText": "A pear says hi", "altTextLanguage": "en",
                    },
                }),
            ),
            Said::Member { level, upgrade } => {
                ("newSponsorDetails", json!({ "memberLevelName": level, "isUpgrade": upgrade }))
            }
            Said::Milestone { months, comment } => (
                "memberMilestoneChatDetails",
                json!({ "memberLevelName": "Regulars", "memberMonth": months, "userComment": comment }),
            ),
            Said::Memberships { count } => (
                "membershipGiftingDetails",
                json!({ "giftMembershipsCount": count, "giftMembershipsLevelName": "Regulars" }),
            ),
            Said::MembershipReceived { giver, batch } => (
                "giftMembershipReceivedDetails",
                json!({
                    "memberLevelName": "Regulars", "gifterChannelId": giver,
                    "associatedMembershipGiftingMessageId": batch,
                }),
            ),
            Said::Gift { name, jewels, combo } => (
                "giftDetails",
                json!({ "giftName": name, "jewelsAmount": jewels, "altText": name, "comboCount": combo }),
            ),
            Said::Banned { target, seconds } => {
                let mut details = json!({
                    "bannedUserDetails": { "channelId": target.id, "displayName": target.name },
                    "banType": if seconds.is_some() { "temporary" } else { "permanent" },
                });
                if let Some(seconds) = seconds {
                    details["banDurationSeconds"] = seconds.to_string().into();
                }
                ("userBannedDetails", details)
            }
            Said::Deleted { message } => {
                ("messageDeletedDetails", json!({ "deletedMessageId": message }))
            }
            Said::Poll { question, closed } => (
                "pollDetails",
                json!({
                    "metadata": {
                        "questionText": question,
                        "options": [{ "optionText": "yes", "tally": "7" }],
                    },
                    "status": if *closed { "closed" } else { "active" },
                }),
            ),
            Said::Ended | Said::Odd(_) => return None,
        })
    }
}

fn picture(channel: &str) -> String {
    format!("https://yt3.example/{channel}=s88")
}
