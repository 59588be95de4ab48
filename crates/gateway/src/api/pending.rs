//! Who was sent to a platform and has not come back yet.
//!
//! ```text
//! begin ─▶ Waiting: user, platform, PKCE verifier, browser ── state ──▶ platform ── state ──▶ take: once, within 10 min
//! ```
//!
//! Kept in memory only: whoever is on the way when the daemon restarts begins again. The state has two halves, one to
//! find it by and one to prove it with, so that a comparison takes as long whatever is guessed. And it belongs to the
//! browser in which it was begun (RFC 9700, section 4.7): otherwise somebody could send others to a platform to have
//! *their* accounts connected to his own. Whoever is led to begin himself, with the token of somebody else, is asked
//! first: see `http::connect`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use stagedoor_domain::{Platform, UserId};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// How long a user may take at the platform.
pub(crate) const LIFETIME: Duration = Duration::from_mins(10);
/// How many may be on the way at a time: of all users, and of one. One more of a user's is instead of the oldest.
const MAX_WAITING: usize = 4_000;
const MAX_WAITING_OF_ONE: usize = 8;

const ID_BYTES: usize = 16;
const PROOF_BYTES: usize = 32;

/// Who is on the way.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<HashMap<[u8; ID_BYTES], Waiting>>);

/// One who is on the way.
struct Waiting {
    proof: [u8; PROOF_BYTES],
    browser: Browser,
    until: Instant,
    journey: Journey,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("journey", &self.journey).finish_non_exhaustive()
    }
}

/// Whose account on which platform is to be connected.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    pub(crate) user: UserId,
    pub(crate) platform: Platform,
    /// That of the PKCE challenge, where the platform knows it.
    pub(crate) verifier: Option<SecretString>,
}

/// What a browser is known by, from a cookie of its own.
#[derive(Clone)]
pub(crate) struct Browser([u8; PROOF_BYTES]);

