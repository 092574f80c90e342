//! What the database says about an entity, made of JSON into facts of the domain.

use super::request::Kind;
use crate::domain::facts::{ContentFacts, ContentKind, Facts, GroupFacts, HostFacts, Link, QuotaFacts, UserFacts};
use crate::domain::uid::types;
use crate::domain::{EntityUid, FolderId, Grantee, GroupId, Revision, Right, SubscriptionId, ToolId, UserId, Value};
use crate::store::error::StoreError;
use crate::store::limits::{ENTITY_ANCESTORS_MAX, FOLDER_DEPTH_MAX};
use serde::{Deserialize, de::DeserializeOwned};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Groups administered, groups joined, those of them with the co-administrators' role, to whom the
/// profile is shown, and what the host says.
type UserRow = (Vec<GroupId>, Vec<GroupId>, Vec<GroupId>, Vec<(GranteeType, SmolStr)>, HostRow);

/// The administrator, whether published, open, with published members, and what the host says.
type GroupRow = (UserId, u8, u8, u8, HostRow);

/// Used, capacity, who pays and their subscription.
type QuotaRow = (i64, Option<i64>, UserId, SubscriptionId);

/// Tool, author, grants on the tool, grants on itself, the folders around it with theirs, and what the host says.
type ContentRow = (SmolStr, Option<UserId>, Vec<GrantRow>, Vec<GrantRow>, Vec<(FolderId, Vec<GrantRow>)>, HostRow);

/// Attributes and tags, and what that puts it in.
type HostRow = (Option<(Values, Values)>, Option<Vec<(SmolStr, SmolStr)>>);

type Values = BTreeMap<SmolStr, Value>;

type GrantRow = (Right, GranteeType, SmolStr);

#[derive(Deserialize)]
enum GranteeType {
    User,
    Group,
}

/// The facts about an entity of this kind, from the JSON of its row.
pub(super) fn decode(kind: Kind, json: &str) -> Result<Facts, StoreError> {
    match kind {
        Kind::User => user(read(json)?),
        Kind::Group => group(read(json)?),
        Kind::Quota => read(json).map(quota),
        Kind::Tool => content(ContentKind::Tool, read(json)?),
        Kind::Folder => content(ContentKind::Folder, read(json)?),
        Kind::Item => content(ContentKind::Item, read(json)?),
        Kind::Host | Kind::HostAlone => host(read(json)?).map(Facts::Host),
    }
}

/// The same of a kind as statements call it.
pub(super) fn decode_named(kind: &str, json: &str) -> Result<Facts, StoreError> {
    let kind = Kind::from_name(kind).ok_or_else(|| StoreError::Corrupt(format!("a row of kind `{kind}`")))?;
    decode(kind, json)
}

/// JSON of the database's own making.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The revision as the database counts it.
pub(super) fn revision(number: i64) -> Result<Revision, StoreError> {
    u64::try_from(number).map(Revision).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn user((administers, member_of, co_administers, viewers, said): UserRow) -> Result<Facts, StoreError> {
    let viewers = viewers.into_iter().map(|(grantee_type, id)| grantee_of(&grantee_type, id));
    let profile_viewers = sorted(viewers.collect::<Result<_, _>>()?);
    let groups = sorted([administers, member_of].concat());
    let (co_administers, host) = (sorted(co_administers), host(said)?);
    Ok(Facts::User(UserFacts { groups, co_administers, profile_viewers, host }))
}

fn group((administrator, published, open, members_published, said): GroupRow) -> Result<Facts, StoreError> {
    let [published, open, members_published] = [published, open, members_published].map(|switch| switch != 0);
    Ok(Facts::Group(GroupFacts { administrator, published, open, members_published, host: host(said)? }))
}

fn host((own, ancestors): HostRow) -> Result<HostFacts, StoreError> {
    let (attributes, tags) = own.unwrap_or_default();
    let ancestors = ancestors.unwrap_or_default();
    if ancestors.len() > ENTITY_ANCESTORS_MAX {
        return Err(StoreError::Corrupt(format!("an entity in more than {ENTITY_ANCESTORS_MAX} others")));
    }
    let ancestors = ancestors.into_iter().map(|(type_name, id)| EntityUid::new(type_name, id));
    Ok(HostFacts { attributes, tags, ancestors: sorted(ancestors.collect()) })
}

fn quota((used, capacity, payer, subscription): QuotaRow) -> Facts {
    Facts::Quota(QuotaFacts { used, capacity, payer, subscription })
}

fn content(kind: ContentKind, (tool, author, mut grants, own, around, said): ContentRow) -> Result<Facts, StoreError> {
    if around.len() > FOLDER_DEPTH_MAX {
        // Without the rest of the chain the grants would not be all there are.
        return Err(StoreError::Corrupt(format!("more than {FOLDER_DEPTH_MAX} folders in each other")));
    }
    let tool = ToolId::parse(&tool).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    grants.extend(own);
    let mut folders = Vec::with_capacity(around.len());
    for (folder, granted) in around {
        folders.push(folder);
        grants.extend(granted);
    }
    Ok(Facts::Content(ContentFacts { kind, tool, folders, author, grants: granted(grants)?, host: host(said)? }))
}

/// The places of a chain, from the JSON of the content's row: itself, its folders from the inside out, its tool.
pub(super) fn links(uid: &EntityUid, json: &str) -> Result<Vec<Link>, StoreError> {
    let (tool, _, on_tool, own, around, _): ContentRow = read(json)?;
    if around.len() > FOLDER_DEPTH_MAX {
        return Err(StoreError::Corrupt(format!("more than {FOLDER_DEPTH_MAX} folders in each other")));
    }
    let tool = EntityUid::new(types::TOOL, tool);
    let own = Some((uid.clone(), own)).filter(|_| *uid != tool);
    let folders = around.into_iter().map(|(folder, grants)| (EntityUid::new(types::FOLDER, folder.text()), grants));
    let places = own.into_iter().chain(folders).chain([(tool, on_tool)]);
    places.map(|(resource, grants)| Ok(Link { resource, grants: granted(grants)?, is_lent: false })).collect()
}

fn granted(rows: Vec<GrantRow>) -> Result<Vec<(Right, Grantee)>, StoreError> {
    let grants = rows.into_iter().map(|(right, to, id)| Ok((right, grantee_of(&to, id)?)));
    Ok(sorted(grants.collect::<Result<_, StoreError>>()?))
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
            ("User", r#"[[],["a/b"],[],[],[null,null]]"#),
            ("User", r#"[["a"],[],[]]"#),
            ("Role", "[]"),
            ("Tool", r#"["nonsense",null,[],[],[],[null,null]]"#),
            ("Tool", r#"["group:a/b",null,[["own","User","a"]],[],[],[null,null]]"#),
            ("Item", r#"["group:a/b",null,[],[["view","Role","a"]],[],[null,null]]"#),
            ("Item", r#"["group:a/b","a",[],[],[["f",[["view","User",""]]]],[null,null]]"#),
            ("Item", r#"["group:a/b","a",[],[],[[null,[]]],[null,null]]"#),
            ("Group", "not json"),
            ("Group", r#"["a",0,0,0]"#),
            ("host", "[[{}],null]"),
            ("host", r#"[[{"a":1.5},{}],null]"#),
            ("host alone", r#"[null,[["A"]]]"#),
        ] {
            assert!(matches!(decode_named(type_name, json), Err(StoreError::Corrupt(_))), "{type_name} {json}");
        }
    }
}
