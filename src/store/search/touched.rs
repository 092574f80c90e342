//! What was changed since a search began, as far as it may be among its candidates.

use super::{Plan, Source};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Revision};
use crate::store::sql::{self, Row};
use crate::store::{Change, ReadTransaction, StoreError, row};
use smol_str::SmolStr;

/// An entity that was touched, and where it is now.
#[derive(Debug)]
pub struct Touched {
    /// Which entity.
    pub uid: EntityUid,
    change: Change,
    /// The key of the tool that it is or lies in.
    tool: Option<i64>,
    author: Option<SmolStr>,
}

/// ?1 the revision after which to begin, ?2 how many rows.
pub(super) const SINCE: &str = "
    SELECT picked.type, picked.id, picked.change,
        CASE picked.type
            WHEN 'Tool' THEN (SELECT key FROM tools WHERE id = picked.id)
            WHEN 'Folder' THEN (SELECT tool FROM folders WHERE id = picked.id)
            WHEN 'Item' THEN (SELECT tool FROM items WHERE id = picked.id)
        END AS tool,
        CASE picked.type WHEN 'Item' THEN (SELECT author FROM items WHERE id = picked.id) END AS author
    FROM (SELECT entity_type AS type, entity_id AS id, change FROM changes WHERE revision > ?1
          ORDER BY revision, ordinal LIMIT ?2) AS picked";

impl ReadTransaction {
    /// What was touched after a revision, up to now; `None` if that is more than so many entities.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn touched_since(&mut self, revision: Revision, max: u32) -> Result<Option<Vec<Touched>>, StoreError> {
        let after = i64::try_from(revision.0).unwrap_or(i64::MAX);
        let query = sql::query(SINCE).bind(after).bind(max.saturating_add(1));
        let rows = query.fetch_all(self.connection()).await?;
        if super::is_full(rows.len(), max.saturating_add(1)) {
            return Ok(None);
        }
        rows.iter().map(touched).collect::<Result<_, _>>().map(Some)
    }
}

impl Plan {
    /// Whether a tool, folder or item that was touched may be a candidate, or change what is said of one, or may have
    /// been or done so before.
    #[must_use]
    pub fn concerns(&self, touched: &Touched) -> bool {
        let (sought, places) = match &self.source {
            Source::All(_) | Source::Described(_) => return true,
            // People rest on the grants of their profile tool, groups on no content.
            Source::Named(sought, _) => return *sought == types::USER && touched.uid.type_name == types::TOOL,
            Source::Placed(sought, places) => (*sought, places),
        };
        match (sought, touched.uid.type_name.as_str()) {
            (types::TOOL | types::FOLDER, types::ITEM) | (types::TOOL, types::FOLDER) => false,
            // Nothing leaves its tool, but of what is gone nobody knows where it was.
            _ if touched.change == Change::Deleted => true,
            (_, type_name) => {
                touched.tool.is_none_or(|tool| places.has_tool(tool))
                    || match type_name {
                        types::ITEM => touched.author.as_ref().is_none_or(|author| places.authors.contains(author)),
                        // What an author's items lie in may be anything, but for what was not there before.
                        _ => !places.authors.is_empty() && touched.change != Change::Created,
                    }
            }
        }
    }
}

fn touched(found: &Row) -> Result<Touched, StoreError> {
    let change: &str = row::get(found, "change")?;
    Ok(Touched {
        uid: EntityUid::new(row::get::<&str>(found, "type")?, row::get::<&str>(found, "id")?),
        change: Change::from_name(change).ok_or_else(|| StoreError::Corrupt(format!("change `{change}`")))?,
        tool: row::get(found, "tool")?,
        author: row::get::<Option<&str>>(found, "author")?.map(SmolStr::new),
    })
}
