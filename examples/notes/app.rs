//! The application: its routes, what each does, and what it asks the sidecar.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use conclave::client::{Client, ClientError, Guard, Incoming, Principal, Query};
use conclave::domain::EntityUid;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most questions that a sidecar answers at once.
const BATCH_QUESTIONS: usize = 500;

/// What the application works with.
pub(crate) struct Notes {
    /// Asks who may do what.
    client: Client,
    /// Tells the sidecar what there is.
    http: reqwest::Client,
    admin: String,
    token: String,
    /// All that the application itself keeps: texts by id.
    texts: Mutex<BTreeMap<String, String>>,
}

/// What a user writes.
#[derive(Deserialize)]
struct NewNote {
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct NewText {
    text: String,
}

#[derive(Deserialize, Serialize)]
struct NewFolder {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
}

impl Notes {
    /// The application over a sidecar: where to ask, where to tell, and the admin token.
    pub(crate) fn new(access: &str, admin: &str, token: &str) -> Result<Arc<Self>, ClientError> {
        let (client, http) = (Client::new(access)?, reqwest::Client::new());
        let (admin, token) = (admin.to_owned(), token.to_owned());
        Ok(Arc::new(Self { client, http, admin, token, texts: Mutex::default() }))
    }

    /// Nothing that holds the lock can panic half-way.
    fn texts(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every route, each with the right that it takes.
pub(crate) fn router(notes: Arc<Notes>) -> Router {
    let may = |action: &str| Guard::new(&notes.client, action);
    let on_note = |action: &str| may(action).resource_in_path("Item", "id").hidden();
    let changed = get(read)
        .route_layer(on_note("view"))
        .merge(axum::routing::put(edit).route_layer(may("edit").resource_in_path("Item", "id")))
        .merge(axum::routing::delete(delete).route_layer(may("delete").resource_in_path("Item", "id")));
    Router::new()
        .route("/groups/{group}/folders", post(make_folder).route_layer(may("add").resource(documents)))
        .route("/folders/{folder}/notes", post(write))
        .route("/notes", get(list))
        .route("/notes/{id}", changed)
        .layer(from_fn(log_in))
        .with_state(notes)
}

fn documents(request: &Incoming<'_>) -> Option<EntityUid> {
    Some(tool(request.path("group")?))
}

fn tool(group: &str) -> EntityUid {
    EntityUid::new("Tool", format!("group:{group}/documents"))
}

/// Stands for a login: believes whatever the request says.
async fn log_in(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| std::str::from_utf8(user.as_bytes()).ok());
    match user.map(|user| Principal(EntityUid::new("User", user))) {
        Some(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        None => problem(StatusCode::UNAUTHORIZED, "say who you are: X-User"),
    }
}

type Shared = State<Arc<Notes>>;
type User = axum::Extension<Principal>;

async fn make_folder(
    State(notes): Shared,
    axum::Extension(user): User,
    Path(group): Path<String>,
    Json(folder): Json<NewFolder>,
) -> Response {
    let body = json!({"id": folder.id, "parent": tool(&group).to_string(), "name": folder.name});
    match notes.tell(&user, Method::POST, "/folders", &body).await {
        Ok(made) => (StatusCode::CREATED, Json(made)).into_response(),
        Err(refused) => refused,
    }
}

/// What may be added depends on its size, which only the handler knows: so it asks, not a guard.
async fn write(
    State(notes): Shared,
    axum::Extension(user): User,
    Path(folder): Path<String>,
    Json(note): Json<NewNote>,
) -> Response {
    let (parent, size) = (EntityUid::new("Folder", folder), note.text.len());
    let may = notes.client.is_authorized(user.0.clone(), "add", parent.clone()).context(json!({"size": size}));
    match may.await {
        Ok(answer) if answer.is_allowed() => {}
        Ok(_) => return problem(StatusCode::FORBIDDEN, "you may not add this here"),
        Err(error) => return unavailable(&error),
    }
    let item = json!({"id": note.id, "parent": parent.to_string(), "size": size, "kind": "note"});
    // From here on the sidecar knows the note; its text is the last to come and the first to go.
    match notes.tell(&user, Method::POST, "/items", &item).await {
        Ok(_) => {
            notes.texts().insert(note.id.clone(), note.text);
            (StatusCode::CREATED, Json(json!({"id": note.id}))).into_response()
        }
        Err(refused) => refused,
    }
}

async fn read(State(notes): Shared, Path(id): Path<String>) -> Response {
    match notes.texts().get(&id) {
        Some(text) => Json(json!({"id": id, "text": text})).into_response(),
        None => nothing(),
    }
}

async fn edit(
    State(notes): Shared,
    axum::Extension(user): User,
    Path(id): Path<String>,
    Json(new): Json<NewText>,
) -> Response {
    if !notes.texts().contains_key(&id) {
        return nothing();
    }
    let size = json!({"size": new.text.len()});
    match notes.tell(&user, Method::PATCH, &format!("/items/{}", segment(&id)), &size).await {
        Ok(_) => {
            // Whoever deleted it in between wins.
            match notes.texts().get_mut(&id) {
                Some(text) => *text = new.text,
                None => return nothing(),
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refused) => refused,
    }
}

async fn delete(State(notes): Shared, axum::Extension(user): User, Path(id): Path<String>) -> Response {
    match notes.tell(&user, Method::DELETE, &format!("/items/{}", segment(&id)), &Value::Null).await {
        Ok(_) => {
            notes.texts().remove(&id);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refused) => refused,
    }
}

/// What one may see of all there is: many questions at once.
async fn list(State(notes): Shared, axum::Extension(user): User) -> Response {
    let ids: Vec<String> = notes.texts().keys().cloned().collect();
    let mut visible = Vec::new();
    for ids in ids.chunks(BATCH_QUESTIONS) {
        let queries = ids.iter().map(|id| Query::new(user.0.clone(), "view", EntityUid::new("Item", id.as_str())));
        match notes.client.ask_all(queries).await {
            Ok(answers) => {
                visible.extend(ids.iter().zip(&answers).filter(|(_, answer)| answer.is_allowed()).map(|(id, _)| id));
            }
            Err(error) => return unavailable(&error),
        }
    }
    Json(json!({ "notes": visible })).into_response()
}

impl Notes {
    /// Tells the sidecar of a change on behalf of `user`; what it refuses goes to the user as it is.
    async fn tell(&self, user: &Principal, method: Method, path: &str, body: &Value) -> Result<Value, Response> {
        let actor = HeaderValue::from_bytes(user.0.id.as_bytes()).map_err(|_| nothing())?;
        let request = self.http.request(method, format!("{}/admin/v1{path}", self.admin));
        let request = request.bearer_auth(&self.token).header("conclave-actor", actor);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.map_err(|_| problem(StatusCode::SERVICE_UNAVAILABLE, "try again later"))?;
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        if status.is_success() {
            return Ok(serde_json::from_str(&text).unwrap_or_default());
        }
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        Err((status, kind, text).into_response())
    }
}

/// An id as one segment of a path.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn nothing() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such note")
}

fn unavailable(error: &ClientError) -> Response {
    tracing::error!(%error, "there is no decision");
    problem(StatusCode::SERVICE_UNAVAILABLE, "try again later")
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
    let title = status.canonical_reason();
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    (status, kind, body.to_string()).into_response()
}
