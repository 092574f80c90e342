//! `examples/notes`: the example that host applications are written after, as its own head comment has it tried.

#[path = "../../examples/notes/app.rs"]
mod app;

use crate::sidecar::TestSidecar;
use app::{Notes, router};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use reqwest::Method;
use serde_json::{Value, json};
use tower::ServiceExt as _;

struct Office {
    sidecar: TestSidecar,
    notes: Router,
}

impl Office {
    async fn open() -> Self {
        let sidecar = TestSidecar::new().with_demo().start().await;
        let (access, admin) = (sidecar.access_address(), sidecar.admin_address());
        let notes = Notes::new(&format!("http://{access}"), &format!("http://{admin}"), &sidecar.token()).unwrap();
        Self { sidecar, notes: router(notes) }
    }

    async fn call(&self, user: Option<&str>, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(user) = user {
            request = request.header("x-user", user);
        }
        let request = request.body(Body::from(if body.is_null() { String::new() } else { body.to_string() })).unwrap();
        let response = self.notes.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        if status >= 400 {
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        }
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, user: &str, path: &str) -> (u16, Value) {
        self.call(Some(user), Method::GET, path, Value::Null).await
    }

    async fn post(&self, user: &str, path: &str, body: Value) -> (u16, Value) {
        self.call(Some(user), Method::POST, path, body).await
    }

    async fn put(&self, user: &str, path: &str, text: &str) -> u16 {
        self.call(Some(user), Method::PUT, path, json!({"text": text})).await.0
    }

    async fn delete(&self, user: &str, path: &str) -> u16 {
        self.call(Some(user), Method::DELETE, path, Value::Null).await.0
    }

    /// A folder of sales to which everybody there may add.
    async fn ideas(&self) {
        let made = self.post("director", "/groups/sales/folders", json!({"id": "ideas", "name": "Ideas"})).await;
        assert_eq!(made.0, 201, "{}", made.1);
        let grant = json!({"resource": "Folder::\"ideas\"", "right": "add", "to": {"group": "sales"}});
        self.sidecar.call_as("director", Method::PUT, "/grants", grant).await.ok();
    }
}

#[tokio::test]
async fn the_head_comment_of_the_example_holds() {
    let office = Office::open().await;
    let folder = json!({"name": "Ideas"});
    assert_eq!(office.post("salesman-1", "/groups/sales/folders", folder).await.0, 403, "D1");
    office.ideas().await;
    let note = json!({"id": "n1", "text": "Sell more."});
    assert_eq!(office.post("salesman-1", "/folders/ideas/notes", note.clone()).await.0, 201, "D2");
    assert_eq!(office.get("secretary", "/notes/n1").await, (200, note), "S2");
    assert_eq!(office.get("workman-1", "/notes/n1").await.0, 404);
    assert_eq!(office.put("director", "/notes/n1", "Sell less.").await, 403, "D4");
    assert_eq!(office.put("salesman-1", "/notes/n1", "Sell better.").await, 204);
    assert_eq!(office.get("salesman-2", "/notes").await.1, json!({"notes": ["n1"]}));
    assert_eq!(office.get("workman-1", "/notes").await.1, json!({"notes": []}));
    assert_eq!(office.delete("salesman-1", "/notes/n1").await, 403, "D5");
    assert_eq!(office.delete("director", "/notes/n1").await, 204, "D5");
    assert_eq!(office.get("salesman-1", "/notes/n1").await.0, 404);
    office.sidecar.stop().await;
}

#[tokio::test]
async fn p6_a_note_counts_with_its_size() {
    let office = Office::open().await;
    office.ideas().await;
    let used = async || {
        let usage = office.sidecar.get("/groups/sales/usage").await.ok().body;
        let documents = &usage["tools"]["documents"];
        (documents["used"].as_i64().unwrap(), documents["capacity"].as_i64().unwrap())
    };
    let (before, _) = used().await;
    let note = |id: &str, text: &str| json!({"id": id, "text": text});
    assert_eq!(office.post("salesman-1", "/folders/ideas/notes", note("ü/日本 \"", "12345")).await.0, 201);
    assert_eq!(used().await.0, before + 5);
    assert_eq!(office.put("salesman-1", "/notes/%C3%BC%2F%E6%97%A5%E6%9C%AC%20%22", "12").await, 204);
    let (before, capacity) = used().await;
    assert_eq!(office.delete("director", "/notes/%C3%BC%2F%E6%97%A5%E6%9C%AC%20%22").await, 204);
    assert_eq!(used().await.0, before - 2);
    let full = json!({"id": "all", "parent": "Folder::\"ideas\"", "size": capacity - before, "author": "director"});
    office.sidecar.post("/items", full).await.ok();
    assert_eq!(office.post("salesman-1", "/folders/ideas/notes", note("late", "12345")).await.0, 403, "P6");
    assert_eq!(office.get("salesman-1", "/notes").await.1, json!({"notes": []}));
    office.sidecar.stop().await;
}

#[tokio::test]
async fn nobody_comes_in_unnamed_or_uninvited() {
    let office = Office::open().await;
    office.ideas().await;
    office.post("salesman-1", "/folders/ideas/notes", json!({"id": "n1", "text": "t"})).await;
    for (method, path) in [(Method::GET, "/notes"), (Method::GET, "/notes/n1"), (Method::DELETE, "/notes/n1")] {
        assert_eq!(office.call(None, method, path, Value::Null).await.0, 401, "{path}");
    }
    let note = || json!({"id": "n2", "text": "t"});
    for stranger in ["workman-1", "nobody", "ü"] {
        assert_eq!(office.get(stranger, "/notes/n1").await.0, 404);
        assert_eq!(office.put(stranger, "/notes/n1", "mine").await, 403);
        assert_eq!(office.delete(stranger, "/notes/n1").await, 403);
        assert_eq!(office.post(stranger, "/folders/ideas/notes", note()).await.0, 403);
        assert_eq!(office.post(stranger, "/groups/sales/folders", json!({"name": "x"})).await.0, 403);
    }
    assert_eq!(office.post("director", "/folders/nosuch/notes", note()).await.0, 403);
    assert_eq!(office.post("salesman-1", "/folders/ideas/notes", json!({"id": "n1", "text": "again"})).await.0, 409);
    assert_eq!(office.get("secretary", "/notes/n1").await.1["text"], "t");
    office.sidecar.delete("/groups/sales/members/salesman-1").await.ok();
    assert_eq!(office.get("salesman-1", "/notes/n1").await.0, 404, "A12");
    office.sidecar.stop().await;
}
