//! Many decisions from one snapshot of the store, past the caches: what a search makes of its candidates.

use super::{Check, CheckError};
use crate::cedar::{self, Context};
use crate::domain::uid::UidRef;
use crate::domain::{Context as Fields, DecisionRequest, EntityUid, Filter, Lent, Outcome, Reach, Revision};
use crate::engine::{Environment, Sought};
use crate::slice::{Lending, Pool, Seeds};
use crate::store::ReadTransaction;
use smol_str::SmolStr;

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
    /// In which circumstances; what the schema does not know there is left out.
    pub context: Fields,
}

/// Decides candidates, all as of one revision.
#[derive(Debug)]
pub struct Decider<'a> {
    check: &'a Check,
    searched: &'a Searched,
    environment: &'a Environment,
    /// What the schema knows of the context.
    fields: Fields,
    context: Context,
    /// What the context names.
    named: Vec<EntityUid>,
    /// What is known whatever the candidate.
    pool: Pool,
}

impl Searched {
    /// The request with this candidate in it, and this context.
    fn request(&self, candidate: EntityUid, context: &Fields) -> DecisionRequest {
        let (principal, resource) =
            if self.principal { (candidate, self.known.clone()) } else { (self.known.clone(), candidate) };
        DecisionRequest {
            principal,
            action: self.action.clone(),
            resource,
            context: context.clone(),
            lent: Lent::nothing(),
        }
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
    /// Gets ready to decide candidates over what `read` sees.
    ///
    /// # Errors
    /// [`CheckError`] if the schema does not know the request, or the store does not answer.
    pub async fn decider<'a>(
        &'a self,
        searched: &'a Searched,
        read: &mut ReadTransaction,
    ) -> Result<Decider<'a>, CheckError> {
        let (known, sought) = (searched.known.type_name.as_str(), searched.type_name.as_str());
        let (principal, resource) = if searched.principal { (sought, known) } else { (known, sought) };
        let action: UidRef<'_> = searched.action.borrow();
        let environment = self.bundle.environment(principal, &action, resource)?;
        let fields = self.bundle.fitting(environment, &searched.context);
        let context = self.bundle.context(environment, &fields)?;
        let named = cedar::named_by_context(&context);
        let mut pool = Pool::default();
        let seeds = [vec![searched.known.clone()], named.clone()].concat();
        self.slicer.pooled(read, &seeds, environment.reach(), &mut pool).await?;
        // INVARIANT: before any answer that rests on this snapshot: it may hold a commit that is not published yet.
        self.stripes.advance(pool.revision());
        Ok(Decider { check: self, searched, environment, fields, context, named, pool })
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
        self.check.bundle.model().keeps(&self.searched.type_name)
    }

    /// Whether it does, and they are in nothing but what the store puts them in.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_kept() && self.check.bundle.model().is_rooted(&self.searched.type_name)
    }

    /// How far decisions look.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        self.environment.reach()
    }

    /// Where those candidates are that may be allowed.
    ///
    /// # Errors
    /// If what is stored cannot be held by Cedar.
    pub fn filter(&self) -> Result<Filter, CheckError> {
        let searched = self.searched;
        // What is denied before Cedar is asked, see `denied_unseen`.
        if self.check.bundle.model().keeps(&searched.known.type_name) && !self.pool.holds(&searched.known) {
            return Ok(Filter::nothing());
        }
        let slice = self.pool.slice(&self.seeds([searched.known.clone()]))?;
        let known = cedar::slice(slice.entities())?;
        Ok(self.check.bundle.narrowed(self.environment, searched.sought(), &self.context, &known))
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
        let mut pool = self.pool.clone();
        self.check.slicer.pooled(read, candidates, self.environment.reach(), &mut pool).await?;
        if pool.revision() != self.pool.revision() {
            return Err(CheckError::Unsettled);
        }
        candidates.iter().map(|candidate| self.one(&pool, candidate)).collect()
    }

    fn one(&self, pool: &Pool, candidate: &EntityUid) -> Result<Outcome, CheckError> {
        let request = self.searched.request(candidate.clone(), &self.fields);
        let slice = pool.slice(&self.seeds([request.principal.clone(), request.resource.clone()]))?;
        self.check.evaluate(self.environment, (&request, &self.context), &slice)
    }

    fn seeds<const N: usize>(&self, uids: [EntityUid; N]) -> Seeds<'_> {
        let uids = uids.into_iter().chain(self.named.iter().cloned()).collect();
        Seeds { uids, reach: self.environment.reach(), lent: Lending::nothing() }
    }
}
