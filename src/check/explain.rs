//! A decision made anew, with everything it was made from: an explanation.

use super::miss::{Prepared, prepared, unseen};
use super::{Check, CheckError, RequestRef};
use crate::cedar;
use crate::domain::uid::types;
use crate::domain::{ContentRef, DecisionRequest, Outcome, Reach, Revision, Space, ToolId, ToolKind, UserId};
use crate::engine::Detail;
use crate::engine::explain::{Decided, Explanation};
use crate::slice::Seeds;
use smol_str::SmolStr;
use std::sync::Arc;

/// A decision, and why it is so.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Allow or Deny, and why: what [`Check::decide`] answers at this revision.
    pub outcome: Outcome,
    /// What stands behind it, as it was at the same revision.
    pub explanation: Explanation,
    /// SHA-256 of the policies and the schema that decided; see [`crate::engine::Bundle::digest`].
    pub policy_digest: Arc<str>,
    /// The revision all of it belongs to: at least as new as every write acknowledged before the question was asked.
    pub revision: Revision,
}

/// What explanations tell of beyond what a decision looks into: who administers the group, and whose groups the owner
/// is in.
const TOLD_OF: [&str; 2] = ["group", "owner"];

impl Check {
    /// Decides, and says why. Slower than a decision: it takes nothing from the caches and leaves none there.
    ///
    /// # Errors
    /// As [`Check::decide`].
    pub async fn explain(&self, request: &RequestRef<'_>) -> Result<Explained, CheckError> {
        let request = request.to_owned();
        let in_force = self.in_force();
        let bundle = in_force.bundle();
        let _place = self.batches.enter().await?;
        let Prepared { environment, context, uids, lent } = prepared(bundle, &request)?;
        let (reach, chained) = (told_of(environment.reach()), carrier(&request));
        let seeds = Seeds { uids, reach: &reach, lent };
        // INVARIANT: the decision and all that is told of it come from this one slice.
        let (slice, chain) =
            in_force.slicer().slice_with_circumstances(&seeds, &request.principal, chained.as_ref()).await?;
        // INVARIANT: before the answer leaves; see `Stripes::advance`.
        self.stripes.advance(slice.revision);
        let policy_digest = Arc::clone(bundle.digest());
        let outcome = self.evaluate(bundle, environment, (&request, &context), &slice, Detail::Policies)?;
        let not_stored: Vec<_> = unseen(bundle, &request, &slice).cloned().collect();
        if !not_stored.is_empty() {
            let explanation = Explanation { not_stored, ..Explanation::default() };
            return Ok(Explained { outcome, explanation, policy_digest, revision: slice.revision });
        }
        let entities = cedar::slice(slice.entities().chain(bundle.action_entities(environment)).cloned())?;
        let decided =
            Decided { request: &request, context: &context, entities: &entities, chain: &chain, outcome: &outcome };
        let explanation = bundle.explain(environment, decided);
        Ok(Explained { outcome, explanation, policy_digest, revision: slice.revision })
    }
}

fn told_of(reach: &Reach) -> Reach {
    let mut reach = reach.clone();
    for attribute in TOLD_OF {
        reach.add_path(&[SmolStr::new_static(attribute)]);
    }
    reach
}

/// Whose chain says where grants sit: the content asked about, or a person's profile tool (M4).
fn carrier(request: &DecisionRequest) -> Option<ContentRef> {
    let resource = &request.resource;
    if resource.type_name == types::USER {
        let space = Space::Private(UserId::new(resource.id.clone()).ok()?);
        return Some(ContentRef::Tool(ToolId { space, kind: ToolKind::new("profile") }));
    }
    ContentRef::try_from(resource).ok()
}
