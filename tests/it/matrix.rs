//! The golden table: every role × action × kind of resource, in a group's space and a private one.
//!
//! A change of a policy shows as a diff of `tests/golden/matrix.txt`, which a person reviews. `conclave matrix` draws the
//! same table without a server.
//! `CONCLAVE_UPDATE_GOLDEN=1` writes it anew.

use crate::sidecar::TestSidecar;
use conclave::workbench::table::{self, Cell};
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/matrix.txt");

/// Who asks about a group's space: id and what they are to the group `team`.
const GROUP_ROLES: [(&str, &str); 8] = [
    ("admin", "administrator"),
    ("co", "co-admin"),
    ("author", "author"),
    ("granted", "granted"),
    ("member", "member"),
    ("outsider", "other group"),
    ("stranger", "no group"),
    ("unknown", "unknown"),
];

/// Who asks about the private space of `owner`.
const PRIVATE_ROLES: [(&str, &str); 6] = [
    ("owner", "owner"),
    ("friend", "granted"),
    ("member", "group granted"),
    ("outsider", "shares group"),
    ("stranger", "no group"),
    ("unknown", "unknown"),
];

const CONTENT: [&str; 7] = ["view", "view_busy", "view_details", "add", "edit", "delete", "manage_access"];
const ITEM: [&str; 6] = ["view", "view_busy", "view_details", "edit", "delete", "manage_access"];
const GROUP: [&str; 13] = [
    "view_group",
    "list_members",
    "modify_settings",
    "invite",
    "manage_invitations",
    "remove_member",
    "delete_group",
    "appoint_co_administrator",
    "dismiss_co_administrator",
    "hand_over",
    "join",
    "request_join",
    "leave",
];

/// The world of the tables.
pub async fn build(sidecar: &TestSidecar) {
    sidecar.put("/subscriptions/basic", json!({"capacities": {"documents": 100}})).await.ok();
    let users = ["admin", "co", "author", "granted", "member", "outsider", "stranger", "owner", "friend"];
    for user in users {
        sidecar.put(&format!("/users/{user}"), json!({"username": user, "subscription": "basic"})).await.ok();
    }
    let group = async |id: &str, administrator: &str, members: &[&str], switches: Value| {
        let mut body = json!({"id": id, "name": id, "administrator": administrator});
        body.as_object_mut().unwrap().extend(switches.as_object().unwrap().clone());
        sidecar.post("/groups", body).await.ok();
        for member in members {
            assert!(sidecar.admit(id, member).await, "{member} into {id}");
        }
    };
    group("team", "admin", &["co", "author", "granted", "member"], json!({})).await;
    group("others", "outsider", &["admin", "member", "owner"], json!({})).await;
    group("circle", "owner", &["friend", "member"], json!({})).await;
    group("closed", "admin", &["co", "member"], json!({"published": true, "members_published": true})).await;
    group("open", "admin", &["co", "member"], json!({"published": true, "open": true})).await;
    for id in ["team", "closed", "open"] {
        sidecar.put(&format!("/groups/{id}/co-administrators/co"), json!({})).await.ok();
    }
    group_content(sidecar).await;
    private_content(sidecar).await;
}

async fn place(sidecar: &TestSidecar, path: &str, id: &str, parent: &str, author: &str) {
    sidecar.post(path, json!({"id": id, "parent": parent, "author": author})).await.ok();
}

async fn grant(sidecar: &TestSidecar, resource: &str, right: &str, to: Value) {
    sidecar.put("/grants", json!({"resource": resource, "right": right, "to": to})).await.ok();
}

async fn group_content(sidecar: &TestSidecar) {
    let documents = "Tool::\"group:team/documents\"";
    let user = json!({"user": "granted"});
    place(sidecar, "/folders", "plain", documents, "author").await;
    place(sidecar, "/folders", "shared", documents, "author").await;
    place(sidecar, "/folders", "below", "Folder::\"shared\"", "author").await;
    place(sidecar, "/folders", "everybody", documents, "author").await;
    for right in ["add", "delete"] {
        grant(sidecar, "Folder::\"shared\"", right, user.clone()).await;
        grant(sidecar, "Folder::\"everybody\"", right, json!({"group": "team"})).await;
    }
    place(sidecar, "/items", "own", "Folder::\"plain\"", "author").await;
    place(sidecar, "/items", "edited", "Folder::\"plain\"", "author").await;
    place(sidecar, "/items", "wiki", "Folder::\"below\"", "author").await;
    grant(sidecar, "Item::\"edited\"", "edit", user).await;
    grant(sidecar, "Item::\"wiki\"", "edit", json!({"group": "team"})).await;
}

async fn private_content(sidecar: &TestSidecar) {
    let (calendar, documents) = ("Tool::\"user:owner/calendar\"", "Tool::\"user:owner/documents\"");
    let (friend, circle) = (json!({"user": "friend"}), json!({"group": "circle"}));
    grant(sidecar, calendar, "view_details", friend.clone()).await;
    grant(sidecar, calendar, "view", circle.clone()).await;
    place(sidecar, "/folders", "notes", documents, "owner").await;
    place(sidecar, "/folders", "inner", "Folder::\"notes\"", "owner").await;
    place(sidecar, "/items", "note", "Folder::\"inner\"", "owner").await;
    place(sidecar, "/items", "dropped", "Tool::\"user:owner/drop\"", "friend").await;
    for right in ["view", "add", "edit", "delete"] {
        grant(sidecar, "Folder::\"notes\"", right, friend.clone()).await;
    }
    grant(sidecar, "Item::\"note\"", "view", circle).await;
}

