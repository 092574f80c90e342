//! Granting a right on a tool, folder or item.

use super::field::conflict;
use super::schema::Reference;
use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::json::Object;
use crate::domain::{ContentRef, Context, Grantee, GroupId, Right, Rule, Space, UserId};
use crate::store::WriteTransaction;
use crate::store::list::grants::GrantRow;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::ops::Not;
use utoipa::ToSchema;

/// A right on one tool, folder or item, for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What carries the grant, as an entity reference. It holds for all that lies below too (D6).
    #[schema(value_type = Reference)]
    pub resource: String,
    /// What it allows.
    pub right: Right,
    /// `{"user":"…"}`, or `{"group":"…"}` for everyone in it (D3).
    #[serde(deserialize_with = "grantee")]
    pub to: Grantee,
}

/// A grant as lists show it. A request that withdraws one may send it back as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantView {
    /// What carries the grant, as an entity reference.
    #[schema(value_type = Reference)]
    pub resource: String,
    /// What it allows.
    pub right: Right,
    /// `{"user":"…"}`, or `{"group":"…"}` for everyone in it.
    #[serde(deserialize_with = "grantee")]
    pub to: Grantee,
    /// Shown if true: its owner kept it when leaving the group it was made through (F7).
    #[serde(default, skip_serializing_if = "Not::not")]
    pub kept: bool,
    /// Shown if true: kept, or if it will be, it is for those too who join the group afterwards (F7).
    #[serde(default, skip_serializing_if = "Not::not")]
    pub reaches_later_joiners: bool,
}

impl GrantView {
    /// A grant that leaving would leave behind.
    pub(super) fn left_behind(row: GrantRow) -> Self {
        Self { reaches_later_joiners: matches!(row.to, Grantee::Group(_)), ..Self::from(row) }
    }
}

impl From<GrantRow> for GrantView {
    fn from(row: GrantRow) -> Self {
        let reaches_later_joiners = row.kept && matches!(row.to, Grantee::Group(_));
        let resource = row.resource.uid().to_string();
        Self { resource, right: row.right, to: row.to, kept: row.kept, reaches_later_joiners }
    }
}

impl From<GrantView> for Grant {
    fn from(view: GrantView) -> Self {
        Self { resource: view.resource, right: view.right, to: view.to }
    }
}

/// What `to` may hold; a type of its own so that a refusal can say which of the two is wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    #[serde(default)]
    user: Option<UserId>,
    #[serde(default)]
    group: Option<GroupId>,
}

fn grantee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Grantee, D::Error> {
    match Object::<To>::deserialize(deserializer)?.0 {
        To { user: Some(user), group: None } => Ok(Grantee::User(user)),
        To { user: None, group: Some(group) } => Ok(Grantee::Group(group)),
        To { .. } => Err(D::Error::custom("either `user` or `group` is needed, and not both")),
    }
}

/// Grants a right; the actor needs `manage_access` (D2, D4, D7, S5). Granted already, nothing
/// changes; but whom nothing could be granted now is refused even then, so that a kept grant (F7)
/// stays as it is.
///
/// # Errors
/// [`Refusal`]: no such content or not that right, a right that cannot be granted there or a grant
/// to oneself (D7), a grantee outside the group (D2), or in a private space without a group in
/// common with its owner (S5).
pub async fn grant(admin: &Admin, caller: &Caller, input: Grant) -> Result<Done<Grant>, Refusal> {
    let resource = content::reference("resource", &input.resource)?;
    let mut tx = admin.begin("grant", caller).await?;
    let place = content::find(&mut tx, &resource).await?;
    admin.authorize_content(caller, "manage_access", &place, Context::empty()).await?;
    match &place.tool.space {
        Space::Group(group) => {
            check_right(&resource, input.right)?;
            check_not_oneself(caller, &input.to)?;
            check_in_group(&mut tx, group, &input.to).await?;
        }
        Space::Private(owner) => check_shares_group(&mut tx, owner, &input.to).await?,
    }
    tx.insert_grant(&place, input.right, &input.to).await?;
    Ok(Done { output: input, revision: admin.commit(tx).await? })
}

/// In a group's space *add* and *delete* are for tools and folders, *edit* is for items (D7).
fn check_right(resource: &ContentRef, right: Right) -> Result<(), Refusal> {
    let grantable = match (resource, right) {
        (ContentRef::Tool(_) | ContentRef::Folder(_), Right::Add | Right::Delete)
        | (ContentRef::Item(_), Right::Edit) => true,
        (ContentRef::Tool(_) | ContentRef::Folder(_), Right::View | Right::ViewDetails | Right::Edit)
        | (ContentRef::Item(_), Right::View | Right::ViewDetails | Right::Add | Right::Delete) => false,
    };
    if grantable {
        return Ok(());
    }
    Err(Refusal::OutOfRange {
        field: "right",
        detail: "must be `add` or `delete` on a tool or folder of a group, `edit` on an item".to_owned(),
        rule: Some(Rule::D7),
    })
}

