//! `/groups/{id}/invitations` and `/invitations/{token}`: from an invitation to a member.

use super::groups::Admission;
use super::{Listing, existing, listed, shown, time};
use crate::admin::Caller;
use crate::admin::accept_invitation::{accept_invitation, decline_invitation};
use crate::admin::candidates::candidates;
use crate::admin::invite::{Issued, NewInvitation, invite, resend_invitation, withdraw_invitation};
use crate::admin::read_group::read_invitations;
use crate::admin::token::Token;
use crate::domain::{GroupId, Invitation, InvitationId, UserId};
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// An invitation as answers write it.
#[derive(Serialize)]
struct Row {
    id: InvitationId,
    group: GroupId,
    user: Option<UserId>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    created: Option<String>,
    expires: Option<String>,
    /// In answers to operator calls alone, and only when it is made (A10).
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

fn row(invitation: Invitation, token: Option<&Token>) -> Row {
    Row {
        id: invitation.id,
        group: invitation.group,
        user: invitation.user,
        email: invitation.email,
        first_name: invitation.first_name,
        last_name: invitation.last_name,
        created: time(invitation.created_ms),
        expires: time(invitation.expires_ms),
        token: token.map(|token| token.reveal().to_owned()),
    }
}

fn issued(issued: Issued) -> Row {
    row(issued.invitation, issued.token.as_ref())
}

/// `GET /groups/{id}/invitations`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_invitations(&app.admin, &caller, &existing("group", &group)?, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("invitations", page.rows.into_iter().map(|invitation| row(invitation, None)), token)))
}

/// `POST /groups/{id}/invitations`
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Json(invitation): Json<NewInvitation>,
) -> Result<Response, Problem> {
    let (admin, group) = (Arc::clone(&app.admin), existing("group", &group)?);
    let done = complete(&app, async move { invite(&admin, &caller, &group, invitation).await }).await?;
    Ok(acknowledged(StatusCode::CREATED, done.revision, &issued(done.output)))
}

/// `POST /groups/{id}/invitations/{invitation}/resend`
pub(in crate::http) async fn resend(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, invitation)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, id) = (Arc::clone(&app.admin), existing("group", &group)?, existing("invitation", &invitation)?);
    let done = complete(&app, async move { resend_invitation(&admin, &caller, &group, &id).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &issued(done.output)))
}

/// `DELETE /groups/{id}/invitations/{invitation}`
pub(in crate::http) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, invitation)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, id) = (Arc::clone(&app.admin), existing("group", &group)?, existing("invitation", &invitation)?);
    let done = complete(&app, async move { withdraw_invitation(&admin, &caller, &group, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `POST /invitations/{token}/accept`
pub(in crate::http) async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (admin, token) = (Arc::clone(&app.admin), Token::presented(&token));
    let done = complete(&app, async move { accept_invitation(&admin, &caller, &token).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &Admission::from(done.output)))
}

/// `POST /invitations/{token}/decline`
pub(in crate::http) async fn decline(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (admin, token) = (Arc::clone(&app.admin), Token::presented(&token));
    let done = complete(&app, async move { decline_invitation(&admin, &caller, &token).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `GET /groups/{id}/invitation-candidates`
pub(in crate::http) async fn list_candidates(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = candidates(&app.admin, &caller, &existing("group", &group)?, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("candidates", page.rows, token)))
}
