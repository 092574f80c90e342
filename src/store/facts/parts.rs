//! What the statements that read facts are made of.
//!
//! Each part is an expression: facts as a JSON array, as `row` reads it, or NULL where there is
//! nothing. Ids and keys are expressions too, of whatever statement the part stands in; the names of
//! tables inside a part are its own.

use crate::store::limits::FOLDER_DEPTH_MAX;

/// A person's facts.
pub(super) fn user(id: &str) -> String {
    format!(
        "(SELECT json_array(\
(SELECT json_group_array(id) FROM groups WHERE administrator=u.id),\
(SELECT json_group_array(group_id) FROM members WHERE user_id=u.id),\
(SELECT json_group_array(group_id) FROM members WHERE user_id=u.id AND co_administrator=1),\
(SELECT json_group_array(json_array(grantee_type,grantee)) \
FROM tools AS p CROSS JOIN grants ON resource_type='Tool' AND resource=p.key AND access='view' \
WHERE p.id='user:'||u.id||'/profile')\
) FROM users AS u WHERE u.id={id})"
    )
}

/// A group's facts.
pub(super) fn group(id: &str) -> String {
    format!("(SELECT json_array(administrator,published,open,members_published) FROM groups AS g WHERE g.id={id})")
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
pub(super) fn tool(tool: &str) -> String {
    let grants = grants("Tool", &format!("{tool}.key"));
    format!("iif({tool}.key IS NULL,NULL,json_array({tool}.id,NULL,{grants},json_array(),json_array()))")
}

/// The facts of the folder whose row is `folder`, in the tool whose row is `tool`.
pub(super) fn folder(folder: &str, tool: &str) -> String {
    content("Folder", folder, &format!("{folder}.parent"), tool)
}

/// The facts of the item whose row is `item`, in the tool whose row is `tool`.
pub(super) fn item(item: &str, tool: &str) -> String {
    content("Item", item, &format!("{item}.folder"), tool)
}

/// Tool, author, grants on the tool, grants on itself, and the folders it lies in, from the inside
/// out, each with its grants. One folder more than there may be, so that a chain without end is seen.
fn content(type_name: &str, content: &str, parent: &str, tool: &str) -> String {
    let (tools, own) = (grants("Tool", &format!("{tool}.key")), grants(type_name, &format!("{content}.key")));
    let (inner, folders_max) = (grants("Folder", "a.key"), FOLDER_DEPTH_MAX + 1);
    format!(
        "iif({content}.key IS NULL,NULL,json_array({tool}.id,{content}.author,{tools},{own},(\
WITH RECURSIVE a(key,id,parent) AS (\
SELECT key,id,parent FROM folders WHERE key={parent} UNION ALL \
SELECT f.key,f.id,f.parent FROM a CROSS JOIN folders AS f ON f.key=a.parent LIMIT {folders_max}) \
SELECT json_group_array(json_array(a.id,{inner})) FROM a)))"
    )
}

/// The grants on one resource itself.
fn grants(type_name: &str, key: &str) -> String {
    format!(
        "(SELECT json_group_array(json_array(access,grantee_type,grantee)) FROM grants \
WHERE resource_type='{type_name}' AND resource={key})"
    )
}
