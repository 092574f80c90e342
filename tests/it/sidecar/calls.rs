//! What a test asks the server, as itself and as others.

use super::{Answer, Reply, TestSidecar};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

impl TestSidecar {
    fn to_access(&self, method: Method, path: &str) -> RequestBuilder {
        let running = self.running();
        running.client.request(method, format!("http://{}{path}", running.access))
    }

    fn to_admin(&self, method: Method, path: &str) -> RequestBuilder {
        let running = self.running();
        let url = format!("http://{}/admin/v1{path}", running.admin);
        running.client.request(method, url).bearer_auth(&running.token)
    }

    /// Posts a body, whatever it is, to the access listener.
    pub async fn access(&self, path: &str, body: String) -> Reply {
        self.access_with(path, body, &[]).await
    }

    pub async fn access_with(&self, path: &str, body: String, headers: &[(&str, String)]) -> Reply {
        let request = self.to_access(Method::POST, path).header("content-type", "application/json").body(body);
        Reply::read(headers.iter().fold(request, |request, (name, value)| request.header(*name, value))).await
    }

    pub async fn get_access(&self, path: &str) -> Reply {
        Reply::read(self.to_access(Method::GET, path)).await
    }

    /// A path of the admin listener with any `Authorization`, or none.
    pub async fn get_admin_as(&self, path: &str, authorization: Option<&str>) -> Reply {
        let running = self.running();
        let request = running.client.get(format!("http://{}{path}", running.admin));
        Reply::read(authorization.into_iter().fold(request, |request, value| request.header("authorization", value)))
            .await
    }

    /// A call of the host's own below `/admin/v1`.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::read(self.to_admin(Method::PUT, &self.renamed_path(path)).json(&self.renamed(body))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::read(self.to_admin(Method::POST, &self.renamed_path(path)).json(&self.renamed(body))).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        Reply::read(self.to_admin(Method::DELETE, path)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::read(self.to_admin(Method::GET, path)).await
    }

    /// What an id is called; of a tool's, the id of its space in it.
    fn id(&self, id: &str) -> String {
        let Some(rename) = self.rename else { return id.to_owned() };
        let tool = id.split_once(':').and_then(|(space, rest)| Some((space, rest.split_once('/')?)));
        match tool {
            Some((space, (id, kind))) => format!("{space}:{}/{kind}", rename(id)),
            None => rename(id),
        }
    }

    fn renamed_path(&self, path: &str) -> String {
        if self.rename.is_none() {
            return path.to_owned();
        }
        // The first part is the noun.
        let parts = path.split('/').enumerate();
        parts
            .map(|(n, part)| if n == 2 || n == 4 { segment(&self.id(part)) } else { part.to_owned() })
            .collect::<Vec<_>>()
            .join("/")
    }

    fn renamed(&self, body: Value) -> Value {
        const NO_IDS: [&str; 4] = ["name", "username", "right", "subscription"];
        match body {
            Value::Object(members) if self.rename.is_some() => {
                let renamed = members.into_iter().map(|(name, value)| {
                    let value = if NO_IDS.contains(&&*name) { value } else { self.renamed(value) };
                    (name, value)
                });
                renamed.collect()
            }
            Value::String(text) if self.rename.is_some() => match text.split_once("::\"") {
                Some((kind, id)) => json!(crate::world::reference(kind, &self.id(id.trim_end_matches('"')))),
                None => json!(self.id(&text)),
            },
            body => body,
        }
    }

    /// Any call of the host's own.
    pub async fn host(&self, method: Method, path: &str, body: Value) -> Reply {
        Reply::read(self.to_admin(method, path).json(&body)).await
    }

    /// Any call to the admin listener; a body of null is none.
    pub async fn send(&self, method: &str, path: &str, token: bool, actor: Option<&str>, body: &Value) -> Reply {
        self.send_with(method, path, token, actor, body, &[]).await
    }

    /// The same, with further headers.
    pub async fn send_with(
        &self,
        method: &str,
        path: &str,
        token: bool,
        actor: Option<&str>,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Reply {
        let running = self.running();
        let mut request = running.client.request(method.parse().unwrap(), format!("http://{}{path}", running.admin));
        if token {
            request = request.bearer_auth(&running.token);
        }
        if let Some(actor) = actor {
            request = request.header("conclave-actor", actor);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        Reply::read(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// A call on behalf of a person.
    pub async fn call_as(&self, actor: &str, method: Method, path: &str, body: Value) -> Reply {
        Reply::read(self.to_admin(method, path).header("conclave-actor", actor).json(&body)).await
    }

    /// Makes a user a member the way the rules have it: invited, then accepted (A10).
    pub async fn admit(&self, group: &str, user: &str) -> bool {
        let path = format!("/groups/{}/invitations", segment(group));
        let invited = self.post(&path, json!({ "user": user })).await;
        if !invited.accepted() {
            return false;
        }
        let token = invited.body["token"].as_str().expect("the host's own calls see the token").to_owned();
        let accept = self.to_admin(Method::POST, &format!("/invitations/{token}/accept"));
        Reply::read(accept.header("conclave-actor", actor(&self.id(user)))).await.accepted()
    }

    /// May this user do this action on this resource?
    pub async fn ask(&self, user: &str, action: &str, resource: &(&str, String), context: &Value) -> Answer {
        self.ask_since(0, user, action, resource, context).await
    }

    /// The same, of a revision no older than this.
    pub async fn ask_since(
        &self,
        revision: u64,
        user: &str,
        action: &str,
        resource: &(&str, String),
        context: &Value,
    ) -> Answer {
        let body = json!({
            "principal": crate::world::reference("User", &self.id(user)),
            "action": crate::world::reference("Action", action),
            "resource": crate::world::reference(resource.0, &self.id(&resource.1)),
            "context": context,
        });
        let since = (revision > 0).then(|| ("conclave-min-revision", revision.to_string()));
        let reply = self.access_with("/v1/is_authorized", body.to_string(), since.as_slice()).await;
        assert_eq!(reply.status, 200, "{body}: {}", reply.body);
        let texts =
            |value: &Value| value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        Answer {
            decision: reply.body["decision"].as_str().unwrap().to_owned(),
            reasons: texts(&reply.body["diagnostics"]["reason"]),
            errors: texts(&reply.body["diagnostics"]["errors"]),
            revision: reply.body["revision"].as_u64().unwrap(),
        }
    }
}

/// An id as one segment of a path.
pub fn segment(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// An id as the header `Conclave-Actor` has it.
fn actor(id: &str) -> reqwest::header::HeaderValue {
    reqwest::header::HeaderValue::from_bytes(id.as_bytes()).unwrap()
}
