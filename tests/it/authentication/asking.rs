//! Who asks over TLS: the client for host applications, `conclave bench`, and whoever follows the documentation.

use super::certificates::{Authority, Identity, Term};
use super::tls::start;
use super::write_tokens;
use crate::process::run;
use crate::sidecar::TestSidecar;
use conclave::bench::question::{Question, write};
use conclave::client::{Client, ClientError, Trust};
use conclave::domain::EntityUid;
use conclave::http::auth::Scope;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A sidecar with TLS for clients of one authority, and the files of those who ask it.
struct Stage {
    folder: TempDir,
    sidecar: TestSidecar,
}

impl Stage {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (servers, clients, stranger) =
            (Authority::new("servers"), Authority::new("clients"), Authority::new("stranger"));
        let sidecar =
            start(folder.path(), &servers.vouch(&["localhost", "127.0.0.1"], Term::Now), Some(&clients)).await;
        let stage = Self { folder, sidecar };
        std::fs::write(stage.file("ca.pem"), &servers.pem).unwrap();
        std::fs::write(stage.file("stranger.pem"), &stranger.pem).unwrap();
        stage.write("shop", &clients.vouch(&["shop"], Term::Now));
        stage.write("thief", &stranger.vouch(&["shop"], Term::Now));
        stage
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, identity: &Identity) {
        std::fs::write(self.file(&format!("{name}.pem")), &identity.certificate).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), &identity.key).unwrap();
    }

    fn trust(&self, authority: &str) -> Trust {
        Trust::new(self.file(authority)).unwrap()
    }

    fn showing(&self, name: &str) -> Trust {
        let (certificate, key) = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        self.trust("ca.pem").showing(certificate, key).unwrap()
    }

    /// `https://NAME:PORT` of its access listener.
    fn url(&self, name: &str) -> String {
        let address = self.sidecar.access_address();
        format!("https://{name}:{}", address.rsplit_once(':').unwrap().1)
    }
}

async fn ask(client: &Client, user: &str) -> Result<bool, ClientError> {
    let documents = EntityUid::new("Tool", "group:sales/documents");
    let answer = client.is_authorized(EntityUid::new("User", user), "view", documents);
    answer.deadline(std::time::Duration::from_secs(10)).await.map(|answer| answer.is_allowed())
}

