//! A statement for a few entities, whose text follows from their types and from what is wanted with
//! them: no more than that is looked at, and all of it is one row.

use super::found::Found;
use super::parts::{self, Place};
use super::request::{Asked, Kind, named};
use super::row;
use crate::domain::Revision;
use crate::domain::facts::Neighbours;
use crate::store::error::StoreError;
use crate::store::limits::PREPARED_STATEMENTS_MAX;
use crate::store::sql::{self, Connection, Dialect, Row};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// Most entities of one such statement. A slice begins with two, principal and resource; the statement
/// for any number is slower by what it takes to tell them apart.
pub(super) const ENTITIES_MAX: usize = 3;

/// Reads the revision and what is asked for.
pub(super) async fn fetch(connection: &mut Connection, asked: &[Asked<'_>]) -> Result<Row, StoreError> {
    // Made of constants of this program alone.
    let mut query = sql::query(sql::OfConstants(text(connection.dialect(), asked)));
    for one in asked {
        query = query.bind(one.uid.id.as_str());
    }
    for one in asked.iter().filter(|one| one.kind.is_hosts()) {
        query = query.bind(one.uid.type_name.as_str());
    }
    // INVARIANT: one row. The statement is over when the row is there, and with it the snapshot.
    Ok(query.fetch_one(connection).await?)
}

/// Statements by who reads them and by the kinds of what is asked for.
type Texts = HashMap<(Dialect, u64), Arc<str>>;

/// The statement for entities like these, put together once: most questions are of a few shapes.
fn text(dialect: Dialect, asked: &[Asked<'_>]) -> Arc<str> {
    static KEPT: LazyLock<RwLock<Texts>> = LazyLock::new(RwLock::default);
    let shape = (dialect, asked.iter().fold(1, |shape, one| shape << 16 | u64::from(one.shape())));
    if let Some(kept) = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(&shape) {
        return Arc::clone(kept);
    }
    let text: Arc<str> = compose(dialect, asked).into();
    let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < PREPARED_STATEMENTS_MAX {
        kept.insert(shape, Arc::clone(&text));
    }
    text
}

/// The revision, then the facts of each entity, each followed by its neighbours. Ids are bound first, then the types
/// that are the host's.
///
/// Every join is to at most one row, found by its key or unique id.
pub(super) fn compose(dialect: Dialect, asked: &[Asked<'_>]) -> String {
    let (mut columns, mut joins) = (String::with_capacity(2048), String::new());
    let mut types = asked.len() + 1..;
    let within = Place::in_row(dialect);
    for (place, one) in asked.iter().enumerate() {
        let (id, content, tool) = (format!("?{}", place + 1), format!("c{place}"), format!("t{place}"));
        let mut column = |part: String| {
            columns.push(',');
            columns.push_str(&part);
        };
        match one.kind {
            Kind::User => column(parts::user(within, &id)),
            Kind::Group => column(parts::group(within, &id)),
            Kind::Quota => column(parts::quota(&tool)),
            Kind::Tool => column(parts::tool(within, &tool)),
            Kind::Folder => column(parts::folder(within, &content, &tool)),
            Kind::Item => column(parts::item(within, &content, &tool)),
            Kind::Host | Kind::HostAlone => {
                let type_name = format!("?{}", types.next().unwrap_or_default());
                column(parts::host_entity(within, &type_name, &id, one.kind == Kind::Host));
            }
        }
        for neighbour in one.neighbours() {
            column(match neighbour {
                Neighbours::GROUP => parts::group(within, &format!("{tool}.group_id")),
                Neighbours::TOOL => parts::tool(within, &tool),
                Neighbours::OWNER => parts::user(within, &format!("{tool}.owner")),
                Neighbours::AUTHOR => parts::user(within, &format!("{content}.author")),
                Neighbours::QUOTA => parts::quota(&tool),
                _ => parts::user(within, &format!("(SELECT administrator FROM groups WHERE id={id})")),
            });
        }
        // Writing to a String cannot fail.
        let _ = match one.kind {
            Kind::User | Kind::Group | Kind::Host | Kind::HostAlone => Ok(()),
            Kind::Quota | Kind::Tool => write!(joins, " LEFT JOIN tools AS {tool} ON {tool}.id={id}"),
            Kind::Folder | Kind::Item => write!(
                joins,
                " LEFT JOIN {} AS {content} ON {content}.id={id} LEFT JOIN tools AS {tool} ON {tool}.key={content}.tool",
                if one.kind == Kind::Item { "items" } else { "folders" }
            ),
        };
    }
    let (store, condition) = within.of_row();
    let text = format!("SELECT revision{columns} FROM {store}{joins}{condition}");
    match dialect {
        Dialect::Sqlite => text,
        Dialect::Postgres => sql::translated(&text),
    }
}

/// Makes facts of the row.
pub(super) fn read(asked: &[Asked<'_>], row: &Row, found: &mut Found) -> Result<Revision, StoreError> {
    let mut columns = 1..;
    let mut next = || row.try_get::<Option<&str>, _>(columns.next().unwrap_or_default());
    for one in asked {
        let decode = |json| row::decode(one.kind, json);
        let facts = next()?.map(decode).transpose()?;
        for neighbour in one.neighbours() {
            let json = next()?;
            if let Some(uid) = facts.as_ref().and_then(|facts| named(facts, neighbour)) {
                let facts = json.map(|json| row::decode_named(&uid.type_name, json)).transpose()?;
                found.put(uid, facts);
            }
        }
        found.put(one.uid.clone(), facts);
    }
    row::revision(row.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntityUid;
    use crate::domain::facts::{Keeper, Wanted};
    use crate::store::facts::request::Request;
    use crate::store::facts::tests::{everything, reads_through_indexes};

    /// What is found from end to end: the folders around, what an entity is in, and whether there is any parent at all.
    const SMALL: &[&str] = &["a", "b", "CONSTANT", "up", "entity_parents"];

    #[tokio::test]
    async fn every_table_is_read_through_an_index() {
        for neighbours in [Neighbours::NONE, Neighbours::ALL] {
            let mut wanted = everything(neighbours);
            wanted.extend([Keeper::Conclave, Keeper::Host].map(|keeper| Wanted {
                uid: EntityUid::new("Order", format!("{keeper:?}")),
                neighbours,
                keeper,
            }));
            for one in &wanted {
                for other in &wanted {
                    let pair = [one.clone(), other.clone()];
                    let request = Request::of(&pair);
                    reads_through_indexes(compose(Dialect::Sqlite, &request.stored), request.stored.len(), SMALL).await;
                }
            }
        }
    }
}
