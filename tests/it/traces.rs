//! Spans of requests, as a collector gets them.

use crate::sidecar::TestSidecar;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const PATIENCE: Duration = Duration::from_mins(1);

/// An OpenTelemetry collector that keeps what it gets.
pub struct Collector {
    address: SocketAddr,
    got: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

type Answers = (Arc<Mutex<Vec<ExportTraceServiceRequest>>>, StatusCode);

fn take((got, status): &Answers, headers: &HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert!(headers["host"].to_str().unwrap().starts_with("127.0.0.1:"));
    got.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
    *status
}

impl Collector {
    pub async fn start() -> Self {
        Self::answering(StatusCode::OK).await
    }

    async fn answering(status: StatusCode) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, got) = (socket.local_addr().unwrap(), Arc::default());
        let state: Answers = (Arc::clone(&got), status);
        let taken = async |State(state): State<Answers>, headers: HeaderMap, body| take(&state, &headers, body);
        let routes = Router::new().route("/v1/traces", post(taken)).with_state(state);
        tokio::spawn(async move { axum::serve(socket, routes).await });
        Self { address, got }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// All spans so far, in the order in which they ended.
    pub fn spans(&self) -> Vec<Span> {
        let got = self.got.lock().unwrap();
        let scopes = got.iter().flat_map(|batch| &batch.resource_spans).flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    fn resource(&self) -> BTreeMap<String, String> {
        let got = self.got.lock().unwrap();
        attributes(&got[0].resource_spans[0].resource.as_ref().unwrap().attributes)
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}

async fn traced(endpoint: String, ratio: f64) -> TestSidecar {
    let sidecar = TestSidecar::new().with_demo().configured(|config| {
        config.otlp_endpoint = Some(endpoint);
        config.trace_ratio = conclave::config::Ratio::new(ratio);
    });
    sidecar.start().await
}

fn question(user: &str) -> String {
    let (principal, resource) = (format!("User::\"{user}\""), "Tool::\"group:sales/documents\"");
    json!({"principal": principal, "action": "Action::\"view\"", "resource": resource}).to_string()
}

/// The headers of a caller whose span is recorded, or not.
fn parent(is_traced: bool) -> [(&'static str, String); 2] {
    let flags = if is_traced { "01" } else { "00" };
    [("traceparent", format!("00-{TRACE}-{CALLER}-{flags}")), ("tracestate", "vendor=7".to_owned())]
}

async fn ask(sidecar: &TestSidecar, user: &str, headers: &[(&str, String)]) {
    sidecar.access_with("/v1/is_authorized", question(user), headers).await.ok();
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn names<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Vec<&'a str> {
    spans.into_iter().map(|span| span.name.as_str()).collect()
}

#[tokio::test]
async fn the_trace_of_a_caller_goes_on_and_shows_where_the_time_went() {
    let collector = Collector::start().await;
    let sidecar = traced(collector.endpoint(), 0.0).await;
    let address = sidecar.access_address();
    let (_, port) = address.rsplit_once(':').unwrap();
    ask(&sidecar, "secretary", &parent(true)).await;
    ask(&sidecar, "secretary", &parent(true)).await;
    sidecar.stop().await;
    let spans = collector.spans();
    let (requests, parts): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span.kind() == SpanKind::Server);
    assert_eq!(names(requests.iter().copied()), ["POST /v1/is_authorized"; 2]);
    for (request, cache) in requests.iter().zip(["miss", "hit"]) {
        assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.to_owned(), CALLER.to_owned()));
        assert_eq!(request.trace_state, "vendor=7");
        assert!(request.end_time_unix_nano >= request.start_time_unix_nano && request.start_time_unix_nano > 0);
        let mut said = attributes(&request.attributes);
        assert!(said.remove("conclave.revision").unwrap().parse::<u64>().unwrap() > 0);
        let expected = [
            ("conclave.cache", cache),
            ("conclave.decision", "Allow"),
            ("http.request.method", "POST"),
            ("http.response.status_code", "200"),
            ("http.route", "/v1/is_authorized"),
            ("server.address", "127.0.0.1"),
            ("server.port", port),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(said, BTreeMap::from(expected));
    }
    // Of the miss alone.
    assert_eq!(names(parts.iter().copied()), ["turn", "queue", "slice", "evaluate"]);
    for part in parts {
        assert_eq!((hex(&part.trace_id), &part.parent_span_id), (TRACE.to_owned(), &requests[0].span_id), "{part:?}");
        assert_eq!(part.kind(), SpanKind::Internal);
        assert!(part.start_time_unix_nano >= requests[0].start_time_unix_nano);
        assert!(part.end_time_unix_nano <= requests[0].end_time_unix_nano);
    }
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "conclave");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn who_is_traced_is_for_the_caller_to_say_and_else_for_the_ratio() {
    for (ratio, header, expected) in [
        (1.0, None, 1),
        (0.0, None, 0),
        (1.0, Some(parent(false)), 0),
        (0.0, Some(parent(true)), 1),
        // What cannot be read says nothing.
        (1.0, Some([("traceparent", "00-nonsense-00".to_owned()), ("tracestate", "vendor=7".to_owned())]), 1),
        (0.0, Some([("traceparent", "00-nonsense-01".to_owned()), ("tracestate", "vendor=7".to_owned())]), 0),
    ] {
        let collector = Collector::start().await;
        let sidecar = traced(collector.endpoint(), ratio).await;
        let headers = header.as_ref().map_or(&[][..], |headers| headers);
        for _ in 0..3 {
            ask(&sidecar, "secretary", headers).await;
        }
        sidecar.stop().await;
        let spans = collector.spans();
        let requests: Vec<_> = spans.iter().filter(|span| span.kind() == SpanKind::Server).collect();
        assert_eq!(requests.len(), 3 * expected, "{ratio} {header:?}");
        let is_root = header.as_ref().is_none_or(|headers| headers[0].1.contains("nonsense"));
        for request in &requests {
            assert_eq!(request.parent_span_id.is_empty(), is_root, "{ratio} {header:?}");
            assert_eq!(hex(&request.trace_id) == TRACE, !is_root, "{ratio} {header:?}");
        }
        if expected == 0 {
            assert_eq!(names(&spans), [""; 0], "no part of what is not traced");
        }
    }
}

#[tokio::test]
async fn some_of_many_are_traced() {
    let collector = Collector::start().await;
    let sidecar = traced(collector.endpoint(), 0.5).await;
    for _ in 0..400 {
        ask(&sidecar, "secretary", &[]).await;
    }
    sidecar.stop().await;
    let spans = collector.spans();
    let count = spans.iter().filter(|span| span.kind() == SpanKind::Server).count();
    // Ten times the standard deviation.
    assert!((100..=300).contains(&count), "{count}");
}

#[tokio::test]
async fn calls_are_told_by_their_routes_and_nothing_that_callers_wrote() {
    const SECRET: &str = "canary-id-c0ffee00";
    let collector = Collector::start().await;
    let sidecar = traced(collector.endpoint(), 1.0).await;
    let user = json!({"username": SECRET, "subscription": "standard", "email": "c0ffee00@example.org"});
    sidecar.put(&format!("/users/{SECRET}"), user).await;
    sidecar.call_as(SECRET, reqwest::Method::DELETE, "/groups/sales/members/salesman-1", Value::Null).await;
    sidecar.call_as("director", reqwest::Method::DELETE, "/groups/sales/members/salesman-1", Value::Null).await.ok();
    sidecar.send("GET", &format!("/{SECRET}?q={SECRET}"), true, None, &Value::Null).await;
    sidecar.send("C0FFEE00", "/admin/v1/users", true, None, &Value::Null).await;
    sidecar.access_with("/v1/is_authorized", question(SECRET), &[("x-c0ffee00", SECRET.to_owned())]).await.ok();
    sidecar.access("/v1/is_authorized", format!("{{\"{SECRET}")).await;
    sidecar.stop().await;
    let spans = collector.spans();
    let requests: Vec<_> = spans.iter().filter(|span| span.kind() == SpanKind::Server).collect();
    let told: Vec<_> = requests
        .iter()
        .map(|span| (span.name.as_str(), attributes(&span.attributes)["http.response.status_code"].clone()))
        .collect();
    let member = "DELETE /admin/v1/groups/{id}/members/{user}";
    assert_eq!(told[1].0, member);
    assert_eq!(told[2], (member, "204".to_owned()), "{told:?}");
    assert_eq!(told[3], ("GET", "404".to_owned()));
    assert_eq!(told[4].0, "HTTP /admin/v1/users");
    assert_eq!(attributes(&requests[4].attributes)["http.request.method"], "_OTHER");
    assert_eq!(told[6], ("POST /v1/is_authorized", "400".to_owned()));
    // A change runs in a task of its own, and asks whether it may be made.
    let decided: Vec<_> = spans.iter().filter(|span| span.parent_span_id == requests[2].span_id).collect();
    assert!(names(decided.iter().copied()).contains(&"evaluate"), "{spans:?}");
    assert!(requests.iter().all(|span| span.status.as_ref().unwrap().code() == SpanStatus::Unset), "{requests:?}");
    let shown = format!("{spans:?}").to_lowercase();
    assert!(!shown.contains("c0ffee00") && !shown.contains("salesman-1"), "{shown}");
}

/// What became of spans, as `/metrics` says it: sent, dropped, failed.
async fn counted(sidecar: &TestSidecar) -> [u64; 3] {
    let page = sidecar.get_admin_as("/metrics", Some(&format!("Bearer {}", sidecar.token()))).await.ok();
    let page = page.body.as_str().unwrap().to_owned();
    ["sent", "dropped", "failed"].map(|result| {
        let name = format!("conclave_trace_spans_total{{result=\"{result}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&name)).expect("it is there").parse().unwrap()
    })
}

async fn until_counted(sidecar: &TestSidecar, holds: impl Fn([u64; 3]) -> bool) -> [u64; 3] {
    let begun = Instant::now();
    loop {
        let counts = counted(sidecar).await;
        if holds(counts) {
            return counts;
        }
        assert!(begun.elapsed() < PATIENCE, "{counts:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_collector_that_is_gone_or_refuses_fails_no_decision() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refusing = Collector::answering(StatusCode::BAD_REQUEST).await;
    for endpoint in [format!("http://{gone}/v1/traces"), refusing.endpoint()] {
        let sidecar = traced(endpoint, 0.0).await;
        ask(&sidecar, "secretary", &parent(true)).await;
        let counts = until_counted(&sidecar, |[_, _, failed]| failed >= 5).await;
        assert_eq!(counts, [0, 0, 5]);
        ask(&sidecar, "secretary", &parent(true)).await;
        sidecar.stop().await;
    }
    assert!(!refusing.got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_collector_that_never_answers_delays_nothing_but_the_end() {
    // The system takes the connections, and nobody ever reads.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", silent.local_addr().unwrap());
    let sidecar = traced(endpoint, 0.0).await;
    let begun = Instant::now();
    // Until queue and batch are full, and beyond.
    while counted(&sidecar).await[1] < 100 {
        assert!(begun.elapsed() < PATIENCE);
        for _ in 0..200 {
            ask(&sidecar, "secretary", &parent(true)).await;
        }
    }
    let begun = Instant::now();
    sidecar.stop().await;
    assert!(begun.elapsed() < PATIENCE, "it does not wait for ever");
}

#[tokio::test]
async fn a_record_of_a_decision_names_its_trace() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("decisions.jsonl");
    let collector = Collector::start().await;
    let sidecar = TestSidecar::new().with_demo().configured(|config| {
        config.otlp_endpoint = Some(collector.endpoint());
        config.trace_ratio = conclave::config::Ratio::new(0.0);
        config.decision_log.file = Some(file.clone());
    });
    let sidecar = sidecar.start().await;
    for headers in [&parent(true)[..], &parent(true)[..], &parent(false)[..], &[]] {
        ask(&sidecar, "secretary", headers).await;
    }
    sidecar.stop().await;
    let records = std::io::BufReader::new(std::fs::File::open(&file).unwrap());
    let records = conclave::decision_log::read(records).map(|record| record.unwrap().trace_id);
    // From the miss, and from the hit.
    let trace = Some(TRACE.to_owned());
    assert_eq!(records.collect::<Vec<_>>(), [trace.clone(), trace, None, None]);
}
