//! What of the domain is answered as it stands. The domain itself knows nothing of OpenAPI, so each of
//! its types is described by a twin; a test holds the members of the two together.

use super::{Amount, Capacity, Description, Email, EntityType, Language, Line, Name, Picture, Reference};
use crate::domain::{GroupId, ItemId, SubscriptionId, ToolKind, UserId};
use crate::domain::{contact, decision, entity, group, right, subscription, user};
use std::collections::BTreeMap;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// A person with a username and one subscription (P1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
struct User {
    /// Never used again after the person is deleted (P7).
    id: UserId,
    /// Unique among all users (P1).
    username: Name,
    /// Family name.
    #[schema(required)]
    last_name: Option<Line>,
    /// Given name.
    #[schema(required)]
    first_name: Option<Line>,
    /// Where the person works.
    #[schema(required)]
    organization: Option<Line>,
    /// Where mail reaches the person.
    #[schema(required)]
    email: Option<Email>,
    /// A reference to a picture.
    #[schema(required)]
    picture: Option<Picture>,
    /// The language the person reads.
    #[schema(required)]
    language: Option<Language>,
    /// The plan the person pays for.
    subscription: SubscriptionId,
}

/// A plan and its limits; `null` is without limit.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
struct Subscription {
    /// The host's id.
    id: SubscriptionId,
    /// How many groups the user may administer at a time (P3).
    #[schema(required)]
    max_groups: Option<Amount>,
    /// How many members each of those groups may have (P4).
    #[schema(required)]
    max_members: Option<Amount>,
    /// Capacity of each tool of each space, by tool kind (P5).
    capacities: BTreeMap<ToolKind, Capacity>,
}

/// A group as its people see it (S6).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
struct Group {
    /// The host's id, or a UUIDv7.
    id: GroupId,
    /// Chosen at creation; never changes (A6).
    name: Name,
    /// The one administrator (A2).
    administrator: UserId,
    /// The long form of the name.
    #[schema(required)]
    full_name: Option<Line>,
    /// Free text.
    #[schema(required)]
    description: Option<Description>,
    /// Decides the language of emails (T1).
    #[schema(required)]
    language: Option<Language>,
    /// Business or not.
    #[schema(required)]
    activity: Option<Activity>,
    /// Only with `activity` = `business`.
    #[schema(required)]
    sector: Option<Line>,
    /// In the directory (A7).
    published: bool,
    /// The directory shows who is in it (A7).
    members_published: bool,
    /// Anyone may join (A7).
    open: bool,
}

/// A person somebody knows (A9).
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Contact {
    /// A known user, whose names and address are the user's own to show (M4).
    User { user: UserId },
    /// Somebody with an address, user or not.
    Address {
        email: Email,
        #[schema(required)]
        first_name: Option<Line>,
        #[schema(required)]
        last_name: Option<Line>,
    },
}

/// An entity as a host describes it: Cedar's entity JSON. Values are checked against the schema that is loaded.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
struct EntityRecord {
    /// Which entity.
    uid: Named,
    /// Its attributes, by name.
    #[schema(required = false, value_type = BTreeMap<String, Object>)]
    attrs: (),
    /// The entities that it is directly in.
    #[schema(required = false)]
    parents: Vec<Named>,
    /// Its tags, by name.
    #[schema(required = false, value_type = BTreeMap<String, Object>)]
    tags: (),
}

/// An entity, in any of the ways in which Cedar's JSON and policies name one.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Named {
    /// By type and id.
    Parts(Parts),
    /// The same, said to be an entity.
    Explicit(Explicit),
    /// As policies write it.
    Text(Reference),
}

/// An entity, by type and id.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
struct Parts {
    r#type: EntityType,
    id: ItemId,
}

/// An entity, said to be one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
struct Explicit {
    __entity: Parts,
}

/// Allow or Deny; there is no third.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Decision {
    /// A permit holds and no forbid does.
    Allow,
    /// Everything else.
    Deny,
}

/// What a group does.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Activity {
    /// Business; a sector may say which.
    Business,
    /// Anything else.
    Other,
}

/// What a grant allows (D7 says where which can be granted).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Right {
    View,
    ViewDetails,
    Add,
    Edit,
    Delete,
}

/// To whom a right is granted: one person, or everyone in a group (D3).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the domain's own type and is never made")]
enum Grantee {
    /// One person, by name.
    User(UserId),
    /// Everyone in a group, its administrator included.
    Group(GroupId),
}

macro_rules! described {
    ($($theirs:ty: $ours:ident;)*) => {$(
        impl ToSchema for $theirs {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($ours).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$ours as ToSchema>::schemas(schemas);
            }
        }

        impl PartialSchema for $theirs {
            fn schema() -> RefOr<Schema> {
                <$ours as PartialSchema>::schema()
            }
        }
    )*};
}

described! {
    contact::Contact: Contact;
    decision::Decision: Decision;
    entity::EntityRecord: EntityRecord;
    user::User: User;
    subscription::Subscription: Subscription;
    group::Group: Group;
    group::Activity: Activity;
    right::Right: Right;
    right::Grantee: Grantee;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde_json::{Value, json};

    fn members(value: &Value) -> Vec<&String> {
        let mut names: Vec<_> = value.as_object().unwrap().keys().collect();
        names.sort();
        names
    }

    fn same<T: Serialize + ToSchema>(value: &T) {
        let (written, described) = (json!(value), json!(T::schema()));
        assert_eq!(members(&written), members(&described["properties"]), "{}", T::name());
        let mut required: Vec<_> =
            described["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        required.sort_unstable();
        assert_eq!(members(&written), required, "{}", T::name());
    }

    fn user_id() -> UserId {
        UserId::new("u").unwrap()
    }

    #[test]
    fn what_is_described_is_what_is_answered() {
        let (user, plan) = (user_id(), SubscriptionId::new("s").unwrap());
        let group = GroupId::new("g").unwrap();
        same(&user::User {
            id: user.clone(),
            username: "u".to_owned(),
            profile: user::Profile::default(),
            subscription: plan.clone(),
        });
        same(&subscription::Subscription { id: plan, limits: subscription::Limits::default() });
        let settings = group::GroupSettings::default();
        same(&group::Group { id: group, name: "g".to_owned(), administrator: user, settings });
        assert_eq!(json!(right::Right::schema())["enum"], json!(right::Right::ALL));
        assert_eq!(
            json!(decision::Decision::schema())["enum"],
            json!([decision::Decision::Allow, decision::Decision::Deny])
        );
        let described = json!(contact::Contact::schema());
        let address = contact::Contact::Address { email: "a@b".to_owned(), first_name: None, last_name: None };
        for (shape, written) in [contact::Contact::User { user: user_id() }, address].into_iter().enumerate() {
            assert_eq!(members(&json!(written)), members(&described["oneOf"][shape]["properties"]));
        }
        let activities = [group::Activity::Business, group::Activity::Other];
        assert_eq!(json!(group::Activity::schema())["enum"], json!(activities));
    }
}
