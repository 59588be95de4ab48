mod wire;

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use stagedoor_domain::Account;
use stagedoor_platforms::{AccessToken, Grant, GrantError, TokenError};
use stagedoor_store::Tokens;
use tempfile::TempDir;
use tokio::{sync::Semaphore, time::Instant};

use super::{endpoint::Refreshed, *};
use crate::test_house::{lock, store, until};

/// A platform that replaces the refresh token each time, and ends the grant when an old one is used again.
#[derive(Clone)]
struct Mint(Arc<MintState>);

struct MintState {
    turns: Semaphore,
    /// Each answer takes one.
    answers: Semaphore,
    asked: AtomicUsize,
    inner: Mutex<MintInner>,
}

struct MintInner {
    refresh: String,
    issued: usize,
    used: Vec<String>,
    lifetime: Option<Duration>,
    says: VecDeque<Say>,
}

enum Say {
    Unavailable,
    Refused,
    Panic,
}

impl Mint {
    fn new() -> Self {
        Self(Arc::new(MintState {
            turns: Semaphore::new(16),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
            asked: AtomicUsize::new(0),
            inner: Mutex::new(MintInner {
                refresh: "refresh-0".into(),
                issued: 0,
                used: Vec::new(),
                lifetime: Some(Duration::from_hours(1)),
                says: VecDeque::new(),
            }),
        }))
    }

    /// One that does not answer yet.
    fn slow() -> Self {
        let mint = Self::new();
        mint.0.answers.forget_permits(Semaphore::MAX_PERMITS);
        mint
    }

    fn answer(&self) {
        self.0.answers.add_permits(1);
    }

    fn inner(&self) -> MutexGuard<'_, MintInner> {
        self.0.inner.lock().unwrap()
    }

    fn says(&self, say: Say) {
        self.inner().says.push_back(say);
    }

    /// How often it was asked.
    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    async fn is_asked(&self, times: usize) {
        until("it is asked", async || self.asked(), |asked| *asked == times).await;
    }
}

impl Endpoint for Mint {
    fn turns(&self, platform: &Platform) -> Option<&Semaphore> {
        (*platform != Platform::Facebook).then_some(&self.0.turns)
    }

    fn refresh<'a>(&'a self, _: &'a Platform, refresh: &'a SecretString) -> Refreshed<'a> {
        Box::pin(async move {
            self.0.asked.fetch_add(1, Ordering::SeqCst);
            self.0.answers.acquire().await.unwrap().forget();
            let mut mint = self.inner();
            match mint.says.pop_front() {
                Some(Say::Unavailable) => {
                    return Err(GrantError::Unavailable { what: "503".into() });
                }
                Some(Say::Refused) => {
                    return Err(GrantError::Refused { reason: "invalid_grant".into() });
                }
                Some(Say::Panic) => {
                    drop(mint);
                    panic!("a mistake");
                }
                None => {}
            }
            let refresh = refresh.expose_secret().to_owned();
            let known = refresh == mint.refresh;
            mint.used.push(refresh);
            if !known {
                return Err(GrantError::Refused { reason: "invalid_grant".into() });
            }
            mint.issued += 1;
            mint.refresh = format!("refresh-{}", mint.issued);
            Ok(Grant {
                access: format!("access-{}", mint.issued).into(),
                refresh: Some(mint.refresh.as_str().into()),
                expires_in: mint.lifetime,
                scopes: Vec::new(),
            })
        })
    }
}

/// A store with one account, and who refreshes its tokens.
struct Desk {
    keeper: TokenKeeper,
    store: Store,
    mint: Mint,
    dir: TempDir,
}

impl Desk {
    /// With Ada's account on Kick, whose token ends after so long.
    async fn new(mint: Mint, left: SignedDuration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        let keeper = TokenKeeper::with_endpoint(store.clone(), mint.clone());
        let desk = Self { keeper, store, mint, dir };
        desk.connect(account(left), 0).await;
        desk
    }

    /// With one whose token has just ended.
    async fn expired(mint: Mint) -> Self {
        Self::new(mint, -SignedDuration::from_secs(1)).await
    }

