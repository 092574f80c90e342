//! Everything, one line at a time, from one snapshot.

use super::Kind;
use crate::store::sql::{self, Dialect};
use crate::store::{ReadTransaction, StoreError, row};
use futures_util::TryStreamExt as _;
use std::pin::pin;

/// One column, `line`, in an order that follows from what is kept and from nothing else.
const fn lines(kind: Kind) -> &'static str {
    match kind {
        Kind::Subscription => {
            "SELECT json_object('type', 'subscription', 'id', id, 'max_groups', max_groups, 'max_members', max_members,
                'capacities', (SELECT json_group_object(kind, capacity) FROM (
                    SELECT kind, capacity FROM capacities WHERE subscription = subscriptions.id ORDER BY kind) AS limits)) AS line
             FROM subscriptions ORDER BY id"
        }
        Kind::User => {
            "SELECT json_object('type', 'user', 'id', id, 'username', username, 'last_name', last_name,
                'first_name', first_name, 'organization', organization, 'email', email, 'picture', picture,
                'language', language, 'subscription', subscription) AS line
             FROM users ORDER BY id"
        }
        Kind::Group => {
            "SELECT json_object('type', 'group', 'id', id, 'name', name, 'administrator', administrator,
                'full_name', full_name, 'description', description, 'language', language, 'activity', activity,
                'sector', sector, 'published', json(iif(published = 1, 'true', 'false')),
                'members_published', json(iif(members_published = 1, 'true', 'false')),
                'open', json(iif(open = 1, 'true', 'false')), 'created_ms', created_ms) AS line
             FROM groups ORDER BY id"
        }
        Kind::Member => {
            "SELECT json_object('type', 'member', 'group', group_id, 'user', user_id,
                'co_administrator', json(iif(co_administrator = 1, 'true', 'false')), 'since_ms', since_ms) AS line
             FROM members ORDER BY group_id, user_id"
        }
        Kind::Folder => {
            "WITH RECURSIVE reached (key, tool, depth) AS (
                 SELECT key, tool, 1 FROM folders WHERE parent IS NULL
                 UNION ALL
                 SELECT folders.key, folders.tool, depth + 1 FROM reached
                 CROSS JOIN folders ON folders.tool = reached.tool AND folders.parent = reached.key)
             SELECT json_object('type', 'folder', 'id', folders.id,
                'parent', iif(around.id IS NULL, json_object('tool', tools.id), json_object('folder', around.id)),
                'name', folders.name, 'author', folders.author) AS line
             FROM reached JOIN folders ON folders.key = reached.key JOIN tools ON tools.key = folders.tool
             LEFT JOIN folders AS around ON around.key = folders.parent
             ORDER BY depth, folders.id"
        }
        Kind::Item => {
            "SELECT json_object('type', 'item', 'id', items.id,
                'parent', iif(folders.id IS NULL, json_object('tool', tools.id), json_object('folder', folders.id)),
                'name', items.name, 'kind', items.kind, 'author', items.author, 'size', size,
                'contact', json(CASE WHEN contacts.user_id IS NOT NULL THEN json_object('user', contacts.user_id)
                    WHEN contacts.email IS NOT NULL THEN json_object('email', contacts.email,
                        'first_name', contacts.first_name, 'last_name', contacts.last_name) END)) AS line
             FROM items CROSS JOIN tools ON tools.key = items.tool LEFT JOIN folders ON folders.key = items.folder
             LEFT JOIN contacts ON contacts.item = items.key
             ORDER BY items.id"
        }
        Kind::Grant => {
            "SELECT json_object('type', 'grant',
                'resource', json_object(lower(resource_type), coalesce(tools.id, folders.id, items.id)),
                'right', access, 'to', json_object(lower(grantee_type), grantee),
                'kept', json(iif(kept = 1, 'true', 'false'))) AS line
             FROM grants
             LEFT JOIN tools ON resource_type = 'Tool' AND tools.key = resource
             LEFT JOIN folders ON resource_type = 'Folder' AND folders.key = resource
             LEFT JOIN items ON resource_type = 'Item' AND items.key = resource
             ORDER BY resource_type, coalesce(tools.id, folders.id, items.id), access, grantee_type, grantee"
        }
        Kind::Invitation => {
            "SELECT json_object('type', 'invitation', 'id', id, 'group', group_id, 'user', user_id, 'email', email,
                'first_name', first_name, 'last_name', last_name, 'token_hash', lower(hex(token_hash)),
                'state', state, 'accepted_by', accepted_by, 'created_ms', created_ms, 'expires_ms', expires_ms) AS line
             FROM invitations ORDER BY id"
        }
        Kind::JoinRequest => {
            "SELECT json_object('type', 'join_request', 'id', id, 'group', group_id, 'user', user_id, 'message', message,
                'created_ms', created_ms, 'closed_ms', closed_ms) AS line
             FROM join_requests ORDER BY id"
        }
        Kind::Tombstone => {
            "SELECT json_object('type', 'tombstone', 'of', lower(entity_type), 'id', entity_id) AS line
             FROM tombstones ORDER BY entity_type, entity_id"
        }
        Kind::Entity => {
            "SELECT json_object('type', 'entity', 'entity', json_object(
                'uid', json_object('type', entity_type, 'id', entity_id), 'attrs', json(attributes), 'parents', (
                    SELECT json_group_array(json_object('type', parent_type, 'id', parent_id)) FROM (
                        SELECT parent_type, parent_id FROM entity_parents AS p
                        WHERE p.entity_type = e.entity_type AND p.entity_id = e.entity_id
                        ORDER BY parent_type, parent_id) AS all_of),
                'tags', json(tags))) AS line
             FROM entities AS e ORDER BY entity_type, entity_id"
        }
    }
}

const COUNT: &str = "
    SELECT (SELECT count(*) FROM subscriptions) + (SELECT count(*) FROM users) + (SELECT count(*) FROM groups)
         + (SELECT count(*) FROM members) + (SELECT count(*) FROM folders) + (SELECT count(*) FROM items)
         + (SELECT count(*) FROM grants) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM tombstones)
         + (SELECT count(*) FROM join_requests) + (SELECT count(*) FROM entities)
        AS number";

impl ReadTransaction {
    /// How many lines [`ReadTransaction::export`] gives.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn export_count(&mut self) -> Result<u64, StoreError> {
        row::count(&sql::query(COUNT).fetch_one(self.connection()).await?, "number")
    }

    /// Hands everything of one kind to `take`, a JSON object at a time, in a fixed order.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read, or whatever `take` answers.
    pub async fn export<E: From<StoreError>>(
        &mut self,
        kind: Kind,
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_spaced = self.connection().dialect() == Dialect::Postgres;
        let mut rows = pin!(sql::query(lines(kind)).fetch(self.connection()));
        while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
            let line: &str = row::get(&row, "line")?;
            if is_spaced { take(&compact(line))? } else { take(line)? }
        }
        Ok(())
    }
}

/// JSON without spaces between its parts: the same bytes whatever database wrote it.
fn compact(json: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let keeps = |c: &char| {
        let keeps = is_text || !c.is_ascii_whitespace();
        if is_escaped {
            is_escaped = false;
        } else if *c == '"' {
            is_text = !is_text;
        } else {
            is_escaped = is_text && *c == '\\';
        }
        keeps
    };
    json.chars().filter(keeps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_between_parts_is_left_out() {
        let spaced = r#"{"a b" : ["c\"  d\\", 1, {"e" : "\\" }]}"#;
        assert_eq!(compact(spaced), r#"{"a b":["c\"  d\\",1,{"e":"\\"}]}"#);
    }
}
