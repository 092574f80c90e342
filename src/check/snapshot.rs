//! Many decisions from one snapshot of the store, past the caches: what a search makes of its candidates.

use super::{Check, CheckError, InForce, lent};
use crate::cedar::{self, Context};
use crate::domain::uid::UidRef;
use crate::domain::{Context as Fields, DecisionRequest, EntityUid, Filter, Lent, Outcome, Reach, Revision};
use crate::engine::{Detail, Environment, Sought};
use crate::slice::{Lending, Pool, Seeds, Slice};
use crate::store::ReadTransaction;
use smol_str::SmolStr;

/// How many candidates are read by one statement: enough to share what they lie in, and half a page of results.
const READ_AT_ONCE: usize = 50;

/// A request one entity of which is sought.
#[derive(Debug, Clone)]
pub struct Searched {
    /// Whether the principal is sought; else the resource is.
    pub principal: bool,
    /// The type of the entity that is sought.
    pub type_name: SmolStr,
    /// The other one of principal and resource.
    pub known: EntityUid,
    /// What is done.
    pub action: EntityUid,
    /// In which circumstances.
    pub context: Fields,
    /// What the request says of the known one.
    pub lent: Lent,
}

/// Decides candidates, all as of one revision.
#[derive(Debug)]
pub struct Decider<'a> {
    check: &'a Check,
    in_force: &'a InForce,
    searched: &'a Searched,
    environment: &'a Environment,
    context: Context,
    /// What the context names.
    named: Vec<EntityUid>,
    /// What is stored of what is known whatever the candidate.
    pool: Pool,
}

impl Searched {
    /// The request with this candidate in it.
    fn request(&self, candidate: EntityUid) -> DecisionRequest {
        let (principal, resource) =
            if self.principal { (candidate, self.known.clone()) } else { (self.known.clone(), candidate) };
        let (action, context, lent) = (self.action.clone(), self.context.clone(), self.lent.clone());
        DecisionRequest { principal, action, resource, context, lent }
    }

    const fn sought(&self) -> Sought<'_> {
        if self.principal {
            Sought::Principal { resource: &self.known }
        } else {
            Sought::Resource { principal: &self.known }
        }
    }
}

impl Check {
    /// Gets ready to decide candidates over what `read` sees, by the bundle that the search began with.
    ///
    /// # Errors
    /// [`CheckError`] if the schema does not know the request, or the store does not answer.
    pub async fn decider<'a>(
        &'a self,
        in_force: &'a InForce,
        searched: &'a Searched,
        read: &mut ReadTransaction,
    ) -> Result<Decider<'a>, CheckError> {
        let (known, sought) = (searched.known.type_name.as_str(), searched.type_name.as_str());
        let (principal, resource) = if searched.principal { (sought, known) } else { (known, sought) };
        let action: UidRef<'_> = searched.action.borrow();
        let environment = in_force.bundle().environment(principal, &action, resource)?;
        let context = in_force.bundle().context(environment, &searched.context)?;
        let named = cedar::named_by_context(&context);
        let mut pool = Pool::default();
        let seeds = [vec![searched.known.clone()], named.clone()].concat();
        in_force.slicer().pooled(read, &seeds, environment.reach(), &mut pool).await?;
        // INVARIANT: before any answer that rests on this snapshot: it may hold a commit that is not published yet.
        self.stripes.advance(pool.revision());
        Ok(Decider { check: self, in_force, searched, environment, context, named, pool })
    }
}

