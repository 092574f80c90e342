//! The contexts a user can work in.

use super::authority::not_found;
use super::usage::only_oneself;
use super::{Admin, Caller, Refusal};
use crate::domain::{EntityUid, GroupId, Page, Paged, Space, UserId};
use crate::store::list::contexts::ContextRow;
use serde::Serialize;

/// A context as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ContextView {
    /// The user's private space.
    Private,
    /// A group the user is in.
    Group {
        /// Which.
        group: GroupId,
        /// Its name.
        name: String,
    },
}

/// Lists the contexts of a user: Private first, then the groups they are in, by name (S3). For
/// that user alone.
///
/// # Errors
/// [`Refusal::Forbidden`] to every other actor, [`Refusal::NotFound`] if there is no such user.
pub async fn contexts(
    admin: &Admin,
    caller: &Caller,
    user: &UserId,
    page: &Page,
) -> Result<Paged<ContextView>, Refusal> {
    only_oneself(caller, user, "contexts")?;
    if !admin.store.space_exists(&Space::Private(user.clone())).await? {
        return Err(not_found(&EntityUid::user(user)));
    }
    let Paged { rows, next } = admin.store.contexts(user, page).await?;
    Ok(Paged { rows: rows.into_iter().map(view).collect(), next })
}

fn view(row: ContextRow) -> ContextView {
    match row {
        ContextRow::Private => ContextView::Private,
        ContextRow::Group { id, name } => ContextView::Group { group: id, name },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, user, why};
    use super::*;

    fn name(context: &ContextView) -> &str {
        match context {
            ContextView::Private => "private",
            ContextView::Group { group, .. } => group.as_str(),
        }
    }

    #[tokio::test]
    async fn s3_private_comes_first_and_then_ones_groups() {
        let office = World::demo().await;
        for (person, expected) in [
            ("director", vec!["private", "company", "direction", "production", "sales"]),
            ("salesman-1", vec!["private", "company", "sales"]),
            ("workman-5", vec!["private", "company", "production"]),
        ] {
            let page = contexts(&office.admin, &by(person), &user(person), &Page::first()).await.unwrap();
            assert_eq!(page.rows.iter().map(name).collect::<Vec<_>>(), expected, "{person}");
            assert_eq!(page.next, None);
        }
    }

    #[tokio::test]
    async fn s3_pages_hold_every_context_once() {
        let office = World::demo().await;
        let mut page = Page { after: None, rows_max: 1 };
        let mut seen = Vec::new();
        loop {
            let Paged { rows, next } = contexts(&office.admin, &HOST, &user("director"), &page).await.unwrap();
            seen.extend(rows.iter().map(|context| name(context).to_owned()));
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        assert_eq!(seen, ["private", "company", "direction", "production", "sales"]);
    }

    #[tokio::test]
    async fn s3_contexts_are_for_the_user_alone() {
        let office = World::demo().await;
        let refused = contexts(&office.admin, &by("director"), &user("workman-1"), &Page::first()).await;
        assert_eq!(why(refused), (403, None));
        let missing = contexts(&office.admin, &HOST, &user("nobody"), &Page::first()).await;
        assert_eq!(why(missing), (404, None));
    }

    #[test]
    fn s3_a_context_says_its_kind() {
        let json = |view: &ContextView| serde_json::to_string(view).unwrap();
        assert_eq!(json(&ContextView::Private), r#"{"kind":"private"}"#);
        let sales = ContextView::Group { group: GroupId::new("sales").unwrap(), name: "Sales".to_owned() };
        assert_eq!(json(&sales), r#"{"kind":"group","group":"sales","name":"Sales"}"#);
    }
}
