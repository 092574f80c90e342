//! Search: which resources, who, and what. Every result is decided as a single question is; nothing here says Allow.
//!
//! `check` says what may narrow a search (`engine::residual`), the `store` finds candidates in a stable order, and each
//! of them is decided over the same snapshot. A page is all of one revision, and so are the pages that follow it.
//!
//! May use `check`, store reads, `config::limits` and `domain`; never axum, never SQL.

mod actions;
mod answer;
mod cost;
mod error;
mod lasting;
mod token;

pub use answer::{Found, Way};
pub use error::SearchError;

use crate::check::queue::{Bounds, Queue, QueueState};
use crate::check::{Check, Decider, InForce, Searched};
use crate::config::Limits;
use crate::config::limits::{
    SEARCH_RESULTS_DEFAULT, SEARCH_RESULTS_MAX, SEARCHES_BURST_MAX, SEARCHES_MAX, SEARCHES_WAITING_MAX,
};
use crate::domain::{Decision, EntityUid};
use crate::store::search::{Cursor, Part, Plan};
use crate::store::{ReadTransaction, Seal, Store};
use cost::Cost;
use std::sync::Arc;
use std::time::Duration;
use token::State;
use tokio::sync::SemaphorePermit;

/// Most places that a search goes through one by one; where there are more, it goes through everything.
const PLACES_MAX: u32 = 20_000;

/// Answers searches.
#[derive(Debug)]
pub struct Search {
    store: Store,
    check: Arc<Check>,
    limits: Limits,
    /// A search holds a connection to the database for as long as it lasts; decisions need some too.
    turns: Queue,
}

/// Which page of the results.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Most results, as the request says it.
    pub limit: Option<u32>,
    /// Where to go on, from the page before.
    pub token: Option<String>,
}

impl Page {
    fn results_max(&self) -> usize {
        let limit = self.limit.map_or(SEARCH_RESULTS_DEFAULT, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        limit.min(SEARCH_RESULTS_MAX)
    }
}

impl Search {
    /// A search over a store, deciding by `check`.
    #[must_use]
    pub fn new(store: Store, check: Arc<Check>, limits: &Limits) -> Self {
        let bounds = Bounds { running: SEARCHES_MAX, waiting: SEARCHES_WAITING_MAX, burst: SEARCHES_BURST_MAX };
        Self { store, check, limits: *limits, turns: Queue::new("searches", bounds) }
    }

    /// The searches that go through the store, and those that wait for that.
    #[must_use]
    pub fn queue(&self) -> QueueState {
        self.turns.state()
    }

    /// The entities of the sought type for which the decision is Allow by `in_force`, which has read the request.
    ///
    /// # Errors
    /// [`SearchError`]; a search that cannot go through everything never answers as if it had.
    pub async fn entities(
        &self,
        in_force: &InForce,
        searched: &Searched,
        page: &Page,
    ) -> Result<Found<EntityUid>, SearchError> {
        let query = token::query(searched);
        let policies = Arc::clone(in_force.bundle().digest());
        let state = State::of(self.store.seal(), page, (&query, &policies))?;
        let cost = Cost::of(&self.limits);
        let _turn = self.turn(&cost).await?;
        let mut read = self.store.read().await?;
        let decider = match self.check.decider(in_force, searched, &mut read).await {
            Ok(decider) => decider,
            Err(error) => return error::unless_unknown(error, self.check.revision()),
        };
        let Some(plan) = Self::plan(searched, &decider, &mut read).await? else {
            return Ok(Found::nothing(decider.revision()));
        };
        let seal = self.store.seal();
        let going = Going { seal, decider: &decider, plan: &plan, query, policies, page: state.page(page) };
        let from = going.resumed(&mut read, state).await?;
        going.page(&mut read, from, cost).await
    }

    /// Where candidates are; `None` if nobody can describe entities of the type.
    async fn plan(
        searched: &Searched,
        decider: &Decider<'_>,
        read: &mut ReadTransaction,
    ) -> Result<Option<Plan>, SearchError> {
        if !decider.is_kept() {
            return Ok(Some(Plan::described(searched.type_name.clone())));
        }
        let filter = decider.filter(read).await?;
        Ok(read.plan(&searched.type_name, &filter, PLACES_MAX).await?)
    }

    /// Waits until fewer than `SEARCHES_MAX` searches are under way.
    async fn turn(&self, cost: &Cost) -> Result<SemaphorePermit<'_>, SearchError> {
        let turn = tokio::time::timeout(cost.time_left(), self.turns.enter()).await;
        turn.ok().and_then(Result::ok).ok_or(SearchError::Busy)
    }
}

