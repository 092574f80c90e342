//! Listing the grants that a tool, folder or item carries.

use super::authority::not_found;
use super::grant::GrantView;
use super::{Admin, Caller, Refusal, content};
use crate::domain::{Context, Page, Paged};

/// Lists the grants on this content itself, not those on what it lies in; the actor needs
/// `manage_access` (D7).
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such content or the actor may not view it,
/// [`Refusal::Forbidden`] without the right.
pub async fn list_grants(
    admin: &Admin,
    caller: &Caller,
    resource: &str,
    page: &Page,
) -> Result<Paged<GrantView>, Refusal> {
    let resource = content::reference("resource", resource)?;
    let uid = resource.uid();
    // INVARIANT: read before it is asked who may see them. Of grants made meanwhile nobody is told who may see those before.
    let grants = admin.store.grants(&resource, page).await?;
    let tool = admin.store.tool_of(&resource).await?.ok_or_else(|| not_found(&uid))?;
    admin.authorize_in(caller, "manage_access", &uid, &tool.space, Context::empty()).await?;
    Ok(grants.map(GrantView::from))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, folder, item, to_group, to_user, tool, why};
    use super::*;
    use crate::domain::{ContentRef, Right};

    #[tokio::test]
    async fn d7_grants_are_listed_to_who_manages_them() {
        let office = World::demo().await;
        let list = async |caller, resource| {
            let resource = ContentRef::uid(&resource).to_string();
            list_grants(&office.admin, &caller, &resource, &Page::first()).await
        };
        let grants = list(by("director"), folder("offers")).await.unwrap().rows;
        let resource = folder("offers").uid().to_string();
        assert_eq!(
            grants,
            [GrantView {
                resource,
                right: Right::Add,
                to: to_group("sales"),
                kept: false,
                reaches_later_joiners: false
            }]
        );
        assert_eq!(why(list(by("salesman-1"), folder("offers")).await), (403, Some("D7")));
        assert_eq!(why(list(by("workman-1"), folder("offers")).await), (404, None));
        assert_eq!(why(list(by("secretary"), tool("user:director/calendar")).await), (403, Some("S4")));
        assert_eq!(why(list(HOST, folder("nowhere")).await), (404, None));
        // What its place gives it is not listed again.
        assert!(list(HOST, item("offer-2026")).await.unwrap().rows.is_empty());
    }

    #[tokio::test]
    async fn s4_pages_hold_every_grant_once() {
        let office = World::demo().await;
        let calendar = tool("user:director/calendar").uid().to_string();
        let mut page = Page { after: None, rows_max: 1 };
        let mut rights = Vec::new();
        loop {
            let Paged { rows, next } = list_grants(&office.admin, &by("director"), &calendar, &page).await.unwrap();
            assert!(rows.iter().all(|grant| grant.to == to_user("secretary")));
            rights.extend(rows.iter().map(|grant| grant.right));
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        assert_eq!(rights, [Right::Add, Right::Delete, Right::Edit, Right::ViewDetails]);
    }
}
