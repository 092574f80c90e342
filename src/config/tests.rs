use super::*;
use std::fs;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conclave.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn flags_go_over_variables_over_the_file_over_defaults() {
    let (_folder, path) = file("demo = true\nlisten = \"[::1]:1\"\nadmin_listen = \"f:2\"\ndatabase = \"f\"\n");
    let environment = variables(&[("CONCLAVE_LISTEN", "localhost:1"), ("CONCLAVE_DATABASE", "e"), ("HOME", "/")]);
    let flags = Flags::from([("database", "123".to_owned())]);
    let loaded = load(Some(&path), environment, &flags).unwrap();
    assert_eq!(loaded.config.database, "123");
    assert_eq!(loaded.config.listen.to_string(), "localhost:1");
    assert_eq!(loaded.config.admin_listen.to_string(), "f:2");
    assert!(loaded.config.demo);
    assert_eq!(loaded.config.invitation_days, 30);
    let shown = loaded.describe();
    for line in [
        "database = \"123\"  # flag --database".to_owned(),
        "listen = \"localhost:1\"  # variable CONCLAVE_LISTEN".to_owned(),
        format!("admin_listen = \"f:2\"  # file {}", path.display()),
        "invitation_days = 30  # default".to_owned(),
        "limits.body_bytes_max = 65536  # default".to_owned(),
        "# policies is not set  # default".to_owned(),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\nnot in\n{shown}");
    }
}

#[test]
fn variables_are_read_as_what_their_key_is() {
    let environment = variables(&[
        ("CONCLAVE_FEATURES_MESSAGING", "false"),
        ("CONCLAVE_TOOL_KINDS_GROUP", "documents, boards"),
        ("CONCLAVE_LIMITS_CONNECTIONS_MAX", "7"),
        ("CONCLAVE_PRODUCT_NAME", "42"),
        ("CONCLAVE_POLICIES", "8"),
        ("CONCLAVE_LISTN", "x"),
    ]);
    let loaded = load(None, environment, &Flags::new()).unwrap();
    assert!(loaded.config.features.names().is_empty());
    assert_eq!(loaded.config.tool_kinds.group, [ToolKind::new("documents"), ToolKind::new("boards")]);
    assert_eq!(loaded.config.limits.connections_max, 7);
    assert_eq!(loaded.config.product_name, "42");
    assert_eq!(loaded.config.policies, Some("8".into()));
    assert_eq!(loaded.unknown_variables, ["CONCLAVE_LISTN"]);
}

#[test]
fn an_unknown_key_of_the_file_is_named() {
    for (text, key) in [("lisen = \"a:1\"", "lisen"), ("[limits]\nbody_max = 3", "body_max"), ("[tools]", "tools")] {
        let (_folder, path) = file(text);
        let error = load(Some(&path), [], &Flags::new()).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("conclave.toml"), "{error}");
    }
}

#[test]
fn a_missing_file_and_a_wrong_type_are_errors() {
    assert!(load(Some(Path::new("/nowhere/conclave.toml")), [], &Flags::new()).is_err());
    let error = load(None, variables(&[("CONCLAVE_INVITATION_DAYS", "soon")]), &Flags::new()).unwrap_err().to_string();
    assert!(error.contains("invitation_days") && error.contains("CONCLAVE_INVITATION_DAYS"), "{error}");
    let error = load(None, variables(&[("CONCLAVE_LISTEN", "nowhere")]), &Flags::new()).unwrap_err().to_string();
    assert!(error.contains("`nowhere` is no address"), "{error}");
}

#[test]
fn values_that_cannot_be_used_are_all_named() {
    let (_folder, path) = file(
        "invitation_days = 0\nadmin_listen = \"127.0.0.1:7180\"\n[limits]\nconnections_max = 0\n\
         [tool_kinds]\ngroup = [\"a/b\"]\n[log]\nfilter = \"conclave=lots\"",
    );
    let ConfigError::Unusable(problems) = load(Some(&path), [], &Flags::new()).unwrap_err() else { panic!() };
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["admin_listen", "log.filter", "invitation_days", "limits.connections_max", "tool_kinds.group"]);
}

#[test]
fn a_password_in_the_database_url_is_refused_and_not_shown() {
    for url in ["postgres://conclave:hunter2@db/conclave", "postgres://conclave@db/conclave?password=hunter2"] {
        let flags = Flags::from([("database", url.to_owned())]);
        let ConfigError::Unusable(problems) = load(None, [], &flags).unwrap_err() else { panic!() };
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        let said = problem.to_string();
        assert!(said.contains("--database") && said.contains("CONCLAVE_DATABASE_PASSWORD"), "{said}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{said}");
    }
    assert_eq!(without_password("postgres://conclave:hunter2@db/x"), "postgres://conclave:[hidden]@db/x");
    assert_eq!(without_password("sqlite://a:b.db"), "sqlite://a:b.db");
}

