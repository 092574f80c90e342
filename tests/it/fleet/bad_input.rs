//! A server that lets nobody in, cannot be written or is another's, and clocks that jump: a clear error or 503.

use super::cluster::Cluster;
use super::{names, people, stop, three};
use crate::authentication::certificates::{Authority, Term};
use crate::sidecar::{TestSidecar, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use tempfile::TempDir;

/// Exit code and standard error of `conclave doctor` on this database with these variables.
fn doctor(database: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
    command.args(["doctor", "--database", database]).current_dir(folder.path()).env("NO_COLOR", "1");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    // Lines are broken where they are long.
    let said = String::from_utf8(output.stderr).unwrap().replace("\n  │ ", " ");
    (output.status.code(), said)
}

const PASSWORD: &str = "CONCLAVE_DATABASE_PASSWORD";
const PASSWORD_FILE: &str = "CONCLAVE_DATABASE_PASSWORD_FILE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_a_right_one_lets_in() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.url("postgres");
    run(&url, "ALTER USER conclave PASSWORD 'rîght %41?&'".to_owned()).await;
    cluster.let_in("local all conclave scram-sha-256");
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (right, wrong) = (file("right", "rîght %41?&\n"), file("wrong", "secret-and-wrong"));
    let missing = folder.path().join("missing").display().to_string();
    for variables in [&[][..], &[(PASSWORD, "secret-and-wrong")], &[(PASSWORD_FILE, &wrong)]] {
        let (code, said) = doctor(&url, variables);
        assert_eq!(code, Some(2), "{variables:?} {said}");
        assert!(said.contains(PASSWORD) && said.contains("database_password_file"), "{said}");
        assert!(!said.contains("secret-and-wrong"), "{said}");
    }
    let (code, said) = doctor(&url, &[(PASSWORD_FILE, &missing)]);
    assert!(code == Some(2) && said.contains("missing"), "{said}");
    // Nothing is made yet, and the server lets us in to see that.
    for variables in [&[(PASSWORD, "rîght %41?&")][..], &[(PASSWORD_FILE, &right)]] {
        let (code, said) = doctor(&url, variables);
        assert!(code == Some(2) && said.contains("conclave serve"), "{variables:?} {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_or_not_ours_is_told() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.url("postgres");
    let (code, said) = doctor(&cluster.url("nowhere"), &[]);
    assert!(code == Some(2) && said.contains("nowhere") && said.contains("does not exist"), "{said}");
    run(&url, "CREATE TABLE theirs (x BIGINT)".to_owned()).await;
    let (code, said) = doctor(&url, &[]);
    assert!(code == Some(2) && said.contains("something else"), "{said}");
    run(&url, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'".to_owned()).await;
    let (code, said) = doctor(&cluster.url("latin"), &[]);
    assert!(code == Some(2) && said.contains("createdb --template=template0"), "{said}");
    cluster.kill();
    let (code, said) = doctor(&url, &[]);
    assert!(code == Some(2) && said.contains("cannot use the database"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_spoken_to_in_secret_and_has_to_prove_who_it_is() {
    let Some(cluster) = Cluster::start() else { return };
    let (right, wrong) = (Authority::new("the one"), Authority::new("another"));
    let own = right.vouch(&["localhost"], Term::Now);
    let certificate = cluster.give("server.pem", &own.certificate).display().to_string();
    let key = cluster.give("server.key", &own.key).display().to_string();
    let folder = TempDir::new().unwrap();
    let trusted = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        std::fs::write(&path, &authority.pem).unwrap();
        path.display().to_string()
    };
    let (right, wrong) = (trusted("right.pem", &right), trusted("wrong.pem", &wrong));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    cluster.set(&format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'"
    ));
    cluster.let_in("hostssl all conclave 127.0.0.1/32 trust\nlocal all conclave trust");
    cluster.run("pg_ctl", &["-m", "fast", "stop"]);
    cluster.begin();
    let url = |host: &str, how: &str| format!("postgres://conclave@{host}:{port}/postgres?{how}");
    let verified = |authority: &str| format!("sslmode=verify-full&sslrootcert={authority}");
    let sidecar = TestSidecar::new().at(url("localhost", &verified(&right))).start().await;
    people(&sidecar, json!({}), &names(1)).await;
    // The one that listens is one of them.
    let all = "SELECT 1 / (count(*) = 6 AND bool_and(ssl))::int FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'conclave'";
    let socket = format!("postgres://conclave@localhost:{port}/postgres?host={}", cluster.folder().display());
    let begun = std::time::Instant::now();
    while !super::succeeds(&socket, all).await {
        assert!(begun.elapsed() < std::time::Duration::from_mins(1), "connections in plain, or too few");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    sidecar.stop().await;
    for refused in [
        url("localhost", &verified(&wrong)),
        url("127.0.0.1", &verified(&right)),
        url("localhost", &format!("sslmode=verify-ca&sslrootcert={wrong}")),
        url("localhost", "sslmode=verify-full"),
        url("localhost", "sslmode=disable"),
    ] {
        let (code, said) = doctor(&refused, &[]);
        let is_told = said.contains("cannot use the database") || said.contains("no encryption");
        assert!(code == Some(2) && is_told, "{refused} {code:?} {said}");
    }
    assert_eq!(doctor(&url("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={right}")), &[]).0, Some(0));
}

/// Ends all connections of a database, so that each has to be made anew.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_only_be_read_is_read_and_writes_wait_for_better_times() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(2)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok();
    let database = sidecars[0].database();
    let name = database.split_once('?').unwrap().0.rsplit_once('/').unwrap().1.to_owned();
    run(&database, format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on")).await;
    run(&database, END.to_owned()).await;
    for sidecar in &sidecars {
        let reply = loop {
            let reply = sidecar.call_as("u1", Method::POST, "/groups/g/join", json!({})).await;
            // What was connected before it was told so goes on.
            if reply.status != 200
                || sidecar.call_as("u1", Method::POST, "/groups/g/leave", json!({})).await.status != 200
            {
                break reply;
            }
        };
        assert_eq!(reply.status, 503, "{}", reply.body);
        assert!(reply.headers.contains_key("retry-after"));
        assert_eq!(decision(sidecar, "u0").await, "Allow");
        assert_eq!(decision(sidecar, "u1").await, "Deny");
    }
    let refused = TestSidecar::new().at(database.clone()).refused().await;
    assert!(refused.contains("it can only be read"), "{refused}");
    let elsewhere = database.replace(&name, "postgres");
    run(&elsewhere, format!("ALTER DATABASE \"{name}\" RESET ALL")).await;
    for sidecar in &sidecars {
        while sidecar.call_as("u1", Method::POST, "/groups/g/join", json!({})).await.status == 503 {}
    }
    assert_eq!(decision(&sidecars[0], "u0").await, "Allow");
    stop(sidecars).await;
}

/// What is decided, once anything is: each connection is found to be gone by whoever uses it first.
async fn decision(sidecar: &TestSidecar, user: &str) -> Value {
    let question = json!({"principal": format!("User::\"{user}\""), "action": "Action::\"view\"",
        "resource": "Tool::\"group:g/documents\"", "context": {}});
    loop {
        let reply = sidecar.access("/v1/is_authorized", question.to_string()).await;
        if reply.status == 200 {
            return reply.body["decision"].clone();
        }
        assert_eq!(reply.status, 503, "{}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_jump_change_no_decision() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(2)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    let mut newest = sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok().revision;
    let tool = ("Tool", "group:g/documents".to_owned());
    for (round, days) in [400, -800, 1, -1, 30_000, -60_000].into_iter().enumerate() {
        let (one, other) = (&sidecars[round % 3], &sidecars[(round + 1) % 3]);
        one.later(days);
        let (path, decision) = if round % 2 == 0 { ("join", "Allow") } else { ("leave", "Deny") };
        let done = one.call_as("u1", Method::POST, &format!("/groups/g/{path}"), json!({})).await.ok();
        assert_eq!(done.revision, newest + 1, "the order is no matter of time");
        newest = done.revision;
        assert_eq!(one.ask("u1", "view", &tool, &json!({})).await.decision, decision);
        assert_eq!(other.ask_since(newest, "u1", "view", &tool, &json!({})).await.decision, decision);
        assert_eq!(one.get_access("/readyz").await.status, 200);
    }
    stop(sidecars).await;
}