/// In a group's space nobody names themselves; the host's own calls name nobody's self (D7).
fn check_not_oneself(caller: &Caller, to: &Grantee) -> Result<(), Refusal> {
    match (to, &caller.actor) {
        (Grantee::User(user), Some(actor)) if user == actor => Err(Refusal::OutOfRange {
            field: "to",
            detail: "must not be the actor: nobody grants a right to themselves".to_owned(),
            rule: Some(Rule::D7),
        }),
        _ => Ok(()),
    }
}

/// In a group's space grantees are people of the group, or all of them (D2).
async fn check_in_group(tx: &mut WriteTransaction, group: &GroupId, to: &Grantee) -> Result<(), Refusal> {
    let inside = match to {
        Grantee::User(user) => tx.is_in_group(user, group).await?,
        Grantee::Group(grantee) => grantee == group,
    };
    if inside {
        return Ok(());
    }
    Err(conflict(Rule::D2, format!("rights in the space of group `{group}` are for people in it, or for all of them")))
}

/// In a private space grantees share a group with the owner, or are all members of one the owner
/// is in (S5).
async fn check_shares_group(tx: &mut WriteTransaction, owner: &UserId, to: &Grantee) -> Result<(), Refusal> {
    let shares = match to {
        Grantee::User(user) if user == owner => {
            return Err(Refusal::OutOfRange {
                field: "to",
                detail: "must not be the owner, who has every right in the private space".to_owned(),
                rule: Some(Rule::S5),
            });
        }
        to => shares_group(tx, owner, to).await?,
    };
    if shares {
        return Ok(());
    }
    Err(Refusal::Conflict {
        rule: Some(Rule::S5),
        detail: format!(
            "rights in a private space are for people who share a group with `{owner}`, or for such a group"
        ),
    })
}

