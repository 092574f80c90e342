//! What the statements that read facts are made of.
//!
//! Each part is an expression: facts as a JSON array, as `row` reads it, or NULL where there is
//! nothing. Ids and keys are expressions too, of whatever statement the part stands in; the names of
//! tables inside a part are its own.

use crate::store::limits::{ENTITY_ANCESTORS_MAX, FOLDER_DEPTH_MAX};
use crate::store::sql::Dialect;

/// One more than there may be, so that too many, or a chain without end, are seen.
const FOLDERS_READ_MAX: usize = FOLDER_DEPTH_MAX + 1;
const ENTITIES_READ_MAX: usize = ENTITY_ANCESTORS_MAX + 1;

/// What a part stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Who reads it.
    pub(super) dialect: Dialect,
    /// Whether hosts say anything of any entity, as `PostgreSQL` is asked that: where they do not, it is not asked what.
    said: &'static str,
}

impl Place {
    /// In a statement whose only row is [`Place::of_row`].
    pub(super) const fn in_row(dialect: Dialect) -> Self {
        Self { dialect, said: "store.said" }
    }

    /// Anywhere.
    pub(super) const fn anywhere(dialect: Dialect) -> Self {
        Self { dialect, said: "EXISTS (SELECT 1 FROM entities)" }
    }

    /// The row of the revision, and a condition for it. It has been found out once for all parts whether hosts say
    /// anything, and `OFFSET` keeps it from being found out for each.
    pub(super) const fn of_row(self) -> (&'static str, &'static str) {
        match self.dialect {
            Dialect::Sqlite => ("store", " WHERE one=1"),
            Dialect::Postgres => (
                "(SELECT revision,EXISTS (SELECT 1 FROM entities) AS said FROM store WHERE one=1 OFFSET 0) AS store",
                "",
            ),
        }
    }

    /// On `PostgreSQL`, what a function of its schema says where hosts say anything at all.
    fn where_said(self, call: &str) -> String {
        format!("CASE WHEN {} THEN {call} ELSE '[null,null]'::json END", self.said)
    }
}

/// A person's facts.
pub(super) fn user(place: Place, id: &str) -> String {
    let host = match place.dialect {
        Dialect::Sqlite => host("'User'", "u.id", &above_user("u.id"), true),
        Dialect::Postgres => place.where_said(&format!("host_said_user(u.id,{ENTITIES_READ_MAX})")),
    };
    format!(
        "(SELECT json_array(\
(SELECT json_group_array(id) FROM groups WHERE administrator=u.id),\
(SELECT json_group_array(group_id) FROM members WHERE user_id=u.id),\
(SELECT json_group_array(group_id) FROM members WHERE user_id=u.id AND co_administrator=1),\
(SELECT json_group_array(json_array(grantee_type,grantee)) \
FROM tools AS p CROSS JOIN grants ON resource_type='Tool' AND resource=p.key AND access='view' \
WHERE p.id='user:'||u.id||'/profile'),\
{host}) FROM users AS u WHERE u.id={id})"
    )
}

/// A group's facts.
pub(super) fn group(place: Place, id: &str) -> String {
    let host = one_host(place, "'Group'", "g.id");
    format!(
        "(SELECT json_array(administrator,published,open,members_published,{host}) FROM groups AS g WHERE g.id={id})"
    )
}

/// The quota of the tool whose row is `tool`.
pub(super) fn quota(tool: &str) -> String {
    format!(
        "(SELECT json_array({tool}.used,capacity,u.id,u.subscription) \
FROM users AS u LEFT JOIN capacities AS c ON c.subscription=u.subscription AND c.kind={tool}.kind \
WHERE u.id=coalesce({tool}.owner,(SELECT administrator FROM groups WHERE id={tool}.group_id)))"
    )
}

/// The facts of the tool whose row is `tool`.
pub(super) fn tool(place: Place, tool: &str) -> String {
    let (grants, id) = (grants("Tool", &format!("{tool}.key")), format!("{tool}.id"));
    let host = one_host(place, "'Tool'", &id);
    format!("iif({tool}.key IS NULL,NULL,json_array({tool}.id,NULL,{grants},json_array(),json_array(),{host}))")
}

