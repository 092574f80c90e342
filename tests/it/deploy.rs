//! The examples that servers are put to work with, held against the configuration. What else they must be is for
//! `tests/deploy`.

use conclave::config::{Config, Flags, load};
use std::path::Path;

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
