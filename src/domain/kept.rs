//! What Conclave itself keeps of the entities of the built-in types. Everything else about them is the host's to say.

use super::uid::types;

/// The attributes that Conclave gives to entities of a built-in type; none for any other type.
#[must_use]
pub fn attributes(type_name: &str) -> &'static [&'static str] {
    match type_name {
        types::USER => &["groups", "canViewProfile"],
        types::GROUP => &["administrator", "coAdministrators", "published", "open", "membersPublished"],
        types::QUOTA => &["free"],
        types::TOOL => {
            &["toolKind", "group", "owner", "quota", "canView", "canViewDetails", "canAdd", "canEdit", "canDelete"]
        }
        types::FOLDER => &[
            "tool",
            "toolKind",
            "group",
            "owner",
            "author",
            "quota",
            "canView",
            "canViewDetails",
            "canAdd",
            "canEdit",
            "canDelete",
        ],
        types::ITEM => {
            &["tool", "toolKind", "group", "owner", "author", "canView", "canViewDetails", "canEdit", "canDelete"]
        }
        _ => &[],
    }
}

/// The types of the parents that Conclave gives to entities of a built-in type.
#[must_use]
pub fn parents(type_name: &str) -> &'static [&'static str] {
    match type_name {
        types::USER => &[types::GROUP, types::ROLE],
        types::FOLDER | types::ITEM => &[types::FOLDER, types::TOOL],
        _ => &[],
    }
}

/// The built-in types of which a host may say more.
pub const EXTENSIBLE: [&str; 5] = [types::USER, types::GROUP, types::TOOL, types::FOLDER, types::ITEM];

/// The attributes by which a schema is known to be one of groups, each with its type.
///
/// Types of these names without these attributes are an application's own: `User` and `Group` are common words.
pub const MARKS: [(&str, &str); 4] = [
    (types::USER, "groups"),
    (types::GROUP, "administrator"),
    (types::GROUP, "coAdministrators"),
    (types::TOOL, "toolKind"),
];
