//! From the places of a filter to the tools, folders and items that are there.

use super::{Places, json, keys};
use crate::domain::filter::{Place, Term, To};
use crate::domain::uid::types;
use crate::domain::{Filter, Right};
use crate::store::sql::{self, Connection, Row};
use crate::store::{StoreError, row};

/// What each place leads to, unless one cannot be told, or there are more than `places_max`.
pub(super) async fn resolved(
    connection: &mut Connection,
    type_name: &str,
    filter: &Filter,
    places_max: u32,
) -> Result<Option<Places>, StoreError> {
    let mut places = Places::default();
    let mut parts = Vec::new();
    for term in filter.terms() {
        match &term.place {
            Place::AuthoredBy(users) if type_name == types::ITEM => places.authors.extend(users.iter().cloned()),
            _ => match selects(type_name, term) {
                Some(selects) => parts.extend(selects),
                None => return Ok(None),
            },
        }
    }
    if parts.is_empty() {
        return Ok(Some(places));
    }
    let rows = look_up(connection, &parts, places_max).await?;
    if super::is_full(rows.len(), places_max.saturating_add(1)) {
        return Ok(None);
    }
    for row in &rows {
        places.add(type_name, row)?;
    }
    places.drop_contained(connection).await?;
    Ok(Some(places))
}

/// One way to find places: a statement, the list it is told, the kinds it is narrowed to, the right.
struct Select {
    sql: &'static str,
    list: String,
    kinds: Option<String>,
    right: Option<Right>,
}

/// Reads all of them in one statement.
async fn look_up(connection: &mut Connection, selects: &[Select], places_max: u32) -> Result<Vec<Row>, StoreError> {
    let numbered = selects.iter().enumerate().map(|(place, select)| {
        let of = |offset: usize| format!("?{}", place * 3 + offset);
        select.sql.replace("?LIST", &of(2)).replace("?KINDS", &of(3)).replace("?RIGHT", &of(4))
    });
    let union = numbered.collect::<Vec<_>>().join(" UNION ALL ");
    // Made of constants of this program alone.
    let query = sql::query(sql::OfConstants(format!("SELECT type, key, tool FROM ({union}) AS found LIMIT ?1")));
    let query = selects.iter().fold(query.bind(places_max.saturating_add(1)), |query, select| {
        query.bind(&select.list).bind(&select.kinds).bind(select.right.map(Right::name))
    });
    Ok(query.fetch_all(connection).await?)
}

/// A statement that finds places: their type, key, and the key of the tool they are or lie in.
macro_rules! tools {
    ($from:literal) => {
        concat!(
            "SELECT 'Tool' AS type, t.key AS key, t.key AS tool FROM json_each(?LIST) AS l ",
            $from,
            " WHERE ?KINDS IS NULL OR t.kind IN (SELECT value FROM json_each(?KINDS))"
        )
    };
}

const OWNED: &str = tools!("CROSS JOIN tools AS t ON t.owner = l.value");
const GROUPS: &str = tools!("CROSS JOIN tools AS t ON t.group_id = l.value");
const ADMINISTERED: &str =
    tools!("CROSS JOIN groups AS g ON g.administrator = l.value CROSS JOIN tools AS t ON t.group_id = g.id");
const MEMBERS: &str =
    tools!("CROSS JOIN members AS m ON m.group_id = l.value CROSS JOIN tools AS t ON t.owner = m.user_id");
const ADMINISTRATORS: &str =
    tools!("CROSS JOIN groups AS g ON g.id = l.value CROSS JOIN tools AS t ON t.owner = g.administrator");
const TOOLS: &str = tools!("CROSS JOIN tools AS t ON t.id = l.value");
const FOLDERS: &str = "SELECT 'Folder' AS type, f.key AS key, f.tool AS tool FROM json_each(?LIST) AS l
    CROSS JOIN folders AS f ON f.id = l.value";
const ITEMS: &str = "SELECT 'Item' AS type, i.key AS key, i.tool AS tool FROM json_each(?LIST) AS l
    CROSS JOIN items AS i ON i.id = l.value";

macro_rules! granted {
    ($grantee_type:literal) => {
        concat!(
            "SELECT g.resource_type AS type, g.resource AS key, g.tool AS tool FROM json_each(?LIST) AS l
             CROSS JOIN grants AS g ON g.grantee_type = '",
            $grantee_type,
            "' AND g.grantee = l.value CROSS JOIN tools AS t ON t.key = g.tool
             WHERE g.access = ?RIGHT AND (?KINDS IS NULL OR t.kind IN (SELECT value FROM json_each(?KINDS)))"
        )
    };
}