    async fn connect(&self, account: Account, number: usize) -> i64 {
        let tokens = Tokens {
            access: format!("access-{number}").into(),
            refresh: Some(format!("refresh-{number}").into()),
        };
        self.store.put_account(&ada(), &account, &tokens).await.unwrap()
    }

    fn access(&self) -> AccountAccess {
        self.keeper.access(&ada(), &Platform::Kick, "42")
    }

    async fn stored(&self) -> (Account, String, String) {
        let (account, tokens) = self.store.account(&ada(), &Platform::Kick).await.unwrap().unwrap();
        let shown = |token: &SecretString| token.expose_secret().to_owned();
        (account, shown(&tokens.access), shown(tokens.refresh.as_ref().unwrap()))
    }
}

fn ada() -> UserId {
    UserId::new("ada").unwrap()
}

fn account(left: SignedDuration) -> Account {
    let now = Timestamp::now();
    Account {
        platform: Platform::Kick,
        external_id: "42".into(),
        name: "Ada".into(),
        scopes: Vec::new(),
        needs_reauth: false,
        expires_at: Some(now + left),
        connected_at: now,
        version: 1,
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn shown(token: Result<AccessToken, TokenError>) -> Result<String, TokenError> {
    token.map(|token| token.secret.expose_secret().to_owned())
}

async fn token(access: &AccountAccess) -> Result<String, TokenError> {
    shown(access.tokens.token().await)
}

/// Asks for a token, has it refused, and asks for another one.
async fn refused(access: &AccountAccess) -> Result<String, TokenError> {
    let token = access.tokens.token().await.unwrap();
    shown(access.tokens.renew(token).await)
}

/// Asks for a token in a task.
fn asks(access: &AccountAccess) -> tokio::task::JoinHandle<Result<String, TokenError>> {
    let access = access.clone();
    tokio::spawn(async move { token(&access).await })
}

fn is_unavailable(answer: &Result<String, TokenError>) -> bool {
    matches!(answer, Err(TokenError::Unavailable { .. }))
}

fn needs_reauth(answer: &Result<String, TokenError>) -> bool {
    matches!(answer, Err(TokenError::NeedsReauth { .. }))
}

/// Lets so much time pass.
async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_that_holds_is_handed_out_as_it_is() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    assert_eq!(token(&desk.access()).await.unwrap(), "access-0");
    assert_eq!(desk.mint.asked(), 0);
}

#[tokio::test]
async fn of_fifty_who_find_it_expired_one_refreshes() {
    let desk = Desk::expired(Mint::new()).await;
    let asking: Vec<_> = (0..50).map(|_| desk.access()).collect();
    for answer in join_all(asking.iter().map(token)).await {
        assert_eq!(answer.unwrap(), "access-1");
    }
    assert_eq!(desk.mint.asked(), 1);
    let (account, access, refresh) = desk.stored().await;
    assert_eq!((&*access, &*refresh, account.version), ("access-1", "refresh-1", 2));
    let left = account.expires_at.unwrap().duration_since(Timestamp::now());
    assert!(left > SignedDuration::from_mins(59) && left <= HOUR, "{left}");
}

#[tokio::test]
async fn of_fifty_who_are_refused_one_refreshes() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    let access = desk.access();
    let old = access.tokens.token().await.unwrap();
    let renewed = join_all((0..50).map(|_| access.tokens.renew(old.clone()))).await;
    for answer in renewed {
        let answer = answer.unwrap();
        assert_eq!((answer.secret.expose_secret(), answer.version), ("access-1", 2));
    }
    assert_eq!(shown(access.tokens.renew(old).await).unwrap(), "access-1", "one who comes late");
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn nobody_gets_a_token_that_is_known_to_be_refused() {
    let desk = Desk::new(Mint::slow(), HOUR).await;
    let access = desk.access();
    let renewing = tokio::spawn({
        let access = access.clone();
        async move { refused(&access).await }
    });
    desk.mint.is_asked(1).await;
    let asking = asks(&access);
    desk.mint.answer();
    assert_eq!(asking.await.unwrap().unwrap(), "access-1");
    assert_eq!(renewing.await.unwrap().unwrap(), "access-1");
}

#[tokio::test]
async fn a_refresh_goes_on_when_nobody_waits_for_it() {
    let desk = Desk::expired(Mint::slow()).await;
    let access = desk.access();
    let asking = asks(&access);
    drop(access);
    desk.mint.is_asked(1).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    desk.mint.answer();
    desk.keeper.settled().await;
    assert_eq!(desk.stored().await.2, "refresh-1");
    assert_eq!(token(&desk.access()).await.unwrap(), "access-1");
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn a_new_pair_is_not_handed_out_before_it_is_durable_and_never_lost() {
    let desk = Desk::expired(Mint::slow()).await;
    let access = desk.access();
    let asking = asks(&access);
    desk.mint.is_asked(1).await;
    let locked = lock(&desk.dir).await;
    desk.mint.answer();
    // Longer than SQLite waits for the file: an attempt has failed.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(desk.mint.inner().issued, 1);
    assert!(!asking.is_finished());
    locked.rollback().await.unwrap();
    assert_eq!(asking.await.unwrap().unwrap(), "access-1");
    assert_eq!(desk.stored().await.2, "refresh-1");
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn nothing_is_asked_while_the_answer_could_not_be_stored() {
    let desk = Desk::expired(Mint::new()).await;
    let access = desk.access();
    let locked = lock(&desk.dir).await;
    let answer = token(&access).await;
    assert!(is_unavailable(&answer), "{answer:?}");
    assert_eq!(desk.mint.asked(), 0);
    locked.rollback().await.unwrap();
    skip(Duration::from_mins(1)).await;
    assert_eq!(token(&access).await.unwrap(), "access-1");
}

#[tokio::test]
async fn of_two_daemons_one_refreshes_and_the_other_reads_what_it_got() {
    let desk = Desk::expired(Mint::slow()).await;
    let others_store = store(&desk.dir).await;
    let other = TokenKeeper::with_endpoint(others_store, desk.mint.clone());
    let access = [desk.access(), other.access(&ada(), &Platform::Kick, "42")];
    let asking: Vec<_> = (0..20).map(|number: usize| asks(&access[number % 2])).collect();
    desk.mint.is_asked(1).await;
    desk.mint.answer();
    for answer in asking {
        assert_eq!(answer.await.unwrap().unwrap(), "access-1");
    }
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn who_lost_against_another_daemon_reads_what_that_one_got() {
    for refused in [false, true] {
        let desk = Desk::expired(Mint::slow()).await;
        let asking = asks(&desk.access());
        desk.mint.is_asked(1).await;
        let tokens = Tokens { access: "others".into(), refresh: Some("others-refresh".into()) };
        let end = Some(Timestamp::now() + HOUR);
        let swapped = desk.store.swap_tokens(&ada(), &Platform::Kick, 1, &tokens, end).await;
        assert!(swapped.unwrap());
        if refused {
            desk.mint.says(Say::Refused);
        }
        desk.mint.answer();
        assert_eq!(asking.await.unwrap().unwrap(), "others");
        let (account, access, _) = desk.stored().await;
        assert_eq!((account.needs_reauth, &*access), (false, "others"));
    }
}

#[tokio::test]
async fn a_grant_that_is_gone_is_noted_and_nobody_asks_again() {
    let desk = Desk::expired(Mint::new()).await;
    desk.mint.says(Say::Refused);
    let access = desk.access();
    for answer in [token(&access).await, token(&access).await, token(&desk.access()).await] {
        assert!(needs_reauth(&answer), "{answer:?}");
    }
    assert_eq!(desk.mint.asked(), 1);
    assert!(desk.stored().await.0.needs_reauth);

    desk.mint.inner().refresh = "refresh-7".into();
    desk.connect(account(-HOUR), 7).await;
    assert_eq!(token(&access).await.unwrap(), "access-1", "connected again");
    assert_eq!(desk.mint.asked(), 2);
}

#[tokio::test]
async fn an_account_without_a_refresh_token_is_used_until_it_is_refused() {
    let desk = Desk::expired(Mint::new()).await;
    let tokens = Tokens { access: "page".into(), refresh: None };
    desk.store.put_account(&ada(), &account(-HOUR), &tokens).await.unwrap();
    let access = desk.access();
    assert_eq!(token(&access).await.unwrap(), "page");
    let answer = refused(&access).await;
    assert!(needs_reauth(&answer), "{answer:?}");
    assert_eq!(desk.mint.asked(), 0);
}

#[tokio::test]
async fn an_account_that_is_connected_again_during_a_refresh_keeps_its_new_tokens() {
    for refused in [false, true] {
        let desk = Desk::expired(Mint::slow()).await;
        let access = desk.access();
        let asking = asks(&access);
        desk.mint.is_asked(1).await;
        desk.connect(account(HOUR), 7).await;
        if refused {
            desk.mint.says(Say::Refused);
        }
        desk.mint.answer();
        assert_eq!(asking.await.unwrap().unwrap(), "access-7");
        let (account, access, refresh) = desk.stored().await;
        assert_eq!((&*access, &*refresh, account.needs_reauth), ("access-7", "refresh-7", false));
    }
}

#[tokio::test]
async fn another_account_or_none_is_not_the_one_that_was_asked_for() {
    let desk = Desk::expired(Mint::slow()).await;
    let access = desk.access();
    let asking = asks(&access);
    desk.mint.is_asked(1).await;
    let other = Account { external_id: "43".into(), ..account(HOUR) };
    desk.connect(other, 7).await;
    desk.mint.answer();
    assert_eq!(asking.await.unwrap(), Err(TokenError::Disconnected));
    assert_eq!(token(&access).await, Err(TokenError::Disconnected));
    let other = desk.keeper.access(&ada(), &Platform::Kick, "43");
    assert_eq!(token(&other).await.unwrap(), "access-7");

    assert!(desk.store.delete_account(&ada(), &Platform::Kick).await.unwrap());
    assert_eq!(token(&other).await, Err(TokenError::Disconnected));
    let bobs = desk.keeper.access(&UserId::new("bob").unwrap(), &Platform::Kick, "42");
    assert_eq!(token(&bobs).await, Err(TokenError::Disconnected));
}

#[tokio::test]
async fn a_platform_that_is_down_is_left_alone_for_a_while_and_then_asked_again() {
    let desk = Desk::expired(Mint::new()).await;
    let access = desk.access();
    for times in 1..=2 {
        desk.mint.says(Say::Unavailable);
        for answer in join_all((0..50).map(|_| token(&access))).await {
            assert!(is_unavailable(&answer), "{answer:?}");
        }
        assert_eq!(desk.mint.asked(), times);
        assert!(is_unavailable(&token(&access).await));
        assert_eq!(desk.mint.asked(), times, "too early");
        skip(Duration::from_mins(1)).await;
    }
    assert_eq!(token(&access).await.unwrap(), "access-1");
    assert!(!desk.stored().await.0.needs_reauth);
}

#[tokio::test]
async fn a_platform_that_does_not_answer_is_not_waited_for_for_ever() {
    let desk = Desk::expired(Mint::slow()).await;
    let access = desk.access();
    let asking = asks(&access);
    desk.mint.is_asked(1).await;
    skip(Duration::from_secs(21)).await;
    let answer = asking.await.unwrap();
    assert!(is_unavailable(&answer), "{answer:?}");
    desk.keeper.settled().await;
    skip(Duration::from_mins(1)).await;
    desk.mint.answer();
    assert_eq!(token(&access).await.unwrap(), "access-1", "the same refresh token");
}

#[tokio::test]
async fn a_token_that_ends_soon_is_used_while_the_next_one_is_fetched() {
    let desk = Desk::new(Mint::slow(), SignedDuration::from_secs(30)).await;
    let access = desk.access();
    for _ in 0..10 {
        assert_eq!(token(&access).await.unwrap(), "access-0");
    }
    desk.mint.is_asked(1).await;
    desk.mint.answer();
    desk.keeper.settled().await;
    assert_eq!(token(&access).await.unwrap(), "access-1");
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn twitch_is_asked_only_after_a_refusal() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    let twitch = Account { platform: Platform::Twitch, ..account(-HOUR) };
    desk.connect(twitch, 0).await;
    let access = desk.keeper.access(&ada(), &Platform::Twitch, "42");
    assert_eq!(token(&access).await.unwrap(), "access-0");
    assert_eq!(desk.mint.asked(), 0);
    assert_eq!(refused(&access).await.unwrap(), "access-1");
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn tokens_that_do_not_hold_long_are_not_refreshed_at_every_call() {
    let desk = Desk::expired(Mint::new()).await;
    let access = desk.access();
    desk.mint.inner().lifetime = Some(Duration::from_mins(1));
    for _ in 0..20 {
        assert_eq!(token(&access).await.unwrap(), "access-1");
    }
    desk.keeper.settled().await;
    assert_eq!(desk.mint.asked(), 1);
}

#[tokio::test]
async fn who_refuses_what_it_has_just_given_is_asked_once_a_second() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    let access = desk.access();
    let before = Instant::now();
    assert_eq!(refused(&access).await.unwrap(), "access-1");
    assert_eq!(refused(&access).await.unwrap(), "access-2");
    assert!(before.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_platform_that_is_not_configured_is_said_to_be_unavailable() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    desk.connect(Account { platform: Platform::Facebook, ..account(-HOUR) }, 0).await;
    let answer = token(&desk.keeper.access(&ada(), &Platform::Facebook, "42")).await;
    assert!(is_unavailable(&answer), "{answer:?}");
    assert_eq!(desk.mint.asked(), 0);
}

#[tokio::test]
async fn a_refresh_that_panics_holds_up_nobody() {
    let desk = Desk::expired(Mint::new()).await;
    let access = desk.access();
    desk.mint.says(Say::Panic);
    let answer = token(&access).await;
    assert!(is_unavailable(&answer), "{answer:?}");
    desk.keeper.settled().await;
    desk.store.release_refresh(&ada(), &Platform::Kick, 1).await.unwrap();
    assert_eq!(token(&access).await.unwrap(), "access-1");
}

#[tokio::test]
async fn no_refresh_token_is_used_twice_whatever_happens() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    let access = desk.access();
    for round in 0..12 {
        let old = access.tokens.token().await.unwrap();
        let asking = (0..5).map(|_| {
            let (access, old) = (access.clone(), old.clone());
            tokio::spawn(async move { access.tokens.renew(old).await })
        });
        let asking: Vec<_> = asking.collect();
        match round % 3 {
            // Nobody waits for the answer.
            0 => {
                desk.mint.is_asked(round + 1).await;
                asking.iter().for_each(tokio::task::JoinHandle::abort);
            }
            1 => {
                for answer in asking {
                    answer.await.unwrap().unwrap();
                }
            }
            // Another daemon is at it, too.
            _ => {
                let other = TokenKeeper::with_endpoint(store(&desk.dir).await, desk.mint.clone());
                let others = other.access(&ada(), &Platform::Kick, "42");
                others.tokens.renew(old).await.unwrap();
                other.settled().await;
            }
        }
        desk.keeper.settled().await;
        skip(Duration::from_secs(1)).await;
    }
    let (account, ..) = desk.stored().await;
    let mint = desk.mint.inner();
    let distinct: HashSet<_> = mint.used.iter().collect();
    assert_eq!(distinct.len(), mint.used.len(), "{:?}", mint.used);
    assert_eq!(mint.issued, 12);
    assert!(!account.needs_reauth);
}

#[tokio::test]
async fn nothing_is_kept_of_accounts_that_nobody_uses() {
    let desk = Desk::expired(Mint::new()).await;
    let known = || desk.keeper.0.accounts().len();
    let access = desk.access();
    let same = desk.access();
    assert_eq!(known(), 1);
    drop(access);
    assert_eq!(known(), 1);
    assert_eq!(token(&same).await.unwrap(), "access-1");
    drop(same);
    desk.keeper.settled().await;
    assert_eq!(known(), 0);
}

#[tokio::test]
async fn no_token_is_shown() {
    let desk = Desk::new(Mint::new(), HOUR).await;
    let access = desk.access();
    let token = access.tokens.token().await.unwrap();
    let shown = format!("{:?} {access:?} {token:?}", desk.keeper);
    assert!(!shown.contains("access-0") && shown.contains("42"), "{shown}");
}