/// Whether a grantee shares a group with the owner, or is one the owner is in.
pub(super) async fn shares_group(tx: &mut WriteTransaction, owner: &UserId, to: &Grantee) -> Result<bool, Refusal> {
    Ok(match to {
        Grantee::User(user) => tx.share_a_group(owner, user).await?,
        Grantee::Group(group) => tx.is_in_group(owner, group).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, folder, item, to_group, to_user, tool, why};
    use super::*;

    fn new(resource: &ContentRef, right: Right, to: Grantee) -> Grant {
        Grant { resource: resource.uid().to_string(), right, to }
    }

    #[test]
    fn d3_a_grant_is_to_one_person_or_to_a_group() {
        let read = |to: &str| serde_json::from_str::<Grant>(&format!(r#"{{"resource":"x","right":"add","to":{to}}}"#));
        assert_eq!(read(r#"{"user":"anna"}"#).unwrap().to, to_user("anna"));
        assert_eq!(read(r#"{"group":"sales"}"#).unwrap().to, to_group("sales"));
        for bad in ["{}", r#"{"user":"anna","group":"sales"}"#, r#"{"role":"x"}"#, r#"{"user":"a/b"}"#, r#""anna""#] {
            assert!(read(bad).unwrap_err().is_data(), "{bad}");
        }
        let shown = serde_json::to_value(read(r#"{"user":"anna"}"#).unwrap()).unwrap();
        assert_eq!(shown, serde_json::json!({"resource": "x", "right": "add", "to": {"user": "anna"}}));
    }

    #[tokio::test]
    async fn d2_a_grant_gives_the_right_to_whom_it_names() {
        let office = World::demo().await;
        let documents = tool("group:sales/documents");
        assert!(!office.may("salesman-1", "add", &documents).await);
        let add = new(&documents, Right::Add, to_user("salesman-1"));
        grant(&office.admin, &by("director"), add).await.unwrap();
        assert!(office.may("salesman-1", "add", &documents).await);
        assert!(!office.may("salesman-2", "add", &documents).await);
    }

    #[tokio::test]
    async fn d2_nobody_outside_the_group_is_granted_anything_there() {
        let office = World::demo().await;
        for to in [to_user("workman-1"), to_user("nobody"), to_group("company"), to_group("nothing")] {
            for caller in [HOST, by("director")] {
                let given = grant(&office.admin, &caller, new(&folder("offers"), Right::Delete, to.clone())).await;
                assert_eq!(why(given), (409, Some("D2")), "{to:?}");
            }
        }
    }

    #[tokio::test]
    async fn d7_each_right_has_its_place_in_a_group() {
        let office = World::demo().await;
        for (resource, grantable) in [
            (tool("group:sales/documents"), vec![Right::Add, Right::Delete]),
            (folder("offers"), vec![Right::Add, Right::Delete]),
            (item("offer-2026"), vec![Right::Edit]),
        ] {
            for right in Right::ALL {
                let given = grant(&office.admin, &HOST, new(&resource, right, to_user("secretary"))).await;
                if grantable.contains(&right) {
                    assert!(given.is_ok(), "{resource:?} {right}");
                } else {
                    assert_eq!(why(given), (422, Some("D7")), "{resource:?} {right}");
                }
            }
        }
    }

    #[tokio::test]
    async fn d7_access_is_managed_by_those_it_is_reserved_to() {
        let office = World::demo().await;
        let on_folder = new(&folder("offers"), Right::Delete, to_user("salesman-2"));
        assert_eq!(why(grant(&office.admin, &by("salesman-1"), on_folder.clone()).await), (403, Some("D7")));
        assert_eq!(why(grant(&office.admin, &by("workman-1"), on_folder).await), (404, None));
        // Not even the administrator lends what the author wrote.
        let on_item = new(&item("offer-2026"), Right::Edit, to_user("salesman-2"));
        assert_eq!(why(grant(&office.admin, &by("director"), on_item.clone()).await), (403, Some("D7")));
        assert!(grant(&office.admin, &by("salesman-1"), on_item).await.is_ok());
        assert!(office.may("salesman-2", "edit", &item("offer-2026")).await);
    }

    #[tokio::test]
    async fn d7_nobody_names_themselves_in_a_group() {
        let office = World::demo().await;
        let own = new(&folder("offers"), Right::Add, to_user("director"));
        assert_eq!(why(grant(&office.admin, &by("director"), own.clone()).await), (422, Some("D7")));
        assert!(grant(&office.admin, &HOST, own).await.is_ok());
    }

    #[tokio::test]
    async fn s5_private_rights_are_for_people_with_a_group_in_common() {
        let office = World::demo().await;
        let documents = tool("user:salesman-1/documents");
        for right in Right::ALL {
            for to in [to_user("workman-1"), to_group("sales")] {
                let given = grant(&office.admin, &by("salesman-1"), new(&documents, right, to)).await;
                assert!(given.is_ok(), "{right}");
            }
        }
        assert!(office.may("workman-1", "view", &documents).await);
        for to in [to_group("production"), to_user("nobody"), to_group("nothing")] {
            for caller in [HOST, by("salesman-1")] {
                let given = grant(&office.admin, &caller, new(&documents, Right::View, to.clone())).await;
                assert_eq!(why(given), (409, Some("S5")), "{to:?}");
            }
        }
        let own = new(&documents, Right::View, to_user("salesman-1"));
        assert_eq!(why(grant(&office.admin, &by("salesman-1"), own).await), (422, Some("S5")));
    }

    #[tokio::test]
    async fn s4_a_private_space_is_lent_by_its_owner_alone() {
        let office = World::demo().await;
        let calendar = tool("user:director/calendar");
        let lend = new(&calendar, Right::View, to_user("salesman-1"));
        // The secretary may look there, and lends nothing.
        assert_eq!(why(grant(&office.admin, &by("secretary"), lend.clone()).await), (403, Some("S4")));
        assert_eq!(why(grant(&office.admin, &by("salesman-1"), lend).await), (404, None));
    }

    #[tokio::test]
    async fn d6_a_grant_holds_for_all_that_lies_below() {
        let office = World::demo().await;
        assert!(!office.may("salesman-2", "delete", &item("offer-2026")).await);
        assert!(!office.may("salesman-2", "delete", &folder("offers")).await);
        let below = new(&tool("group:sales/documents"), Right::Delete, to_user("salesman-2"));
        grant(&office.admin, &by("director"), below).await.unwrap();
        assert!(office.may("salesman-2", "delete", &item("offer-2026")).await);
        assert!(office.may("salesman-2", "delete", &folder("offers")).await);
    }

    #[tokio::test]
    async fn d6_granting_twice_changes_nothing() {
        let office = World::demo().await;
        let again = new(&folder("offers"), Right::Add, to_group("sales"));
        let before = office.admin.store.revision().await.unwrap();
        assert_eq!(grant(&office.admin, &by("director"), again).await.unwrap().revision, before);
    }
}
