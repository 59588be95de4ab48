//! `/connect/{platform}`: the pages on which a user connects an account.
//!
//! ```text
//! browser ── GET /connect/kick?token=… ──▶ begin ── cookie ──▶ a page: «Connect a Kick account to ada?»
//!         ── the link on it, with the state ──▶ Kick: the user agrees
//!         ◀── 302 ─────────────────────────────┘
//!         ── GET /connect/kick/callback?code=…&state=… ──▶ finish ── 303 ──▶ gateway.connected_url, or a page
//! ```
//!
//! The page in between is there because whoever follows a link need not be who made it: an address with the token of
//! somebody else connects the reader's account to somebody else, and platforms do not always ask again. What leads on is
//! known to this one page, and its cookie to this one browser, so nobody can send others past it.
//!
//! They are for people, so they are refused with pages. What the address of a request carries is written to no log.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use secrecy::SecretString;
use stagedoor_domain::Platform;

use super::{
    Api, ApiError,
    page::{HEADERS, Onward, Page},
};
use crate::{
    Role, WebUrl,
    api::{
        Desk,
        connect::{self, Arrival, Ending},
        pending::{Browser, LIFETIME},
    },
};

/// The cookie by which a browser is known to be the one in which it was begun.
const COOKIE: &str = "stagedoor_connect";

/// Asks the user whether to go on to the platform.
pub(super) async fn begin(
    State(api): State<Arc<Api>>,
    Path(platform): Path<String>,
    request: Parts,
) -> Response {
    let platform = Platform::from(&*platform);
    match ask(&api, &platform, &request) {
        Ok(response) => response,
        Err(error) => Page::refusal(failed(&platform, &api.desk), &error).into_response(),
    }
}

fn ask(api: &Api, platform: &Platform, request: &Parts) -> Result<Response, ApiError> {
    let identity = api.identify(request)?;
    if identity.role == Role::Service {
        return Err(ApiError::forbidden(
            "a service has no accounts of its own",
            "make a token for the user: `sub` is the user, without `role`, with an `exp` a minute from now",
        ));
    }
    // One browser may have several on the way, and is the same in all of them.
    let browser = browser(&request.headers).unwrap_or_else(Browser::new);
    let url = connect::begin(&api.desk, identity.user.clone(), platform, &browser)?;
    let (name, user) = (name(platform), identity.user);
    let page = Page {
        status: StatusCode::OK,
        title: format!("Connect a {name} account to {user}?").into(),
        paragraphs: vec![
            format!(
                "Whoever is {user} here can then do in its name what {name} asks you about: stream, chat, moderate."
            )
            .into(),
            format!("If you are not {user}, or did not mean to connect an account, close this page.")
                .into(),
        ],
        onward: Some(Onward { words: format!("Go on to {name}").into(), url }),
    };
    let mut response = page.into_response();
    let cookie = HeaderValue::try_from(cookie(&browser, api.desk.public_url()));
    let cookie = cookie.map_err(|_| unwritable())?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Takes up the user who comes back.
pub(super) async fn finish(
    State(api): State<Arc<Api>>,
    Path(platform): Path<String>,
    request: Parts,
) -> Response {
    let platform = Platform::from(&*platform);
    let arrival = arrival(request.uri.query().unwrap_or_default());
    let browser = browser(&request.headers);
    let ending = connect::finish(&api.desk, &platform, browser.as_ref(), arrival).await;
    match ending {
        Ok(ending) => ended(&api.desk, &platform, &ending),
        // Nobody is known to have begun it: there is nothing to tell the dashboard.
        Err(error) => Page::refusal(failed(&platform, &api.desk), &error).into_response(),
    }
}

fn ended(desk: &Desk, platform: &Platform, ending: &Ending) -> Response {
    if let Some(url) = desk.connected_url() {
        let mut parameters = vec![("platform", platform.as_str())];
        parameters.extend(match ending {
            Ending::Connected(_) => vec![("result", "connected")],
            Ending::Denied => vec![("result", "denied")],
            Ending::Failed(error) => vec![("result", "failed"), ("reason", error.code())],
        });
        let redirected = redirect(StatusCode::SEE_OTHER, &url.with(&parameters));
        return redirected.unwrap_or_else(IntoResponse::into_response);
    }
    let name = name(platform);
    let page = match ending {
        Ending::Connected(account) => Page {
            status: StatusCode::OK,
            title: format!("{name} is connected").into(),
            paragraphs: vec![
                format!("As {}.", account.name).into(),
                "You can close this page.".into(),
            ],
            onward: None,
        },
        Ending::Denied => Page {
            status: StatusCode::OK,
            title: format!("{name} is not connected").into(),
            paragraphs: vec![
                format!("You did not agree on {name}, so nothing has changed.").into(),
                "You can close this page, or begin again.".into(),
            ],
            onward: None,
        },
        Ending::Failed(error) => Page::refusal(failed(platform, desk), error),
    };
    page.into_response()
}

/// What it says at the top of a refusal. A platform that we do not know is not named: its name is the client's.
fn failed(platform: &Platform, desk: &Desk) -> String {
    let is_known = desk.backstage().services.platforms.get(platform).is_some();
    let name = if is_known { name(platform) } else { "The account" };
    format!("{name} could not be connected")
}

fn name(platform: &Platform) -> &str {
    match platform {
        Platform::Twitch => "Twitch",
        Platform::YouTube => "YouTube",
        Platform::Kick => "Kick",
        Platform::Facebook => "Facebook",
        other => other.as_str(),
    }
}

fn redirect(status: StatusCode, location: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(location).map_err(|_| unwritable())?;
    Ok((status, HEADERS, [(header::LOCATION, location)]).into_response())
}

fn unwritable() -> ApiError {
    let message = "an address of the configuration cannot be written into a header";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "bad_configuration", message)
}

fn cookie(browser: &Browser, public_url: &WebUrl) -> String {
    let (value, path, seconds) = (browser.text(), public_url.path(), LIFETIME.as_secs());
    let secure = if public_url.is_https() { "; Secure" } else { "" };
    // Lax: it comes along when the platform sends the browser back.
    format!(
        "{COOKIE}={value}; Path={path}/connect; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    )
}

fn browser(headers: &HeaderMap) -> Option<Browser> {
    let cookies =
        headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut cookies = cookies.flat_map(|cookies| cookies.split(';'));
    cookies.find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        Browser::parse(value).filter(|_| name == COOKIE)
    })
}

/// What the platform has written into the address. It may write more, which says nothing to us.
fn arrival(query: &str) -> Arrival {
    let mut arrival = Arrival::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => arrival.state = value.into_owned(),
            "code" => arrival.code = Some(SecretString::from(value.into_owned())),
            "error" => arrival.error = Some(value.chars().take(100).collect()),
            _ => {}
        }
    }
    arrival
}