#[test]
fn the_password_of_the_database_comes_from_a_variable_or_a_file_and_is_never_shown() {
    let url = ("CONCLAVE_DATABASE", "postgres://conclave@db/conclave?sslmode=require");
    let password = ("CONCLAVE_DATABASE_PASSWORD", "hunter2@/");
    let loaded = load(None, variables(&[url, password]), &Flags::new()).unwrap();
    assert_eq!(loaded.config.database_url(), "postgres://conclave:hunter2%40%2F@db/conclave?sslmode=require");
    let shown = loaded.describe();
    assert!(shown.contains("# database_password = (set)  # variable CONCLAVE_DATABASE_PASSWORD\n"), "{shown}");
    assert!(!shown.contains("hunter2") && !format!("{loaded:?}").contains("hunter2"));
    let replica = ("CONCLAVE_DATABASE_REPLICA", "postgres://conclave@near/conclave");
    let loaded = load(None, variables(&[url, password, replica]), &Flags::new()).unwrap();
    assert_eq!(loaded.config.replica_url().unwrap(), "postgres://conclave:hunter2%40%2F@near/conclave");
    for (database, replica) in [
        ("postgres://conclave@db/conclave", "near.db"),
        ("conclave.db", "postgres://conclave@near/conclave"),
        ("postgres://conclave@db/conclave", "postgres://conclave:hunter2@near/conclave"),
    ] {
        let both = [("CONCLAVE_DATABASE", database), ("CONCLAVE_DATABASE_REPLICA", replica)];
        let Err(ConfigError::Unusable(problems)) = load(None, variables(&both), &Flags::new()) else { panic!() };
        assert_eq!(problems[0].key, "database_replica");
    }
    // Of several servers; what looks like an escape is part of the password.
    let several = ("CONCLAVE_DATABASE", "postgres://conclave@one:1,two/conclave");
    let loaded = load(None, variables(&[several, ("CONCLAVE_DATABASE_PASSWORD", "%41,")]), &Flags::new()).unwrap();
    assert_eq!(loaded.config.database_url(), "postgres://conclave:%2541,@one:1,two/conclave");
    let named = ("CONCLAVE_DATABASE_PASSWORD_FILE", "/run/p&w");
    let loaded = load(None, variables(&[url, named]), &Flags::new()).unwrap();
    let with_file = "postgres://conclave@db/conclave?sslmode=require&passwordfile=%2Frun%2Fp%26w";
    assert_eq!(loaded.config.database_url(), with_file);
    let both = load(None, variables(&[url, named, password]), &Flags::new());
    let Err(ConfigError::Unusable(problems)) = both else { panic!() };
    assert_eq!(problems[0].key, "database_password_file");
    // A file needs none.
    assert_eq!(load(None, [], &Flags::new()).unwrap().config.database_url(), "sqlite://conclave.db");
}

#[test]
fn what_is_shown_is_a_file_that_gives_the_same_configuration() {
    let loaded = load(None, [], &Flags::from([("demo", "true".to_owned())])).unwrap();
    let (_folder, path) = file(&loaded.describe());
    assert_eq!(load(Some(&path), [], &Flags::new()).unwrap().config, loaded.config);
}

#[test]
fn the_url_of_the_mail_server_comes_from_a_variable_or_a_file_and_is_never_shown() {
    let url = "smtps://user:hunter2@mail.example.org";
    let from = ("CONCLAVE_MAIL_FROM", "noreply@example.org");
    let loaded = load(None, variables(&[("CONCLAVE_SMTP_URL", url), from]), &Flags::new()).unwrap();
    assert_eq!(loaded.config.smtp_url.as_ref().map(Secret::reveal), Some(url));
    let shown = loaded.describe();
    assert!(shown.contains("# smtp_url = (set)  # variable CONCLAVE_SMTP_URL\n"), "{shown}");
    assert!(!shown.contains("hunter2") && !format!("{loaded:?}").contains("hunter2"));
    let (_folder, path) = file(&format!("smtp_url = \"{url}\""));
    let error = load(Some(&path), [], &Flags::new()).unwrap_err().to_string();
    assert!(error.contains("no setting `smtp_url`") && !error.contains("hunter2"), "{error}");
    let empty = load(None, variables(&[("CONCLAVE_SMTP_URL", "")]), &Flags::new()).unwrap();
    assert_eq!((empty.config.smtp_url, empty.unknown_variables), (None, vec![]));
}

