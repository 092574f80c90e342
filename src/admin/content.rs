//! What the commands about folders and items check alike.

use super::ambient::new_uuid;
use super::authority::not_found;
use super::field::{amount, conflict, id, malformed, out_of_range};
use super::{Admin, Caller, Refusal};
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::domain::{ContentRef, Context, EntityUid, IdError, Rule, Space, ToolKind, UidError, UserId, Value};
use crate::store::WriteTransaction;
use crate::store::write::content::Located;
use serde_json::Number;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The kind of tool in which `view` alone shows no details (M1).
const CALENDAR: &str = "calendar";

/// The content, if it exists.
pub(super) async fn find(tx: &mut WriteTransaction, content: &ContentRef) -> Result<Located, Refusal> {
    tx.locate(content).await?.ok_or_else(|| not_found(&content.uid()))
}

/// The context of an `add`: with the size if the request says one.
pub(super) fn size_context(size: Option<i64>) -> Context {
    Context(size.map(|size| ("size".into(), Value::Long(size))).into_iter().collect::<BTreeMap<_, _>>())
}

/// The content that a field names, such as `Folder::"offers"`.
pub(super) fn reference(field: &'static str, text: &str) -> Result<ContentRef, Refusal> {
    let uid = EntityUid::parse(text).map_err(|error| malformed(field, unread(error)))?;
    ContentRef::try_from(&uid).map_err(|error| malformed(field, format!("names no content: {error}")))
}

/// Why a reference to content cannot be read, by an example that could stand there.
fn unread(error: UidError) -> String {
    match error {
        UidError::Form(text) => {
            format!("must be an entity reference such as `Tool::\"group:sales/documents\"`, not `{text}`")
        }
        error @ UidError::Escape(_) => error.to_string(),
    }
}

/// The tool or folder that a field names.
pub(super) fn place(field: &'static str, text: &str) -> Result<ContentRef, Refusal> {
    match reference(field, text)? {
        ContentRef::Item(_) => Err(malformed(field, "must be a Tool or a Folder, not an Item")),
        place => Ok(place),
    }
}

/// A size, in the tool's own unit: counted from 0.
pub(super) fn size(size: Option<&Number>) -> Result<Option<i64>, Refusal> {
    amount("size", size)
}

/// Whether `difference` more still fits into the tool of `place` (P6).
///
/// Holds for everybody, the host's own calls included, and for no difference too: past its
/// capacity a tool takes nothing.
pub(super) async fn check_room(tx: &mut WriteTransaction, place: &Located, difference: i64) -> Result<(), Refusal> {
    let room = tx.room(place).await?;
    if room.used.checked_add(difference).is_none() {
        return Err(out_of_range("size", "is more than can be counted together with what the tool holds"));
    }
    match room.capacity {
        Some(capacity) if difference > capacity - room.used => Err(conflict(
            Rule::P6,
            format!("the tool holds {} of at most {capacity}, {difference} more do not fit", room.used),
        )),
        _ => Ok(()),
    }
}

/// Whether another folder fits below `levels` of them.
pub(super) fn check_depth(levels: usize) -> Result<(), Refusal> {
    if levels <= FOLDER_DEPTH_MAX {
        return Ok(());
    }
    Err(out_of_range("parent", format!("lies too deep: at most {FOLDER_DEPTH_MAX} folders lie in each other")))
}

/// Whose content it becomes: the actor's, in the host's own calls that of the `author` named.
///
/// The host has to name one because every right by authorship (D4) hangs on it.
pub(super) async fn author(
    tx: &mut WriteTransaction,
    caller: &Caller,
    author: Option<&str>,
) -> Result<UserId, Refusal> {
    if let Some(actor) = &caller.actor {
        return Ok(actor.clone());
    }
    let missing = || malformed("author", "is missing: a call on nobody's behalf says whose it is");
    let author: UserId = id("author", author.ok_or_else(missing)?)?;
    if tx.user_exists(&author).await? { Ok(author) } else { Err(not_found(&EntityUid::user(&author))) }
}

/// Whether the id is free. Ids of folders and of items are told apart by their type.
pub(super) async fn check_unused(tx: &mut WriteTransaction, content: &ContentRef) -> Result<(), Refusal> {
    if tx.locate(content).await?.is_none() {
        return Ok(());
    }
    let uid = content.uid();
    let detail = format!("the {} `{}` is there already", uid.type_name.to_lowercase(), uid.id);
    Err(Refusal::Conflict { rule: None, detail })
}

