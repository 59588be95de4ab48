//! What may be asked on a dashboard channel: the same operations as by HTTP, for the channel's own user.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use stagedoor_domain::UserId;

use super::{
    Desk, accounts,
    alerts::{self, Action},
    analytics, chat, destinations, events, livestreams, moderation, platforms, read, stream,
    widgets,
};
use crate::http::ApiError;

/// The commands: their events on the channel.
macro_rules! commands {
    ($($variant:ident => $event:literal,)+) => {
        /// A command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Command {
            $($variant),+
        }

        impl Command {
            #[cfg(test)]
            pub(crate) const ALL: &'static [&'static str] = &[$($event),+];

            /// The command that this event asks for, if there is one.
            pub(crate) fn of(event: &str) -> Option<Self> {
                match event {
                    $($event => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

commands! {
    StreamGet => "stream:get",
    StreamStart => "stream:start",
    StreamStop => "stream:stop",
    MetadataGet => "metadata:get",
    MetadataSet => "metadata:set",
    MetadataUpdate => "metadata:update",
    DestinationsList => "destinations:list",
    DestinationsPut => "destinations:put",
    DestinationsDelete => "destinations:delete",
    LiveInputGet => "live_input:get",
    EventsList => "events:list",
    AlertsList => "alerts:list",
    AlertsPause => "alerts:pause",
    AlertsResume => "alerts:resume",
    AlertsSkip => "alerts:skip",
    AlertsClear => "alerts:clear",
    AlertsMute => "alerts:mute",
    AlertsUnmute => "alerts:unmute",
    AlertsReplay => "alerts:replay",
    AlertsTest => "alerts:test",
    AlertSettingsGet => "alert_settings:get",
    AlertSettingsSet => "alert_settings:set",
    LivestreamsList => "livestreams:list",
    LivestreamsGet => "livestreams:get",
    AnalyticsSeries => "analytics:series",
    AccountsList => "accounts:list",
    AccountsDisconnect => "accounts:disconnect",
    PlatformsList => "platforms:list",
    CategoriesSearch => "categories:search",
    LinkReconnect => "link:reconnect",
    ChatSend => "chat:send",
    ChatDelete => "chat:delete",
    ModerationBan => "moderation:ban",
    ModerationTimeout => "moderation:timeout",
    ModerationUnban => "moderation:unban",
    WidgetTokenCreate => "widget_token:create",
    WidgetTokenRevoke => "widget_token:revoke",
    WidgetSettingsGet => "widget_settings:get",
    WidgetSettingsSet => "widget_settings:set",
}

/// A command's `response`.
pub(crate) type Answer = Result<Box<RawValue>, ApiError>;

/// Carries out a command of `user`.
pub(crate) async fn run(desk: &Desk, user: &UserId, command: Command, payload: &str) -> Answer {
    match command {
        Command::StreamGet => json(stream::get(desk, user).await),
        Command::StreamStart => json(stream::start(desk, user, arguments(payload)?).await),
        Command::StreamStop => json(stream::stop(desk, user).await),
        Command::MetadataGet => json(stream::metadata(desk, user).await),
        Command::MetadataSet => json(stream::set_metadata(desk, user, arguments(payload)?).await),
        Command::MetadataUpdate => {
            json(stream::change_metadata(desk, user, arguments(payload)?).await)
        }
        Command::DestinationsList => json(destinations::list(desk, user).await),
        Command::DestinationsPut => {
            let (id, body) = arguments::<destinations::PutDestination>(payload)?.split();
            json(destinations::put(desk, user, id, body).await.map(|(destination, _)| destination))
        }
        Command::DestinationsDelete => {
            let path: destinations::DestinationPath = arguments(payload)?;
            done(destinations::delete(desk, user, &path.id).await)
        }
        Command::LiveInputGet => {
            json(destinations::live_input(desk, user, &arguments(payload)?).await)
        }
        Command::EventsList => json(events::list(desk, user, arguments(payload)?).await),
        Command::AlertsList => json(alerts::list(desk, user, &arguments(payload)?).await),
        Command::AlertsPause => done(alerts::act(desk, user, Action::Pause).await),
        Command::AlertsResume => done(alerts::act(desk, user, Action::Resume).await),
        Command::AlertsSkip => done(alerts::act(desk, user, Action::Skip).await),
        Command::AlertsMute => done(alerts::act(desk, user, Action::Mute).await),
        Command::AlertsUnmute => done(alerts::act(desk, user, Action::Unmute).await),
        Command::AlertsClear => json(alerts::clear(desk, user).await),
        Command::AlertsReplay => {
            let path: alerts::AlertPath = arguments(payload)?;
            json(alerts::replay(desk, user, path.id).await)
        }
        Command::AlertsTest => {
            let path: alerts::KindPath = arguments(payload)?;
            json(alerts::test(desk, user, path.kind).await)
        }
        Command::AlertSettingsGet => json(alerts::settings(desk, user).await),
        Command::AlertSettingsSet => {
            json(alerts::set_settings(desk, user, arguments(payload)?).await)
        }
        Command::LivestreamsList => json(livestreams::list(desk, user, &arguments(payload)?).await),
        Command::LivestreamsGet => {
            let path: livestreams::LivestreamPath = arguments(payload)?;
            json(livestreams::get(desk, user, path.id).await)
        }
        Command::AnalyticsSeries => json(analytics::series(desk, user, arguments(payload)?).await),
        Command::AccountsList => json(accounts::list(desk, user).await),
        Command::AccountsDisconnect => {
            let path: accounts::PlatformPath = arguments(payload)?;
            done(accounts::disconnect(desk, user, &path.platform).await)
        }
        Command::PlatformsList => json(Ok(platforms::list(desk))),
        Command::CategoriesSearch => {
            let platforms::SearchCategories { platform, name } = arguments(payload)?;
            json(platforms::search_categories(desk, user, &platform, &name).await)
        }
        Command::LinkReconnect => {
            let path: accounts::PlatformPath = arguments(payload)?;
            done(platforms::reconnect(desk, user, &path.platform))
        }
        Command::ChatSend => json(chat::send(desk, user, arguments(payload)?).await),
        Command::ChatDelete => {
            let act = arguments::<moderation::DeleteMessage>(payload)?.act();
            json(moderation::carry_out(desk, user, act).await)
        }
        Command::ModerationBan => {
            let act = arguments::<moderation::Ban>(payload)?.act();
            json(moderation::carry_out(desk, user, act).await)
        }
        Command::ModerationTimeout => {
            let act = arguments::<moderation::Timeout>(payload)?.act();
            json(moderation::carry_out(desk, user, act).await)
        }
        Command::ModerationUnban => {
            let act = arguments::<moderation::Unban>(payload)?.act();
            json(moderation::carry_out(desk, user, act).await)
        }
        Command::WidgetTokenCreate => {
            let path: widgets::WidgetPath = arguments(payload)?;
            json(widgets::create_token(desk, user, &path.widget).await)
        }
        Command::WidgetTokenRevoke => {
            let path: widgets::WidgetPath = arguments(payload)?;
            done(widgets::revoke_token(desk, user, &path.widget).await)
        }
        Command::WidgetSettingsGet => {
            let path: widgets::WidgetPath = arguments(payload)?;
            json(widgets::settings(desk, user, &path.widget).await)
        }
        Command::WidgetSettingsSet => {
            let widgets::SetWidget { widget, settings } = arguments(payload)?;
            json(widgets::set_settings(desk, user, &widget, settings).await)
        }
    }
}

fn arguments<'a, T: Deserialize<'a>>(payload: &'a str) -> Result<T, ApiError> {
    read::json("payload", payload.as_bytes())
}

fn json(answer: Result<impl Serialize, ApiError>) -> Answer {
    answer.map(|answer| to_raw_value(&answer).expect("answers are plain data with text keys"))
}

/// For commands that have nothing to tell but that they are done.
fn done(done: Result<(), ApiError>) -> Answer {
    #[derive(Serialize)]
    struct Nothing {}

    json(done.map(|()| Nothing {}))
}
