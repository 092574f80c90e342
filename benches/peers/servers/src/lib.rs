//! What the servers share: the question, the answer, the port.

use axum::{Json, Router, serve::ListenerExt};
use serde::{Deserialize, Serialize};
use std::error::Error;

/// Whatever ends a server.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The body of a request.
#[derive(Deserialize)]
pub struct Question<T> {
    /// What is asked.
    pub input: T,
}

/// A question in its parts.
#[derive(Deserialize)]
pub struct Input {
    pub user: String,
    pub action: String,
    pub resource: String,
}

/// The body of an answer.
#[derive(Serialize)]
pub struct Answer {
    decision: &'static str,
}

pub fn answer(allowed: bool) -> Json<Answer> {
    Json(Answer { decision: if allowed { "Allow" } else { "Deny" } })
}

/// The arguments, of which there must be so many.
pub fn arguments<const N: usize>() -> Result<[String; N], Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given.try_into().map_err(|given| format!("{N} arguments, not {given:?}").into())
}

/// Serves on a port of this machine.
pub async fn serve(port: &str, routes: Router) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, routes).await?)
}
