//! TLS on both listeners: who is let in, who is not, and certificates exchanged while the server runs.

use super::certificates::{Authority, Caller, Identity, Term};
use super::{exchange, question, request, until};
use crate::process::run;
use crate::sidecar::TestSidecar;
use conclave::config::{Config, Tls};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// TLS with this identity on both listeners; with `client_ca`, for clients it vouches for.
pub async fn start(folder: &Path, identity: &Identity, client_ca: Option<&Authority>) -> TestSidecar {
    start_with(folder, identity, client_ca, |_| {}).await
}

pub async fn start_with(
    folder: &Path,
    identity: &Identity,
    client_ca: Option<&Authority>,
    change: impl FnOnce(&mut Config),
) -> TestSidecar {
    let (certificate, key) = identity.write(folder);
    let ca_file = client_ca.map(|authority| {
        let file = folder.join("clients.pem");
        std::fs::write(&file, &authority.pem).unwrap();
        file
    });
    let tls = Tls { certificate_file: Some(certificate), key_file: Some(key), client_ca_file: ca_file };
    let sidecar = TestSidecar::new().configured(|config| {
        config.tls = tls.clone();
        config.admin_tls = tls;
        change(config);
    });
    sidecar.with_demo().start().await
}

async fn ready(caller: &Caller<'_>, address: &str) -> Option<u16> {
    let stream = caller.connect(address).await.ok()?;
    Some(exchange(stream, &request("GET /readyz", None, &Value::Null)).await?.0)
}

#[tokio::test]
async fn both_listeners_answer_over_tls_and_nothing_else() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    let sidecar = start(folder.path(), &authority.vouch(&["localhost"], Term::Now), None).await;
    let caller = Caller::new(&authority);
    for address in [sidecar.access_address(), sidecar.admin_address()] {
        assert_eq!(ready(&caller, &address).await, Some(200));
        for version in [&TLS12, &TLS13] {
            let caller = Caller { versions: vec![version], ..Caller::new(&authority) };
            assert_eq!(ready(&caller, &address).await, Some(200), "{version:?}");
        }
        let plain = TcpStream::connect(&address).await.unwrap();
        assert_eq!(exchange(plain, &request("GET /readyz", None, &Value::Null)).await, None, "HTTP in plain");
    }
    let stream = caller.connect(&sidecar.access_address()).await.unwrap();
    let asked = exchange(stream, &request("POST /v1/is_authorized", None, &question("salesman-1"))).await.unwrap();
    assert_eq!((asked.0, &asked.1["decision"]), (200, &json!("Allow")));

    // TLS is no token.
    let users = request("GET /admin/v1/users", None, &Value::Null);
    let stream = caller.connect(&sidecar.admin_address()).await.unwrap();
    assert_eq!(exchange(stream, &users).await.unwrap().0, 401);
    let bearer = format!("Bearer {}", sidecar.token());
    let users = request("GET /admin/v1/users", Some(&bearer), &Value::Null);
    let stream = caller.connect(&sidecar.admin_address()).await.unwrap();
    assert_eq!(exchange(stream, &users).await.unwrap().0, 200);

    let stream = caller.connect(&sidecar.access_address()).await.unwrap();
    let metadata = request("GET /.well-known/authzen-configuration", None, &Value::Null);
    let metadata = exchange(stream, &metadata).await.unwrap().1;
    assert!(metadata["policy_decision_point"].as_str().unwrap().starts_with("https://"), "{metadata}");
    sidecar.stop().await;
}

#[tokio::test]
async fn a_server_that_is_another_is_not_believed() {
    let (authority, stranger) = (Authority::new("home"), Authority::new("elsewhere"));
    for (what, identity) in [
        ("of another authority", stranger.vouch(&["localhost"], Term::Now)),
        ("of another name", authority.vouch(&["example.org"], Term::Now)),
        ("expired", authority.vouch(&["localhost"], Term::Over)),
    ] {
        let folder = TempDir::new().unwrap();
        let sidecar = start(folder.path(), &identity, None).await;
        assert_eq!(ready(&Caller::new(&authority), &sidecar.access_address()).await, None, "{what}");
        sidecar.stop().await;
    }
}

