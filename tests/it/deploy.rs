//! The examples that servers are put to work with, held against the configuration. What else they must be is for
//! `tests/deploy`.

use conclave::config::{Config, Flags, load};
use conclave::store::limits::READ_CONNECTIONS_MAX;
use serde_json::Value;
use std::path::Path;

/// Connections that a sidecar keeps to a server: those that read, one that writes, one that listens.
const POOL: u64 = READ_CONNECTIONS_MAX as u64 + 2;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The configuration that these variables make; none of them is unknown.
fn configured(variables: Vec<(String, String)>) -> Config {
    assert!(!variables.is_empty());
    let loaded = load(None, variables, &Flags::new()).unwrap();
    assert_eq!(loaded.unknown_variables, Vec::<String>::new());
    loaded.config
}

fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    name.starts_with("CONCLAVE_").then(|| (name.to_owned(), value.to_owned()))
}

#[test]
fn the_image_keeps_everything_in_its_volume_and_the_admin_listener_to_itself() {
    let text = read("Dockerfile");
    let words = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let mut variables: Vec<_> = words.filter_map(variable).collect();
    // Whoever runs it says by what callers are known, or that they need not be.
    let untold = load(None, variables.clone(), &Flags::new()).unwrap_err();
    assert!(format!("{untold:?}").contains("access_unauthenticated"), "{untold:?}");
    variables.push(("CONCLAVE_ACCESS_UNAUTHENTICATED".to_owned(), "true".to_owned()));
    let config = configured(variables);
    assert_eq!(config.database, "sqlite:///data/conclave.db");
    assert!(text.contains("\nVOLUME /data\n") && text.contains("\nUSER 65532:65532\n"));
    assert_eq!(config.listen.to_string(), "0.0.0.0:7180");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:7181");
}

#[test]
fn the_unit_keeps_everything_in_its_folder_and_both_listeners_on_the_loopback() {
    let text = read("examples/deploy/conclave.service");
    // What is commented out is there to be switched on.
    let settings = text.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix("Environment="));
    let config = configured(settings.filter_map(variable).collect());
    assert_eq!(config.database, "sqlite:///var/lib/conclave/conclave.db");
    assert!(text.contains("\nStateDirectory=conclave\n"));
    for (listener, place) in [(config.listen, "127.0.0.1:7180"), (config.admin_listen, "127.0.0.1:7181")] {
        assert_eq!(listener.to_string(), place);
        let port = place.rsplit(':').next().unwrap();
        assert!(text.contains(&format!("\nSocketBindAllow=tcp:{port}\n")), "{port}");
    }
    assert_eq!(config.admin_token_file.unwrap(), Path::new("%d/admin-token"));
    // The service manager waits for longer than requests are drained.
    let stop: u64 = text.split_once("\nTimeoutStopSec=").unwrap().1.lines().next().unwrap().parse().unwrap();
    assert!(stop > config.limits.drain_seconds);
}