/// The facts of the folder whose row is `folder`, in the tool whose row is `tool`.
pub(super) fn folder(place: Place, folder: &str, tool: &str) -> String {
    let parent = format!("{folder}.parent");
    content(place, "Folder", folder, &parent, tool, &Around::of(place.dialect, &parent, tool))
}

/// The facts of the item whose row is `item`, in the tool whose row is `tool`.
pub(super) fn item(place: Place, item: &str, tool: &str) -> String {
    let parent = format!("{item}.folder");
    content(place, "Item", item, &parent, tool, &Around::of(place.dialect, &parent, tool))
}

/// The facts of the folder or item in `content`, which says in `parent` what folder it lies in, where what is around it
/// was put together before, in `around`. In SQLite as text: JSON would be read once more for each.
pub(super) fn content_in(place: Place, type_name: &str, content: &str, around: &str) -> String {
    let parent = format!("{content}.parent");
    if place.dialect == Dialect::Postgres {
        let before = Around { on_tool: format!("json({around}.on_tool)"), folders: format!("json({around}.folders)") };
        return self::content(place, type_name, content, &parent, around, &before);
    }
    let (own, host) = own(place, type_name, content, &parent, around);
    format!(
        "iif({content}.key IS NULL,NULL,'['||json_quote({around}.id)||','||json_quote({content}.author)||','||\
{around}.on_tool||','||{own}||','||{around}.folders||','||{host}||']')"
    )
}

/// What is around content: the grants on its tool; and the folders it lies in, from the inside out, each with its grants.
pub(super) struct Around {
    pub(super) on_tool: String,
    pub(super) folders: String,
}

impl Around {
    /// Put together for one folder, or none, and the tool whose row is `tool`. One folder more than there may be, so
    /// that a chain without end is seen.
    pub(super) fn of(dialect: Dialect, parent: &str, tool: &str) -> Self {
        let inner = grants("Folder", "a.key");
        let folders = match dialect {
            Dialect::Sqlite => format!(
                "(\
WITH RECURSIVE a(key,id,parent) AS (\
SELECT key,id,parent FROM folders WHERE key={parent} UNION ALL \
SELECT f.key,f.id,f.parent FROM a CROSS JOIN folders AS f ON f.key=a.parent LIMIT {FOLDERS_READ_MAX}) \
SELECT json_group_array(json_array(a.id,{inner})) FROM a)"
            ),
            Dialect::Postgres => format!(
                "CASE WHEN {parent} IS NULL THEN '[]'::json ELSE folders_around({parent},{FOLDERS_READ_MAX}) END"
            ),
        };
        Self { on_tool: grants("Tool", &format!("{tool}.key")), folders }
    }
}

/// Tool, author, grants on the tool, grants on itself, and the folders it lies in.
fn content(place: Place, type_name: &str, content: &str, parent: &str, tool: &str, around: &Around) -> String {
    let (own, host) = own(place, type_name, content, parent, tool);
    let Around { on_tool, folders } = around;
    format!("iif({content}.key IS NULL,NULL,json_array({tool}.id,{content}.author,{on_tool},{own},{folders},{host}))")
}

/// The grants on content itself, and what the host says of it.
fn own(place: Place, type_name: &str, content: &str, parent: &str, tool: &str) -> (String, String) {
    let (quoted, id) = (format!("'{type_name}'"), format!("{content}.id"));
    let host = match place.dialect {
        Dialect::Sqlite => host(&quoted, &id, &above_content(&quoted, &id, parent, tool), true),
        Dialect::Postgres => place.where_said(&format!(
            "host_said_content({quoted},{id},{parent},{tool}.id,{FOLDERS_READ_MAX},{ENTITIES_READ_MAX})"
        )),
    };
    (grants(type_name, &format!("{content}.key")), host)
}

/// The grants on one resource itself.
fn grants(type_name: &str, key: &str) -> String {
    format!(
        "(SELECT json_group_array(json_array(access,grantee_type,grantee)) FROM grants \
WHERE resource_type='{type_name}' AND resource={key})"
    )
}

