//! What a request lends, laid over what the store holds: for this request alone.
//!
//! Nothing lent ever enters the cache of entities. What follows from the place of a folder or an item is
//! taken from the place itself, as it is stored at the revision of the slice; so a decision rests on all
//! that the place rests on, and on the absence of what was lent.

use super::SliceError;
use crate::cedar::{self, CedarError, Described, Draft, Entity, EntityModel};
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::lent::Manner;
use crate::domain::uid::types;
use crate::domain::{EntityUid, Lent};
use smol_str::SmolStr;
use std::sync::Arc;

/// What a request lends, as far as the schema has it.
#[derive(Debug)]
pub struct Lending<'a> {
    lent: &'a Lent,
    model: Option<&'a EntityModel>,
    entities: Vec<LentEntity>,
}

/// One entity that a request lends, or lends something to.
///
/// INVARIANT: says nothing that Conclave keeps, but where a folder or an item lies that is not stored
/// and who wrote it; whoever makes one has seen to that.
#[derive(Debug)]
pub struct LentEntity {
    /// Which entity.
    pub uid: EntityUid,
    /// Whose entities of this type are.
    pub kind: LentKind,
    /// Attributes and tags of the host's own.
    pub described: Described,
    /// Parents that are the host's to give.
    pub parents: Vec<EntityUid>,
}

/// Whose the entities of a lent type are.
#[derive(Debug)]
pub enum LentKind {
    /// A folder or an item: lent whole if it is not stored.
    Content {
        /// Who wrote it, where it is not stored; nobody, if the request does not say.
        author: Option<EntityUid>,
        /// The folder or tool that it lies in, where it is not stored.
        place: Option<EntityUid>,
    },
    /// Anything else that Conclave keeps: what is not stored stays absent.
    Kept,
    /// The host's own.
    Own,
}

/// What a folder or an item has from where it lies (D6).
const INHERITED: [&str; 7] = ["toolKind", "group", "owner", "canView", "canViewDetails", "canEdit", "canDelete"];

/// What folders have besides.
const INHERITED_BY_FOLDERS: [&str; 2] = ["quota", "canAdd"];

/// Entities in the place of what the store holds.
#[derive(Debug, Default)]
pub(super) struct Overlay(Vec<Layer>);

#[derive(Debug)]
struct Layer {
    uid: EntityUid,
    entity: Arc<Entity>,
    names: Vec<(SmolStr, EntityUid)>,
}

static NOTHING: Lent = Lent::nothing();

impl<'a> Lending<'a> {
    /// Nothing is lent.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { lent: &NOTHING, model: None, entities: Vec::new() }
    }

    /// All that `lent` holds, in its order, as `model` has it.
    #[must_use]
    pub const fn new(lent: &'a Lent, model: &'a EntityModel, entities: Vec<LentEntity>) -> Self {
        Self { lent, model: Some(model), entities }
    }

    /// Whether nothing is lent.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.entities.is_empty()
    }

    /// What must be read to know what becomes of it: whether it is stored, and what it lies in.
    pub fn uids(&self) -> impl Iterator<Item = &EntityUid> {
        self.entities.iter().flat_map(|one| std::iter::once(&one.uid).chain(one.above()))
    }

    /// What a folder or an item is said to lie in, where it is not stored.
    pub(super) fn place(&self, uid: &EntityUid) -> Option<&EntityUid> {
        match &self.entities.iter().find(|one| one.uid == *uid)?.kind {
            LentKind::Content { place, .. } => place.as_ref(),
            LentKind::Kept | LentKind::Own => None,
        }
    }

    /// What is lent, over what is `stored`.
    pub(super) fn over<'s>(&self, stored: impl Fn(&EntityUid) -> Option<&'s Entity>) -> Result<Overlay, SliceError> {
        let mut overlay = Overlay::default();
        let mut left: Vec<(usize, &LentEntity)> = (0..).zip(&self.entities).collect();
        while !left.is_empty() {
            let waits = |one: &LentEntity| one.above().any(|uid| left.iter().any(|(_, other)| other.uid == *uid));
            let (rest, next): (Vec<_>, Vec<_>) = left.iter().partition(|(_, one)| waits(one));
            if next.is_empty() {
                // A circle, which no `Lent` holds: nothing of it is there.
                break;
            }
            for (index, one) in next {
                let found = |uid: &EntityUid| overlay.get(uid).or_else(|| stored(uid));
                if let Some(draft) = self.draft(index, one, stored(&one.uid), found)? {
                    overlay.put(one.uid.clone(), draft);
                }
            }
            left = rest;
        }
        Ok(overlay)
    }

    /// Whatever is in something that is lent is also in what that is in.
    pub(super) fn complete<'s>(
        &self,
        overlay: &mut Overlay,
        stored: impl Iterator<Item = (&'s EntityUid, &'s Entity)>,
    ) -> Result<(), SliceError> {
        while let Some((at, draft)) = overlay.next_further() {
            if let Some(layer) = overlay.0.get_mut(at) {
                layer.entity = draft.finish();
            }
        }
        for (uid, entity) in stored {
            if overlay.get(uid).is_none()
                && let Some(draft) = overlay.further(entity)
            {
                overlay.put(uid.clone(), draft);
            }
        }
        match (0..).zip(&self.entities).find(|(_, one)| overlay.get(&one.uid).is_some_and(cedar::is_in_itself)) {
            Some((index, _)) => Err(self.lent.refusal(index, "parents", "lead in a circle with what is stored").into()),
            None => Ok(()),
        }
    }

    /// One entity as it counts for this request; nothing if it is not there.
    fn draft<'s>(
        &self,
        index: usize,
        one: &LentEntity,
        stored: Option<&Entity>,
        found: impl Fn(&EntityUid) -> Option<&'s Entity>,
    ) -> Result<Option<Draft>, SliceError> {
        let draft = match (&one.kind, stored) {
            (LentKind::Content { author, place }, Some(stored)) => {
                self.refuse_moving(index, author.as_ref(), place.as_ref())?;
                Draft::of(stored)
            }
            (LentKind::Kept | LentKind::Own, Some(stored)) => Draft::of(stored),
            (LentKind::Own, None) => Draft::new(&one.uid)?,
            (LentKind::Kept, None) => return Ok(None),
            (LentKind::Content { author, place }, None) => {
                let Some(place) = place.as_ref().and_then(|place| Some((place, found(place)?))) else {
                    return Ok(None);
                };
                let draft = placed(&one.uid, author.as_ref(), place)?;
                self.refuse_depth(index, one, &draft)?;
                draft
            }
        };
        let mut draft = draft.with(&one.described.attributes, &one.described.tags);
        for parent in &one.parents {
            draft.put_in(cedar::uid(parent)?);
            if let Some(above) = found(parent) {
                draft.follow(above);
            }
        }
        self.refuse_incomplete(index, one, &draft)?;
        Ok(Some(draft))
    }

    /// What is stored is not moved, and nobody else wrote it.
    fn refuse_moving(
        &self,
        index: usize,
        author: Option<&EntityUid>,
        place: Option<&EntityUid>,
    ) -> Result<(), SliceError> {
        let path = match (author, place) {
            _ if self.lent.manner() == Manner::Properties => return Ok(()),
            (None, None) => return Ok(()),
            (Some(_), _) => "attrs.author",
            (None, Some(_)) => "parents",
        };
        let detail = "must be left out: this is stored here, and who wrote it and where it lies is not lent";
        Err(self.lent.refusal(index, path, detail).into())
    }

    fn refuse_depth(&self, index: usize, one: &LentEntity, draft: &Draft) -> Result<(), SliceError> {
        let above = draft.ancestors().filter(|uid| uid.type_name == types::FOLDER).count();
        if above + usize::from(one.uid.type_name == types::FOLDER) <= FOLDER_DEPTH_MAX {
            return Ok(());
        }
        let detail = format!("lead through more than {FOLDER_DEPTH_MAX} folders in each other");
        Err(self.lent.refusal(index, "parents", detail).into())
    }

    /// Policies were validated against entities that have what the schema requires.
    fn refuse_incomplete(&self, index: usize, one: &LentEntity, draft: &Draft) -> Result<(), SliceError> {
        let missing = self.model.and_then(|model| model.first_missing(&one.uid.type_name, |name| draft.has(name)));
        match missing {
            Some(name) => Err(self.lent.refusal(index, format!("attrs.{name}"), "is missing").into()),
            None => Ok(()),
        }
    }
}

