//! What the operations of a document have in common, told from what each of them is.

use crate::admin::schema::{EntityType, InvitationToken, Word};
use crate::config::Limits;
use crate::config::limits::{IDEMPOTENCY_KEY_CHARACTERS_MAX, LENT_ENTITIES_MAX};
use crate::domain::{GroupId, InvitationId, JoinRequestId, Revision, UserId};
use crate::http::authzen;
use crate::http::error::ProblemBody;
use axum::http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// What the admin listener takes.
const ADMIN_BEARER: &str = "The admin token, or one with the scope `read` for GET, `write` for everything else, `metrics` \
                            for `/metrics`";

/// What the access listener takes, where it asks.
const ACCESS_BEARER: &str = "A token with the scope `decide`, or a signed token (JWT) that speaks for its subject alone, \
                             as far as the server is configured for either";

/// Adds to each operation what it shares with others, and the limits that are configuration.
pub(super) fn complete(mut document: OpenApi, limits: &Limits, guarded: bool) -> OpenApi {
    let is_admin = document.paths.paths.keys().any(|path| path.starts_with("/admin/"));
    let mut components = document.components.take().unwrap_or_default();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            describe(operation, method, path);
            too_long(operation);
            if guarded && !matches!(path.as_str(), "/healthz" | "/readyz" | authzen::METADATA) {
                guard(operation);
            }
        }
    }
    if guarded {
        let description = if is_admin { ADMIN_BEARER } else { ACCESS_BEARER };
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(scheme).into());
    }
    register::<ProblemBody<'static>>(&mut components);
    register::<UserId>(&mut components);
    register::<GroupId>(&mut components);
    if is_admin {
        register::<InvitationId>(&mut components);
        register::<JoinRequestId>(&mut components);
        register::<InvitationToken>(&mut components);
        register::<EntityType>(&mut components);
        components.schemas.insert("IdempotencyKey".to_owned(), idempotency_key());
    }
    register::<Revision>(&mut components);
    if !is_admin {
        register::<Word>(&mut components);
        components.schemas.insert("Shown".to_owned(), shown());
    }
    bound(&mut components, "Batch", "requests", limits.batch_requests_max);
    bound(&mut components, "Evaluations", "evaluations", limits.batch_requests_max);
    bound(&mut components, "Question", "entities", LENT_ENTITIES_MAX);
    document.components = Some(components);
    document
}

/// What an operation is, as far as its method and path say.
fn describe(operation: &mut Operation, method: &'static str, path: &str) {
    name(operation);
    if path.starts_with("/v1/") || path.starts_with(authzen::PREFIX) {
        let revision = "The least revision to answer from; 503 if it is not reached in time";
        header(operation, "Conclave-Min-Revision", revision, "Revision");
        problems(operation, &[400, 408, 413, 500, 503]);
    }
    if path.starts_with("/v1/") {
        problems(operation, &[415, 422]);
    }
    if path.starts_with(authzen::PREFIX) {
        header(operation, "X-Request-ID", "Comes back with the answer", "Word");
        if path.contains("/search/") {
            problems(operation, &[409]);
        } else {
            header(operation, "Conclave-Context", "Whether the answer says what it rests on", "Shown");
        }
    }
    if !path.starts_with("/admin/") {
        return;
    }
    for parameter in path.split('{').skip(1).filter_map(|rest| rest.split_once('}')) {
        path_parameter(operation, path, parameter.0);
    }
    header(operation, "Conclave-Actor", "The person on whose behalf the call is made; none: the host", "UserId");
    problems(operation, &[400, 401, 403, 404, 422, 500, 503]);
    if method != "GET" {
        let key = "One for each change: a call sent twice is made once, and answered twice with the first answer";
        header(operation, "Idempotency-Key", key, "IdempotencyKey");
        problems(operation, &[408, 409]);
        // What changes nothing that is stored has no revision.
        if !path.ends_with("/reload") {
            acknowledge(operation);
        }
    }
    if operation.request_body.is_some() {
        problems(operation, &[413, 415]);
    }
}

/// Every operation asks for the token.
fn guard(operation: &mut Operation) {
    operation.security = Some(vec![SecurityRequirement::new(BEARER, [""; 0])]);
    problems(operation, &[401, 403]);
}

/// `users_read`: a handler's name alone would be that of many.
fn name(operation: &mut Operation) {
    let tag = operation.tags.as_ref().and_then(|tags| tags.first());
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id)
        && tag != id
    {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
}

fn path_parameter(operation: &mut Operation, path: &str, name: &str) {
    let (schema, description) = match (name, path) {
        ("token", _) => ("InvitationToken", "The token of an invitation"),
        ("invitation", _) => ("InvitationId", "An invitation's id"),
        ("request", _) => ("JoinRequestId", "A request's id"),
        ("user", _) => ("UserId", "A person's id"),
        ("type", _) => ("EntityType", "An entity type of the schema"),
        (_, path) if path.starts_with("/admin/v1/entities") => ("ItemId", "An entity's id"),
        (_, path) if path.starts_with("/admin/v1/groups") => ("GroupId", "A group's id"),
        (_, path) if path.starts_with("/admin/v1/folders") => ("FolderId", "A folder's id"),
        (_, path) if path.starts_with("/admin/v1/items") => ("ItemId", "An item's id"),
        (_, path) if path.starts_with("/admin/v1/subscriptions") => ("SubscriptionId", "A plan's id"),
        _ => ("UserId", "A person's id"),
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(reference(schema)));
    operation.parameters.get_or_insert_default().push(parameter.build().into());
}

fn header(operation: &mut Operation, name: &str, description: &str, schema: &str) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(reference(schema)));
    operation.parameters.get_or_insert_default().push(parameter.build().into());
}

/// Every change that was made names its revision.
fn acknowledge(operation: &mut Operation) {
    let description = "The revision from which on everybody sees the change";
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let header =
                HeaderBuilder::new().schema(Some(reference("Revision"))).description(Some(description)).build();
            response.headers.insert("Conclave-Revision".to_owned(), header.into());
        }
    }
}

fn problems(operation: &mut Operation, statuses: &[u16]) {
    for status in statuses {
        let known = &mut operation.responses.responses;
        known.entry(status.to_string()).or_insert_with(|| problem(*status).into());
    }
}

/// Of a request line and headers past `header_bytes_max`: refused before there is a request, so the
/// answer has no body.
fn too_long(operation: &mut Operation) {
    let response = ResponseBuilder::new().description("The request line and headers are too long").build();
    operation.responses.responses.insert("431".to_owned(), response.into());
}

fn problem(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    ResponseBuilder::new()
        .description(status.canonical_reason().unwrap_or("Error"))
        .content("application/problem+json", content)
        .build()
}

fn reference(schema: &str) -> RefOr<Schema> {
    Ref::from_schema_name(schema).into()
}

fn register<T: ToSchema>(components: &mut Components) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

fn idempotency_key() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[ -~]+$"));
    text.min_length(Some(1)).max_length(Some(IDEMPOTENCY_KEY_CHARACTERS_MAX)).into()
}

fn shown() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true", "false"])).into()
}

/// How long a list may be that is told where it is read.
fn bound(components: &mut Components, schema: &str, list: &str, items_max: usize) {
    if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(schema)
        && let Some(RefOr::T(Schema::Array(list))) = schema.properties.get_mut(list)
    {
        list.max_items = Some(items_max);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, patch, delete, .. } = item;
    let all = [("GET", get), ("PUT", put), ("POST", post), ("PATCH", patch), ("DELETE", delete)];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
