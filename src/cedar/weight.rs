//! About how much memory an entity takes: what bounds the entity cache.
//!
//! Cedar keeps attributes, records and sets in trees, whose smallest node has room for eleven entries,
//! and sets a second time in a hash table. An entity with three attributes takes kilobytes.

use super::{Entity, is_nobody};
use cedar_policy_core::ast::{EntityUID, Literal, PartialValue, Set, Value, ValueKind};
use smol_str::SmolStr;

/// What one entity takes, in bytes.
#[must_use]
pub fn weight(entity: &Entity) -> usize {
    let attributes = entity.attrs_len() + entity.tags_len();
    let values: usize = entity.attrs().chain(entity.tags()).map(|(_, value)| partial_weight(value)).sum();
    let ancestors: usize = entity.ancestors().map(text_weight).sum();
    shared(size_of::<Entity>())
        + tree(attributes, size_of::<(SmolStr, PartialValue)>())
        + table(entity.ancestors().count(), size_of::<EntityUID>())
        + ancestors
        + values
}

fn partial_weight(value: &PartialValue) -> usize {
    match value {
        PartialValue::Value(value) => value_weight(value),
        PartialValue::Residual(_) => 0,
    }
}

/// What a value takes beyond its own place in a node.
fn value_weight(value: &Value) -> usize {
    if is_nobody(value) {
        // One for all entities.
        return 0;
    }
    match value.value_kind() {
        ValueKind::Lit(literal) => literal_weight(literal),
        ValueKind::ExtensionValue(_) => shared(size_of::<Value>()),
        ValueKind::Set(set) => set_weight(set),
        ValueKind::Record(fields) => {
            let nodes = tree(fields.len(), size_of::<(SmolStr, Value)>());
            shared(nodes) + fields.values().map(value_weight).sum::<usize>()
        }
    }
}

fn literal_weight(literal: &Literal) -> usize {
    match literal {
        Literal::String(text) => {
            if text.is_heap_allocated() {
                text.len()
            } else {
                0
            }
        }
        Literal::EntityUID(uid) => shared(size_of::<EntityUID>()) + text_weight(uid),
        Literal::Bool(_) | Literal::Long(_) => 0,
    }
}

fn set_weight(set: &Set) -> usize {
    // Members are shared between the tree and the table.
    let members: usize = set.iter().map(value_weight).sum();
    let fast = set.fast.as_ref().map_or(0, |fast| shared(table(fast.len(), size_of::<Literal>())));
    shared(tree(set.len(), size_of::<Value>())) + fast + members
}

fn text_weight(uid: &EntityUID) -> usize {
    /// What fits into the text's own place.
    const INLINE_BYTES: usize = 23;
    let length = AsRef::<str>::as_ref(uid.eid()).len();
    if length > INLINE_BYTES { length } else { 0 }
}

/// Something behind a counted pointer, as an allocation of its own.
const fn shared(bytes: usize) -> usize {
    const COUNTS_BYTES: usize = 64;
    bytes + COUNTS_BYTES
}

/// Nodes of eleven places, about half full where there are several.
const fn tree(entries: usize, entry_bytes: usize) -> usize {
    const PLACES: usize = 11;
    const FILLED: usize = 7;
    const NODE_BYTES: usize = 32;
    if entries <= PLACES {
        return if entries == 0 { 0 } else { PLACES * entry_bytes + NODE_BYTES };
    }
    entries.div_ceil(FILLED) * (PLACES * entry_bytes + NODE_BYTES)
}

/// Buckets in powers of two, at most seven in eight used, with a byte for each.
const fn table(entries: usize, entry_bytes: usize) -> usize {
    const BUCKETS_MIN: usize = 4;
    const TABLE_BYTES: usize = 32;
    if entries == 0 {
        return 0;
    }
    let wanted = (entries * 8 / 7 + 1).next_power_of_two();
    (if wanted < BUCKETS_MIN { BUCKETS_MIN } else { wanted }) * (entry_bytes + 1) + TABLE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cedar::{entity, grantees, uid};
    use crate::domain::EntityUid;

    fn users(count: usize) -> Vec<EntityUID> {
        (0..count).map(|n| uid(&EntityUid::new("User", n.to_string())).unwrap()).collect()
    }

    fn granted(count: usize) -> usize {
        let own = uid(&EntityUid::new("Item", "i")).unwrap();
        weight(&entity(own, [("canView".into(), grantees(users(count), Vec::new()))], [], [], []))
    }

    #[test]
    fn what_is_granted_to_nobody_weighs_nothing() {
        let own = || uid(&EntityUid::new("Item", "i")).unwrap();
        let plain = weight(&entity(own(), [("canView".into(), true.into())], [], [], []));
        assert_eq!(granted(0), plain);
        assert!(granted(1) > plain + 1_000, "a record and two sets: {}", granted(1));
    }

    #[test]
    fn more_weighs_more() {
        for count in [1, 10, 100, 1_000] {
            assert!(granted(count * 10) > granted(count) + count * 100, "{count}");
        }
    }
}
