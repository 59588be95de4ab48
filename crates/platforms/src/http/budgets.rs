//! Budgets, as turns.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use stagedoor_budget::{Budget, BudgetConfig, BudgetReport, RateLimits};
use tokio::time::timeout;

use super::{Claim, Held, Permit, Turns};
use crate::{Error, Priority};

/// How long a call waits for its turn. Whoever cannot be served by then is told when to come again, so that what waits
/// does not pile up.
const PATIENCE: Duration = Duration::from_secs(15);

/// So many accounts' budgets are kept before those of which nothing is spent are given up.
const SWEEP_FROM: usize = 256;

impl Turns for Budget<Priority> {
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        Box::pin(async move {
            match timeout(PATIENCE, self.acquire_at(claim.priority, claim.cost)).await {
                Ok(permit) => Ok(Permit::new(permit)),
                Err(_) => Err(Error::RateLimited { retry_after: self.snapshot().blocked_for }),
            }
        })
    }
}

impl Held for stagedoor_budget::Permit<Priority> {
    fn answered(self: Box<Self>, limits: &RateLimits, too_many: bool) {
        self.answered_with(limits, too_many);
    }
}

/// A budget for each account, where a platform counts them by themselves, and one for all calls in nobody's or our own
/// name.
#[derive(Debug)]
pub(crate) struct PerAccount {
    shared: Budget<Priority>,
    each: BudgetConfig,
    accounts: Mutex<Accounts>,
}

#[derive(Debug)]
struct Accounts {
    budgets: HashMap<Box<str>, Arc<Budget<Priority>>>,
    sweep_at: usize,
}

impl PerAccount {
    /// So much for our own calls, and so much for each account.
    pub(crate) fn new(shared: BudgetConfig, each: BudgetConfig) -> Self {
        let accounts = Accounts { budgets: HashMap::new(), sweep_at: SWEEP_FROM };
        Self { shared: Budget::new(shared), each, accounts: Mutex::new(accounts) }
    }

    fn of(&self, account: &str) -> Arc<Budget<Priority>> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = accounts.budgets.get(account) {
            return Arc::clone(budget);
        }
        if accounts.budgets.len() >= accounts.sweep_at {
            // Who still waits holds another reference.
            accounts
                .budgets
                .retain(|_, budget| Arc::strong_count(budget) > 1 || !budget.is_untouched());
            accounts.sweep_at = SWEEP_FROM.max(accounts.budgets.len() * 2);
        }
        let budget = Arc::new(Budget::new(self.each));
        accounts.budgets.insert(account.into(), Arc::clone(&budget));
        budget
    }

    /// What was spent of our own.
    pub(crate) fn report(&self, name: &str) -> BudgetReport {
        self.shared.report(name)
    }

    /// What was spent of the account's that has spent most of its own.
    pub(crate) fn busiest(&self, name: &str) -> Option<BudgetReport> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let reports = accounts.budgets.values().map(|budget| budget.report(name));
        reports.max_by_key(|report| (report.blocked_for_ms, report.used))
    }
}

impl Turns for PerAccount {
    fn take<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Permit, Error>> {
        Box::pin(async move {
            match claim.account {
                None => self.shared.take(claim).await,
                Some(account) => self.of(account).take(claim).await,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::time::Instant;

    use super::*;
    use crate::priority::RESERVED;

    const LIMITS: BudgetConfig =
        BudgetConfig { limit: 20, window: Duration::from_mins(1), burst: 20, reserved: RESERVED };

    const fn claim(priority: Priority, account: Option<&'static str>) -> Claim<'static> {
        Claim { priority, cost: 1, account }
    }

    async fn call(turns: &dyn Turns, priority: Priority) -> Result<(), Error> {
        let permit = turns.take(claim(priority, None)).await?;
        permit.answered(&RateLimits::default(), false);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_for_viewers_leaves_room_for_everybody_greater() {
        let budget = Budget::new(LIMITS);
        let mut counts = Vec::new();
        for priority in
            [Priority::Viewers, Priority::Chat, Priority::Metadata, Priority::Send, Priority::Stop]
        {
            let start = Instant::now();
            while start.elapsed().is_zero() {
                let _ = timeout(Duration::from_nanos(1), call(&budget, priority)).await;
            }
            counts.push(budget.snapshot().used);
        }
        assert_eq!(counts, [8, 11, 14, 17, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_goes_out_past_all_that_wait_and_those_are_told_when_to_come_again() {
        let budget = Budget::new(LIMITS);
        let viewers = join_all((0..500).map(|_| call(&budget, Priority::Viewers)));
        let stop = async {
            tokio::task::yield_now().await;
            let start = Instant::now();
            call(&budget, Priority::Stop).await.unwrap();
            start.elapsed()
        };
        let (viewers, waited) = tokio::join!(viewers, stop);
        assert_eq!(waited, Duration::ZERO);
        let refused = viewers.iter().filter(|answer| answer.is_err()).count();
        assert_eq!(refused, 500 - 8);
        let too_many =
            RateLimits { retry_after: Some(Duration::from_mins(2)), ..RateLimits::default() };
        let permit = budget.take(claim(Priority::Stop, None)).await.unwrap();
        permit.answered(&too_many, true);
        let refused = call(&budget, Priority::Stop).await.unwrap_err();
        assert_eq!(refused, Error::RateLimited { retry_after: Some(Duration::from_secs(105)) });
    }

    #[tokio::test(start_paused = true)]
    async fn one_accounts_calls_are_not_anothers() {
        let turns = PerAccount::new(LIMITS, LIMITS);
        let too_many =
            RateLimits { retry_after: Some(Duration::from_mins(2)), ..RateLimits::default() };
        let permit = turns.take(claim(Priority::Stop, Some("ada"))).await.unwrap();
        permit.answered(&too_many, true);
        let start = Instant::now();
        for account in [Some("bob"), None] {
            let permit = turns.take(claim(Priority::Viewers, account)).await.unwrap();
            permit.answered(&RateLimits::default(), false);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(turns.take(claim(Priority::Stop, Some("ada"))).await.is_err());
        assert_eq!((turns.report("app").used, turns.busiest("account").unwrap().used), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn budgets_of_accounts_that_do_nothing_are_given_up() {
        let turns = PerAccount::new(LIMITS, LIMITS);
        let names: Vec<_> = (0..10 * SWEEP_FROM).map(|n| n.to_string()).collect();
        for name in &names {
            let claim = Claim { priority: Priority::Chat, cost: 1, account: Some(name) };
            turns.take(claim).await.unwrap().answered(&RateLimits::default(), false);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let kept = turns.accounts.lock().unwrap().budgets.len();
        assert!(kept <= SWEEP_FROM + 60, "{kept}");
        let permit = turns.take(claim(Priority::Chat, Some("busy"))).await.unwrap();
        assert_eq!(turns.of("busy").snapshot().in_flight, 1);
        drop(permit);
    }
}
