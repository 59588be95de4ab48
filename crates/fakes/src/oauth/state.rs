//! Codes, grants and tokens.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{Agreement, OAuthCounts, Session, Tokens};

/// How long a code can be exchanged.
const CODE_LIFETIME: Duration = Duration::from_mins(10);

/// What a code stands for.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) account: Box<str>,
    pub(super) scopes: Vec<Box<str>>,
    pub(super) redirect_uri: String,
    /// S256 of the verifier (RFC 7636).
    pub(super) challenge: Option<String>,
    pub(super) has_refresh: bool,
}

/// What a user has agreed to.
#[derive(Debug)]
struct Grant {
    account: Box<str>,
    scopes: Vec<Box<str>>,
    /// The refresh token that holds.
    refresh: Option<String>,
    access: Vec<Access>,
}

#[derive(Debug)]
struct Access {
    token: String,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) agreement: Option<Agreement>,
    pub(super) access_lifetime: Duration,
    pub(super) rotates: bool,
    pub(super) counts: OAuthCounts,
    codes: HashMap<String, (Code, Instant)>,
    grants: HashMap<u64, Grant>,
    app: Vec<Access>,
    /// The grant of each access token that may hold; none for the client itself.
    whose: HashMap<String, Option<u64>>,
    numbers: u64,
}

impl State {
    pub(super) fn new(access_lifetime: Duration, rotates: bool) -> Self {
        Self {
            agreement: None,
            access_lifetime,
            rotates,
            counts: OAuthCounts::default(),
            codes: HashMap::new(),
            grants: HashMap::new(),
            app: Vec::new(),
            whose: HashMap::new(),
            numbers: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn put_code(&mut self, code: Code) -> String {
        let now = Instant::now();
        self.codes.retain(|_, (_, until)| *until > now);
        let name = format!("fake-code-{}", self.number());
        self.codes.insert(name.clone(), (code, now + CODE_LIFETIME));
        name
    }

    /// A code can be taken once.
    pub(super) fn take_code(&mut self, code: &str) -> Option<Code> {
        let (code, until) = self.codes.remove(code)?;
        (until > Instant::now()).then_some(code)
    }

    pub(super) fn grant(
        &mut self,
        account: &str,
        scopes: Vec<Box<str>>,
        has_refresh: bool,
    ) -> Tokens {
        let id = self.number();
        let refresh = has_refresh.then(|| self.refresh_token(id));
        let grant = Grant { account: account.into(), scopes, refresh, access: Vec::new() };
        self.grants.insert(id, grant);
        self.tokens(id).expect("it has just been made")
    }

    /// A fresh access token of a grant, with the refresh token that holds.
    fn tokens(&mut self, id: u64) -> Option<Tokens> {
        let access = self.fresh();
        let grant = self.grants.get_mut(&id)?;
        self.whose.insert(access.token.clone(), Some(id));
        let token = access.token.clone();
        put(&mut grant.access, access, &mut self.whose);
        Some(Tokens { access: token, refresh: grant.refresh.clone() })
    }

    pub(super) fn app_token(&mut self) -> String {
        let access = self.fresh();
        let token = access.token.clone();
        self.whose.insert(token.clone(), None);
        put(&mut self.app, access, &mut self.whose);
        self.counts.app_tokens += 1;
        token
    }

    fn fresh(&mut self) -> Access {
        let token = format!("fake-access-{}", self.number());
        Access { token, until: Instant::now() + self.access_lifetime }
    }

    /// Of which grant a refresh token is or was can be told from it.
    fn refresh_token(&mut self, grant: u64) -> String {
        format!("fake-refresh-{grant}-{}", self.number())
    }

    pub(super) fn refresh(&mut self, token: &str) -> Option<(Tokens, Vec<Box<str>>)> {
        let grant = || token.strip_prefix("fake-refresh-")?.split_once('-')?.0.parse::<u64>().ok();
        let held = grant().and_then(|id| Some((id, self.grants.get(&id)?.refresh.as_deref()?)));
        let Some((id, held)) = held else {
            self.counts.refused += 1;
            return None;
        };
        if held != token {
            self.counts.reused += 1;
            self.counts.refused += 1;
            return None;
        }
        if self.rotates {
            let next = self.refresh_token(id);
            self.grants.get_mut(&id)?.refresh = Some(next);
        }
        self.counts.refreshed += 1;
        let tokens = self.tokens(id)?;
        Some((tokens, self.grants.get(&id)?.scopes.clone()))
    }

    /// A fresh access token for one that holds: what Facebook calls a long-lived one.
    pub(super) fn prolong(&mut self, access: &str) -> Option<Tokens> {
        self.whose(access)?;
        let id = (*self.whose.get(access)?)?;
        self.tokens(id)
    }

    pub(super) fn whose(&self, access: &str) -> Option<Session> {
        let holds = |tokens: &[Access]| {
            let until = tokens.iter().find(|one| one.token == access)?.until;
            until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        };
        match self.whose.get(access)? {
            None => {
                let expires_in = holds(&self.app)?;
                Some(Session { account: None, scopes: Vec::new(), expires_in })
            }
            Some(id) => {
                let grant = self.grants.get(id)?;
                Some(Session {
                    account: Some(grant.account.clone()),
                    scopes: grant.scopes.clone(),
                    expires_in: holds(&grant.access)?,
                })
            }
        }
    }

    pub(super) fn expire(&mut self, account: Option<&str>) {
        match account {
            None => self.app.clear(),
            Some(account) => {
                let grants = self.grants.values_mut().filter(|grant| *grant.account == *account);
                grants.for_each(|grant| grant.access.clear());
            }
        }
    }

    pub(super) fn revoke(&mut self, account: &str) {
        self.grants.retain(|_, grant| *grant.account != *account);
        let grants = &self.grants;
        self.whose.retain(|_, id| id.is_none_or(|id| grants.contains_key(&id)));
    }

    /// The client gives a token back, and all of its grant with it. Whether there was one.
    pub(super) fn give_back(&mut self, token: &str) -> bool {
        let by_access = self.whose.get(token).copied().flatten();
        let id = by_access.or_else(|| {
            let mut grants = self.grants.iter();
            grants.find(|(_, grant)| grant.refresh.as_deref() == Some(token)).map(|(id, _)| *id)
        });
        let Some(grant) = id.and_then(|id| self.grants.remove(&id)) else { return false };
        for access in grant.access {
            self.whose.remove(&access.token);
        }
        self.counts.revoked += 1;
        true
    }
}

/// Puts one more, and forgets those that have ended.
fn put(all: &mut Vec<Access>, access: Access, whose: &mut HashMap<String, Option<u64>>) {
    let now = Instant::now();
    all.retain(|one| {
        let holds = one.until > now;
        if !holds {
            whose.remove(&one.token);
        }
        holds
    });
    all.push(access);
}
