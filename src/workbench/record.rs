//! A file of tests, of tables, or of a world alone, as it is written.

use super::one_or_many::OneOrMany;
use crate::domain::entity::reference;
use crate::domain::{Context, Decision, EntityRecord, EntityUid, Grantee, GroupId, Right, ToolKind, UserId};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sheet {
    /// Entities in Cedar's JSON form: here, or in a file beside.
    pub(super) entities: Option<Described>,
    /// Groups, folders, grants, in the words of the admin API; Conclave makes the entities.
    pub(super) world: Option<World>,
    pub(super) tests: Vec<Spanned<Test>>,
    pub(super) tables: Vec<Spanned<Table>>,
    pub(super) unreachable: Vec<Spanned<Unreachable>>,
}

/// Entities by description.
#[derive(Debug)]
pub(super) enum Described {
    /// A file, relative to the one that names it.
    Beside(String),
    Here(Vec<Spanned<EntityRecord>>),
}

/// What the admin API would have been told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct World {
    /// People in no group; everybody who is named elsewhere is there too.
    pub(super) users: Vec<UserId>,
    pub(super) groups: Vec<Spanned<Group>>,
    pub(super) folders: Vec<Spanned<Place>>,
    pub(super) items: Vec<Spanned<Place>>,
    pub(super) grants: Vec<Spanned<Grant>>,
    /// What is free in every tool of a kind; without it there is no limit.
    pub(super) capacities: BTreeMap<ToolKind, i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: GroupId,
    pub(super) administrator: UserId,
    #[serde(default)]
    pub(super) members: Vec<UserId>,
    /// Members too.
    #[serde(default)]
    pub(super) co_administrators: Vec<UserId>,
    #[serde(default)]
    pub(super) published: bool,
    #[serde(default)]
    pub(super) members_published: bool,
    #[serde(default)]
    pub(super) open: bool,
}

/// A folder or an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) id: SmolStr,
    #[serde(deserialize_with = "reference")]
    pub(super) parent: EntityUid,
    pub(super) author: UserId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    #[serde(deserialize_with = "reference")]
    pub(super) resource: EntityUid,
    pub(super) right: OneOrMany<Right>,
    pub(super) to: Grantee,
}

/// One test: each combination of its principals, actions and resources is a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    pub(super) name: Option<String>,
    pub(super) rule: Option<SmolStr>,
    pub(super) principal: OneOrMany<Reference>,
    pub(super) action: OneOrMany<Action>,
    pub(super) resource: OneOrMany<Reference>,
    #[serde(default)]
    pub(super) context: Context,
    #[serde(deserialize_with = "decision")]
    pub(super) expect: Decision,
    /// The determining policies, all of them.
    pub(super) by: Option<Vec<SmolStr>>,
    /// The policies that cannot be evaluated, all of them.
    #[serde(default)]
    pub(super) fails: Vec<SmolStr>,
}

/// A reference as policies write it, or as Cedar's JSON does.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Reference(#[serde(deserialize_with = "reference")] pub(super) EntityUid);

/// `view` is short for `Action::"view"`.
#[derive(Debug, Clone)]
pub(super) struct Action(pub(super) EntityUid);

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains(['"', ':']) {
            return EntityUid::parse(&text).map(Self).map_err(de::Error::custom);
        }
        Ok(Self(EntityUid::action(&text)))
    }
}

/// One table: one resource, principals as columns, actions as rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) title: Option<String>,
    #[serde(deserialize_with = "reference")]
    pub(super) resource: EntityUid,
    pub(super) principals: Vec<Column>,
    pub(super) actions: Vec<Row>,
}

/// Who asks, and what stands above the column: `User::"ann"`, or `administrator: User::"ann"`.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) label: Option<String>,
    pub(super) principal: EntityUid,
}

/// What is asked: `view`, or `{action: add, context: {size: 3}}`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) action: EntityUid,
    pub(super) context: Context,
}

/// An outcome that no test can bring about, and why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unreachable {
    pub(super) policy: SmolStr,
    /// The condition as the report shows it; left out: the policy itself.
    pub(super) condition: Option<String>,
    /// What it never is.
    pub(super) never: bool,
    pub(super) because: String,
}

fn decision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.to_ascii_lowercase().as_str() {
        "allow" => Ok(Decision::Allow),
        "deny" => Ok(Decision::Deny),
        _ => Err(de::Error::custom(format!("`{text}` is neither `allow` nor `deny`"))),
    }
}

impl<'de> Deserialize<'de> for Described {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DescribedVisitor;

        impl<'de> Visitor<'de> for DescribedVisitor {
            type Value = Described;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entities, or the name of a file")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Described, E> {
                Ok(Described::Beside(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Described, A::Error> {
                let mut records = Vec::new();
                while let Some(record) = list.next_element()? {
                    records.push(record);
                }
                Ok(Described::Here(records))
            }
        }

        deserializer.deserialize_any(DescribedVisitor)
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ColumnVisitor;

        impl<'de> Visitor<'de> for ColumnVisitor {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a principal, or a label and a principal")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Column, E> {
                let principal = EntityUid::parse(text).map_err(E::custom)?;
                Ok(Column { label: None, principal })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Column, A::Error> {
                let Some((label, Reference(principal))) = map.next_entry()? else {
                    return Err(de::Error::custom("a label and a principal are missing"));
                };
                match map.next_key::<String>()? {
                    None => Ok(Column { label: Some(label), principal }),
                    Some(more) => Err(de::Error::custom(format!("`{more}`: write one principal per column"))),
                }
            }
        }

        deserializer.deserialize_any(ColumnVisitor)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            action: Action,
            #[serde(default)]
            context: Context,
        }

        struct RowVisitor;

        impl<'de> Visitor<'de> for RowVisitor {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action, or an `action` with its `context`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Row, E> {
                let Action(action) = Action::deserialize(de::value::StrDeserializer::<E>::new(text))?;
                Ok(Row { action, context: Context::empty() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
                let whole = Whole::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Row { action: whole.action.0, context: whole.context })
            }
        }

        deserializer.deserialize_any(RowVisitor)
    }
}