/// The facts about an entity of the host's own; `in_groups` is whether Conclave keeps the built-in types.
pub(super) fn host_entity(place: Place, type_name: &str, id: &str, in_groups: bool) -> String {
    let host = match place.dialect {
        Dialect::Sqlite => host(type_name, id, &Start::of(parents(type_name, id)), in_groups),
        Dialect::Postgres => format!("host_said({type_name},{id},{in_groups},{ENTITIES_READ_MAX})"),
    };
    format!("iif(EXISTS (SELECT 1 FROM entities WHERE entity_type={type_name} AND entity_id={id}),{host},NULL)")
}

/// What the host says of an entity: attributes and tags, NULL if nothing, and what that puts it in, NULL if nothing.
/// Where hosts say nothing this is two looks into empty tables.
/// `PostgreSQL` has functions for it, as each of the tables would cost there before anything is looked for.
fn host(type_name: &str, id: &str, start: &Start, in_groups: bool) -> String {
    let (up, is_any) = (up(Dialect::Sqlite, &start.select, in_groups), &start.is_any);
    format!(
        "json_array(\
(SELECT json_array(json(attributes),json(tags)) FROM entities WHERE entity_type={type_name} AND entity_id={id}),\
json(CASE WHEN EXISTS (SELECT 1 FROM entity_parents) AND ({is_any}) \
THEN ({up} SELECT json_group_array(json_array(type,id)) FROM up) END))"
    )
}

/// The same of an entity of this type that is in no more than the host says of it.
fn one_host(place: Place, type_name: &str, id: &str) -> String {
    match place.dialect {
        Dialect::Sqlite => host(type_name, id, &Start::of(parents(type_name, id)), true),
        Dialect::Postgres => place.where_said(&format!("host_said({type_name},{id},true,{ENTITIES_READ_MAX})")),
    }
}

/// `up`, a table of types and ids: all that an entity is in by the word of hosts. It stands there itself only if it is
/// in itself.
pub(in crate::store) fn above(dialect: Dialect, type_name: &str, id: &str, in_groups: bool) -> String {
    up(dialect, &parents(type_name, id), in_groups)
}

/// What hosts say that something is directly in, and whether there is any: what follows from there takes tables of its
/// own, which cost more than all the rest.
struct Start {
    select: String,
    is_any: String,
}

impl Start {
    fn of(select: String) -> Self {
        Self { is_any: format!("EXISTS ({select})"), select }
    }
}

/// What the host says that an entity is directly in.
fn parents(type_name: &str, id: &str) -> String {
    format!(
        "SELECT p.parent_type,p.parent_id FROM entity_parents AS p WHERE p.entity_type={type_name} AND p.entity_id={id}"
    )
}

/// The same of a person and of their groups.
fn above_user(id: &str) -> Start {
    let (own, of_group) =
        (parents("'User'", id), "CROSS JOIN entity_parents AS p ON p.entity_type='Group' AND p.entity_id");
    Start::of(format!(
        "{own} \
UNION ALL SELECT p.parent_type,p.parent_id FROM members AS n {of_group}=n.group_id WHERE n.user_id={id} \
UNION ALL SELECT p.parent_type,p.parent_id FROM groups AS n {of_group}=n.id WHERE n.administrator={id}"
    ))
}

/// The same of a folder or an item, of the folders it lies in, `parent` first, and of its tool.
fn above_content(type_name: &str, id: &str, parent: &str, tool: &str) -> Start {
    let (own, of_tool) = (parents(type_name, id), parents("'Tool'", &format!("{tool}.id")));
    let of_folders = format!(
        "SELECT p.parent_type,p.parent_id FROM (\
WITH RECURSIVE b(id,parent) AS (\
SELECT id,parent FROM folders WHERE key={parent} UNION ALL \
SELECT f.id,f.parent FROM b CROSS JOIN folders AS f ON f.key=b.parent LIMIT {FOLDERS_READ_MAX}) \
SELECT id FROM b) AS b CROSS JOIN entity_parents AS p ON p.entity_type='Folder' AND p.entity_id=b.id"
    );
    let is_any = format!(
        "EXISTS ({own}) OR EXISTS ({of_tool}) \
OR EXISTS (SELECT 1 FROM entity_parents WHERE entity_type='Folder') AND EXISTS ({of_folders})"
    );
    Start { select: format!("{own} UNION ALL {of_tool} UNION ALL {of_folders}"), is_any }
}

