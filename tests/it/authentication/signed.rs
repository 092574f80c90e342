//! Signed tokens: the subject is the principal, and whoever tampers with one is nobody.

use super::{question, until, write_tokens};
use crate::sidecar::{Reply, TestSidecar};
use conclave::admin::{Clock as _, SystemClock};
use conclave::config::Config;
use conclave::http::auth::Scope;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// Who makes tokens.
struct Signer {
    id: &'static str,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// base64url without padding (RFC 4648, 5).
fn encode(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |bits: u32, place: u32| char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]);
    let group = |three: &[u8]| {
        let bits = three.iter().enumerate().fold(0, |bits, (n, byte)| bits | u32::from(*byte) << (16 - 8 * n));
        (0..=u32::try_from(three.len()).unwrap()).map(|place| digit(bits, place)).collect::<String>()
    };
    bytes.as_ref().chunks(3).map(group).collect()
}

impl Signer {
    fn p256(id: &'static str) -> Self {
        let (scheme, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
        Self { id, pair: Pair::P256(EcdsaKeyPair::from_pkcs8(scheme, der.as_ref(), &random).unwrap()) }
    }

    fn edwards(id: &'static str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id, pair: Pair::Edwards(Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap()) }
    }

    fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::P256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn jwk(&self) -> Value {
        let public = self.public();
        match &self.pair {
            Pair::P256(_) => json!({
                "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig",
                "x": encode(&public[1..33]), "y": encode(&public[33..]),
            }),
            Pair::Edwards(_) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "alg": "EdDSA", "x": encode(public)})
            }
        }
    }

    const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::P256(_) => "ES256",
            Pair::Edwards(_) => "EdDSA",
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(signature))
    }

    /// An honest token.
    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"}), claims)
    }
}

fn now() -> i64 {
    SystemClock.now_ms() / 1000
}

/// What an honest token says.
fn claims(subject: &str) -> Value {
    json!({"iss": "https://id.example", "aud": "conclave", "sub": subject, "exp": now() + 600, "iat": now()})
}

fn with(name: &str, value: Value) -> Value {
    let mut changed = claims("salesman-1");
    changed[name] = value;
    changed
}

fn without(name: &str) -> Value {
    let mut changed = claims("salesman-1");
    changed.as_object_mut().unwrap().remove(name);
    changed
}

fn write_keys(file: &Path, signers: &[&Signer]) {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    std::fs::write(file, json!({ "keys": keys }).to_string()).unwrap();
}

fn configure(config: &mut Config, folder: &TempDir) {
    config.jwt.jwks_file = Some(folder.path().join("keys.json"));
    config.jwt.issuer = Some("https://id.example".to_owned());
    config.jwt.audience = Some("conclave".to_owned());
}

async fn start(folder: &TempDir, signers: &[&Signer]) -> TestSidecar {
    write_keys(&folder.path().join("keys.json"), signers);
    TestSidecar::new().configured(|config| configure(config, folder)).with_demo().start().await
}

async fn send(sidecar: &TestSidecar, path: &str, token: &str, body: &Value) -> Reply {
    sidecar.access_with(path, body.to_string(), &[("authorization", format!("Bearer {token}"))]).await
}

async fn ask(sidecar: &TestSidecar, token: &str) -> Reply {
    send(sidecar, "/v1/is_authorized", token, &question("salesman-1")).await
}

