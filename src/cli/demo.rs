//! What `conclave serve --demo` prints: three questions to paste, with the answers to expect.

use crate::config::{Address, Config};
use crate::domain::Decision;
use crate::lifecycle::{Application, Demo};
use std::fmt::Write as _;

/// A question of the worked example (rule E), and its answer by the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The question in words.
    pub question: &'static str,
    /// Why the answer is what it is, with the rule.
    pub why: &'static str,
    /// Who asks.
    pub principal: &'static str,
    /// What they want to do.
    pub action: &'static str,
    /// To what.
    pub resource: &'static str,
    /// The answer to expect.
    pub decision: Decision,
    /// The policies that determine it.
    pub reasons: &'static [&'static str],
}

/// What a newcomer tries first.
pub const EXAMPLES: [Example; 3] = [
    Example {
        question: "May the secretary see the details of the director's private calendar?",
        why: "Yes: the director granted it (S5).",
        principal: r#"User::"secretary""#,
        action: r#"Action::"view_details""#,
        resource: r#"Tool::"user:director/calendar""#,
        decision: Decision::Allow,
        reasons: &["private-grant-details"],
    },
    Example {
        question: "May a salesman look at the documents of production?",
        why: "No: only those who are in a group see its space (S2).",
        principal: r#"User::"salesman-1""#,
        action: r#"Action::"view""#,
        resource: r#"Tool::"group:production/documents""#,
        decision: Decision::Deny,
        reasons: &[],
    },
    Example {
        question: "May a workman add to the documents of production?",
        why: "No: members look; adding is the administrator's, unless granted (D1, D2).",
        principal: r#"User::"workman-1""#,
        action: r#"Action::"add""#,
        resource: r#"Tool::"group:production/documents""#,
        decision: Decision::Deny,
        reasons: &[],
    },
];

impl Example {
    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> String {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let (principal, action, resource) = (text(self.principal), text(self.action), text(self.resource));
        format!(r#"{{"principal":{principal},"action":{action},"resource":{resource}}}"#)
    }

    /// The body of the answer.
    #[must_use]
    pub fn answer(&self, revision: crate::domain::Revision) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(|reason| format!("\"{reason}\"")).collect();
        let (decision, reasons) = (self.decision.name(), reasons.join(","));
        format!(
            r#"{{"decision":"{decision}","diagnostics":{{"reason":[{reasons}],"errors":[]}},"revision":{revision}}}"#
        )
    }
}

/// What to try, on a server that listens on `access` and `admin`.
#[must_use]
pub fn invitation(application: &Application, access: &Address, admin: &Address, config: &Config) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match application.demo() {
        Demo::NotEmpty => {
            writeln!(text, "The database is not empty and was left as it is. If it holds the worked example, try:")
        }
        Demo::Loaded | Demo::NotAsked => writeln!(
            text,
            "The worked example is loaded: a director, a secretary, three salesmen and five workmen. Try:"
        ),
    };
    for example in &EXAMPLES {
        let (curl, body) = (curl(access, "/v1/is_authorized"), example.body());
        let _ = writeln!(text, "\n# {}\n# {}", example.question, example.why);
        let _ = writeln!(text, "{curl} -H 'content-type: application/json' -d '{body}'");
        let _ = writeln!(text, "# => {}", example.answer(application.app().check.revision()));
    }
    let _ = match (&config.admin_token_file, &config.tokens_file) {
        (None, Some(file)) => {
            writeln!(text, "\nThe admin API listens on {admin}; what its tokens are good for is in {}.", file.display())
        }
        _ => writeln!(text, "\nThe admin API listens on {admin}; its token is in {}.", config.token_file().display()),
    };
    text
}

/// The beginning of a command line that asks for `path` at `address`.
fn curl(address: &Address, path: &str) -> String {
    match address {
        Address::Unix(socket) => {
            let socket = socket.display().to_string().replace('\'', r"'\''");
            format!("curl -s --unix-socket '{socket}' http://localhost{path}")
        }
        Address::Tcp { host, port } => {
            let host = match host.as_str() {
                "0.0.0.0" => "127.0.0.1",
                "[::]" => "[::1]",
                host => host,
            };
            format!("curl -s http://{host}:{port}{path}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EntityUid, Revision};

    #[test]
    fn each_question_reads_back() {
        for example in &EXAMPLES {
            for reference in [example.principal, example.action, example.resource] {
                assert!(EntityUid::parse(reference).is_ok(), "{reference}");
                assert!(!reference.contains('\''), "{reference} would end the shell's quotes");
            }
            let body: serde_json::Value = serde_json::from_str(&example.body()).unwrap();
            assert_eq!(body["principal"], example.principal);
            let answer: serde_json::Value = serde_json::from_str(&example.answer(Revision(7))).unwrap();
            assert_eq!(answer["decision"], example.decision.name());
            assert_eq!(answer["revision"], 7);
        }
    }

    #[test]
    fn curl_is_told_where_the_server_really_is() {
        let tcp = |host: &str| Address::Tcp { host: host.to_owned(), port: 80 };
        assert_eq!(curl(&tcp("0.0.0.0"), "/x"), "curl -s http://127.0.0.1:80/x");
        assert_eq!(curl(&tcp("[::1]"), "/x"), "curl -s http://[::1]:80/x");
        let socket = Address::Unix("/run/it's.sock".into());
        assert_eq!(curl(&socket, "/x"), r"curl -s --unix-socket '/run/it'\''s.sock' http://localhost/x");
    }
}
