//! Rule E, case by case: the ten-person company that the demo ships.

use crate::sidecar::TestSidecar;
use serde_json::json;

/// rule, principal, action, resource type, resource id, decision
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    ("S2", "workman-1", "view", "Tool", "group:production/documents", "Allow"),
    ("S2", "secretary", "view", "Tool", "group:production/documents", "Allow"),
    ("S2", "salesman-1", "view", "Tool", "group:production/documents", "Deny"),
    ("S2", "workman-5", "view", "Tool", "group:sales/documents", "Deny"),
    ("S2", "workman-5", "view", "Tool", "group:company/documents", "Allow"),
    ("S2", "salesman-3", "view", "Tool", "group:direction/documents", "Deny"),
    ("S2", "secretary", "view_details", "Tool", "group:direction/calendar", "Allow"),
    ("S4", "director", "manage_access", "Tool", "user:director/documents", "Allow"),
    ("S4", "secretary", "view", "Tool", "user:director/documents", "Deny"),
    ("S4", "director", "view", "Tool", "user:secretary/documents", "Deny"),
    ("S5", "secretary", "view_details", "Tool", "user:director/calendar", "Allow"),
    ("S5", "secretary", "add", "Tool", "user:director/calendar", "Allow"),
    ("S5", "secretary", "edit", "Tool", "user:director/calendar", "Allow"),
    ("S5", "secretary", "delete", "Tool", "user:director/calendar", "Allow"),
    ("S5", "secretary", "manage_access", "Tool", "user:director/calendar", "Deny"),
    ("M1", "workman-1", "view_busy", "Tool", "user:director/calendar", "Allow"),
    ("M1", "workman-1", "view_details", "Tool", "user:director/calendar", "Deny"),
    ("M1", "salesman-1", "view_busy", "Tool", "user:workman-1/calendar", "Allow"),
    ("M2", "salesman-1", "chat", "User", "workman-1", "Allow"),
    ("M2", "workman-1", "view_presence", "User", "director", "Allow"),
    ("M3", "workman-1", "add", "Tool", "user:director/drop", "Allow"),
    ("M3", "workman-1", "view", "Tool", "user:director/drop", "Deny"),
    ("D1", "director", "add", "Tool", "group:production/documents", "Allow"),
    ("D1", "workman-1", "add", "Tool", "group:production/documents", "Deny"),
    ("D1", "secretary", "add", "Tool", "group:sales/documents", "Deny"),
    ("D5", "director", "delete", "Tool", "group:company/documents", "Allow"),
    ("D7", "director", "manage_access", "Tool", "group:sales/documents", "Allow"),
    ("D7", "salesman-1", "manage_access", "Tool", "group:sales/documents", "Deny"),
    ("S6", "workman-1", "view_group", "Group", "production", "Allow"),
    ("S6", "workman-1", "list_members", "Group", "company", "Allow"),
    ("F2", "salesman-1", "view_group", "Group", "production", "Deny"),
    ("F2", "salesman-1", "join", "Group", "production", "Deny"),
    ("A8", "director", "modify_settings", "Group", "direction", "Allow"),
    ("A8", "secretary", "modify_settings", "Group", "direction", "Deny"),
    ("A9", "director", "invite", "Group", "sales", "Allow"),
    ("A9", "salesman-1", "invite", "Group", "sales", "Deny"),
    ("A3", "director", "leave", "Group", "sales", "Deny"),
    ("F6", "salesman-1", "leave", "Group", "sales", "Allow"),
    ("C1", "director", "appoint_co_administrator", "Group", "sales", "Allow"),
    ("P7", "nobody", "view", "Tool", "group:company/documents", "Deny"),
];

#[tokio::test]
async fn the_worked_example_decides_as_the_rules_say() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (rule, principal, action, kind, id, expected) in CASES {
        let answer = sidecar.ask(principal, action, &(kind, (*id).to_owned()), &json!({})).await;
        assert_eq!(answer.decision, *expected, "{rule}: may {principal} {action} {kind}::\"{id}\"?");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn m4_exactly_five_fields_of_another_profile() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (field, expected) in [
        ("last_name", "Allow"),
        ("first_name", "Allow"),
        ("organization", "Allow"),
        ("email", "Allow"),
        ("picture", "Allow"),
        ("birthday", "Deny"),
        ("", "Deny"),
        ("Email", "Deny"),
    ] {
        let director = ("User", "director".to_owned());
        let of_another = sidecar.ask("workman-1", "view_profile", &director, &json!({"field": field})).await;
        assert_eq!(of_another.decision, expected, "{field}");
        let own = sidecar.ask("director", "view_profile", &director, &json!({"field": field})).await;
        assert_eq!(own.decision, "Allow", "one's own profile is wholly visible: {field}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn m5_what_a_shared_group_brings_ends_with_it_at_once() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let calendar = ("Tool", "user:director/calendar".to_owned());
    let busy = async || sidecar.ask("workman-1", "view_busy", &calendar, &json!({})).await.decision;
    assert_eq!(busy().await, "Allow");
    sidecar.delete("/groups/production/members/workman-1").await.ok();
    assert_eq!(busy().await, "Allow", "they still share the company");
    sidecar.delete("/groups/company/members/workman-1").await.ok();
    assert_eq!(busy().await, "Deny");
    sidecar.stop().await;
}
