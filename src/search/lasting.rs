//! Whether the pages of a search so far are what they would be now, although the store has changed.
//!
//! Each change says what it touched. If the places that the search goes through are the same as before, and none of
//! what was touched lies or lay in one of them, or is anything that its decisions look at, then every page is the
//! same at both revisions. Where that cannot be said for certain, the search has to begin again.

use crate::check::Decider;
use crate::domain::uid::types;
use crate::domain::{Reach, Revision, Step};
use crate::store::search::{Plan, Touched};
use crate::store::{ReadTransaction, StoreError};

/// Most entities that are looked at for this; who has missed more begins again.
const TOUCHED_MAX: u32 = 1_000;

/// The attributes that lead from content to what is not a person.
const NOT_TO_PEOPLE: [&str; 3] = ["group", "quota", "tool"];

/// Whether nothing that changed after the first of two revisions, up to the second, matters to the search.
pub(super) async fn lasts(
    read: &mut ReadTransaction,
    (before, now): (Revision, Revision),
    decider: &Decider<'_>,
    plan: &Plan,
) -> Result<bool, StoreError> {
    if before > now {
        return Ok(false);
    }
    let touched = read.touched_since(before, TOUCHED_MAX).await?;
    Ok(touched.is_some_and(|touched| !touched.iter().any(|one| matters(one, decider, plan))))
}

fn matters(touched: &Touched, decider: &Decider<'_>, plan: &Plan) -> bool {
    let (uid, reach) = (&touched.uid, decider.reach());
    // Decisions look into principal and resource alone.
    let is_near = reach.steps().is_empty();
    match uid.type_name.as_str() {
        types::INVITATION | types::JOIN_REQUEST | types::MAIL => false,
        _ if decider.rests_on(uid) || !decider.is_plain() => true,
        types::USER => !plan.is_of_content() || !spares_people(reach),
        types::GROUP => !plan.is_of_content() || !is_near,
        types::QUOTA | types::SUBSCRIPTION => !is_near,
        types::TOOL | types::FOLDER | types::ITEM => !(is_near || plan.is_of_content()) || plan.concerns(touched),
        // A host's own, or everything at once.
        _ => true,
    }
}

fn spares_people(reach: &Reach) -> bool {
    reach.steps().iter().all(|step| match step {
        Step::All => false,
        Step::Through(attributes) => attributes.iter().all(|attribute| NOT_TO_PEOPLE.contains(&attribute.as_str())),
    })
}
