//! gRPC's messages in the form in which the REST API has them: so there is one parser, and one form that is kept.

use serde_json::{Map, Value};

use crate::youtube::proto::{
    ChannelProfile, LiveChatMessage, LiveChatMessageAuthorDetails, LiveChatMessageSnippet, Poll,
    SuperSticker, UserBanned, live_chat_message_snippet::DisplayedContent,
};

/// The types of messages, by their numbers in gRPC. 8 and 9 are no longer in the definition; they were once, and have
/// names in the REST API still.
const TYPES: [(i32, &str); 18] = [
    (0, "invalidType"),
    (1, "textMessageEvent"),
    (2, "tombstone"),
    (3, "fanFundingEvent"),
    (4, "chatEndedEvent"),
    (5, "sponsorOnlyModeStartedEvent"),
    (6, "sponsorOnlyModeEndedEvent"),
    (7, "newSponsorEvent"),
    (8, "messageDeletedEvent"),
    (9, "messageRetractedEvent"),
    (10, "userBannedEvent"),
    (15, "superChatEvent"),
    (16, "superStickerEvent"),
    (17, "memberMilestoneChatEvent"),
    (18, "membershipGiftingEvent"),
    (19, "giftMembershipReceivedEvent"),
    (20, "pollEvent"),
    (21, "giftEvent"),
];

/// A message, as the REST API would have it.
pub(crate) fn json(message: LiveChatMessage) -> Value {
    object([
        ("id", message.id.map(Value::from)),
        ("snippet", message.snippet.map(snippet)),
        ("authorDetails", message.author_details.map(author)),
    ])
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// 64 bits are texts in the JSON of Google.
fn long(number: Option<impl ToString>) -> Option<Value> {
    number.map(|number| number.to_string().into())
}

fn text(text: Option<String>) -> Option<Value> {
    text.map(Value::from)
}

fn number(number: Option<impl Into<Value>>) -> Option<Value> {
    number.map(Into::into)
}

fn type_name(number: i32) -> Value {
    let known = TYPES.iter().find(|(its, _)| *its == number);
    known.map_or_else(|| format!("type{number}").into(), |(_, name)| (*name).into())
}

fn snippet(snippet: LiveChatMessageSnippet) -> Value {
    let mut object = object([
        ("type", snippet.r#type.map(type_name)),
        ("authorChannelId", text(snippet.author_channel_id)),
        ("publishedAt", text(snippet.published_at)),
        ("displayMessage", text(snippet.display_message)),
    ]);
    if let Some(content) = snippet.displayed_content {
        let (name, details) = details(content);
        object[name] = details;
    }
    object
}

fn author(author: LiveChatMessageAuthorDetails) -> Value {
    object([
        ("channelId", text(author.channel_id)),
        ("displayName", text(author.display_name)),
        ("profileImageUrl", text(author.profile_image_url)),
        ("isVerified", number(author.is_verified)),
        ("isChatOwner", number(author.is_chat_owner)),
        ("isChatSponsor", number(author.is_chat_sponsor)),
        ("isChatModerator", number(author.is_chat_moderator)),
    ])
}

fn profile(profile: ChannelProfile) -> Value {
    object([
        ("channelId", text(profile.channel_id)),
        ("displayName", text(profile.display_name)),
        ("profileImageUrl", text(profile.profile_image_url)),
    ])
}

/// What a message is about, and the field in which that stands.
fn details(content: DisplayedContent) -> (&'static str, Value) {
    use DisplayedContent as Is;
    match content {
        Is::TextMessageDetails(its) => {
            ("textMessageDetails", object([("messageText", text(its.message_text))]))
        }
        Is::UserBannedDetails(its) => ("userBannedDetails", banned(its)),
        Is::SuperChatDetails(its) => {
            let paid = object([
                ("amountMicros", long(its.amount_micros)),
                ("currency", text(its.currency)),
                ("userComment", text(its.user_comment)),
                ("tier", number(its.tier)),
            ]);
            ("superChatDetails", paid)
        }
        Is::SuperStickerDetails(its) => ("superStickerDetails", sticker(its)),
        Is::NewSponsorDetails(its) => {
            let member = object([
                ("memberLevelName", text(its.member_level_name)),
                ("isUpgrade", number(its.is_upgrade)),
            ]);
            ("newSponsorDetails", member)
        }
        Is::MemberMilestoneChatDetails(its) => {
            let member = object([
                ("memberLevelName", text(its.member_level_name)),
                ("memberMonth", number(its.member_month)),
                ("userComment", text(its.user_comment)),
            ]);
            ("memberMilestoneChatDetails", member)
        }
        Is::MembershipGiftingDetails(its) => {
            let gifts = object([
                ("giftMembershipsCount", number(its.gift_memberships_count)),
                ("giftMembershipsLevelName", text(its.gift_memberships_level_name)),
            ]);
            ("membershipGiftingDetails", gifts)
        }
        Is::GiftMembershipReceivedDetails(its) => {
            let batch = its.associated_membership_gifting_message_id;
            let gift = object([
                ("memberLevelName", text(its.member_level_name)),
                ("gifterChannelId", text(its.gifter_channel_id)),
                ("associatedMembershipGiftingMessageId", text(batch)),
            ]);
            ("giftMembershipReceivedDetails", gift)
        }
        Is::PollDetails(its) => ("pollDetails", poll(its)),
        Is::GiftDetails(its) => {
            let gift = object([
                ("giftName", text(its.gift_name)),
                ("jewelsAmount", number(its.jewels_amount)),
                ("giftUrl", text(its.gift_url)),
                ("altText", text(its.alt_text)),
                ("comboCount", number(its.combo_count)),
            ]);
            ("giftDetails", gift)
        }
    }
}

fn banned(its: UserBanned) -> Value {
    let kind = its.ban_type.map(|kind| match kind {
        1 => "permanent".into(),
        2 => "temporary".into(),
        other => Value::from(other),
    });
    object([
        ("bannedUserDetails", its.banned_user_details.map(profile)),
        ("banType", kind),
        ("banDurationSeconds", long(its.ban_duration_seconds)),
    ])
}

fn sticker(its: SuperSticker) -> Value {
    let metadata = its
        .super_sticker_metadata
        .map(|its| object([("stickerId", text(its.sticker_id)), ("altText", text(its.alt_text))]));
    object([
        ("amountMicros", long(its.amount_micros)),
        ("currency", text(its.currency)),
        ("tier", number(its.tier)),
        ("superStickerMetadata", metadata),
    ])
}

fn poll(its: Poll) -> Value {
    let metadata = its.metadata.map(|its| {
        let options = its
            .options
            .into_iter()
            .map(|its| object([("optionText", text(its.option_text)), ("tally", long(its.tally))]));
        object([("questionText", text(its.question_text)), ("options", Some(options.collect()))])
    });
    let status = its.status.map(|status| match status {
        1 => "active".into(),
        2 => "closed".into(),
        _ => "unknown".into(),
    });
    object([("metadata", metadata), ("status", status)])
}
