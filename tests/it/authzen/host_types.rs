//! The cases of the working group's certification, over a host's own types.

use super::*;
use tempfile::TempDir;

const SCHEMA: &str = r"
    type Deed = { soft?: Bool };
    entity user { role?: String };
    entity record { status?: String };
    action read, write appliesTo { principal: user, resource: record };
    action delete appliesTo { principal: user, resource: record, context: { action?: Deed } };
";

const POLICIES: &str = r#"
    @id("all-read") permit (principal, action == Action::"read", resource);
    @id("alice-writes") permit (principal == user::"alice", action == Action::"write", resource);
    @id("admins-write") permit (principal, action == Action::"write", resource)
      when { principal has role && principal.role == "admin" };
    @id("archived") forbid (principal, action == Action::"write", resource)
      when { resource has status && resource.status == "archived" }
      unless { principal has role && principal.role == "admin" };
    @id("soft-delete") permit (principal == user::"alice", action == Action::"delete", resource)
      when { context has action && context.action has soft && context.action.soft };
"#;

async fn fixture() -> (TestSidecar, TempDir) {
    let folder = TempDir::new().unwrap();
    let (policies, schema) = (folder.path().join("policies"), folder.path().join("schema"));
    std::fs::create_dir(&policies).unwrap();
    std::fs::create_dir(&schema).unwrap();
    std::fs::write(policies.join("fixture.cedar"), POLICIES).unwrap();
    std::fs::write(schema.join("fixture.cedarschema"), SCHEMA).unwrap();
    let sidecar = TestSidecar::new().configured(|config| {
        config.policies = Some(policies);
        config.schema = Some(schema);
    });
    (sidecar.start().await, folder)
}

fn user(id: &str) -> Value {
    json!({"type": "user", "id": id})
}

fn admin() -> Value {
    json!({"type": "user", "id": "bob", "properties": {"role": "admin"}})
}

fn record(id: &str) -> Value {
    json!({"type": "record", "id": id})
}

fn archived() -> Value {
    json!({"type": "record", "id": "record-2", "properties": {"status": "archived"}})
}

#[expect(clippy::needless_pass_by_value, reason = "they are made for it")]
fn asked(subject: Value, action: &str, resource: Value) -> Value {
    json!({"subject": subject, "action": {"name": action}, "resource": resource})
}

#[tokio::test]
async fn single_decisions() {
    let (sidecar, _folder) = fixture().await;
    let delete = |soft: bool| {
        json!({"subject": user("alice"), "action": {"name": "delete", "properties": {"soft": soft}},
               "resource": record("record-1")})
    };
    for (body, expected) in [
        (asked(user("alice"), "read", record("record-1")), true),
        (asked(user("alice"), "write", record("record-1")), true),
        (asked(user("bob"), "read", record("record-1")), true),
        (asked(user("bob"), "write", record("record-1")), false),
        (asked(user("alice"), "write", archived()), false),
        (asked(admin(), "write", archived()), true),
        (delete(true), true),
        (delete(false), false),
        (asked(user("alice"), "delete", record("record-1")), false),
    ] {
        for _ in 0..2 {
            assert_eq!(evaluate(&sidecar, &body).await, (200, json!({"decision": expected})), "{body}");
        }
        let with_context =
            with(body.clone(), "/context", json!({"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}));
        assert_eq!(evaluate(&sidecar, &with_context).await, (200, json!({"decision": expected})), "{body}");
    }
    let more = json!({
        "subject": {"type": "user", "id": "alice", "properties": {"department": "Sales", "role": "manager"}},
        "action": {"name": "read", "properties": {"method": "GET"}},
        "resource": {"type": "record", "id": "record-1", "properties": {"status": "active", "owner": "bob"}},
    });
    assert_eq!(evaluate(&sidecar, &more).await, allowed());
    let wrong = with(archived(), "/properties/status", json!(5));
    let (status, body) = evaluate(&sidecar, &asked(user("alice"), "write", wrong)).await;
    assert_eq!((status, body["field"].as_str()), (400, Some("resource.properties.status")), "{body}");
    sidecar.stop().await;
}

#[tokio::test]
async fn several_decisions() {
    let (sidecar, _folder) = fixture().await;
    let decisions = async |body: Value| {
        let reply = post(&sidecar, EVALUATIONS, &body).await;
        assert_eq!(reply.0, 200, "{}", reply.1);
        let all = reply.1["evaluations"].as_array().unwrap().iter();
        all.map(|one| one["decision"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    let active = json!({"type": "record", "id": "record-1", "properties": {"status": "active"}});
    let body = json!({"subject": user("alice"), "action": {"name": "write"},
        "evaluations": [{"resource": active}, {"resource": archived()}]});
    assert_eq!(decisions(body).await, [true, false]);
    let body = json!({"action": {"name": "write"}, "resource": archived(),
        "evaluations": [{"subject": user("alice")}, {"subject": admin()}, {"subject": user("bob")}]});
    assert_eq!(decisions(body).await, [false, true, false], "properties count for their question alone");
    let body = json!({"subject": user("alice"), "action": {"name": "write"}, "resource": active,
        "evaluations": [{}, {"resource": archived()}]});
    assert_eq!(decisions(body).await, [true, false]);
    let body = json!({"subject": user("alice"), "action": {"name": "read"},
        "options": {"evaluations_semantic": "execute_all"}, "evaluations": [{"resource": record("record-1")}, {}]});
    assert_eq!(decisions(body).await, [true, false]);
    sidecar.stop().await;
}