#[test]
fn the_sidecar_is_reached_from_its_own_pod_alone() {
    let text = read("examples/deploy/sidecar.yaml");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter_map(|pair| {
        let name = pair[0].strip_prefix("- name: ").filter(|name| name.starts_with("CONCLAVE_"))?;
        Some((name.to_owned(), pair[1].strip_prefix("value: ").unwrap().to_owned()))
    });
    let config = configured(pairs.collect());
    assert_eq!(config.database, "sqlite:///data/conclave.db");
    assert!(lines.contains(&"mountPath: /data"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:7180");
    assert_eq!(config.admin_listen.to_string(), "unix:/run/conclave/admin.sock");
    assert_eq!(lines.iter().filter(|line| **line == "mountPath: /run/conclave").count(), 2, "both see the socket");
}

fn documents(path: &str) -> Vec<Value> {
    read(path).split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// The numbers in the comment that sums up connections.
fn sum(path: &str) -> Vec<u64> {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with('#') && line.contains("max_connections -")).unwrap();
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn a_fleet_in_kubernetes_asks_for_no_more_connections_than_there_are() {
    let path = "examples/deploy/fleet.yaml";
    let [deployment, budget] = <[Value; 2]>::try_from(documents(path)).unwrap();
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_u64).expect(pointer);
    let (replicas, surge) = (number("/spec/replicas"), number("/spec/strategy/rollingUpdate/maxSurge"));
    let [said_replicas, said_surge, pool, connections, most, reserved, others, left] =
        <[u64; 8]>::try_from(sum(path)).unwrap();
    assert_eq!((said_replicas, said_surge, pool), (replicas, surge, POOL));
    assert_eq!((connections, left), ((replicas + surge) * POOL, most - reserved - others));
    assert!(connections <= left, "{connections} > {left}");
    let labels = "/spec/selector/matchLabels";
    assert_eq!(budget.pointer(labels), deployment.pointer(labels));
    let pod = deployment.pointer("/spec/template/spec").unwrap();
    let config = configured(variables(&pod["initContainers"][0]["env"]));
    assert!(config.database.starts_with("postgres://") && config.database.contains("sslmode=verify-full"));
    // Both files come from the secret that is mounted there.
    let mounts = pod["initContainers"][0]["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|mount| mount["name"] == "database").unwrap();
    let folder = Path::new(mount["mountPath"].as_str().unwrap());
    assert_eq!(config.database_password_file.as_deref(), Some(&*folder.join("password")));
    assert!(config.database.ends_with(&format!("sslrootcert={}/ca.pem", folder.display())));
    let volumes = pod["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|volume| volume["name"] == "database").unwrap();
    assert!(volume["secret"]["secretName"].is_string());
    assert_eq!(config.listen.to_string(), "127.0.0.1:7180");
    assert_eq!(config.admin_listen.to_string(), "unix:/run/conclave/admin.sock");
    let grace = number("/spec/template/spec/terminationGracePeriodSeconds");
    assert!(grace > config.limits.drain_seconds);
}

/// What a container of Kubernetes is told.
fn variables(env: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    env.as_array().unwrap().iter().map(|one| (text(&one["name"]), text(&one["value"]))).collect()
}

#[test]
fn the_containers_of_one_machine_share_a_server_and_its_connections() {
    let path = "examples/deploy/compose.yaml";
    let [compose] = <[Value; 1]>::try_from(documents(path)).unwrap();
    let [sidecars, pool, connections, most, reserved, others, left] = <[u64; 7]>::try_from(sum(path)).unwrap();
    let [server, sidecar, host] = ["postgres", "conclave", "notes"].map(|name| &compose["services"][name]);
    assert_eq!((sidecars, pool, connections, left), (1, POOL, POOL, most - reserved - others));
    assert!(connections <= left);
    let command: Vec<_> = server["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(command.contains(&&*format!("max_connections={most}")), "{command:?}");
    let environment = sidecar["environment"].as_object().unwrap();
    let environment = environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let config = configured(environment.collect());
    let (user, database) = (&server["environment"]["POSTGRES_USER"], &server["environment"]["POSTGRES_DB"]);
    let url = format!("postgres://{}@postgres:5432/{}?", user.as_str().unwrap(), database.as_str().unwrap());
    assert!(config.database.starts_with(&url), "{}", config.database);
    // Both read the same secret, which stands in a file of the machine.
    let secret = Path::new("/run/secrets/database-password");
    assert_eq!(config.database_password_file.as_deref(), Some(secret));
    assert_eq!(server["environment"]["POSTGRES_PASSWORD_FILE"], secret.to_str().unwrap());
    for service in [server, sidecar] {
        assert_eq!(service["secrets"][0], "database-password");
        assert!(service["healthcheck"]["test"].is_array());
    }
    assert!(compose["secrets"]["database-password"]["file"].is_string());
    // The application reaches the listeners, and nobody else does.
    assert_eq!(host["network_mode"], "service:conclave");
    assert_eq!(config.listen.to_string(), "127.0.0.1:7180");
    assert_eq!(config.admin_listen.to_string(), "unix:/run/conclave/admin.sock");
    assert_eq!((&sidecar["user"], &host["user"]), (&Value::from("65532:65532"), &Value::from("65532:65532")));
}