/// Why nobody is on the way with this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotWaiting {
    /// It has been used, or has expired, or was never made here.
    Unknown,
    /// It is for another platform, and goes on waiting for that.
    OtherPlatform,
    /// It was begun in another browser, and goes on waiting for that.
    OtherBrowser,
    /// As many are on the way as may be.
    Full,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self(random())
    }

    /// Reads the cookie.
    pub(crate) fn parse(cookie: &str) -> Option<Self> {
        decode(cookie).map(Self)
    }

    /// For the cookie.
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl Pending {
    /// Somebody leaves: the state to come back with.
    pub(crate) fn begin(&self, browser: &Browser, journey: Journey) -> Result<String, NotWaiting> {
        let now = Instant::now();
        let mut all = self.all();
        all.retain(|_, waiting| waiting.until > now);
        let of_user = all.iter().filter(|(_, waiting)| waiting.journey.user == journey.user);
        if of_user.clone().count() >= MAX_WAITING_OF_ONE {
            let oldest = of_user.min_by_key(|(_, waiting)| waiting.until).map(|(id, _)| *id);
            oldest.map(|id| all.remove(&id));
        } else if all.len() >= MAX_WAITING {
            return Err(NotWaiting::Full);
        }
        let (id, proof) = (random(), random());
        let until = now + LIFETIME;
        all.insert(id, Waiting { proof, browser: browser.clone(), until, journey });
        Ok(BASE64_URL_SAFE_NO_PAD.encode([&id[..], &proof[..]].concat()))
    }

    /// Somebody comes back. Each comes once.
    pub(crate) fn take(
        &self,
        state: &str,
        platform: &Platform,
        browser: Option<&Browser>,
    ) -> Result<Journey, NotWaiting> {
        let state: [u8; ID_BYTES + PROOF_BYTES] = decode(state).ok_or(NotWaiting::Unknown)?;
        let (id, proof) = state.split_at(ID_BYTES);
        let id: [u8; ID_BYTES] = id.try_into().expect("it was split there");
        let mut all = self.all();
        let known = all.get(&id).filter(|waiting| waiting.until > Instant::now());
        let known = known.filter(|waiting| bool::from(waiting.proof[..].ct_eq(proof)));
        let known = known.ok_or(NotWaiting::Unknown)?;
        if known.journey.platform != *platform {
            return Err(NotWaiting::OtherPlatform);
        }
        if !browser.is_some_and(|browser| bool::from(browser.0.ct_eq(&known.browser.0))) {
            return Err(NotWaiting::OtherBrowser);
        }
        all.remove(&id).map(|waiting| waiting.journey).ok_or(NotWaiting::Unknown)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; ID_BYTES], Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(user: &str) -> Journey {
        let user = UserId::new(user).unwrap();
        Journey { user, platform: Platform::Kick, verifier: Some("secret".to_owned().into()) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_state_is_good_once_and_for_ten_minutes() {
        let (pending, browser) = (Pending::default(), Browser::new());
        let take = |state: &str| pending.take(state, &Platform::Kick, Some(&browser));
        let state = pending.begin(&browser, journey("ada")).unwrap();
        assert_eq!(take(&state).unwrap().user.as_str(), "ada");
        assert_eq!(take(&state).unwrap_err(), NotWaiting::Unknown);

        let state = pending.begin(&browser, journey("ada")).unwrap();
        tokio::time::advance(LIFETIME - Duration::from_secs(1)).await;
        assert!(take(&state).is_ok());
        let state = pending.begin(&browser, journey("ada")).unwrap();
        tokio::time::advance(LIFETIME).await;
        assert_eq!(take(&state).unwrap_err(), NotWaiting::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn another_platform_browser_or_guess_takes_nothing_away() {
        let (pending, browser) = (Pending::default(), Browser::new());
        let state = pending.begin(&browser, journey("ada")).unwrap();
        let take = |state: &str, platform, browser: Option<&Browser>| {
            pending.take(state, &platform, browser).map(|_| ()).unwrap_err()
        };
        assert_eq!(take(&state, Platform::Twitch, Some(&browser)), NotWaiting::OtherPlatform);
        assert_eq!(take(&state, Platform::Kick, Some(&Browser::new())), NotWaiting::OtherBrowser);
        assert_eq!(take(&state, Platform::Kick, None), NotWaiting::OtherBrowser);
        let mut guess = BASE64_URL_SAFE_NO_PAD.decode(&state).unwrap();
        guess[ID_BYTES] ^= 1;
        let guess = BASE64_URL_SAFE_NO_PAD.encode(guess);
        for wrong in ["", "x", &state[1..], &guess] {
            assert_eq!(take(wrong, Platform::Kick, Some(&browser)), NotWaiting::Unknown);
        }
        let again = Browser::parse(&browser.text()).unwrap();
        assert!(pending.take(&state, &Platform::Kick, Some(&again)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_user_has_a_few_and_pushes_nobody_else_out() {
        let (pending, browser) = (Pending::default(), Browser::new());
        let others = pending.begin(&browser, journey("bob")).unwrap();
        let mut states = Vec::new();
        for _ in 0..=MAX_WAITING_OF_ONE {
            states.push(pending.begin(&browser, journey("ada")).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let take = |state: &str| pending.take(state, &Platform::Kick, Some(&browser)).is_ok();
        assert!(!take(&states[0]), "the oldest is gone");
        assert!(states[1..].iter().all(|state| take(state)) && take(&others));

        for n in 0..MAX_WAITING {
            pending.begin(&browser, journey(&format!("user{n}"))).unwrap();
        }
        assert_eq!(pending.begin(&browser, journey("ada")).unwrap_err(), NotWaiting::Full);
        tokio::time::advance(LIFETIME).await;
        assert!(pending.begin(&browser, journey("ada")).is_ok(), "all the others have expired");
    }

    #[test]
    fn no_secret_is_shown() {
        let (pending, browser) = (Pending::default(), Browser::new());
        let state = pending.begin(&browser, journey("ada")).unwrap();
        let shown = format!("{pending:?}");
        assert!(!shown.contains("secret\"") && !shown.contains(&state), "{shown}");
        assert!(!shown.contains(&browser.text()));
    }
}
