//! What a request lends, held against the schema and against what Conclave itself keeps.

use crate::cedar::{EntityError, EntityModel};
use crate::domain::entity::referred;
use crate::domain::lent::Manner;
use crate::domain::uid::types;
use crate::domain::{EntityRecord, EntityUid, Lent, LentError, kept};
use crate::slice::{Lending, LentEntity, LentKind};

/// Of whom nothing is lent: people, groups, and what makes the one belong to the other.
const NEVER: [&str; 4] = [types::USER, types::GROUP, types::ROLE, types::QUOTA];

/// What is lent, as values of the schema's types.
///
/// # Errors
/// [`LentError`] for the first thing that the schema does not have, or that is not a host's to say.
pub(super) fn lending<'a>(model: &'a EntityModel, lent: &'a Lent) -> Result<Lending<'a>, LentError> {
    let entities = lent.entities().iter().enumerate().map(|(index, record)| {
        let refused = |error: EntityError| lent.refusal(index, error.path, error.detail);
        if lent.manner() == Manner::Entities && is_never_lent(model, &record.uid) {
            let detail = format!("must not be a `{}`: of those nothing is lent", record.uid.type_name);
            return Err(lent.refusal(index, "uid", detail));
        }
        let (kind, record) = parted(model, record).map_err(refused)?;
        model.check_place(&record).map_err(refused)?;
        let described = model.further(&record).map_err(refused)?;
        let EntityRecord { uid, parents, .. } = record;
        Ok(LentEntity { uid, kind, described, parents: parents.into_iter().collect() })
    });
    Ok(Lending::new(lent, model, entities.collect::<Result<_, _>>()?))
}

fn is_never_lent(model: &EntityModel, uid: &EntityUid) -> bool {
    model.keeps(&uid.type_name) && NEVER.contains(&uid.type_name.as_str())
}

/// What Conclave takes of a record, and the rest of it, which is the host's to say.
fn parted(model: &EntityModel, record: &EntityRecord) -> Result<(LentKind, EntityRecord), EntityError> {
    let mut rest = record.clone();
    if let Some(parent) = record.parents.iter().find(|parent| is_never_lent(model, parent)) {
        let detail = format!("must not name `{parent}`: who belongs to it is not lent");
        return Err(EntityError::new("parents", detail));
    }
    if !model.keeps(&record.uid.type_name) {
        return Ok((LentKind::Own, rest));
    }
    if ![types::FOLDER, types::ITEM].contains(&record.uid.type_name.as_str()) {
        return Ok((LentKind::Kept, rest));
    }
    let author = rest.attrs.remove("author").map(|author| {
        let user = referred(&author).filter(|uid| uid.type_name == types::USER);
        user.ok_or_else(|| EntityError::new("attrs.author", "must name a `User`"))
    });
    if let Some(name) = kept::attributes(&record.uid.type_name).iter().find(|name| rest.attrs.contains_key(**name)) {
        let detail = "follows from where it lies and is not lent";
        return Err(EntityError::new(format!("attrs.{name}"), detail));
    }
    let of_place = kept::parents(&record.uid.type_name);
    let mut places = record.parents.iter().filter(|parent| of_place.contains(&parent.type_name.as_str()));
    let place = places.next().cloned();
    if places.next().is_some() {
        return Err(EntityError::new("parents", "name two places: nothing lies in more than one"));
    }
    rest.parents.retain(|parent| Some(parent) != place.as_ref());
    Ok((LentKind::Content { author: author.transpose()?, place }, rest))
}
