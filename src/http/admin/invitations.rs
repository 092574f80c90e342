//! `/groups/{id}/invitations` and `/invitations/{token}`: from an invitation to a member.

use super::groups::Admission;
use super::{List, Listing, existing, shown, time};
use crate::admin::Caller;
use crate::admin::accept_invitation::{accept_invitation, decline_invitation};
use crate::admin::candidates::candidates;
use crate::admin::invite::{Issued, NewInvitation, invite, resend_invitation, withdraw_invitation};
use crate::admin::read_group::read_invitations;
use crate::admin::schema::{Email, Line};
use crate::admin::token::Token;
use crate::domain::{Contact, GroupId, Invitation, InvitationId, UserId};
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An invitation as answers write it.
#[derive(Serialize, ToSchema)]
struct InvitationRow {
    id: InvitationId,
    group: GroupId,
    #[schema(required)]
    user: Option<UserId>,
    #[schema(value_type = Option<Email>, required)]
    email: Option<String>,
    #[schema(value_type = Option<Line>, required)]
    first_name: Option<String>,
    #[schema(value_type = Option<Line>, required)]
    last_name: Option<String>,
    #[schema(format = DateTime, required)]
    created: Option<String>,
    #[schema(format = DateTime, required)]
    expires: Option<String>,
    /// In answers to operator calls alone, and only when it is made (A10).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    token: Option<String>,
}

/// A page of pending invitations.
#[derive(Serialize, ToSchema)]
struct Invitations {
    /// By id.
    invitations: Vec<InvitationRow>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

fn row(invitation: Invitation, token: Option<&Token>) -> InvitationRow {
    InvitationRow {
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

fn issued(issued: Issued) -> InvitationRow {
    row(issued.invitation, issued.token.as_ref())
}

/// `GET /groups/{id}/invitations`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/invitations", params(Listing), responses((status = 200, description = "A page of the pending ones", body = Invitations)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_invitations(&app.admin, &caller, &existing("group", &group)?, &list.page(&listing)?).await?;
    let next_page_token = list.token(&page);
    let invitations = page.rows.into_iter().map(|invitation| row(invitation, None)).collect();
    Ok(shown(&Invitations { invitations, next_page_token }))
}

/// `POST /groups/{id}/invitations`
#[utoipa::path(post, path = "/admin/v1/groups/{id}/invitations", request_body = NewInvitation, responses((status = 201, description = "Invited", body = InvitationRow)))]
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
#[utoipa::path(post, path = "/admin/v1/groups/{id}/invitations/{invitation}/resend", responses((status = 200, description = "Sent again, with another token", body = InvitationRow)))]
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
#[utoipa::path(delete, path = "/admin/v1/groups/{id}/invitations/{invitation}", responses((status = 204, description = "Done")))]
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
#[utoipa::path(post, path = "/admin/v1/invitations/{token}/accept", responses((status = 200, description = "A member now", body = Admission)))]
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
#[utoipa::path(post, path = "/admin/v1/invitations/{token}/decline", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn decline(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (admin, token) = (Arc::clone(&app.admin), Token::presented(&token));
    let done = complete(&app, async move { decline_invitation(&admin, &caller, &token).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// A page of whom an administrator may want to invite (A9).
#[derive(Serialize, ToSchema)]
struct Candidates {
    /// Users first.
    candidates: Vec<Contact>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /groups/{id}/invitation-candidates`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/invitation-candidates", params(Listing), responses((status = 200, description = "A page", body = Candidates)))]
pub(in crate::http) async fn list_candidates(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = candidates(&app.admin, &caller, &existing("group", &group)?, &list.page(&listing)?).await?;
    Ok(shown(&Candidates { next_page_token: list.token(&page), candidates: page.rows }))
}