impl Admin {
    /// The id that the host chose, or a new one.
    pub(super) fn content_id<T>(&self, chosen: Option<&str>) -> Result<T, Refusal>
    where
        T: TryFrom<SmolStr, Error = IdError>,
    {
        match chosen {
            Some(text) => id("id", text),
            None => id("id", &new_uuid(self.clock.as_ref(), self.random.as_ref())?),
        }
    }

    /// [`Admin::authorize`] for content that exists.
    pub(super) async fn authorize_content(
        &self,
        caller: &Caller,
        action: &str,
        place: &Located,
        context: Context,
    ) -> Result<(), Refusal> {
        self.authorize_in(caller, action, &place.content.uid(), &place.tool.space, context).await
    }

    /// [`Admin::authorize`] for content of a space: in a private one the refusal names the rule
    /// that gives it to its owner.
    pub(super) async fn authorize_in(
        &self,
        caller: &Caller,
        action: &str,
        uid: &EntityUid,
        space: &Space,
        context: Context,
    ) -> Result<(), Refusal> {
        let answer = self.authorize_with(caller, action, uid, context).await;
        match (answer, space) {
            (Err(Refusal::Forbidden { .. }), Space::Private(_)) => Err(Refusal::Forbidden {
                rule: Some(Rule::S4),
                detail: "in a private space only the owner has rights, and who was granted them".to_owned(),
            }),
            (answer, _) => answer,
        }
    }

    /// Whether the caller may put something into `place`, and whether it fits (P6).
    ///
    /// Without a size the capacity is not consulted.
    pub(super) async fn authorize_addition(
        &self,
        tx: &mut WriteTransaction,
        caller: &Caller,
        place: &Located,
        size: Option<i64>,
    ) -> Result<(), Refusal> {
        let fits = match size {
            Some(size) => check_room(tx, place, size).await,
            None => Ok(()),
        };
        // A person who may add, and is denied for the size alone, learns that it is the size.
        let asked = if fits.is_ok() { size } else { None };
        self.authorize_content(caller, "add", place, size_context(asked)).await?;
        fits
    }

    /// Whether the caller sees the content at all.
    pub(super) async fn sees(&self, caller: &Caller, uid: &EntityUid) -> Result<bool, Refusal> {
        match &caller.actor {
            None => Ok(true),
            Some(actor) => self.allows(actor, "view", uid, Context::empty()).await,
        }
    }

    /// Whether the caller sees the details too: everywhere but in a calendar, `view` means them (M1).
    pub(super) async fn sees_details(
        &self,
        caller: &Caller,
        uid: &EntityUid,
        tool_kind: &ToolKind,
    ) -> Result<bool, Refusal> {
        match &caller.actor {
            Some(actor) if tool_kind.as_str() == CALENDAR => {
                self.allows(actor, "view_details", uid, Context::empty()).await
            }
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_without_a_size_capacity_is_not_consulted() {
        assert_eq!(size_context(None), Context::empty());
        assert_ne!(size_context(Some(0)), Context::empty());
    }

    #[test]
    fn p6_a_size_is_counted_from_0() {
        let read = |text: &str| size(Some(&serde_json::from_str(text).unwrap()));
        assert_eq!(size(None).unwrap(), None);
        assert_eq!(read("0").unwrap(), Some(0));
        assert_eq!(read("9223372036854775807").unwrap(), Some(i64::MAX));
        for bad in ["-1", "9223372036854775808", "99999999999999999999", "-1e300"] {
            assert!(matches!(read(bad), Err(Refusal::OutOfRange { field: "size", .. })), "{bad}");
        }
        for bad in ["1.5", "1.0", "1e3", "-0.5"] {
            assert!(matches!(read(bad), Err(Refusal::Malformed { field: "size", .. })), "{bad}");
        }
    }

    #[test]
    fn a_parent_is_a_tool_or_a_folder() {
        assert!(place("parent", "Tool::\"group:sales/documents\"").is_ok());
        assert!(place("parent", "Folder::\"offers\"").is_ok());
        for bad in ["offers", "Item::\"offer\"", "Tool::\"sales\"", "User::\"director\"", "Folder::\"\""] {
            assert!(matches!(place("parent", bad), Err(Refusal::Malformed { field: "parent", .. })), "{bad}");
        }
    }
}
