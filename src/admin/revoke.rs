//! Withdrawing a granted right.

use super::field::conflict;
use super::grant::{Grant, shares_group};
use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::{Context, Grantee, Rule, Space};
use crate::store::WriteTransaction;
use crate::store::write::content::Located;

/// Withdraws a grant; the actor needs `manage_access` on what carries it (D7, S4). Whether the
/// grantee still belongs to the group makes no difference: what was granted can be withdrawn,
/// unless its owner left the group and kept it (F7).
///
/// # Errors
/// [`Refusal`]: no such content or not that right, no such grant, or one that was kept (F7).
pub async fn revoke(admin: &Admin, caller: &Caller, input: Grant) -> Result<Done<()>, Refusal> {
    let resource = content::reference("resource", &input.resource)?;
    let mut tx = admin.begin("revoke", caller).await?;
    let place = content::find(&mut tx, &resource).await?;
    admin.authorize_content(caller, "manage_access", &place, Context::empty()).await?;
    check_not_kept(&mut tx, &place, &input).await?;
    if !tx.remove_grant(&place, input.right, &input.to).await? {
        return Err(Refusal::NotFound { what: describe(&input) });
    }
    Ok(Done { output: (), revision: admin.commit(tx).await? })
}

/// What was kept when leaving is withdrawn only once owner and grantee share a group again, by
/// anybody (F7).
async fn check_not_kept(tx: &mut WriteTransaction, place: &Located, grant: &Grant) -> Result<(), Refusal> {
    let Space::Private(owner) = &place.tool.space else { return Ok(()) };
    if !tx.is_kept(place, grant.right, &grant.to).await? || shares_group(tx, owner, &grant.to).await? {
        return Ok(());
    }
    let until = match &grant.to {
        Grantee::User(user) => format!("until they share a group with `{user}` again"),
        Grantee::Group(group) => format!("until they are in the group `{group}` again"),
    };
    Err(conflict(Rule::F7, format!("`{owner}` kept this grant when leaving, and it stays {until}")))
}

fn describe(grant: &Grant) -> String {
    let to = match &grant.to {
        Grantee::User(user) => format!("user `{user}`"),
        Grantee::Group(group) => format!("group `{group}`"),
    };
    format!("a grant of `{}` on `{}` to {to}", grant.right, grant.resource)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, folder, item, to_group, to_user, tool, why};
    use super::*;
    use crate::domain::{ContentRef, Right};

    fn old(resource: &ContentRef, right: Right, to: Grantee) -> Grant {
        Grant { resource: resource.uid().to_string(), right, to }
    }

    #[tokio::test]
    async fn s4_an_owner_withdraws_at_any_time() {
        let office = World::demo().await;
        let calendar = tool("user:director/calendar");
        let details = old(&calendar, Right::ViewDetails, to_user("secretary"));
        assert!(office.may("secretary", "view_details", &item("board-meeting")).await);
        assert_eq!(why(revoke(&office.admin, &by("secretary"), details.clone()).await), (403, Some("S4")));
        revoke(&office.admin, &by("director"), details.clone()).await.unwrap();
        assert!(!office.may("secretary", "view_details", &item("board-meeting")).await);
        // The other rights stay: none includes another.
        assert!(office.may("secretary", "add", &calendar).await);
        assert_eq!(why(revoke(&office.admin, &by("director"), details).await), (404, None));
    }

    #[tokio::test]
    async fn d7_withdrawing_takes_manage_access() {
        let office = World::demo().await;
        let open = old(&folder("offers"), Right::Add, to_group("sales"));
        assert_eq!(why(revoke(&office.admin, &by("salesman-1"), open.clone()).await), (403, Some("D7")));
        assert_eq!(why(revoke(&office.admin, &by("workman-1"), open.clone()).await), (404, None));
        revoke(&office.admin, &by("director"), open).await.unwrap();
        assert!(!office.may("salesman-1", "add", &folder("offers")).await);
    }

    #[tokio::test]
    async fn d6_only_the_grant_that_is_named_goes() {
        let office = World::demo().await;
        for absent in [
            old(&folder("offers"), Right::Delete, to_group("sales")),
            old(&folder("offers"), Right::Add, to_user("salesman-1")),
            old(&tool("group:sales/documents"), Right::Add, to_group("sales")),
            old(&folder("nowhere"), Right::Add, to_group("sales")),
        ] {
            assert_eq!(why(revoke(&office.admin, &HOST, absent).await), (404, None));
        }
        assert!(office.may("salesman-1", "add", &folder("offers")).await);
    }
}