impl LentEntity {
    /// What it is directly in, as far as the request says.
    fn above(&self) -> impl Iterator<Item = &EntityUid> {
        let place = match &self.kind {
            LentKind::Content { place, .. } => place.as_ref(),
            LentKind::Kept | LentKind::Own => None,
        };
        place.into_iter().chain(&self.parents)
    }
}

/// A folder or an item that is not stored, where the request says it lies.
fn placed(
    uid: &EntityUid,
    author: Option<&EntityUid>,
    (place, above): (&EntityUid, &Entity),
) -> Result<Draft, CedarError> {
    // The id of nobody: no user's id is empty.
    let nobody = EntityUid::new(types::USER, "");
    let author = cedar::reference(cedar::uid(author.unwrap_or(&nobody))?);
    let mut draft = Draft::new(uid)?.with_those_of(above, &INHERITED);
    if uid.type_name == types::FOLDER {
        draft = draft.with_those_of(above, &INHERITED_BY_FOLDERS);
    }
    let parent = cedar::uid(place)?;
    draft = if place.type_name == types::TOOL {
        draft.with(&[(SmolStr::new_static("tool"), cedar::reference(parent.clone()))], &[])
    } else {
        draft.with_those_of(above, &["tool"])
    };
    draft.put_in(parent);
    draft.follow(above);
    Ok(draft.with(&[(SmolStr::new_static("author"), author)], &[]))
}

impl Overlay {
    /// The entity that counts in the place of what is stored, if there is one.
    pub(super) fn get(&self, uid: &EntityUid) -> Option<&Entity> {
        self.layer(uid).map(|layer| &*layer.entity)
    }

    /// What its attributes name, and by which of them.
    pub(super) fn names(&self, uid: &EntityUid) -> Option<&[(SmolStr, EntityUid)]> {
        self.layer(uid).map(|layer| layer.names.as_slice())
    }

    /// All that is laid over.
    pub(super) fn entities(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.0.iter().map(|layer| &layer.entity)
    }

    /// The entity with ancestors that it does not know of yet, if there are any.
    fn further(&self, entity: &Entity) -> Option<Draft> {
        let mut draft = Draft::of(entity);
        let mut is_more = false;
        for above in draft.ancestors().collect::<Vec<_>>() {
            is_more |= self.get(&above).is_some_and(|above| draft.follow(above));
        }
        is_more.then_some(draft)
    }

    /// The first of its own entities that is not complete, and where it stands.
    fn next_further(&self) -> Option<(usize, Draft)> {
        self.0.iter().enumerate().find_map(|(at, layer)| Some((at, self.further(&layer.entity)?)))
    }

    fn layer(&self, uid: &EntityUid) -> Option<&Layer> {
        self.0.iter().find(|layer| layer.uid == *uid)
    }

    fn put(&mut self, uid: EntityUid, draft: Draft) {
        let entity = draft.finish();
        let names = cedar::named_by(&entity);
        self.0.push(Layer { uid, entity, names });
    }
}
