use crate::open_enum::open_enum;

open_enum! {
    /// Where something happens.
    Platform {
        /// <https://twitch.tv>
        Twitch => "twitch",
        /// <https://youtube.com>
        YouTube => "youtube",
        /// <https://kick.com>
        Kick => "kick",
        /// <https://facebook.com>
        Facebook => "facebook",
        /// Cloudflare Stream: the live input and its outputs.
        Cloudflare => "cloudflare",
        /// Stagedoor itself, and whoever speaks through its API.
        Stagedoor => "stagedoor",
    }
}
