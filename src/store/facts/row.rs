//! What a row of the facts statement says, made of JSON into facts of the domain.

use crate::domain::facts::{ContentFacts, ContentKind, Facts, GroupFacts, QuotaFacts, UserFacts};
use crate::domain::uid::types;
use crate::domain::{FolderId, Grantee, GroupId, Right, SubscriptionId, ToolId, UserId};
use crate::store::error::StoreError;
use crate::store::limits::FOLDER_DEPTH_MAX;
use serde::{Deserialize, de::DeserializeOwned};
use smol_str::SmolStr;

#[derive(Deserialize)]
struct UserRow {
    groups: Vec<GroupId>,
    co_administers: Vec<GroupId>,
    profile_viewers: Vec<(GranteeType, SmolStr)>,
}

#[derive(Deserialize)]
struct GroupRow {
    administrator: UserId,
    published: u8,
    open: u8,
    members_published: u8,
}

#[derive(Deserialize)]
struct QuotaRow {
    used: i64,
    capacity: Option<i64>,
    payer: UserId,
    subscription: SubscriptionId,
}

#[derive(Deserialize)]
struct ContentRow {
    tool: SmolStr,
    author: Option<UserId>,
    above: Vec<Above>,
}

/// How far up, the folder if it is one, and a grant on it if there is any.
type Above = (usize, Option<FolderId>, Option<Right>, Option<GranteeType>, Option<SmolStr>);

#[derive(Deserialize)]
enum GranteeType {
    User,
    Group,
}

/// The facts about an entity of type `type_name`, from the JSON of its row.
pub(super) fn decode(type_name: &str, json: &str) -> Result<Facts, StoreError> {
    match type_name {
        types::USER => user(read(json)?),
        types::GROUP => read(json).map(group),
        types::QUOTA => read(json).map(quota),
        types::TOOL => content(ContentKind::Tool, read(json)?),
        types::FOLDER => content(ContentKind::Folder, read(json)?),
        types::ITEM => content(ContentKind::Item, read(json)?),
        other => Err(StoreError::Corrupt(format!("a row of type `{other}`"))),
    }
}

/// JSON of the database's own making.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn user(row: UserRow) -> Result<Facts, StoreError> {
    let viewers = row.profile_viewers.into_iter().map(|(grantee_type, id)| grantee_of(&grantee_type, id));
    let profile_viewers = sorted(viewers.collect::<Result<_, _>>()?);
    Ok(Facts::User(UserFacts {
        groups: sorted(row.groups),
        co_administers: sorted(row.co_administers),
        profile_viewers,
    }))
}

const fn is_on(switch: u8) -> bool {
    switch != 0
}

fn group(row: GroupRow) -> Facts {
    Facts::Group(GroupFacts {
        administrator: row.administrator,
        published: is_on(row.published),
        open: is_on(row.open),
        members_published: is_on(row.members_published),
    })
}

fn quota(row: QuotaRow) -> Facts {
    let QuotaRow { used, capacity, payer, subscription } = row;
    Facts::Quota(QuotaFacts { used, capacity, payer, subscription })
}

fn content(kind: ContentKind, row: ContentRow) -> Result<Facts, StoreError> {
    let tool = ToolId::parse(&row.tool).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let (mut folders, mut grants) = (Vec::new(), Vec::new());
    for (depth, folder, right, grantee_type, grantee) in row.above {
        folders.extend(folder.map(|folder| (depth, folder)));
        if let (Some(right), Some(grantee_type), Some(grantee)) = (right, grantee_type, grantee) {
            grants.push((right, grantee_of(&grantee_type, grantee)?));
        }
    }
    let folders = sorted(folders);
    if folders.len() > FOLDER_DEPTH_MAX {
        // Without the rest of the chain the grants would not be all there are.
        return Err(StoreError::Corrupt(format!("more than {FOLDER_DEPTH_MAX} folders in each other")));
    }
    Ok(Facts::Content(ContentFacts {
        kind,
        tool,
        folders: folders.into_iter().map(|(_, folder)| folder).collect(),
        author: row.author,
        grants: sorted(grants),
    }))
}

fn grantee_of(grantee_type: &GranteeType, id: SmolStr) -> Result<Grantee, StoreError> {
    let grantee = match grantee_type {
        GranteeType::User => UserId::new(id).map(Grantee::User),
        GranteeType::Group => GroupId::new(id).map(Grantee::Group),
    };
    grantee.map_err(|error| StoreError::Corrupt(format!("a grantee's id {error}")))
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_program_never_writes_is_an_error() {
        for (type_name, json) in [
            ("User", "{}"),
            ("User", r#"{"groups":["a/b"],"co_administers":[],"profile_viewers":[]}"#),
            ("Role", "{}"),
            ("Tool", r#"{"tool":"nonsense","author":null,"above":[]}"#),
            ("Tool", r#"{"tool":"group:a/b","author":null,"above":[[0,null,"own","User","a"]]}"#),
            ("Tool", r#"{"tool":"group:a/b","author":null,"above":[[0,null,"view","Role","a"]]}"#),
            ("Tool", r#"{"tool":"group:a/b","author":null,"above":[[0,null,"view","User",""]]}"#),
            ("Group", "not json"),
        ] {
            assert!(matches!(decode(type_name, json), Err(StoreError::Corrupt(_))), "{type_name} {json}");
        }
    }
}
