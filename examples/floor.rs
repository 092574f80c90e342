//! The floor that decisions over HTTP are measured against: an axum handler with `Json` in and out
//! that decides nothing, served by plain `axum::serve`.
//!
//! `cargo run --release --example floor -- PORT|unix:PATH`, then `POST /v1/is_authorized` (or `/json`)
//! with the body of any question. See `examples/load.rs` for who asks.

use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, Write as _};
use tokio::net::{TcpListener, UnixListener};

/// The one of the server, so that what is compared is what is done and not who allocates.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Question {
    principal: String,
    action: String,
    resource: String,
    #[serde(default)]
    context: Map<String, Value>,
}

#[derive(Serialize)]
struct Answer {
    decision: &'static str,
}

/// Reads every field, so that none is left out of the work, and knows nothing.
async fn json(Json(question): Json<Question>) -> Json<Answer> {
    let Question { principal, action, resource, context } = question;
    let named = !principal.is_empty() && !action.is_empty() && !resource.is_empty() && context.is_empty();
    Json(Answer { decision: if named { "Allow" } else { "Deny" } })
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let routes = Router::new().route("/v1/is_authorized", post(json)).route("/json", post(json));
    let Some(place) = std::env::args().nth(1) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "where to listen: PORT or unix:PATH"));
    };
    if let Some(path) = place.strip_prefix("unix:") {
        let listener = UnixListener::bind(path)?;
        writeln!(io::stderr(), "ready")?;
        return axum::serve(listener, routes).await;
    }
    let port: u16 = place.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(io::stderr(), "ready")?;
    // As every server of small answers does: waiting for more to send with one only delays it.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, routes).await
}