/// `up`, a table of types and ids: what `start` selects and all that this is in, by the word of hosts, and by what
/// Conclave keeps where that lies in between. One more than there may be, so that too many are seen.
fn up(dialect: Dialect, start: &str, in_groups: bool) -> String {
    let all_max = ENTITIES_READ_MAX;
    if dialect == Dialect::Postgres {
        let kept = if in_groups { KEPT_OF_ONE } else { "" };
        return format!(
            "WITH RECURSIVE reached(type,id) AS ({start} \
UNION SELECT n.type,n.id FROM reached CROSS JOIN LATERAL (\
SELECT p.parent_type AS type,p.parent_id AS id FROM entity_parents AS p \
WHERE p.entity_type=reached.type AND p.entity_id=reached.id{kept}) AS n),\
up(type,id) AS (SELECT type,id FROM reached LIMIT {all_max})"
        );
    }
    let kept = if in_groups { KEPT } else { "" };
    format!(
        "WITH RECURSIVE up(type,id) AS ({start} \
UNION SELECT p.parent_type,p.parent_id FROM up CROSS JOIN entity_parents AS p ON p.entity_type=up.type AND p.entity_id=up.id\
{kept} LIMIT {all_max})"
    )
}

/// From an entity to what Conclave puts it in.
const KEPT: &str = " \
UNION SELECT 'Group',n.group_id FROM up CROSS JOIN members AS n ON up.type='User' AND n.user_id=up.id \
UNION SELECT 'Group',n.id FROM up CROSS JOIN groups AS n ON up.type='User' AND n.administrator=up.id \
UNION SELECT 'Role',n.group_id||'/co-administrators' FROM up \
CROSS JOIN members AS n ON up.type='User' AND n.user_id=up.id AND n.co_administrator=1 \
UNION SELECT 'Folder',o.id FROM up CROSS JOIN folders AS n ON up.type='Folder' AND n.id=up.id \
CROSS JOIN folders AS o ON o.key=n.parent \
UNION SELECT 'Tool',o.id FROM up CROSS JOIN folders AS n ON up.type='Folder' AND n.id=up.id \
CROSS JOIN tools AS o ON o.key=n.tool \
UNION SELECT 'Folder',o.id FROM up CROSS JOIN items AS n ON up.type='Item' AND n.id=up.id \
CROSS JOIN folders AS o ON o.key=n.folder \
UNION SELECT 'Tool',o.id FROM up CROSS JOIN items AS n ON up.type='Item' AND n.id=up.id \
CROSS JOIN tools AS o ON o.key=n.tool";

/// The same where a recursion may name itself only once: from the one entity `reached`.
const KEPT_OF_ONE: &str = " \
UNION ALL SELECT 'Group',n.group_id FROM members AS n WHERE reached.type='User' AND n.user_id=reached.id \
UNION ALL SELECT 'Group',n.id FROM groups AS n WHERE reached.type='User' AND n.administrator=reached.id \
UNION ALL SELECT 'Role',n.group_id||'/co-administrators' FROM members AS n \
WHERE reached.type='User' AND n.user_id=reached.id AND n.co_administrator=1 \
UNION ALL SELECT 'Folder',o.id FROM folders AS n CROSS JOIN folders AS o ON o.key=n.parent \
WHERE reached.type='Folder' AND n.id=reached.id \
UNION ALL SELECT 'Tool',o.id FROM folders AS n CROSS JOIN tools AS o ON o.key=n.tool \
WHERE reached.type='Folder' AND n.id=reached.id \
UNION ALL SELECT 'Folder',o.id FROM items AS n CROSS JOIN folders AS o ON o.key=n.folder \
WHERE reached.type='Item' AND n.id=reached.id \
UNION ALL SELECT 'Tool',o.id FROM items AS n CROSS JOIN tools AS o ON o.key=n.tool \
WHERE reached.type='Item' AND n.id=reached.id";