async fn drawn(sidecar: &TestSidecar, Table { title, resource, roles, actions }: Table) -> table::Table {
    let resource = (resource.0, resource.1.to_owned());
    let mut rows = Vec::new();
    for (action, context) in &actions {
        let extra = context.as_object().and_then(|fields| fields.iter().next());
        let label = extra.map_or_else(|| (*action).to_owned(), |(name, value)| format!("{action} {name}={value}"));
        let mut cells = Vec::new();
        for (user, _) in roles {
            let answer = sidecar.ask(user, action, &resource, context).await;
            assert!(answer.errors.is_empty());
            cells.push(if answer.decision == "Allow" { Cell::Allow } else { Cell::Deny });
        }
        rows.push((label, cells));
    }
    let columns = roles.iter().map(|(_, role)| (*role).to_owned()).collect();
    table::Table { title: title.to_owned(), columns, rows }
}

fn plain<'a>(actions: &[&'a str]) -> Vec<(&'a str, Value)> {
    actions.iter().map(|action| (*action, json!({}))).collect()
}

/// What is asked of one resource: by whom, and to do what.
pub struct Table {
    title: &'static str,
    pub resource: (&'static str, &'static str),
    pub roles: &'static [(&'static str, &'static str)],
    pub actions: Vec<(&'static str, Value)>,
}

/// Every table there is.
pub fn tables() -> Vec<Table> {
    let mut content = plain(&CONTENT);
    content.push(("add", json!({"size": 101})));
    let mut person = plain(&["chat", "view_presence"]);
    for field in ["last_name", "first_name", "organization", "email", "picture", "birthday", ""] {
        person.push(("view_profile", json!({"field": field})));
    }
    let (item, group) = (plain(&ITEM), plain(&GROUP));
    let of = |roles, actions: &Vec<_>, rows: &[(&'static str, (&'static str, &'static str))]| {
        let table = |(title, resource)| Table { title, resource, roles, actions: actions.clone() };
        rows.iter().copied().map(table).collect::<Vec<_>>()
    };
    [
        of(
            &GROUP_ROLES,
            &content,
            &[
                ("Tool documents of a group", ("Tool", "group:team/documents")),
                ("Tool calendar of a group", ("Tool", "group:team/calendar")),
                ("Folder of a group, made by `author`, no grants", ("Folder", "plain")),
                ("Folder of a group, add and delete granted to `granted`", ("Folder", "shared")),
                ("Folder below that one", ("Folder", "below")),
                ("Folder of a group, add and delete granted to all members", ("Folder", "everybody")),
            ],
        ),
        of(
            &GROUP_ROLES,
            &item,
            &[
                ("Item of a group, by `author`, no grants", ("Item", "own")),
                ("Item of a group, by `author`, edit granted to `granted`", ("Item", "edited")),
                ("Item in the folder with delete granted to `granted`, edit granted to all members", ("Item", "wiki")),
            ],
        ),
        of(
            &GROUP_ROLES,
            &group,
            &[
                ("Group, private", ("Group", "team")),
                ("Group, closed, members published", ("Group", "closed")),
                ("Group, open", ("Group", "open")),
            ],
        ),
        of(
            &PRIVATE_ROLES,
            &content,
            &[
                ("Private tool documents", ("Tool", "user:owner/documents")),
                ("Private calendar; view_details granted by name, view to a group", ("Tool", "user:owner/calendar")),
                ("Private drop folder", ("Tool", "user:owner/drop")),
                ("Private folder; view, add, edit and delete granted by name", ("Folder", "notes")),
                ("Folder below that one", ("Folder", "inner")),
            ],
        ),
        of(
            &PRIVATE_ROLES,
            &item,
            &[
                ("Item below that one, view granted to a group", ("Item", "note")),
                ("Item in the drop folder, put there by `friend`", ("Item", "dropped")),
            ],
        ),
        of(&PRIVATE_ROLES, &person, &[("Person", ("User", "owner"))]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn matrix(sidecar: &TestSidecar) -> String {
    let mut all = Vec::new();
    for table in tables() {
        all.push(drawn(sidecar, table).await);
    }
    table::text(&all)
}

#[tokio::test]
async fn every_role_action_and_kind_of_resource() {
    let sidecar = TestSidecar::new().start().await;
    build(&sidecar).await;
    let now = matrix(&sidecar).await;
    sidecar.stop().await;
    is_golden(&now);
}

/// Whether the tables of a world say what the golden one says.
pub async fn check(sidecar: &TestSidecar) {
    is_golden(&matrix(sidecar).await);
}

fn is_golden(now: &str) {
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, now).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(now == golden, "{GOLDEN} differs; set CONCLAVE_UPDATE_GOLDEN=1 to write it, then review:\n{now}");
}