#[tokio::test]
async fn the_client_asks_over_tls_and_shows_who_it_is() {
    let stage = Stage::new().await;
    for name in ["localhost", "127.0.0.1"] {
        let client = Client::tls(&stage.url(name), &stage.showing("shop")).unwrap();
        assert!(ask(&client, "salesman-1").await.unwrap(), "{name}");
        assert!(!ask(&client, "workman-1").await.unwrap(), "{name}");
    }
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn no_other_pair_of_client_and_sidecar_exchanges_a_word() {
    let stage = Stage::new().await;
    let own = stage.url("localhost");
    for (what, url, trust) in [
        ("no certificate", &own, stage.trust("ca.pem")),
        ("a certificate of another authority", &own, stage.showing("thief")),
        ("a sidecar of another authority", &own, stage.trust("stranger.pem")),
        ("a sidecar of another name", &stage.url("[::ffff:127.0.0.1]"), stage.showing("shop")),
    ] {
        let client = Client::tls(url, &trust).unwrap().with_deadline(std::time::Duration::from_millis(300));
        let documents = EntityUid::new("Tool", "group:sales/documents");
        let asked = client.is_authorized(EntityUid::new("User", "salesman-1"), "view", documents.clone());
        assert!(matches!(asked.await, Err(ClientError::Unreachable(_) | ClientError::Late(_))), "{what}");
        let asked = client.is_authorized(EntityUid::new("User", "salesman-1"), "view", documents);
        assert!(!asked.allows().await, "{what}");
    }
    let plain = Client::new(&own.replace("https", "http")).unwrap();
    let plain = plain.with_deadline(std::time::Duration::from_millis(300));
    assert!(ask(&plain.with_token("x").unwrap(), "salesman-1").await.is_err());
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn a_token_goes_over_tls() {
    let folder = TempDir::new().unwrap();
    let tokens = folder.path().join("tokens.toml");
    write_tokens(&tokens, &[("shop", &[Scope::Decide], "a-token-of-the-shop")]);
    let servers = Authority::new("servers");
    let identity = servers.vouch(&["localhost"], Term::Now);
    let sidecar = super::tls::start_with(folder.path(), &identity, None, |config| {
        (config.access_tokens, config.tokens_file) = (true, Some(tokens));
    });
    let sidecar = sidecar.await;
    std::fs::write(folder.path().join("ca.pem"), &servers.pem).unwrap();
    let address = sidecar.access_address();
    let url = format!("https://localhost:{}", address.rsplit_once(':').unwrap().1);
    let client = Client::tls(&url, &Trust::new(folder.path().join("ca.pem")).unwrap()).unwrap();
    assert!(matches!(ask(&client, "salesman-1").await, Err(ClientError::Refused(refusal)) if refusal.status == 401));
    assert!(ask(&client.with_token("a-token-of-the-shop").unwrap(), "salesman-1").await.unwrap());
    sidecar.stop().await;
}

#[test]
fn files_and_addresses_that_cannot_be_used_are_named() {
    let folder = TempDir::new().unwrap();
    let (servers, file) = (Authority::new("servers"), |name: &str| folder.path().join(name));
    let (one, other) = (servers.vouch(&["a"], Term::Now), servers.vouch(&["b"], Term::Now));
    for (name, text) in [
        ("ca.pem", &servers.pem),
        ("one.pem", &one.certificate),
        ("one.key", &one.key),
        ("other.key", &other.key),
        ("empty.pem", &String::new()),
    ] {
        std::fs::write(file(name), text).unwrap();
    }
    for missing in ["nowhere.pem", "empty.pem", "one.key"] {
        let error = Trust::new(file(missing)).unwrap_err().to_string();
        assert!(error.contains(missing), "{error}");
    }
    let trust = || Trust::new(file("ca.pem")).unwrap();
    trust().showing(file("one.pem"), file("one.key")).unwrap();
    let error = trust().showing(file("one.pem"), file("other.key")).unwrap_err().to_string();
    assert!(error.contains("other.key") && error.contains("belong"), "{error}");
    let error = trust().showing(file("empty.pem"), file("one.key")).unwrap_err().to_string();
    assert!(error.contains("empty.pem"), "{error}");
    for url in ["http://localhost:1", "https://", "localhost:1", "https://a:b@localhost:1", "https://localhost?a"] {
        assert!(matches!(Client::tls(url, &trust()), Err(ClientError::Address(_))), "{url}");
    }
    let hinted = Client::new("https://localhost:1").unwrap_err().to_string();
    assert!(hinted.contains("Client::tls"), "{hinted}");
    let secret = Client::new("http://name:hush@localhost:1").unwrap_err().to_string();
    assert!(!secret.contains("hush"), "{secret}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_asks_over_tls() {
    let stage = Stage::new().await;
    let question =
        Question::new(EntityUid::new("User", "salesman-1"), "view", EntityUid::new("Tool", "group:sales/documents"));
    write(&[question], std::fs::File::create(stage.file("questions")).unwrap()).unwrap();
    let own = stage.url("localhost");
    let begin = ["bench", "--server", &own, "--requests", "questions", "--seconds", "0.2", "--rate", "50", "--json"];
    let bench = |more: &[&str]| run(stage.folder.path(), &[&begin[..], more].concat());
    let shown = ["--tls-ca", "ca.pem", "--tls-certificate", "shop.pem", "--tls-key", "shop.key"];
    let (code, out, err) = bench(&shown);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("\"answered\":10") && out.contains(&own), "{out}");
    let other = ["--tls-ca", "stranger.pem", "--tls-certificate", "shop.pem", "--tls-key", "shop.key"];
    for wrong in [&[][..], &shown[..2], &other] {
        let (code, out, err) = bench(wrong);
        assert!(code == Some(2) || code == Some(1), "{wrong:?}: {code:?} {out}{err}");
        assert!(!out.contains("\"answered\":10"), "{wrong:?}: {out}");
    }
    stage.sidecar.stop().await;
}

/// Whether this machine has a program.
fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

#[test]
fn the_documented_way_to_certificates_works() {
    if let Some(missing) = ["openssl", "curl", "bash"].into_iter().find(|program| !has(program)) {
        println!("left out: there is no {missing}");
        return;
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/authentication.md")).unwrap();
    let script = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let script = script.into_iter().find(|block| block.contains("openssl req")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = TempDir::new().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_conclave")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    // The same, on a port that is free; nothing is left running.
    let script = script.replace("7180", &port.to_string());
    let script = format!("set -euo pipefail\ntrap 'kill %1; wait || true' EXIT\n{script}");
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("CONCLAVE_LISTEN", format!("127.0.0.1:{port}"))
        .env("CONCLAVE_ADMIN_LISTEN", "unix:admin.sock")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("\"status\":\"ready\""), "{said}");
}
