//! Whether what hosts said of entities is what the schema says now: it may have been said under another.

use crate::cedar::{EntityError, EntityModel};
use crate::domain::EntityRecord;
use crate::store::{Store, StoreError};
use miette::Diagnostic;
use thiserror::Error;

/// Entities that are read at a time.
const READ_ENTITIES_MAX: u32 = 1_000;

/// Entities that are named; the others are counted.
const NAMED_ENTITIES_MAX: usize = 20;

/// The store holds what the schema does not have. No decision could rest on it, and none may pass over it.
#[derive(Debug, Error, Diagnostic)]
#[error("what is stored of {count} entities is not what the schema says:\n{}", named.join("\n"))]
#[diagnostic(help(
    "load the schema under which it was stored, or one that has all of it; to be rid of an entity, \
     DELETE /admin/v1/entities/TYPE/ID while that schema is loaded"
))]
pub struct DescribedError {
    count: u64,
    named: Vec<String>,
}

/// Why it is not known to be.
#[derive(Debug, Error, Diagnostic)]
pub enum StoredError {
    /// It is not.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Described(#[from] DescribedError),
    /// The store does not answer.
    #[error("the database cannot be read")]
    Store(#[from] StoreError),
}

/// Holds every entity that a host described to the model of the schema.
///
/// # Errors
/// [`StoredError`] naming those that are not what it says.
pub async fn check(store: &Store, model: &EntityModel) -> Result<(), StoredError> {
    let mut found = DescribedError { count: 0, named: Vec::new() };
    let mut after = None;
    loop {
        let records = store.entities_after(after.as_ref(), READ_ENTITIES_MAX).await?;
        for record in &records {
            if let Err(wrong) = fits(model, record) {
                found.count += 1;
                if found.named.len() < NAMED_ENTITIES_MAX {
                    found.named.push(format!("  {}: {wrong}", record.uid));
                }
            }
        }
        match records.into_iter().last() {
            Some(last) => after = Some(last.uid),
            None if found.count == 0 => return Ok(()),
            None => return Err(StoredError::Described(found)),
        }
    }
}

fn fits(model: &EntityModel, record: &EntityRecord) -> Result<(), EntityError> {
    model.check_place(record)?;
    model.attributes(record).map(|_| ())
}