#[test]
fn what_mail_needs_is_said_before_anything_is_sent() {
    for (set, key) in [
        (&[("SMTP_URL", "smtp://localhost")][..], Some("mail_from")),
        (&[("SMTP_URL_FILE", "f")], Some("mail_from")),
        (&[("SMTP_URL_FILE", "f"), ("SMTP_URL", "u"), ("MAIL_FROM", "a@b.org")], Some("smtp_url_file")),
        (&[("MAIL_ATTEMPTS_MAX", "0")], Some("mail_attempts_max")),
        (&[("ACCEPT_URL", "https://app.example/join/{token}")], None),
        (&[("ACCEPT_URL", "https://app.example/join")], Some("accept_url")),
        (&[("ACCEPT_URL", "https://app.example/{token}/{token}")], Some("accept_url")),
        (&[("ACCEPT_URL", "javascript:{token}")], Some("accept_url")),
        (&[("ACCEPT_URL", "https://app.example/\n{token}")], Some("accept_url")),
    ] {
        let names: Vec<_> = set.iter().map(|(name, value)| (format!("CONCLAVE_{name}"), (*value).to_owned())).collect();
        let keys = match load(None, names, &Flags::new()) {
            Ok(_) => vec![],
            Err(ConfigError::Unusable(problems)) => problems.into_iter().map(|problem| problem.key).collect(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(keys, key.into_iter().map(str::to_owned).collect::<Vec<_>>(), "{set:?}");
    }
}

#[test]
fn a_decision_log_is_named_by_its_flag_and_bounded() {
    let flags = Flags::from([("decision_log.file", "decisions.jsonl".to_owned())]);
    let variables = variables(&[("CONCLAVE_DECISION_LOG_MASK", "principal, context.ip")]);
    let loaded = load(None, variables, &flags).unwrap();
    assert_eq!(loaded.config.decision_log.file, Some("decisions.jsonl".into()));
    assert_eq!(loaded.config.decision_log.mask, ["principal", "context.ip"]);
    assert!(loaded.describe().contains("decision_log.file = \"decisions.jsonl\"  # flag --decision-log\n"));
    let (_folder, path) = file(
        "[decision_log]\nfile = \"\"\nsample_decisions = 0\nmask = [\"action\"]\nfile_bytes_max = 1\nfiles_max = 0\n\
         queue_records_max = 0",
    );
    let ConfigError::Unusable(problems) = load(Some(&path), [], &Flags::new()).unwrap_err() else { panic!() };
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.trim_start_matches("decision_log.")).collect();
    assert_eq!(keys, ["file", "sample_decisions", "file_bytes_max", "files_max", "queue_records_max", "mask"]);
}

#[test]
fn traces_are_off_until_a_collector_is_named() {
    let loaded = load(None, [], &Flags::new()).unwrap();
    assert_eq!(loaded.config.otlp_endpoint, None);
    assert!(loaded.describe().contains("trace_ratio = 0.01  # default\n"), "{}", loaded.describe());
    let endpoint = ("CONCLAVE_OTLP_ENDPOINT", "http://[::1]:4318/v1/traces");
    for (ratio, shown) in [("0", "0.0"), ("1", "1.0"), ("0.25", "0.25"), ("0.001", "0.001")] {
        let loaded = load(None, variables(&[endpoint, ("CONCLAVE_TRACE_RATIO", ratio)]), &Flags::new()).unwrap();
        let line = format!("trace_ratio = {shown}  # variable CONCLAVE_TRACE_RATIO\n");
        assert!(loaded.describe().contains(&line), "{}", loaded.describe());
    }
    for (name, text, key) in [
        ("CONCLAVE_TRACE_RATIO", "1.5", "trace_ratio"),
        ("CONCLAVE_TRACE_RATIO", "-0.1", "trace_ratio"),
        ("CONCLAVE_TRACE_RATIO", "nan", "trace_ratio"),
        ("CONCLAVE_OTLP_ENDPOINT", "127.0.0.1:4318", "otlp_endpoint"),
        ("CONCLAVE_OTLP_ENDPOINT", "https://collector.example/v1/traces", "otlp_endpoint"),
        ("CONCLAVE_OTLP_ENDPOINT", "http://", "otlp_endpoint"),
        ("CONCLAVE_OTLP_ENDPOINT", "http://name:secret@collector/v1/traces", "otlp_endpoint"),
        ("CONCLAVE_OTLP_ENDPOINT", "http://collector/v1/traces?key=secret", "otlp_endpoint"),
    ] {
        let error = load(None, variables(&[(name, text)]), &Flags::new()).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(key) && !shown.contains("secret"), "{text}: {shown}");
    }
}
