//! Half of a configuration is none: the program does not start, and says which setting is missing.

use crate::process::run;
use conclave::config::{ConfigError, Flags, load};
use tempfile::TempDir;

/// The settings that are complained of.
fn complaints(settings: &[(&str, &str)]) -> Vec<String> {
    let variables = settings.iter().map(|(name, value)| (format!("CONCLAVE_{name}"), (*value).to_owned()));
    match load(None, variables, &Flags::new()) {
        Ok(loaded) => {
            assert!(loaded.unknown_variables.is_empty(), "{:?}", loaded.unknown_variables);
            Vec::new()
        }
        Err(ConfigError::Unusable(problems)) => problems.into_iter().map(|problem| problem.key).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn what_is_said_in_part_is_complained_of_by_name() {
    const JWT: [(&str, &str); 3] =
        [("JWT_JWKS_FILE", "keys.json"), ("JWT_ISSUER", "https://id.example"), ("JWT_AUDIENCE", "conclave")];
    const TLS: [(&str, &str); 2] = [("TLS_CERTIFICATE_FILE", "c.pem"), ("TLS_KEY_FILE", "k.pem")];
    let beyond = ("LISTEN", "0.0.0.0:7180");
    let socket = ("LISTEN", "unix:access.sock");
    for (settings, keys) in [
        (&[][..], &[][..]),
        (&[beyond], &["listen"]),
        (&[("LISTEN", "pdp.example:1")], &["listen"]),
        (&[("LISTEN", "[::]:1")], &["listen"]),
        (&[beyond, ("ACCESS_UNAUTHENTICATED", "true")], &[]),
        (&[beyond, TLS[0], TLS[1]], &["listen"]),
        (&[beyond, TLS[0], TLS[1], ("TLS_CLIENT_CA_FILE", "ca.pem")], &[]),
        (&[beyond, ("ACCESS_TOKENS", "true"), ("TOKENS_FILE", "t.toml")], &[]),
        (&[beyond, JWT[0], JWT[1], JWT[2]], &[]),
        (&[("ADMIN_LISTEN", "0.0.0.0:7181")], &[]),
        (&[("ACCESS_TOKENS", "true")], &["tokens_file"]),
        (
            &[("ACCESS_TOKENS", "true"), ("TOKENS_FILE", "t"), ("ACCESS_UNAUTHENTICATED", "true")],
            &["access_unauthenticated"],
        ),
        (&[JWT[0]], &["jwt.issuer", "jwt.audience"]),
        (&[JWT[0], JWT[1]], &["jwt.audience"]),
        (&[JWT[1], JWT[2]], &["jwt.jwks_file"]),
        (&[JWT[0], JWT[1], ("JWT_AUDIENCE", " ")], &["jwt.audience"]),
        (&[JWT[0], JWT[1], JWT[2], ("JWT_ALGORITHMS", "")], &["jwt.algorithms"]),
        (&[JWT[0], JWT[1], JWT[2], ("JWT_PRINCIPAL_TYPE", "a b")], &["jwt.principal_type"]),
        (&[JWT[0], JWT[1], JWT[2], ("JWT_ALGORITHMS", "ES256, EdDSA")], &[]),
        (&[("LIMITS_JWT_SKEW_SECONDS", "301")], &["limits.jwt_skew_seconds"]),
        (&[("LIMITS_TLS_HANDSHAKE_SECONDS", "0")], &["limits.tls_handshake_seconds"]),
        (&[TLS[0]], &["tls.key_file"]),
        (&[TLS[1]], &["tls.certificate_file"]),
        (&[("TLS_CLIENT_CA_FILE", "ca.pem")], &["tls.certificate_file", "tls.key_file"]),
        (&[("ADMIN_TLS_KEY_FILE", "k.pem")], &["admin_tls.certificate_file"]),
        (&[socket, TLS[0], TLS[1]], &["tls.certificate_file"]),
        (&[("ACCESS_UIDS", "1000")], &["access_uids"]),
        (&[("ADMIN_UIDS", "1000")], &["admin_uids"]),
        (&[socket, ("ACCESS_UIDS", "1000,0")], &[]),
        (&[socket, ("ACCESS_UIDS", "65534")], &["access_uids"]),
    ] {
        assert_eq!(complaints(settings), keys, "{settings:?}");
    }
}

#[test]
fn what_is_no_algorithm_or_user_is_named_too() {
    for (name, value, key) in [
        ("JWT_ALGORITHMS", "HS256", "jwt.algorithms"),
        ("JWT_ALGORITHMS", "none", "jwt.algorithms"),
        ("JWT_ALGORITHMS", "ES256,HS512", "jwt.algorithms"),
        ("ADMIN_UIDS", "root", "admin_uids"),
        ("ADMIN_UIDS", "-1", "admin_uids"),
        ("ADMIN_UIDS", "4294967296", "admin_uids"),
    ] {
        let complaints = complaints(&[(name, value)]);
        assert!(complaints.len() == 1 && complaints[0].contains(key), "{name}={value}: {complaints:?}");
    }
}

#[test]
fn the_program_does_not_start_with_what_it_cannot_use() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (settings, part) in [
        ("access_tokens = true".to_owned(), "tokens_file"),
        ("listen = \"0.0.0.0:0\"".to_owned(), "access_tokens"),
        (format!("tokens_file = \"{}\"", at("none")), "none"),
        (format!("[tls]\ncertificate_file = \"{0}\"\nkey_file = \"{0}\"", at("none")), "none"),
        (format!("[jwt]\njwks_file = \"{}\"\nissuer = \"i\"\naudience = \"a\"", at("none")), "none"),
    ] {
        std::fs::write(at("c.toml"), &settings).unwrap();
        let (code, _, err) = run(folder.path(), &["serve", "--config", "c.toml", "--admin-listen", "127.0.0.1:0"]);
        assert_eq!(code, Some(2), "{settings}: {err}");
        assert!(err.contains(part), "{settings}: {err}");
        assert!(!folder.path().join("conclave.db").exists(), "{settings}: nothing is made");
    }
}
