//! `/changes`: every acknowledged change in order, once or live.

mod feed;
mod form;

use crate::admin::schema::Amount;
use crate::admin::{Caller, Refusal};
use crate::domain::Revision;
use crate::http::error::ProblemBody;
use crate::http::extract::Query;
use crate::http::measures::Shed;
use crate::http::{App, Problem};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use feed::Feed;
use form::Form;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Where a follower that lost its connection goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// From where, and how many.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Wanted {
    /// The revision after which to begin; left out, 0.
    #[param(value_type = Option<Revision>)]
    since: Option<String>,
    /// At most so many changes.
    #[param(value_type = Option<Amount>)]
    limit: Option<String>,
}

/// `GET /changes`
#[utoipa::path(get, path = "/admin/v1/changes", params(Wanted), responses((status = 200, description = "One change a line; with `Accept: text/event-stream` they follow live", content((String = "application/x-ndjson"), (String = "text/event-stream"))), (status = 409, description = "Conflict", body = ProblemBody, content_type = "application/problem+json")))]
pub(in crate::http) async fn stream(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "changes")?;
    let form = Form::wanted(&headers);
    let since = since(form, &headers, wanted.since.as_deref())?;
    let limit = wanted.limit.as_deref().map(|text| number("limit", text)).transpose()?;
    if limit == Some(0) {
        return Err(Problem::out_of_range("limit", "must be at least 1"));
    }
    let Ok(permit) = Arc::clone(&app.streams).try_acquire_owned() else {
        app.measures.shed(Shed::Streams);
        return Err(Problem::unavailable("too many streams of changes are open"));
    };
    let head = app.store.revision().await.map_err(Refusal::from)?;
    if since > head {
        return Err(ahead(since, head));
    }
    let feed = Feed::new(&app, form, since, head, limit, permit);
    let mut response = Body::from_stream(feed.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A follower that comes back sends the query of its first request again: what it has read since
/// then goes first.
fn since(form: Form, headers: &HeaderMap, query: Option<&str>) -> Result<Revision, Problem> {
    let last = headers.get(LAST_EVENT_ID).filter(|_| form == Form::Events);
    let (name, text) = match (last, query) {
        (Some(last), _) => ("Last-Event-ID", last.to_str().unwrap_or_default()),
        (None, Some(since)) => ("since", since),
        (None, None) => return Ok(Revision::default()),
    };
    number(name, text).map(Revision)
}

fn number(field: &str, text: &str) -> Result<u64, Problem> {
    let digits = Some(text).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.ok_or_else(|| Problem::malformed(field, "must be a number such as `42`"))?;
    // Larger than any revision is, and answered like any that is ahead.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

/// Who has read changes that this store never made follows another store, or this one before it was
/// restored from a backup: going on would hide that what was read is void.
fn ahead(since: Revision, head: Revision) -> Problem {
    let detail = format!("revision {since} lies ahead of this store, which stands at {head}: read everything anew");
    Problem::new(StatusCode::CONFLICT, detail).with("head", head.0)
}
