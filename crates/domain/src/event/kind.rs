use crate::open_enum::open_enum;

open_enum! {
    /// What happened.
    EventKind {
        /// Somebody wrote in the chat.
        ChatMessage => "chat.message",
        /// One message was deleted.
        ChatDeleted => "chat.deleted",
        /// All messages of one viewer were deleted.
        ChatUserCleared => "chat.user_cleared",
        /// The chat was emptied.
        ChatCleared => "chat.cleared",
        /// An announcement in the chat.
        ChatAnnouncement => "chat.announcement",
        /// A new follower.
        Follow => "follow",
        /// A new subscription.
        SubscriptionNew => "subscription.new",
        /// A subscription that goes on.
        SubscriptionRenewed => "subscription.renewed",
        /// Somebody gave subscriptions away, one or many at a time.
        SubscriptionGiftBatch => "subscription.gift_batch",
        /// Somebody was given a subscription.
        SubscriptionGiftReceived => "subscription.gift_received",
        /// A subscription that has ended.
        SubscriptionEnded => "subscription.ended",
        /// Money, by a donation service or a platform's own means.
        Donation => "donation",
        /// Bits, Kicks, Stars, Jewels.
        Cheer => "cheer",
        /// Another streamer sent their viewers over.
        Raid => "raid",
        /// Somebody redeemed a reward.
        RewardRedeemed => "reward.redeemed",
        /// A redemption was fulfilled or refused.
        RewardUpdated => "reward.updated",
        /// A moderator did something.
        Moderation => "moderation",
        /// The stream is on air there.
        StreamOnline => "stream.online",
        /// The stream is off air there.
        StreamOffline => "stream.offline",
        /// Title or category are others there.
        StreamUpdated => "stream.updated",
        /// How many watch now.
        ViewersSample => "viewers.sample",
        /// The connection to the platform stands.
        LinkConnected => "link.connected",
        /// The connection works, but not fully.
        LinkDegraded => "link.degraded",
        /// The connection is lost: what happens until it stands again may be missing.
        LinkLost => "link.lost",
        /// The platform refuses our authorisation: the user must renew it.
        LinkNeedsReauth => "link.needs_reauth",
        /// The encoder is connected to the live input.
        InputConnected => "input.connected",
        /// The encoder is gone from the live input.
        InputDisconnected => "input.disconnected",
        /// The live input refuses what the encoder sends.
        InputErrored => "input.errored",
        /// An output sends to its destination.
        OutputEnabled => "output.enabled",
        /// An output sends no more.
        OutputDisabled => "output.disabled",
        /// An output does not do what it should.
        OutputFailed => "output.failed",
    }
}
