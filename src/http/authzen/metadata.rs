//! `GET /.well-known/authzen-configuration`: where the endpoints of this decision point are.

use super::{EVALUATION, EVALUATIONS};
use crate::config::Address;
use crate::config::limits::METADATA_CACHE_SECONDS;
use crate::http::App;
use crate::http::router::access_endpoints;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::{Arc, LazyLock};
use utoipa::ToSchema;

/// Where everything is. Endpoints that are not here are not served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthzenMetadata)]
pub(in crate::http) struct Metadata {
    /// What clients know this decision point by: `public_url` of the configuration.
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    search_subject_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    search_resource_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    search_action_endpoint: Option<String>,
}

static SERVED: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| access_endpoints().into_iter().map(|endpoint| endpoint.path).collect());

/// Where the endpoints are: by the configuration, whatever `Host` a request names.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", responses((status = 200, description = "Where the endpoints are", body = Metadata)))]
pub async fn metadata(State(app): State<Arc<App>>) -> Response {
    let url = app.public_url.get().map_or(NOWHERE, String::as_str);
    let mut response = Json(Metadata::at(url, &SERVED)).into_response();
    if let Ok(cached) = HeaderValue::try_from(format!("max-age={METADATA_CACHE_SECONDS}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, cached);
    }
    response
}

/// Of a listener without a port: what a client of a Unix socket puts into its URLs.
const NOWHERE: &str = "http://localhost";

/// What the metadata says where the configuration says nothing: where the server listens.
#[must_use]
pub(in crate::http) fn default_url(listens: &Address, is_tls: bool) -> String {
    match listens {
        Address::Tcp { host, port } if is_tls => format!("https://{host}:{port}"),
        Address::Tcp { host, port } => format!("http://{host}:{port}"),
        Address::Unix(_) => NOWHERE.to_owned(),
    }
}

impl Metadata {
    fn at(url: &str, served: &[&str]) -> Self {
        let base = url.trim_end_matches('/');
        let endpoint = |path: &str| served.contains(&path).then(|| format!("{base}{path}"));
        Self {
            policy_decision_point: url.to_owned(),
            access_evaluation_endpoint: format!("{base}{EVALUATION}"),
            access_evaluations_endpoint: format!("{base}{EVALUATIONS}"),
            search_subject_endpoint: endpoint("/access/v1/search/subject"),
            search_resource_endpoint: endpoint("/access/v1/search/resource"),
            search_action_endpoint: endpoint("/access/v1/search/action"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::METADATA;
    use super::*;

    #[test]
    fn what_is_served_is_named_and_nothing_else() {
        assert!([EVALUATION, EVALUATIONS, METADATA].iter().all(|path| SERVED.contains(path)));
        let metadata = Metadata::at("https://pdp.example.com/tenant/", &["/access/v1/search/subject"]);
        let json = serde_json::to_value(&metadata).unwrap();
        let expected = serde_json::json!({
            "policy_decision_point": "https://pdp.example.com/tenant/",
            "access_evaluation_endpoint": "https://pdp.example.com/tenant/access/v1/evaluation",
            "access_evaluations_endpoint": "https://pdp.example.com/tenant/access/v1/evaluations",
            "search_subject_endpoint": "https://pdp.example.com/tenant/access/v1/search/subject",
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn without_a_setting_it_is_where_the_server_listens() {
        let url_of = |text: &str, is_tls| default_url(&Address::try_from(text.to_owned()).unwrap(), is_tls);
        let url = |text: &str| url_of(text, false);
        assert_eq!(url("127.0.0.1:7180"), "http://127.0.0.1:7180");
        assert_eq!(url("[::1]:80"), "http://[::1]:80");
        assert_eq!(url_of("[::1]:80", true), "https://[::1]:80");
        assert_eq!(url("unix:/run/conclave.sock"), "http://localhost");
    }
}