#[tokio::test]
async fn the_subject_is_the_principal_whichever_way_is_asked() {
    let (folder, signer) = (TempDir::new().unwrap(), Signer::p256("a"));
    let sidecar = start(&folder, &[&signer]).await;
    let token = signer.token(&claims("salesman-1"));
    let send = async |path: &str, body: Value| send(&sidecar, path, &token, &body).await;
    let documents = json!({"type": "Tool", "id": "group:sales/documents"});
    let told = |user: &str| json!({"subject": {"type": "User", "id": user}, "action": {"name": "view"}, "resource": documents});
    // Twice: the second answer could come from the cache.
    for _ in 0..2 {
        for path in ["/v1/is_authorized", "/v1/explain"] {
            let own = send(path, question("salesman-1")).await;
            assert_eq!((own.status, &own.body["decision"]), (200, &json!("Allow")), "{path}: {}", own.body);
            let other = send(path, question("director")).await;
            assert_eq!((other.status, &other.body["field"]), (403, &json!("principal")), "{path}: {}", other.body);
        }
        let path = "/v1/is_authorized/batch";
        let own = send(path, json!({"requests": [question("salesman-1")]})).await;
        assert_eq!(own.body["responses"][0]["decision"], "Allow");
        let other = send(path, json!({"requests": [question("salesman-1"), question("director")]})).await;
        assert_eq!((other.status, &other.body["field"]), (403, &json!("requests[1].principal")));

        let path = "/access/v1/evaluation";
        assert_eq!(send(path, told("salesman-1")).await.body["decision"], true);
        let other = send(path, told("director")).await;
        assert_eq!((other.status, &other.body["field"]), (403, &json!("subject")));

        let path = "/access/v1/evaluations";
        let list =
            json!({"evaluations": [told("salesman-1"), told("director"), {"subject": told("director")["subject"]}]});
        let several = send(path, list).await.body["evaluations"].clone();
        assert_eq!(several[0]["decision"], true);
        assert_eq!((&several[1]["decision"], &several[1]["context"]["error"]["status"]), (&json!(false), &json!(403)));
        assert_eq!(several[2]["decision"], false);
        let mut default = told("director");
        default["evaluations"] = json!([{}, {"resource": documents}]);
        let several = send(path, default).await.body["evaluations"].clone();
        assert!(several.as_array().unwrap().iter().all(|one| one["context"]["error"]["status"] == 403), "{several}");
        assert_eq!(send(path, told("director")).await.status, 403, "a single one");

        for search in ["resource", "action"] {
            let path = format!("/access/v1/search/{search}");
            assert_eq!(send(&path, told("salesman-1")).await.status, 200, "{search}");
            assert_eq!(send(&path, told("director")).await.status, 403, "{search}");
        }
        assert_eq!(send("/access/v1/search/subject", told("salesman-1")).await.status, 403, "who else may");
    }
    for unlike in ["Salesman-1", "salesman-1 ", "salesman-1\\u0000"] {
        let body = question("salesman-1").to_string().replace("salesman-1", unlike);
        let reply =
            sidecar.access_with("/v1/is_authorized", body, &[("authorization", format!("Bearer {token}"))]).await;
        assert!([400, 403].contains(&reply.status), "{unlike}: {}", reply.body);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_all_it_must_be_is_refused() {
    let folder = TempDir::new().unwrap();
    let (signer, edwards, stranger) = (Signer::p256("a"), Signer::edwards("b"), Signer::p256("a"));
    let sidecar = start(&folder, &[&signer, &edwards]).await;
    for honest in [
        signer.token(&claims("salesman-1")),
        edwards.token(&claims("salesman-1")),
        signer.token(&with("aud", json!(["other", "conclave"]))),
        signer.token(&with("exp", serde_json::from_str(&format!("{}.5", now() + 60)).unwrap())),
        signer.token(&with("exp", json!(now() - 10))),
        signer.token(&with("nbf", json!(now() + 10))),
        signer.token(&with("more", json!({"deep": [1]}))),
        signer.token(&without("iat")),
    ] {
        let reply = ask(&sidecar, &honest).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let head = |algorithm: &str, id: &str| json!({"alg": algorithm, "kid": id, "typ": "JWT"});
    let good = claims("salesman-1");
    let shared = |secret: &[u8]| {
        let message = format!("{}.{}", encode(head("HS256", "a").to_string()), encode(good.to_string()));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        format!("{message}.{}", encode(ring::hmac::sign(&key, message.as_bytes())))
    };
    let honest = signer.token(&good);
    let parts: Vec<_> = honest.split('.').collect();
    let refused = [
        ("unsigned", format!("{}.{}.", encode(head("none", "a").to_string()), parts[1])),
        ("unsigned, written otherwise", format!("{}.{}.", encode(head("nOnE", "a").to_string()), parts[1])),
        ("signed by the public key as a secret", shared(&signer.public())),
        ("signed by its written form", shared(signer.jwk().to_string().as_bytes())),
        ("signed by nothing", format!("{}.{}.", parts[0], parts[1])),
        ("signed by somebody else", stranger.token(&good)),
        ("of another signature", format!("{}.{}.{}", parts[0], parts[1], encode([0; 64]))),
        ("of other claims", format!("{}.{}.{}", parts[0], encode(claims("director").to_string()), parts[2])),
        ("of another header", format!("{}.{}.{}", encode(head("ES256", "b").to_string()), parts[1], parts[2])),
        ("of a key that nobody knows", signer.sign(&head("ES256", "c"), &good)),
        ("of no named key, of several", signer.sign(&json!({"alg": "ES256"}), &good)),
        ("of a key for another algorithm", signer.sign(&head("EdDSA", "a"), &good)),
        ("of a key for another algorithm", edwards.sign(&head("ES256", "b"), &good)),
        ("of another key's id", signer.sign(&head("ES256", "b"), &good)),
        ("with an algorithm nobody knows", signer.sign(&head("RS1", "a"), &good)),
        ("with its own key", {
            let own = json!({"alg": "ES256", "kid": "c", "jwk": stranger.jwk()});
            stranger.sign(&own, &good)
        }),
        ("with extensions", signer.sign(&json!({"alg": "ES256", "kid": "a", "crit": ["exp"]}), &good)),
        ("for somebody else", signer.token(&with("aud", json!("other")))),
        ("for several others", signer.token(&with("aud", json!(["other", "another"])))),
        ("for nobody", signer.token(&without("aud"))),
        ("for nobody", signer.token(&with("aud", json!([])))),
        ("for a number", signer.token(&with("aud", json!(1)))),
        ("of another issuer", signer.token(&with("iss", json!("https://id.example/")))),
        ("of no issuer", signer.token(&without("iss"))),
        ("of several issuers", signer.token(&with("iss", json!(["https://id.example"])))),
        ("without an end", signer.token(&without("exp"))),
        ("with an end that is a text", signer.token(&with("exp", json!("9999999999")))),
        ("with an end that is nothing", signer.token(&with("exp", Value::Null))),
        ("expired", signer.token(&with("exp", json!(now() - 60)))),
        ("expired long ago", signer.token(&with("exp", json!(-1)))),
        ("not good yet", signer.token(&with("nbf", json!(now() + 3_600)))),
        ("not good yet, as a text", signer.token(&with("nbf", json!((now() + 3_600).to_string())))),
        ("issued in the future", signer.token(&with("iat", json!(now() + 3_600)))),
        ("of nobody", signer.token(&without("sub"))),
        ("of nobody", signer.token(&claims(""))),
        ("of a number", signer.token(&with("sub", json!(1)))),
        ("of an id too long", signer.token(&claims(&"a".repeat(256)))),
        ("of control characters", signer.token(&claims("a\nb"))),
        ("too long", signer.token(&with("more", json!("x".repeat(7_000))))),
        ("not even that", "a.b.c".to_owned()),
        ("not even that", "..".to_owned()),
        ("of four parts", format!("{honest}.{}", parts[2])),
        ("padded", format!("{honest}==")),
    ];
    for (what, token) in refused {
        let reply = ask(&sidecar, &token).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.body);
        let shown = reply.body.to_string();
        assert!(parts.iter().all(|part| !shown.contains(part)), "{what}: {shown}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn keys_are_exchanged_while_the_server_runs() {
    let (folder, old, new) = (TempDir::new().unwrap(), Signer::p256("old"), Signer::edwards("new"));
    let file = folder.path().join("keys.json");
    let sidecar = start(&folder, &[&old]).await;
    let good = async |signer: &Signer| ask(&sidecar, &signer.token(&claims("salesman-1"))).await.status == 200;
    assert!(good(&old).await && !good(&new).await);
    write_keys(&file, &[&old, &new]);
    until("the new key is known", async || good(&new).await).await;
    assert!(good(&old).await);
    write_keys(&file, &[&new]);
    until("the old key is refused", async || !good(&old).await).await;
    std::fs::write(&file, "{\"keys\":[]}").unwrap();
    until("it is told that no key is left", async || {
        sidecar.get_access("/readyz").await.body["credentials"] == "stale"
    })
    .await;
    assert!(good(&new).await);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_token_ends_by_the_clock_of_the_server() {
    let (folder, signer) = (TempDir::new().unwrap(), Signer::edwards("a"));
    let sidecar = start(&folder, &[&signer]).await;
    let token = signer.token(&claims("salesman-1"));
    assert_eq!(ask(&sidecar, &token).await.status, 200);
    sidecar.later(1);
    assert_eq!(ask(&sidecar, &token).await.status, 401);
    sidecar.stop().await;
}

#[tokio::test]
async fn the_host_asks_about_anybody_with_a_token_of_its_own() {
    let (folder, signer) = (TempDir::new().unwrap(), Signer::p256("a"));
    write_keys(&folder.path().join("keys.json"), &[&signer]);
    let tokens = folder.path().join("tokens.toml");
    write_tokens(&tokens, &[("host", &[Scope::Decide], "host-0123456789abcdef")]);
    let sidecar = TestSidecar::new().configured(|config| {
        configure(config, &folder);
        config.tokens_file = Some(tokens);
        config.access_tokens = true;
    });
    let sidecar = sidecar.with_demo().start().await;
    for user in ["salesman-1", "director"] {
        assert_eq!(send(&sidecar, "/v1/is_authorized", "host-0123456789abcdef", &question(user)).await.status, 200);
    }
    let token = signer.token(&claims("salesman-1"));
    assert_eq!(send(&sidecar, "/v1/is_authorized", &token, &question("director")).await.status, 403);
    assert_eq!(ask(&sidecar, &token).await.status, 200);
    assert_eq!(sidecar.access("/v1/is_authorized", question("director").to_string()).await.status, 401);
    let admin = sidecar.get_admin_as("/admin/v1/users", Some(&format!("Bearer {token}"))).await;
    assert_eq!(admin.status, 401, "a signed token is none of the admin listener");
    sidecar.stop().await;
}