#[tokio::test]
async fn with_an_authority_for_clients_nobody_else_gets_a_word() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    let (clients, stranger) = (Authority::new("clients"), Authority::new("clients"));
    let sidecar = start(folder.path(), &authority.vouch(&["localhost"], Term::Now), Some(&clients)).await;
    let good = clients.vouch(&["app"], Term::Now);
    let [expired, other, server] = [
        clients.vouch(&["app"], Term::Over),
        stranger.vouch(&["app"], Term::Now),
        authority.vouch(&["app"], Term::Now),
    ];
    for address in [sidecar.access_address(), sidecar.admin_address()] {
        assert_eq!(ready(&Caller::new(&authority).showing(&good), &address).await, Some(200));
        assert_eq!(ready(&Caller::new(&authority), &address).await, None, "without a certificate");
        for (what, wrong) in [("expired", &expired), ("of another authority", &other), ("of the server's", &server)] {
            assert_eq!(ready(&Caller::new(&authority).showing(wrong), &address).await, None, "{what}");
        }
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn certificates_are_exchanged_while_the_server_runs_and_broken_ones_change_nothing() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let sidecar = start(folder.path(), &old.vouch(&["localhost"], Term::Now), None).await;
    let address = sidecar.access_address();
    let by = async |authority: &Authority| ready(&Caller::new(authority), &address).await == Some(200);
    assert!(by(&old).await && !by(&new).await);

    // A connection goes on as it began.
    let mut kept = Caller::new(&old).connect(&address).await.unwrap();
    new.vouch(&["localhost"], Term::Now).write(folder.path());
    until("the new certificate is shown", async || by(&new).await).await;
    assert!(!by(&old).await);
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    kept.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");

    let readiness = async || {
        let stream = Caller::new(&new).connect(&address).await.unwrap();
        exchange(stream, &request("GET /readyz", None, &Value::Null)).await.unwrap().1["credentials"].clone()
    };
    // The key of another certificate, then no certificate at all.
    std::fs::write(folder.path().join("key.pem"), old.vouch(&["localhost"], Term::Now).key).unwrap();
    until("it is told that they do not belong together", async || readiness().await == "stale").await;
    std::fs::write(folder.path().join("certificate.pem"), "nothing\n").unwrap();
    assert!(by(&new).await);

    old.vouch(&["localhost"], Term::Now).write(folder.path());
    until("the certificate is good again", async || by(&old).await).await;
    sidecar.stop().await;
}

#[tokio::test]
async fn who_is_slow_to_shake_hands_holds_a_place_and_is_cut_off() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    let identity = authority.vouch(&["localhost"], Term::Now);
    let sidecar = start_with(folder.path(), &identity, None, |config| {
        config.limits.tls_handshake_seconds = 1;
        config.limits.connections_max = 1;
    })
    .await;
    let address = sidecar.access_address();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    // Waits until the only place is free again, twice.
    assert_eq!(ready(&Caller::new(&authority), &address).await, Some(200));
    for slow in [&mut silent, &mut half] {
        assert!(matches!(slow.read(&mut [0; 64]).await, Ok(0) | Err(_)), "cut off");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn the_server_stops_though_somebody_shakes_hands() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    let identity = authority.vouch(&["localhost"], Term::Now);
    let sidecar = start_with(folder.path(), &identity, None, |config| {
        config.limits.tls_handshake_seconds = 3_600;
        config.limits.drain_seconds = 3_600;
    })
    .await;
    let _silent = TcpStream::connect(sidecar.access_address()).await.unwrap();
    assert_eq!(ready(&Caller::new(&authority), &sidecar.access_address()).await, Some(200));
    sidecar.stop().await;
}

#[tokio::test]
async fn the_health_command_asks_over_tls() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    // Of any name: it is the server's own file that both know it by.
    let identity = authority.vouch(&["pdp.example"], Term::Now);
    for client_ca in [None, Some(&authority)] {
        let sidecar = start(folder.path(), &identity, client_ca).await;
        let address = sidecar.access_address();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let write = |certificate: &str| {
            let files = format!("certificate_file = {:?}\nkey_file = {:?}\n", at(certificate), at("key.pem"));
            let ca = client_ca.map_or_else(String::new, |_| format!("client_ca_file = {:?}\n", at("clients.pem")));
            std::fs::write(at("c.toml"), format!("[tls]\n{files}{ca}")).unwrap();
        };
        let health = async || {
            let (folder, address) = (folder.path().to_owned(), address.clone());
            let asked = move || run(&folder, &["health", "--listen", &address, "--config", "c.toml"]);
            tokio::task::spawn_blocking(asked).await.unwrap()
        };
        write("certificate.pem");
        let (code, out, err) = health().await;
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.contains("ready"), "{out}");
        std::fs::write(at("other.pem"), authority.vouch(&["pdp.example"], Term::Now).certificate).unwrap();
        write("other.pem");
        assert_eq!(health().await.0, Some(1), "another certificate than the server shows");
        sidecar.stop().await;
    }
}