impl Decider<'_> {
    /// The revision of all decisions.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.pool.revision()
    }

    /// Whether a change of this entity may change what is known whatever the candidate.
    #[must_use]
    pub fn rests_on(&self, uid: &EntityUid) -> bool {
        self.pool.rests_on(self.check.stripes.of(uid))
    }

    /// Whether the store keeps the entities of the sought type.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.in_force.bundle().model().keeps(&self.searched.type_name)
    }

    /// Whether it does, they are in nothing but what the store puts them in, and the request adds nothing to what
    /// is stored.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_rooted = self.in_force.bundle().model().is_rooted(&self.searched.type_name);
        self.is_kept() && is_rooted && self.searched.lent.is_nothing()
    }

    /// How far decisions look.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        self.environment.reach()
    }

    /// Where those candidates are that may be allowed.
    ///
    /// # Errors
    /// If the store does not answer, or what the request says does not fit what is stored.
    pub async fn filter(&self, read: &mut ReadTransaction) -> Result<Filter, CheckError> {
        let searched = self.searched;
        let slice = self.slice(read, [searched.known.clone()]).await?;
        // What is denied before Cedar is asked, see `miss::denied_unseen`.
        if self.in_force.bundle().model().keeps(&searched.known.type_name) && !slice.holds(&searched.known) {
            return Ok(Filter::nothing());
        }
        let known = cedar::slice(slice.entities().cloned())?;
        Ok(self.in_force.bundle().narrowed(self.environment, searched.sought(), &self.context, &known))
    }

    /// What the policies say of each candidate, in their order.
    ///
    /// # Errors
    /// If one of them cannot be decided: then none is.
    pub async fn decide(
        &self,
        read: &mut ReadTransaction,
        candidates: &[EntityUid],
    ) -> Result<Vec<Outcome>, CheckError> {
        let mut outcomes = Vec::with_capacity(candidates.len());
        if !self.searched.lent.is_nothing() {
            for candidate in candidates {
                let request = self.searched.request(candidate.clone());
                let uids = [request.principal.clone(), request.resource.clone()];
                let slice = self.slice(read, uids).await?;
                outcomes.push(self.decided(&request, &slice)?);
            }
            return Ok(outcomes);
        }
        // While some are decided here, the connection's thread reads the next.
        let mut read_before = None;
        for some in candidates.chunks(READ_AT_ONCE) {
            let mut pool = self.pool.for_candidates();
            let reading = self.in_force.slicer().pooled(read, some, self.environment.reach(), &mut pool);
            let deciding = async { self.decided_of(read_before.take(), &mut outcomes) };
            let (reading, deciding) = tokio::join!(biased; reading, deciding);
            reading?;
            deciding?;
            read_before = Some((pool, some));
        }
        self.decided_of(read_before, &mut outcomes)?;
        Ok(outcomes)
    }

    fn decided_of(&self, read: Option<(Pool, &[EntityUid])>, outcomes: &mut Vec<Outcome>) -> Result<(), CheckError> {
        let Some((pool, candidates)) = read else { return Ok(()) };
        for candidate in candidates {
            let request = self.searched.request(candidate.clone());
            let slice = self.pooled(&pool, [request.principal.clone(), request.resource.clone()])?;
            outcomes.push(self.decided(&request, &slice)?);
        }
        Ok(())
    }

    fn decided(&self, request: &DecisionRequest, slice: &Slice) -> Result<Outcome, CheckError> {
        if slice.revision != self.revision() {
            return Err(CheckError::Unsettled);
        }
        self.check.evaluate(self.in_force.bundle(), self.environment, (request, &self.context), slice, Detail::Decision)
    }

    /// A slice out of what was read for many.
    fn pooled<const N: usize>(&self, pool: &Pool, uids: [EntityUid; N]) -> Result<Slice, CheckError> {
        let seeds = Seeds { uids: self.seeds(uids), reach: self.environment.reach(), lent: Lending::nothing() };
        Ok(pool.slice(&seeds)?)
    }

    /// A slice; where the request lends something, it is read for itself.
    async fn slice<const N: usize>(
        &self,
        read: &mut ReadTransaction,
        uids: [EntityUid; N],
    ) -> Result<Slice, CheckError> {
        if self.searched.lent.is_nothing() {
            return self.pooled(&self.pool, uids);
        }
        let lent = lent::lending(self.in_force.bundle().model(), &self.searched.lent)?;
        let seeds = Seeds { uids: self.seeds(uids), reach: self.environment.reach(), lent };
        Ok(self.in_force.slicer().slice_on(read, &seeds).await?)
    }

    fn seeds<const N: usize>(&self, uids: [EntityUid; N]) -> Vec<EntityUid> {
        uids.into_iter().chain(self.named.iter().cloned()).collect()
    }
}