/// A search under way.
struct Going<'a> {
    seal: &'a Seal,
    decider: &'a Decider<'a>,
    plan: &'a Plan,
    query: String,
    /// Digest of those that decide.
    policies: Arc<str>,
    page: Page,
}

impl Going<'_> {
    /// Where the search stands, if its pages so far are still as they would be now.
    async fn resumed(&self, read: &mut ReadTransaction, state: State) -> Result<Cursor, SearchError> {
        let Some((revision, plan)) = state.rests_on() else { return Ok(Cursor::Start) };
        let now = self.decider.revision();
        let lasts = revision == now
            || (plan == self.plan.fingerprint()
                && lasting::lasts(read, (revision, now), self.decider, self.plan).await?);
        if lasts { Ok(state.at) } else { Err(SearchError::Gone { revision, now }) }
    }

    /// Goes on until the page is full, everything was looked at, or enough.
    async fn page(
        &self,
        read: &mut ReadTransaction,
        from: Cursor,
        mut cost: Cost,
    ) -> Result<Found<EntityUid>, SearchError> {
        let results_max = self.page.results_max();
        let (mut results, mut at) = (Vec::new(), from);
        let mut denied_in_a_row = 0;
        while results.len() < results_max {
            if cost.is_spent() {
                return self.stopped(results, at);
            }
            let rows_max = cost.next_rows(results_max - results.len(), denied_in_a_row);
            let Part { rows, next } = self.candidates(read, &at, rows_max, &mut cost).await?;
            let candidates: Vec<_> = rows.iter().filter_map(|(candidate, _)| candidate.clone()).collect();
            let mut outcomes = self.decider.decide(read, &candidates).await?.into_iter();
            let count = rows.len();
            for (index, (candidate, after)) in rows.into_iter().enumerate() {
                at = after;
                let Some(candidate) = candidate else { continue };
                // INVARIANT: only a decision that was made and is Allow makes a result.
                let outcome = outcomes.next().ok_or(crate::check::CheckError::Lost)?;
                if outcome.decision == Decision::Deny {
                    denied_in_a_row += 1;
                    continue;
                }
                denied_in_a_row = 0;
                results.push(candidate);
                if results.len() == results_max && (index + 1 < count || next.is_some()) {
                    return Ok(self.found(results, Some(at)));
                }
            }
            let Some(next) = next else { return Ok(self.found(results, None)) };
            at = next;
            // Deciding takes no breath of its own, and others are served by the same thread.
            tokio::task::yield_now().await;
        }
        Ok(self.found(results, Some(at)))
    }

    /// The candidates after a cursor, from as many places as it takes: what is read about them is read at once.
    async fn candidates(
        &self,
        read: &mut ReadTransaction,
        from: &Cursor,
        rows_max: u32,
        cost: &mut Cost,
    ) -> Result<Part, SearchError> {
        let mut part = read.candidates(self.plan, from, rows_max).await?;
        cost.looked_at(part.rows.len());
        while let Some(next) = part.next.clone() {
            let read_so_far = u32::try_from(part.rows.len()).unwrap_or(u32::MAX);
            let left = rows_max.saturating_sub(read_so_far);
            if left == 0 || cost.is_spent() {
                break;
            }
            let more = read.candidates(self.plan, &next, left).await?;
            cost.looked_at(more.rows.len());
            part.rows.extend(more.rows);
            part.next = more.next;
        }
        Ok(part)
    }

    /// Enough was looked at: what was found is a page, and nothing found is none.
    fn stopped(&self, results: Vec<EntityUid>, at: Cursor) -> Result<Found<EntityUid>, SearchError> {
        let found = self.found(results, Some(at));
        match found.next {
            Some(token) if found.results.is_empty() => Err(SearchError::Costly { token }),
            _ => Ok(found),
        }
    }

    fn found(&self, results: Vec<EntityUid>, next: Option<Cursor>) -> Found<EntityUid> {
        let revision = self.decider.revision();
        let (search, plan) = ((&*self.query, &*self.policies), self.plan.fingerprint());
        let next = next.map(|at| State::new(search, (revision, plan), self.page.limit, at).token(self.seal));
        let way = if self.plan.is_scan() { Way::Scanned } else { Way::Filtered };
        Found { results, next, revision, way }
    }
}

/// How long a search may wait for its turn and go on, together.
fn time_max(limits: &Limits) -> Duration {
    Duration::from_millis(limits.search_milliseconds_max)
}
