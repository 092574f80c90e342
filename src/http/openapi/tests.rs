use super::*;
use crate::http::router::{access_endpoints, admin_endpoints, public_endpoints};
use crate::http::routes::Endpoint;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every operation of a document, as `GET /path`.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let of_path = |(path, item): (&String, &Value)| {
        let operations = item.as_object().unwrap().iter();
        let named =
            operations.map(|(method, operation)| (format!("{} {path}", method.to_uppercase()), operation.clone()));
        named.collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

fn names(document: &Value) -> BTreeSet<String> {
    operations(document).into_iter().map(|(name, _)| name).collect()
}

fn documents() -> [Value; 2] {
    let limits = Limits::default();
    [json!(access_document(&limits, false)), json!(admin_document(&limits))]
}

fn name(endpoint: Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}

#[test]
fn the_documents_are_the_router_no_more_and_no_less() {
    let [access, admin] = documents();
    let routed: BTreeSet<_> = access_endpoints().into_iter().map(name).collect();
    assert_eq!(names(&access), routed);
    let routed: BTreeSet<_> = admin_endpoints().into_iter().map(|(endpoint, _)| name(endpoint)).collect();
    assert_eq!(names(&admin), routed);
}

#[test]
fn the_token_is_asked_for_where_the_router_asks_for_it() {
    let [access, admin] = documents();
    for (endpoint, guarded) in admin_endpoints() {
        let operation = &admin["paths"][endpoint.path][endpoint.method.to_lowercase()];
        assert_eq!(operation["security"] == json!([{"bearer": []}]), guarded, "{}", name(endpoint));
    }
    assert!(operations(&access).iter().all(|(_, operation)| operation.get("security").is_none()));
    let guarded = json!(access_document(&Limits::default(), true));
    assert!(guarded["components"]["securitySchemes"]["bearer"].is_object());
    for endpoint in access_endpoints() {
        let operation = &guarded["paths"][endpoint.path][endpoint.method.to_lowercase()];
        let asks = operation["security"] == json!([{"bearer": []}]);
        assert_eq!(asks, !public_endpoints().contains(&endpoint), "{}", name(endpoint));
        assert_eq!(asks, operation["responses"].get("401").is_some(), "{}", name(endpoint));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_its_own_id() {
    for document in documents() {
        assert_eq!(document["openapi"], "3.1.0");
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let schema = reference.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(schema).is_some(), "{schema}");
        }
        let mut ids = BTreeSet::new();
        for (name, operation) in operations(&document) {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
        }
    }
}

#[test]
fn every_error_is_a_problem() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status.starts_with('2') || status == "431" || name == "GET /readyz" {
                    continue;
                }
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
            }
        }
    }
}

/// Every schema within a schema, with the way to it.
fn within(schema: &Value, place: &str, found: &mut Vec<(String, Value)>) {
    match schema {
        Value::Object(members) => {
            found.push((place.to_owned(), schema.clone()));
            members.iter().for_each(|(name, value)| within(value, &format!("{place}/{name}"), found));
        }
        Value::Array(values) => values.iter().for_each(|value| within(value, place, found)),
        _ => {}
    }
}

#[test]
fn what_is_sent_states_its_bounds() {
    // What has no bound of its own is bounded by the body; which kinds there are is configuration.
    let free = ["Reference", "ToolKind", "Word"];
    for document in documents() {
        for (name, operation) in operations(&document) {
            let mut found = Vec::new();
            within(&operation["parameters"], "parameters", &mut found);
            within(&operation["requestBody"], "body", &mut found);
            let mut wanted: Vec<String> = Vec::new();
            for (place, schema) in found {
                if schema["type"] == "string" {
                    assert!(schema["maxLength"].is_number() || schema["enum"].is_array(), "{name}: {place}");
                }
                wanted.extend(schema["$ref"].as_str().map(str::to_owned));
            }
            let mut seen = BTreeSet::new();
            while let Some(reference) = wanted.pop() {
                let schema = reference.trim_start_matches("#/components/schemas/").to_owned();
                if free.contains(&schema.as_str()) || !seen.insert(schema.clone()) {
                    continue;
                }
                let mut found = Vec::new();
                within(&document["components"]["schemas"][&schema], &schema, &mut found);
                // The names in a map are tool kinds, too.
                found.retain(|(place, _)| !place.ends_with("/propertyNames"));
                for (place, part) in found {
                    let kind = part["type"].as_str().unwrap_or_default();
                    let bounded = match kind {
                        "string" => part["maxLength"].is_number() || part["enum"].is_array(),
                        "integer" => part["minimum"].is_number() && part["maximum"].is_number(),
                        _ => true,
                    };
                    assert!(bounded, "{name}: {place} {part}");
                    wanted.extend(part["$ref"].as_str().map(str::to_owned));
                }
            }
        }
    }
}