fn selects(type_name: &str, term: &Term) -> Option<Vec<Select>> {
    let kinds = term.kinds.as_ref().map(json);
    let of = |sql, list| Select { sql, list, kinds: kinds.clone(), right: None };
    Some(match &term.place {
        Place::OwnedBy(users) => vec![of(OWNED, json(users))],
        Place::InGroups(groups) => vec![of(GROUPS, json(groups))],
        Place::InGroupsOf(users) => vec![of(ADMINISTERED, json(users))],
        Place::OwnedInGroups(groups) => vec![of(MEMBERS, json(groups)), of(ADMINISTRATORS, json(groups))],
        Place::Granted(right, To { users, groups }) => {
            let right = Some(*right);
            let granted = [(granted!("User"), users), (granted!("Group"), groups)];
            let granted = granted.into_iter().filter(|(_, ids)| !ids.is_empty());
            granted.map(|(sql, ids)| Select { right, ..of(sql, json(ids)) }).collect()
        }
        Place::Among(ids) => vec![match type_name {
            types::TOOL => of(TOOLS, json(ids)),
            types::FOLDER => of(FOLDERS, json(ids)),
            _ => of(ITEMS, json(ids)),
        }],
        Place::Below(places) => {
            let ids =
                |ty: &str| json(&places.iter().filter(|uid| uid.type_name == ty).map(|uid| uid.id.clone()).collect());
            vec![of(TOOLS, ids(types::TOOL)), of(FOLDERS, ids(types::FOLDER))]
        }
        _ => return None,
    })
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let selects = [
        OWNED,
        GROUPS,
        ADMINISTERED,
        MEMBERS,
        ADMINISTRATORS,
        TOOLS,
        FOLDERS,
        ITEMS,
        granted!("User"),
        granted!("Group"),
    ];
    let number = |sql: &str| sql.replace("?LIST", "?1").replace("?KINDS", "?2").replace("?RIGHT", "?3");
    selects.map(number).into_iter().chain([CONTAINED.to_owned()]).collect()
}

impl Places {
    /// Adds a place, as far as it matters to the type that is sought.
    fn add(&mut self, type_name: &str, row: &Row) -> Result<(), StoreError> {
        let (place, key, tool): (&str, i64, i64) =
            (row::get(row, "type")?, row::get(row, "key")?, row::get(row, "tool")?);
        match (type_name, place) {
            (_, types::TOOL) => drop(self.tools.insert(key)),
            (types::FOLDER | types::ITEM, types::FOLDER) => drop(self.folders.insert(key, tool)),
            (types::ITEM, types::ITEM) => drop(self.single.insert(key, tool)),
            // A grant on what lies in something says nothing of that.
            _ => {}
        }
        Ok(())
    }

    fn forget(&mut self, place: &str, key: i64) {
        if place == types::FOLDER {
            self.folders.remove(&key);
        } else {
            self.single.remove(&key);
        }
    }

    /// Drops what lies in another place, so that nothing is found twice.
    async fn drop_contained(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        if self.folders.is_empty() && self.single.is_empty() {
            return Ok(());
        }
        let (folders, single) = (keys(self.folders.keys().copied()), keys(self.single.keys().copied()));
        let query = sql::query(CONTAINED).bind(&folders).bind(&single);
        let query = query.bind(keys(self.tools.iter().copied()));
        for row in &query.fetch_all(connection).await? {
            self.forget(row::get(row, "type")?, row::get(row, "key")?);
        }
        Ok(())
    }
}

/// ?1 the keys of folders, ?2 of items, ?3 of tools: those of the first two that lie in one of the first or the
/// last.
const CONTAINED: &str = "
    WITH RECURSIVE up (type, key, tool, above) AS (
        SELECT 'Folder', f.key, f.tool, f.parent FROM json_each(?1) AS l CROSS JOIN folders AS f ON f.key = CAST(l.value AS BIGINT)
        UNION SELECT 'Item', i.key, i.tool, i.folder FROM json_each(?2) AS l CROSS JOIN items AS i ON i.key = CAST(l.value AS BIGINT)
        UNION SELECT up.type, up.key, up.tool, f.parent FROM up CROSS JOIN folders AS f ON f.key = up.above)
    SELECT DISTINCT type, key FROM up
    WHERE above IN (SELECT CAST(value AS BIGINT) FROM json_each(?1))
        OR tool IN (SELECT CAST(value AS BIGINT) FROM json_each(?3))";
