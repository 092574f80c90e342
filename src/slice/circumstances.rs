//! What is told of a decision beyond what it looks into: the principal's groups, and where grants sit.

use super::{Gathered, Lending, Seeds, Slice, SliceError, Slicer, finish};
use crate::cedar::{self, Entity};
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::facts::{Keeper, Link};
use crate::domain::uid::types;
use crate::domain::{ContentRef, EntityUid, Revision};
use crate::stamp::{self, Collected, Stripe};
use crate::store::ReadTransaction;

/// A slice with the places of a chain, read together.
struct WithChain {
    held: Gathered,
    chain: Vec<Link>,
}

impl Collected for WithChain {
    fn parts(&self) -> impl Iterator<Item = (Revision, &[Stripe])> {
        self.held.parts()
    }
}

impl Slicer {
    /// The slice for these seeds, with the groups that `person` is in and the chain of a content: all read from one
    /// snapshot of the store, as what is told of a decision must be of the revision of the decision.
    ///
    /// # Errors
    /// As [`Slicer::slice`].
    pub async fn slice_with_circumstances(
        &self,
        seeds: &Seeds<'_>,
        person: &EntityUid,
        content: Option<&ContentRef>,
    ) -> Result<(Slice, Vec<Link>), SliceError> {
        let whole = async || {
            let mut read = self.store.read().await?;
            let mut held = self.reread_on(&mut read, seeds).await?;
            let groups = groups_of(person, &held);
            self.keep(read.snapshot(&self.wanted(groups, None)).await?, &mut held)?;
            // Where all types are the host's own, nothing lies in anything.
            let chain = match content.filter(|_| self.model.keeper() == Keeper::Conclave) {
                Some(content) => chain(&mut read, content, &seeds.lent, &held).await?,
                None => Vec::new(),
            };
            Ok::<_, SliceError>(WithChain { held, chain })
        };
        let (revision, WithChain { held, chain }) = stamp::fill(&self.stripes, whole(), &whole).await?;
        Ok((finish(revision, held, &seeds.lent)?, chain))
    }
}

/// The places of a chain: those that are lent, then those that are stored.
async fn chain(
    read: &mut ReadTransaction,
    content: &ContentRef,
    lending: &Lending<'_>,
    held: &Gathered,
) -> Result<Vec<Link>, SliceError> {
    let (mut links, mut place) = (Vec::new(), content.uid());
    let is_stored = |uid: &EntityUid| held.get(uid).is_some_and(|held| held.entity.is_some());
    while links.len() < FOLDER_DEPTH_MAX
        && !is_stored(&place)
        && let Some(above) = lending.place(&place)
    {
        links.push(Link { resource: place, grants: Vec::new(), is_lent: true });
        place = above.clone();
    }
    if let Ok(content) = ContentRef::try_from(&place) {
        links.extend(read.chain(&content).await?);
    }
    Ok(links)
}

/// The groups that an entity is in, as far as they are not held.
fn groups_of(uid: &EntityUid, held: &Gathered) -> Vec<EntityUid> {
    let entity = held.get(uid).and_then(|held| held.entity.as_deref());
    let ancestors = entity.into_iter().flat_map(Entity::ancestors).map(cedar::domain_uid);
    ancestors.filter(|uid| uid.type_name == types::GROUP && held.get(uid).is_none()).collect()
}
