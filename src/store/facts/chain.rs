//! A folder chain with its grants where they sit, for explanations: decisions take them joined (D6).

use super::{few, request::Request, row};
use crate::domain::ContentRef;
use crate::domain::facts::{Keeper, Link, Neighbours, Wanted};
use crate::store::error::StoreError;
use crate::store::sql::Connection;

/// The content itself, the folders it lies in from the inside out, and the tool; nothing of what is not stored.
///
/// The statement is that of the content's facts.
pub(in crate::store) async fn chain(
    connection: &mut Connection,
    content: &ContentRef,
) -> Result<Vec<Link>, StoreError> {
    let wanted = [Wanted { uid: content.uid(), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }];
    let request = Request::of(&wanted);
    if request.stored.is_empty() {
        return Ok(Vec::new());
    }
    let found = few::fetch(connection, &request.stored).await?;
    let json: Option<&str> = found.try_get(1)?;
    json.map_or_else(|| Ok(Vec::new()), |json| row::links(&content.uid(), json))
}
