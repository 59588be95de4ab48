//! The page where users agree, and the endpoints for tokens.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{Query, RawQuery, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{StatusCode, header::LOCATION};
use sha2::{Digest, Sha256};

use super::{Agreement, OAuthStyle, Provider, state::Code, style::Wrong};
use crate::lock;

type Fields = HashMap<String, String>;

pub(super) fn routes(provider: Arc<Provider>) -> Router {
    let (authorize_at, token_at, revoke_at) = provider.config.style.paths();
    let mut router =
        Router::new().route(authorize_at, get(authorize)).route(token_at, post(token).get(token));
    if let Some(revoke_at) = revoke_at {
        router = router.route(revoke_at, post(revoke));
    }
    router.with_state(provider)
}

async fn authorize(State(provider): State<Arc<Provider>>, Query(asked): Query<Fields>) -> Response {
    let config = &provider.config;
    let given = |name: &str| asked.get(name).map(String::as_str);
    let wrong = |what: &str| (StatusCode::BAD_REQUEST, what.to_owned()).into_response();
    let Some(redirect_uri) = given("redirect_uri").filter(|uri| uri.starts_with("http")) else {
        return wrong("redirect_uri is missing");
    };
    if given("client_id") != Some(&config.client_id) {
        return wrong("there is no such client");
    }
    if given("response_type") != Some("code") {
        return wrong("response_type must be code");
    }
    let challenge = given("code_challenge").map(str::to_owned);
    if challenge.is_some() && given("code_challenge_method") != Some("S256") {
        return wrong("code_challenge_method must be S256");
    }
    if config.style == OAuthStyle::Kick && (challenge.is_none() || given("state").is_none()) {
        return wrong("code_challenge and state are required");
    }
    let mut state = lock(&provider.state);
    let mut answer = Vec::new();
    match state.agreement.clone() {
        Some(Agreement::As(account)) => {
            let scopes = given("scope").unwrap_or_default().split(config.style.separator());
            let code = state.put_code(Code {
                account,
                scopes: scopes.filter(|scope| !scope.is_empty()).map(Into::into).collect(),
                redirect_uri: redirect_uri.to_owned(),
                challenge,
                has_refresh: match config.style {
                    OAuthStyle::Twitch | OAuthStyle::Kick => true,
                    OAuthStyle::Google => given("access_type") == Some("offline"),
                    OAuthStyle::Facebook => false,
                },
            });
            answer.push(("code", code));
        }
        Some(Agreement::Denied) | None => {
            answer.push(("error", "access_denied".into()));
            answer.push(("error_description", "The user denied you access".into()));
        }
    }
    drop(state);
    answer.extend(given("state").map(|state| ("state", state.to_owned())));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    let mark = if redirect_uri.contains('?') { '&' } else { '?' };
    (StatusCode::FOUND, [(LOCATION, format!("{redirect_uri}{mark}{query}"))]).into_response()
}

/// What a form and the query say together.
fn fields(query: Option<&str>, body: &str) -> Fields {
    let parse = |text: &str| {
        let pairs = form_urlencoded::parse(text.as_bytes());
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect::<Fields>()
    };
    let mut fields = parse(query.unwrap_or_default());
    fields.extend(parse(body));
    fields
}

async fn token(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let config = &provider.config;
    let fields = fields(query.as_deref(), &body);
    let style = config.style;
    provider.token(&fields).unwrap_or_else(|wrong| style.refuse(wrong))
}

impl Provider {
    fn token(&self, fields: &Fields) -> Result<Response, Wrong> {
        let given = |name: &str| fields.get(name).map(String::as_str);
        let needed = |name: &str| given(name).ok_or(Wrong::Request);
        let (config, style) = (&self.config, self.config.style);
        let known = given("client_id") == Some(&config.client_id)
            && given("client_secret") == Some(&config.client_secret);
        if !known {
            return Err(Wrong::Client);
        }
        // Facebook takes a code without being told that it is one.
        let kind = given("grant_type").or_else(|| given("code").map(|_| "authorization_code"));
        let mut state = lock(&self.state);
        let lifetime = state.access_lifetime;
        match kind {
            Some("authorization_code") => {
                let code = state.take_code(needed("code")?).ok_or(Wrong::Code)?;
                if given("redirect_uri") != Some(&code.redirect_uri) {
                    return Err(Wrong::Code);
                }
                let verified = match &code.challenge {
                    None => true,
                    Some(challenge) => {
                        given("code_verifier").is_some_and(|verifier| s256(verifier) == *challenge)
                    }
                };
                if !verified {
                    return Err(Wrong::Code);
                }
                let tokens = state.grant(&code.account, code.scopes.clone(), code.has_refresh);
                state.counts.exchanged += 1;
                Ok(style.tokens(&tokens, &code.scopes, lifetime, false))
            }
            Some("refresh_token") if style.has_refresh_tokens() => {
                let refreshed = state.refresh(needed("refresh_token")?);
                let (tokens, scopes) = refreshed.ok_or(Wrong::Refresh)?;
                Ok(style.tokens(&tokens, &scopes, lifetime, true))
            }
            Some("fb_exchange_token") if style == OAuthStyle::Facebook => {
                let tokens = state.prolong(needed("fb_exchange_token")?).ok_or(Wrong::Token)?;
                Ok(style.tokens(&tokens, &[], lifetime, true))
            }
            Some("client_credentials") if style != OAuthStyle::Google => {
                Ok(style.app_token(&state.app_token(), lifetime))
            }
            Some(_) => Err(Wrong::GrantType),
            None => Err(Wrong::Request),
        }
    }
}

async fn revoke(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let fields = fields(query.as_deref(), &body);
    let token = fields.get("token").map_or(Cow::Borrowed(""), |token| token.as_str().into());
    if lock(&provider.state).give_back(&token) {
        StatusCode::OK.into_response()
    } else {
        provider.config.style.refuse(Wrong::Token)
    }
}

/// The challenge of a verifier (RFC 7636, section 4.2).
fn s256(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
