//! The cache key: the whole request, typed, and its borrowed form for look-ups without a copy.

use crate::domain::uid::UidRef;
use crate::domain::{Context, DecisionRequest, EntityUid, Lent};
use equivalent::Equivalent;

/// A question that borrows from the body it was read from.
///
/// INVARIANT: the same fields in the same order as [`DecisionRequest`], so that both hash alike; what
/// is not part of this struct cannot be part of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestRef<'a> {
    /// Who asks.
    pub principal: UidRef<'a>,
    /// What they want to do.
    pub action: UidRef<'a>,
    /// To what.
    pub resource: UidRef<'a>,
    /// Circumstances of this request alone.
    pub context: Context,
    /// Facts of this request alone.
    pub lent: Lent,
}

impl RequestRef<'_> {
    /// The same question, owning its text.
    #[must_use]
    pub fn to_owned(&self) -> DecisionRequest {
        DecisionRequest {
            principal: self.principal.to_owned(),
            action: self.action.to_owned(),
            resource: self.resource.to_owned(),
            context: self.context.clone(),
            lent: self.lent.clone(),
        }
    }
}

impl<'a> From<&'a DecisionRequest> for RequestRef<'a> {
    fn from(request: &'a DecisionRequest) -> Self {
        Self {
            principal: request.principal.borrow(),
            action: request.action.borrow(),
            resource: request.resource.borrow(),
            context: request.context.clone(),
            lent: request.lent.clone(),
        }
    }
}

impl Equivalent<DecisionRequest> for RequestRef<'_> {
    fn equivalent(&self, key: &DecisionRequest) -> bool {
        let DecisionRequest { principal, action, resource, context, lent } = key;
        self.principal == *principal
            && self.action == *action
            && self.resource == *resource
            && self.context == *context
            && self.lent == *lent
    }
}

/// About how much memory a key takes, in bytes.
#[must_use]
pub fn weight(key: &DecisionRequest) -> usize {
    let DecisionRequest { principal, action, resource, context, lent } = key;
    let uid = |uid: &EntityUid| uid.type_name.len() + uid.id.len();
    let fields: usize = context.0.iter().map(|(name, value)| name.len() + value.weight()).sum();
    size_of::<DecisionRequest>() + uid(principal) + uid(action) + uid(resource) + fields + lent.weight()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lent::Manner;
    use crate::domain::uid::UidHasher;
    use crate::domain::{EntityRecord, Value};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::hash::BuildHasher;

    fn uids() -> impl Strategy<Value = EntityUid> {
        ("[A-Z][a-z]{0,3}", "[a-c\"\\\\]{0,3}").prop_map(|(type_name, id)| EntityUid::new(type_name, id))
    }

    /// Most requests lend nothing.
    fn lent() -> impl Strategy<Value = Lent> {
        let attributes = proptest::collection::btree_map("[a-b]", any::<bool>(), 0..2);
        let entity = (uids(), attributes, proptest::collection::btree_set(uids(), 0..2));
        let entity = entity.prop_map(|(uid, attributes, parents)| {
            let attrs = attributes.into_iter().map(|(name, value)| (name.into(), Value::Bool(value))).collect();
            EntityRecord { uid, attrs, parents, tags: BTreeMap::new() }
        });
        let manner = prop_oneof![Just(Manner::Entities), Just(Manner::Properties)];
        prop_oneof![
            Just(Lent::nothing()),
            // Twice the same entity is no request at all.
            (manner, proptest::collection::vec(entity, 0..3))
                .prop_filter_map("a request", |(manner, entities)| Lent::new(manner, entities).ok()),
        ]
    }

    fn requests() -> impl Strategy<Value = DecisionRequest> {
        let value = prop_oneof![any::<i64>().prop_map(Value::Long), "[a-b]{0,2}".prop_map(|s| Value::String(s.into()))];
        let context = proptest::collection::btree_map("[a-b]".prop_map(Into::into), value, 0..3).prop_map(Context);
        (uids(), uids(), uids(), context, lent()).prop_map(|(principal, action, resource, context, lent)| {
            DecisionRequest { principal, action, resource, context, lent }
        })
    }

    proptest! {
        #[test]
        fn the_borrowed_form_finds_its_key_and_no_other(one in requests(), other in requests()) {
            let hasher = UidHasher::default();
            let borrowed = RequestRef::from(&one);
            prop_assert_eq!(hasher.hash_one(&borrowed), hasher.hash_one(&one));
            prop_assert!(borrowed.equivalent(&one));
            prop_assert_eq!(borrowed.equivalent(&other), one == other);
            prop_assert_eq!(borrowed.to_owned(), one);
        }

        #[test]
        fn a_change_of_any_one_field_is_another_key(one in requests(), other in requests()) {
            let DecisionRequest { principal, action, resource, context, lent } = other;
            let changed = [
                DecisionRequest { principal, ..one.clone() },
                DecisionRequest { action, ..one.clone() },
                DecisionRequest { resource, ..one.clone() },
                DecisionRequest { context, ..one.clone() },
                DecisionRequest { lent, ..one.clone() },
            ];
            for changed in changed {
                let same = changed == one;
                prop_assert_eq!(RequestRef::from(&changed).equivalent(&one), same);
            }
        }
    }
}
