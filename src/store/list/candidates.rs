//! Whom an administrator may want to invite (A9).

use crate::domain::{Contact, GroupId, Page, Paged, UserId};
use crate::store::sql::{self, Both, Row};
use crate::store::{Store, StoreError, row};
use smol_str::{SmolStr, format_smolstr};

/// The groups that the user ?2 is in and, as `books`, the contacts tools that their candidates
/// come from: their own and those of these groups.
macro_rules! books {
    () => {
        "WITH mine (id) AS MATERIALIZED (
             SELECT group_id FROM members WHERE user_id = ?2
             UNION SELECT id FROM groups WHERE administrator = ?2),
         books (tool) AS MATERIALIZED (
             SELECT key FROM tools WHERE owner = ?2 AND kind = 'contacts'
             UNION ALL
             SELECT tools.key FROM mine CROSS JOIN tools ON tools.group_id = mine.id WHERE tools.kind = 'contacts')"
    };
}
pub(in crate::store) use books;

/// ?1 the group, ?2 who invites, ?3 what time it is, ?4 the key to begin after, ?5 how many rows.
///
/// An address that belongs to exactly one user stands for that user (A10). Of several contacts with
/// one address the oldest is shown.
macro_rules! candidates {
    ($select:literal, $last:literal) => {
        concat!(
            books!(),
            ", found (user_id, email, first_name, last_name, item) AS (
         SELECT members.user_id, NULL, NULL, NULL, CAST(NULL AS BIGINT)
         FROM mine CROSS JOIN members ON members.group_id = mine.id
         UNION
         SELECT groups.administrator, NULL, NULL, NULL, CAST(NULL AS BIGINT) FROM mine CROSS JOIN groups ON groups.id = mine.id
         UNION ALL
         SELECT coalesce(contacts.user_id, (SELECT CASE count(*) WHEN 1 THEN min(id) END
                                            FROM users WHERE users.email = contacts.email)),
                contacts.email, contacts.first_name, contacts.last_name, contacts.item
         FROM books CROSS JOIN items ON items.tool = books.tool CROSS JOIN contacts ON contacts.item = items.key),
     keyed AS (SELECT *, CASE WHEN user_id IS NULL THEN '1' || email ELSE '0' || user_id END AS place FROM found)
",
            $select,
            " FROM keyed
     WHERE place > ?4 AND CASE WHEN user_id IS NULL
         THEN email NOT IN (SELECT email FROM invitations WHERE group_id = ?1 AND state = 'pending'
                                AND expires_ms > ?3 AND user_id IS NULL)
         ELSE NOT EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND members.user_id = keyed.user_id)
             AND NOT EXISTS (SELECT 1 FROM groups WHERE id = ?1 AND administrator = keyed.user_id)
             AND keyed.user_id NOT IN (SELECT user_id FROM invitations WHERE group_id = ?1 AND state = 'pending'
                                           AND expires_ms > ?3 AND user_id IS NOT NULL)
         END
",
            $last
        )
    };
}

/// Of a group of rows one is shown: in SQLite that of the least item, by the only aggregate there is.
const CANDIDATES: Both = Both {
    sqlite: candidates!(
        "     SELECT place, user_id, email, first_name, last_name, min(item)",
        "     GROUP BY place ORDER BY place LIMIT ?5"
    ),
    postgres: candidates!(
        "     SELECT DISTINCT ON (place) place, user_id, email, first_name, last_name, item",
        "     ORDER BY place, item LIMIT ?5"
    ),
};

impl Store {
    /// Whom `inviter` may invite to a group: people in the groups they are in, contacts in their
    /// private contacts tool and in those of their groups, each once; users first, by id, then
    /// addresses. Whoever is in the group or has an invitation that admits at `now_ms` is left out.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn candidates(
        &self,
        group: &GroupId,
        inviter: &UserId,
        now_ms: i64,
        page: &Page,
    ) -> Result<Paged<Contact>, StoreError> {
        let mut transaction = self.read_followed().await?;
        let query = sql::query(CANDIDATES).bind(group.as_str()).bind(inviter.as_str()).bind(now_ms);
        let query = query.bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let candidates = rows.iter().map(candidate).collect::<Result<_, _>>()?;
        Ok(Paged::cut(candidates, page, key))
    }
}

/// What the list is ordered by.
fn key(candidate: &Contact) -> SmolStr {
    match candidate {
        Contact::User { user } => format_smolstr!("0{user}"),
        Contact::Address { email, .. } => format_smolstr!("1{email}"),
    }
}

/// A user who is found by an address is that user and no address.
fn candidate(row: &Row) -> Result<Contact, StoreError> {
    match row::optional_id(row, "user_id")? {
        Some(user) => Ok(Contact::User { user }),
        None => row::contact(row).and_then(|contact| contact.ok_or_else(|| row::corrupt("email", "NULL"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, explain};

    #[tokio::test]
    async fn a9_candidates_are_read_from_groups_and_contacts_tools_alone() {
        let world = World::new().await;
        for step in explain(&mut world.connection().await, CANDIDATES, 5).await {
            let whole = ["items", "contacts", "tools", "members", "groups", "users", "invitations"];
            assert!(!whole.iter().any(|table| step.starts_with(&format!("SCAN {table}"))), "{step}");
        }
    }
}
