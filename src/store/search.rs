//! Candidates of a search, from one snapshot, in an order that does not change while nothing else does.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `places` | from the places of a filter to the tools, folders and items that are there |
//! | `content` | tools, folders and items, place by place |
//! | `subtree` | what lies below folders |
//! | `named` | people and groups, by id |
//! | `described` | entities of a host's own types, by id |
//! | `rows` | candidates as the database answers them |
//! | `touched` | what was changed meanwhile, and whether that may be a candidate |

mod content;
mod described;
mod named;
mod places;
mod rows;
mod subtree;
#[cfg(test)]
mod tests;
mod touched;

pub use touched::Touched;

use super::StoreError;
use super::read::ReadTransaction;
use crate::domain::filter::Ids;
use crate::domain::uid::types;
use crate::domain::{EntityUid, Filter};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Where candidates of one type are, at one snapshot.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    source: Source,
}

/// In which way candidates are found.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Source {
    /// All entities of a type that Conclave keeps.
    All(&'static str),
    /// People or groups in these places, by id.
    Named(&'static str, Filter),
    /// Content in these places, one after the other.
    Placed(&'static str, Places),
    /// All entities of a type of the host's own.
    Described(SmolStr),
}

/// Places that content lies in. None of `tools`, `folders` and `single` lies in another of them.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
struct Places {
    /// Whole tools, by key.
    tools: BTreeSet<i64>,
    /// Folders with all below them, by key, each with the key of its tool.
    folders: BTreeMap<i64, i64>,
    /// Single items, by key, each with the key of its tool.
    single: BTreeMap<i64, i64>,
    /// People whose items these are, wherever they lie.
    authors: Ids,
}

/// Between which two candidates a search stands. It says nothing to whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    /// Before the first.
    Start,
    /// After the entity of this id.
    Id(SmolStr),
    /// After the entity of this key.
    Key(i64),
    /// In a tool, after a key directly in a folder (or in the tool).
    In(i64, Option<i64>, i64),
    /// In a tool, after all that is directly in a folder (or in the tool).
    After(i64, Option<i64>),
    /// After all of a tool.
    Past(i64),
    /// Before the first of the folders.
    Folders,
    /// Below a folder, after a key directly in another.
    Below(i64, i64, i64),
    /// Below a folder, after all that is directly in another.
    Walked(i64, i64),
    /// After the single entity of this key.
    Single(i64),
    /// After an item of this author; of the next author if there is no more.
    By(SmolStr, i64),
}

impl Cursor {
    /// The key of the entity that it stands after, if it says so.
    const fn key(&self) -> Option<i64> {
        match self {
            Self::Key(key) | Self::In(_, _, key) | Self::Below(_, _, key) | Self::Single(key) | Self::By(_, key) => {
                Some(*key)
            }
            Self::Start | Self::Id(_) | Self::After(..) | Self::Past(_) | Self::Folders | Self::Walked(..) => None,
        }
    }
}

/// Some candidates.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Each with where the search stands after it; `None` is a row that was looked at and is no candidate.
    pub rows: Vec<(Option<EntityUid>, Cursor)>,
    /// Where the search goes on; `None` if these are the last.
    pub next: Option<Cursor>,
}

impl Plan {
    /// All that the host describes of a type of its own. Where they are, nothing is known that would narrow it.
    #[must_use]
    pub fn described(type_name: SmolStr) -> Self {
        Self { source: Source::Described(type_name) }
    }

    /// Whether it leads through all entities of the type.
    #[must_use]
    pub const fn is_scan(&self) -> bool {
        matches!(self.source, Source::All(_) | Source::Described(_))
    }

    /// Whether tools, folders or items are sought, in places.
    #[must_use]
    pub const fn is_of_content(&self) -> bool {
        matches!(self.source, Source::Placed(..))
    }

    /// A number for the places: the same for the same ones, and hardly ever for others.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

impl Places {
    /// Whether any of the places is or lies in a tool, those of authors apart.
    fn has_tool(&self, tool: i64) -> bool {
        self.tools.contains(&tool) || self.folders.values().chain(self.single.values()).any(|of| *of == tool)
    }
}

impl ReadTransaction {
    /// How to find the candidates of a type in these places; `None` if the store keeps no entities of that type.
    /// Where there would be more than `places_max` places, all entities of the type are candidates.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn plan(
        &mut self,
        type_name: &str,
        filter: &Filter,
        places_max: u32,
    ) -> Result<Option<Plan>, StoreError> {
        let known = [types::USER, types::GROUP, types::TOOL, types::FOLDER, types::ITEM];
        let Some(type_name) = known.into_iter().find(|known| *known == type_name) else { return Ok(None) };
        let source = match type_name {
            _ if filter.is_everything() => Source::All(type_name),
            types::USER | types::GROUP if named::covers(type_name, filter) => Source::Named(type_name, filter.clone()),
            types::USER | types::GROUP => Source::All(type_name),
            _ => places::resolved(self.connection(), type_name, filter, places_max)
                .await?
                .map_or(Source::All(type_name), |places| Source::Placed(type_name, places)),
        };
        Ok(Some(Plan { source }))
    }

    /// The candidates after a cursor, at most `rows_max` of them; perhaps none although there are more.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn candidates(&mut self, plan: &Plan, from: &Cursor, rows_max: u32) -> Result<Part, StoreError> {
        let part = self.part(plan, from, rows_max).await?;
        for (uid, after) in &part.rows {
            if let (Some(uid), Some(key)) = (uid.as_ref().filter(|uid| uid.type_name == types::ITEM), after.key()) {
                self.found(uid, key);
            }
        }
        Ok(part)
    }

    async fn part(&mut self, plan: &Plan, from: &Cursor, rows_max: u32) -> Result<Part, StoreError> {
        let connection = self.connection();
        match &plan.source {
            Source::All(type_name @ (types::USER | types::GROUP)) => {
                named::all(connection, type_name, from, rows_max).await
            }
            Source::All(type_name) => content::all(connection, type_name, from, rows_max).await,
            Source::Named(type_name, filter) => named::some(connection, type_name, filter, from, rows_max).await,
            Source::Placed(type_name, places) => content::some(connection, (type_name, places), from, rows_max).await,
            Source::Described(type_name) => described::all(connection, type_name, from, rows_max).await,
        }
    }
}

/// Whether there may be more than these rows.
fn is_full(rows: usize, rows_max: u32) -> bool {
    rows >= usize::try_from(rows_max).unwrap_or(usize::MAX)
}

/// Ids as a JSON array. Those that nobody can have stay out: the database would take some for others.
fn json(ids: &Ids) -> String {
    let ids = ids.iter().filter(|id| !id.chars().any(char::is_control)).map(SmolStr::as_str);
    ids.collect::<serde_json::Value>().to_string()
}

fn keys(keys: impl IntoIterator<Item = i64>) -> String {
    keys.into_iter().collect::<serde_json::Value>().to_string()
}
