//! Ways around a guarded door: other spellings of a path, headers of proxies, headers given twice, what is open.

use crate::sidecar::TestSidecar;
use conclave::http::router::{access_endpoints, admin_endpoints};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Status and body of the answer to a request as it is written here: clients of HTTP tidy up what they send.
async fn written(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The list of users, in other words.
const SPELLINGS: &[&str] = &[
    "/admin/v1/users",
    "//admin/v1/users",
    "//healthz/admin/v1/users",
    "/./admin/v1/users",
    "/admin//v1/users",
    "/admin/v1/users/",
    "/admin/v1/users//",
    "/healthz/../admin/v1/users",
    "/readyz/..//admin/v1/users",
    "/healthz/%2e%2e/admin/v1/users",
    "/healthz/..%2fadmin%2fv1%2fusers",
    "/healthz%2f..%2fadmin/v1/users",
    "/healthz;/../admin/v1/users",
    "/%61dmin/v1/users",
    "/admin/v1/%75sers",
    "/admin%2fv1%2fusers",
    "/admin%5cv1%5cusers",
    "/ADMIN/v1/users",
    "/Admin/V1/Users",
    "/admin/v1/users?/healthz",
    "/admin/v1/users?path=/healthz",
    "/admin/v1/users;/healthz",
    "/admin/v1/users%00/healthz",
    "/admin/v1/users%23/healthz",
    "/admin/v1/users/healthz",
    "/admin/v1/healthz/../users",
    "/healthz/",
    "/HEALTHZ",
    "http://localhost/admin/v1/users",
    "http://localhost//admin/v1/users",
    "http://localhost/healthz/../admin/v1/users",
    "http://healthz/admin/v1/users",
];

/// Fails if the token is asked for by what a path looks like, and not on every route of the admin listener.
#[tokio::test]
async fn no_spelling_of_a_path_goes_around_the_token() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for spelling in SPELLINGS {
        for method in ["GET", "HEAD", "OPTIONS", "POST", "get"] {
            let (status, body) = written(&sidecar.admin_address(), &format!("{method} {spelling} HTTP/1.1"), "").await;
            assert_eq!(status, 401, "{method} {spelling}: {body}");
            assert!(!body.contains("secretary"), "{method} {spelling}: {body}");
        }
        // The other listener knows none of it, whoever asks.
        let with_token = format!("GET {spelling} HTTP/1.1\r\nauthorization: Bearer {}", sidecar.token());
        let (status, body) = written(&sidecar.access_address(), &with_token, "").await;
        assert!(status == 404 || status == 400, "{spelling}: {status} {body}");
    }
    sidecar.stop().await;
}

/// What proxies tell the servers behind them. Nobody stands before this one.
const OF_PROXIES: &[&str] = &[
    "x-original-url: /healthz",
    "x-rewrite-url: /healthz",
    "x-envoy-original-path: /healthz",
    "x-forwarded-uri: /healthz",
    "x-forwarded-prefix: /healthz/..",
    "x-forwarded-for: 127.0.0.1",
    "x-forwarded-proto: https",
    "x-forwarded-host: localhost",
    "x-real-ip: 127.0.0.1",
    "forwarded: for=127.0.0.1;by=127.0.0.1",
    "x-forwarded-user: director",
    "x-remote-user: director",
    "x-auth-request-user: director",
    "x-forwarded-client-cert: Subject=\"CN=director\"",
    "x-http-method-override: GET",
    "x-user-id: director",
    "cookie: token=x; user=director",
    "connection: authorization",
];

/// Fails if a header that only a proxy may send opens a door, or says who asks.
#[tokio::test]
async fn no_header_of_a_proxy_opens_a_door_or_changes_a_decision() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let question = json!({"principal": "User::\"salesman-1\"", "action": "Action::\"view\"",
                          "resource": "Tool::\"group:production/documents\""});
    let headers = OF_PROXIES.iter().copied().chain(["conclave-actor: director", "conclave-principal: director"]);
    for header in headers {
        let line = format!("GET /admin/v1/users HTTP/1.1\r\n{header}");
        let (status, body) = written(&sidecar.admin_address(), &line, "").await;
        assert_eq!(status, 401, "{header}: {body}");
        let line = format!("POST /v1/is_authorized HTTP/1.1\r\ncontent-type: application/json\r\n{header}");
        let (status, body) = written(&sidecar.access_address(), &line, &question.to_string()).await;
        assert!(status == 200 && body.contains("\"Deny\""), "{header}: {status} {body}");
    }
    sidecar.stop().await;
}

/// Fails if of two headers that say different things one is read and the other is not.
#[tokio::test]
async fn a_header_given_twice_is_refused_and_not_half_read() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let good = format!("authorization: Bearer {}", sidecar.token());
    let admin = async |headers: &str| {
        let line = format!("GET /admin/v1/groups/production HTTP/1.1\r\n{headers}");
        written(&sidecar.admin_address(), &line, "").await.0
    };
    assert_eq!(admin(&good).await, 200);
    assert_eq!(admin(&format!("{good}\r\nconclave-actor: salesman-1")).await, 404, "who may not see it");
    for (headers, status) in [
        (format!("{good}\r\nauthorization: Bearer another-token-of-some-length"), 401),
        (format!("authorization: Bearer another-token-of-some-length\r\n{good}"), 401),
        (format!("{good}, Bearer x"), 401),
        (format!("{good}\r\nconclave-actor: salesman-1\r\nconclave-actor: director"), 400),
        (format!("{good}\r\nconclave-actor: director\r\nconclave-actor: salesman-1"), 400),
        (format!("{good}\r\nconclave-actor:"), 400),
        // One text, and nobody's id.
        (format!("{good}\r\nconclave-actor: director, salesman-1"), 404),
        (format!("{good}\r\ncontent-length: 5"), 400),
    ] {
        assert_eq!(admin(&headers).await, status, "{}", headers.replace(&sidecar.token(), "…"));
    }
    sidecar.stop().await;
}

/// Pages that servers like this one have had open: consoles, profiles, settings.
const NEVER: &[&str] =
    &["/playground", "/debug/pprof", "/debug/vars", "/config", "/config_dump", "/.env", "/data", "/v1/data", "/token"];

/// Fails if what anybody may read, or what an error says, shows the token or where the database is.
#[tokio::test]
async fn what_is_open_to_everybody_shows_no_secret() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let (access, admin) = (sidecar.access_address(), sidecar.admin_address());
    let open_on_admin = admin_endpoints().into_iter().filter(|(_, guarded)| !guarded).map(|(endpoint, _)| endpoint);
    let asked = access_endpoints().into_iter().map(|endpoint| (&access, endpoint.method, endpoint.path));
    let asked = asked.chain(open_on_admin.map(|endpoint| (&admin, endpoint.method, endpoint.path)));
    let asked = asked.chain(NEVER.iter().flat_map(|path| [(&access, "GET", *path), (&admin, "GET", *path)]));
    let mut answered = 0;
    for (address, method, path) in asked {
        let head = format!("{method} {path} HTTP/1.1\r\ncontent-type: application/json");
        let (status, body) = written(address, &head, "{").await;
        for secret in [sidecar.token(), sidecar.database()] {
            assert!(!body.contains(&secret), "{method} {path}: {body}");
        }
        assert!(!NEVER.contains(&path) || status == 404 || status == 401, "{path}: {status}");
        answered += usize::from(status == 200);
    }
    assert!(answered >= 5, "both health paths on both listeners and the documents are open: {answered}");
    sidecar.stop().await;
}
