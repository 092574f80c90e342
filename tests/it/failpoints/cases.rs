//! Each command that changes something, where it succeeds.

use crate::by_rule::scene::{HOST, grant};
use serde_json::{Value, json};

/// A call that succeeds in the world of `world.rs`.
pub struct Case {
    /// Method and template, as the router has them.
    pub endpoint: &'static str,
    pub actor: Option<&'static str>,
    /// The path that is called, without its beginning; `{name}` is a name of the world's.
    pub path: &'static str,
    pub body: Value,
}

fn case(endpoint: &'static str, actor: Option<&'static str>, path: &'static str, body: Value) -> Case {
    Case { endpoint, actor, path, body }
}

#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let none = || Value::Null;
    let new_plan = json!({"max_groups": 2, "capacities": {"documents": 9, "calendar": 3}});
    let person = json!({"username": "frank", "email": "frank@example.org", "subscription": "free"});
    let new_group = json!({"name": "New", "published": true, "language": "nl", "activity": "business", "sector": "x"});
    let settings = json!({"published": true, "open": true, "language": "es", "full_name": "All of sales"});
    let over = json!({"user": "ben", "accept_over_limit": true});
    let contact = json!({"parent": "Tool::\"group:sales/contacts\"", "contact": {"email": "x@example.org"}, "size": 2});
    let folder = json!({"parent": "Folder::\"f-group:sales\"", "name": "Folder"});
    let moved = json!({"name": "Moved", "parent": "Folder::\"to\""});
    let resized = json!({"name": "Moved", "parent": "Folder::\"to\"", "size": 9});
    let described = json!({"entities": [
        {"uid": "Region::\"north\"", "attrs": {"closed": false}},
        {"uid": "User::\"ben\"", "attrs": {"clearance": 2}, "parents": ["Department::\"trade\""]},
        {"uid": "Department::\"trade\"", "parents": ["Company::\"acme\"", "Company::\"other\""]},
    ]});
    vec![
        case("PUT /admin/v1/entities", HOST, "/entities", described),
        case("DELETE /admin/v1/entities/{type}/{id}", HOST, "/entities/Department/trade", none()),
        case("PUT /admin/v1/subscriptions/{id}", HOST, "/subscriptions/new", new_plan.clone()),
        case("PUT /admin/v1/subscriptions/{id}", HOST, "/subscriptions/spare", new_plan),
        case("DELETE /admin/v1/subscriptions/{id}", HOST, "/subscriptions/spare", none()),
        case("PUT /admin/v1/users/{id}", HOST, "/users/frank", person),
        case("PUT /admin/v1/users/{id}", Some("ben"), "/users/ben", json!({"last_name": "Smith"})),
        case("DELETE /admin/v1/users/{id}", HOST, "/users/gone", none()),
        case("POST /admin/v1/groups", Some("dora"), "/groups", new_group),
        case("PATCH /admin/v1/groups/{id}", Some("anna"), "/groups/sales", settings),
        case("DELETE /admin/v1/groups/{id}", Some("anna"), "/groups/lonely", none()),
        case("PUT /admin/v1/groups/{id}/administrator", Some("anna"), "/groups/sales/administrator", over),
        case("POST /admin/v1/groups/{id}/join", Some("dora"), "/groups/open/join", none()),
        case("POST /admin/v1/groups/{id}/join-requests", Some("ben"), "/groups/closed/join-requests", json!({"message": "Hello"})),
        case("DELETE /admin/v1/groups/{id}/join-requests/{request}", Some("dora"), "/groups/closed/join-requests/{request}", none()),
        case("POST /admin/v1/groups/{id}/leave", Some("carl"), "/groups/sales/leave", json!({"grants": "revoke"})),
        case("POST /admin/v1/groups/{id}/leave", Some("carl"), "/groups/sales/leave", json!({"grants": "keep"})),
        case("DELETE /admin/v1/groups/{id}/members/{user}", Some("anna"), "/groups/sales/members/gone", none()),
        case("POST /admin/v1/groups/{id}/removals", HOST, "/groups/sales/removals", json!({"all": true})),
        case("PUT /admin/v1/groups/{id}/co-administrators/{user}", Some("anna"), "/groups/sales/co-administrators/carl", none()),
        case("DELETE /admin/v1/groups/{id}/co-administrators/{user}", Some("anna"), "/groups/sales/co-administrators/ben", none()),
        case("POST /admin/v1/groups/{id}/invitations", Some("anna"), "/groups/sales/invitations", json!({"email": "new@example.org"})),
        case("DELETE /admin/v1/groups/{id}/invitations/{invitation}", Some("carl"), "/groups/closed/invitations/{invitation}", none()),
        case("POST /admin/v1/groups/{id}/invitations/{invitation}/resend", HOST, "/groups/closed/invitations/{invitation}/resend", none()),
        case("POST /admin/v1/invitations/{token}/accept", Some("eve"), "/invitations/{token}/accept", none()),
        case("POST /admin/v1/invitations/{token}/decline", Some("eve"), "/invitations/{token}/decline", none()),
        case("POST /admin/v1/folders", Some("ben"), "/folders", folder),
        case("PATCH /admin/v1/folders/{id}", Some("anna"), "/folders/deep-group:sales", moved),
        case("DELETE /admin/v1/folders/{id}", Some("anna"), "/folders/f-group:sales", none()),
        case("POST /admin/v1/items", Some("ben"), "/items", contact),
        case("PATCH /admin/v1/items/{id}", Some("ben"), "/items/i-group:sales", resized),
        case("DELETE /admin/v1/items/{id}", HOST, "/items/i-group:sales", none()),
        case("PUT /admin/v1/grants", Some("ben"), "/grants", grant("Folder::\"to\"", "add", "group:sales")),
        case("POST /admin/v1/grants/revoke", Some("anna"), "/grants/revoke", grant("Folder::\"f-group:sales\"", "add", "carl")),
        case("POST /admin/v1/outbox/{id}/sent", HOST, "/outbox/{mail}/sent", none()),
    ]
}
