//! People and groups, by id.

use super::rows::{self, Row};
use super::{Cursor, Part, is_full, json};
use crate::domain::Filter;
use crate::domain::filter::{Place, Term};
use crate::domain::uid::types;
use crate::store::StoreError;
use crate::store::sql::Connection;

/// Whether all places of the filter are known here.
pub(super) fn covers(type_name: &str, filter: &Filter) -> bool {
    filter.terms().iter().all(|term| !parts(type_name, term).is_empty())
}

/// Everybody, or every group, after the cursor.
pub(super) async fn all(
    connection: &mut Connection,
    type_name: &str,
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let sql = match type_name {
        types::USER => "SELECT id FROM users WHERE id > ?1 ORDER BY id LIMIT ?2",
        _ => "SELECT id FROM groups WHERE id > ?1 ORDER BY id LIMIT ?2",
    };
    let query = rows::query(rows::gathered(&["id"], sql)).bind(after(from)?.to_owned()).bind(rows_max);
    let rows = rows::fetch(connection, query).await?;
    part(&rows, type_name, rows_max)
}

/// Those in the places of the filter.
pub(super) async fn some(
    connection: &mut Connection,
    type_name: &str,
    filter: &Filter,
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let parts: Vec<_> = filter.terms().iter().flat_map(|term| parts(type_name, term)).collect();
    if parts.is_empty() {
        return Ok(Part { rows: Vec::new(), next: None });
    }
    let (sql, lists) = statement(parts);
    let query = rows::query(sql).bind(after(from)?.to_owned()).bind(rows_max);
    let rows = rows::fetch(connection, lists.into_iter().fold(query, rows::Gathered::bind)).await?;
    part(&rows, type_name, rows_max)
}

/// ?1 is the id to begin after, ?2 how many rows; each part brings at least the first so many of its own,
/// so that the first so many of all are among them.
fn statement(parts: Vec<(&'static str, String)>) -> (String, Vec<String>) {
    let numbered = parts.iter().enumerate().map(|(place, (sql, _))| sql.replace("?LIST", &format!("?{}", place + 3)));
    let union = numbered.collect::<Vec<_>>().join(" UNION ");
    let sql = format!("SELECT id FROM ({union}) AS found ORDER BY id LIMIT ?2");
    (rows::gathered(&["id"], &sql), parts.into_iter().map(|(_, list)| list).collect())
}

const AMONG: &str = "SELECT value AS id FROM json_each(?LIST) WHERE value > ?1";

/// Of each group the first so many members, and the administrator.
const MEMBERS: [&str; 2] = [
    "SELECT m.value AS id FROM json_each(?LIST) AS g, json_each(CAST((SELECT json_group_array(user_id) FROM
        (SELECT user_id FROM members WHERE group_id = g.value AND user_id > ?1 ORDER BY user_id LIMIT ?2) AS first) AS TEXT)) AS m",
    "SELECT administrator AS id FROM json_each(?LIST) AS g CROSS JOIN groups ON groups.id = g.value
     WHERE administrator > ?1",
];

const HELPERS: &str =
    "SELECT m.value AS id FROM json_each(?LIST) AS g, json_each(CAST((SELECT json_group_array(user_id) FROM
        (SELECT user_id FROM members WHERE group_id = g.value AND co_administrator = 1 AND user_id > ?1
         ORDER BY user_id LIMIT ?2) AS first) AS TEXT)) AS m";

macro_rules! shown_to {
    ($grantee_type:literal) => {
        concat!(
            "SELECT * FROM (SELECT t.owner AS id FROM json_each(?LIST) AS w
             CROSS JOIN grants AS g ON g.grantee_type = '",
            $grantee_type,
            "' AND g.grantee = w.value CROSS JOIN tools AS t ON t.key = g.tool
             WHERE g.access = 'view' AND g.resource_type = 'Tool' AND t.kind = 'profile' AND t.owner > ?1
             ORDER BY t.owner LIMIT ?2) AS owners"
        )
    };
}

const ADMINISTERED: &str =
    "SELECT groups.id FROM json_each(?LIST) AS a CROSS JOIN groups ON groups.administrator = a.value
     WHERE groups.id > ?1";

const PUBLISHED: &str = "SELECT * FROM (SELECT group_id AS id FROM directory WHERE group_id > ?1 AND ?LIST IS NOT NULL
                    ORDER BY group_id LIMIT ?2) AS published";

/// What finds the candidates of one term, and which list it is told; nothing if the term is not known.
fn parts(type_name: &str, term: &Term) -> Vec<(&'static str, String)> {
    match (type_name, &term.place) {
        (_, Place::Among(ids)) => vec![(AMONG, json(ids))],
        (types::USER, Place::Members(groups)) => MEMBERS.map(|sql| (sql, json(groups))).to_vec(),
        (types::USER, Place::Helpers(groups)) => vec![(HELPERS, json(groups))],
        (types::USER, Place::ShownTo(to)) => {
            vec![(shown_to!("User"), json(&to.users)), (shown_to!("Group"), json(&to.groups))]
        }
        (types::GROUP, Place::AdministeredBy(users)) => vec![(ADMINISTERED, json(users))],
        (types::GROUP, Place::Published) => vec![(PUBLISHED, String::new())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let parts =
        [AMONG, MEMBERS[0], MEMBERS[1], HELPERS, shown_to!("User"), shown_to!("Group"), ADMINISTERED, PUBLISHED];
    parts.map(|sql| statement(vec![(sql, String::new())]).0).to_vec()
}

pub(super) fn after(from: &Cursor) -> Result<&str, StoreError> {
    match from {
        Cursor::Start => Ok(""),
        Cursor::Id(id) => Ok(id),
        other => Err(StoreError::Corrupt(format!("a cursor among ids: {other:?}"))),
    }
}

pub(super) fn part(rows: &[Row], type_name: &str, rows_max: u32) -> Result<Part, StoreError> {
    if !rows.is_sorted_by(|one, next| one.id <= next.id) {
        return Err(StoreError::Corrupt("candidates out of order".to_owned()));
    }
    let found = rows.iter().map(|row| {
        let uid = row.uid(type_name)?;
        let after = Cursor::Id(uid.id.clone());
        Ok((Some(uid), after))
    });
    let rows = found.collect::<Result<Vec<_>, StoreError>>()?;
    let last = rows.last().map(|(_, after)| after.clone());
    let next = if is_full(rows.len(), rows_max) { last } else { None };
    Ok(Part { rows, next })
}
