//! Who may use the listeners: bearers of tokens, users of this machine over a Unix socket, and on the access
//! listener, if it is configured so, whoever a signed token speaks for.

mod asker;
mod jwt;
mod reload;
mod scope;
mod token;
mod tokens;
mod watch;

pub use asker::Asker;
pub use jwt::{Issuer, KeysError};
pub use reload::{Reloaded, Watched};
pub use scope::{Scope, Scopes};
pub use token::{AdminToken, TokenError};
pub use tokens::{Tokens, TokensError, is_name, line};
pub(in crate::http) use watch::watch;

use super::App;
use super::accept::{Peer, tls_settings};
use super::error::Problem;
use crate::config::{Config, Tls, Uid};
use crate::tls::TlsError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use miette::Diagnostic;
use rustls::ServerConfig;
use smol_str::SmolStr;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// Everything by which callers are known.
#[derive(Default)]
pub struct Auth {
    admin_token: Option<Arc<Reloaded<AdminToken>>>,
    tokens: Option<Arc<Reloaded<Tokens>>>,
    admin_uids: Vec<Uid>,
    access_uids: Vec<Uid>,
    access_tokens: bool,
    issuer: Option<Issuer>,
    /// TLS of the access listener.
    pub(in crate::http) access_tls: Option<Arc<Reloaded<ServerConfig>>>,
    /// TLS of the admin listener.
    pub(in crate::http) admin_tls: Option<Arc<Reloaded<ServerConfig>>>,
}

/// Why callers cannot be known.
#[derive(Debug, Error, Diagnostic)]
pub enum AuthError {
    /// The file of tokens cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tokens(#[from] TokensError),
    /// The public keys for signed tokens cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Certificates or keys cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Whose token a call bears.
struct Bearer {
    name: SmolStr,
    scopes: Scopes,
}

impl Auth {
    /// Reads the files that the configuration names, but for the admin token's.
    ///
    /// # Errors
    /// [`AuthError`] names the file that cannot be used.
    pub fn read(config: &Config) -> Result<Self, AuthError> {
        let tokens = match config.tokens_file.clone() {
            Some(file) => {
                let read = move || Tokens::read(&file);
                let files = config.tokens_file.iter().cloned().collect();
                Some(Arc::new(Reloaded::new("the tokens file", files, read)?))
            }
            None => None,
        };
        Ok(Self {
            admin_token: None,
            tokens,
            admin_uids: config.admin_uids.clone(),
            access_uids: config.access_uids.clone(),
            access_tokens: config.access_tokens,
            issuer: Issuer::read(&config.jwt, config.limits.jwt_skew_seconds)?,
            access_tls: tls("TLS of the access listener", &config.tls)?,
            admin_tls: tls("TLS of the admin listener", &config.admin_tls)?,
        })
    }

    /// The same, with the one token that stands in a file as it is; changes of the file are followed.
    #[must_use]
    pub fn with_admin_token(mut self, token: Reloaded<AdminToken>) -> Self {
        self.admin_token = Some(Arc::new(token));
        self
    }

    /// Whether the access listener asks nobody who they are.
    #[must_use]
    pub const fn is_access_open(&self) -> bool {
        !self.access_tokens && self.issuer.is_none() && self.access_uids.is_empty()
    }

    /// Whether questions come with a token where this is not open.
    #[must_use]
    pub const fn takes_access_tokens(&self) -> bool {
        self.access_tokens || self.issuer.is_some()
    }

    /// Everything that is read again when its files change.
    #[must_use]
    pub fn watched(&self) -> Vec<Arc<dyn Watched>> {
        fn some<T: Send + Sync + 'static>(reloaded: Option<&Arc<Reloaded<T>>>) -> Option<Arc<dyn Watched>> {
            reloaded.map(|reloaded| Arc::clone(reloaded) as _)
        }
        let issuer = self.issuer.as_ref().map(Issuer::keys);
        let all = [
            some(self.admin_token.as_ref()),
            some(self.tokens.as_ref()),
            some(issuer),
            some(self.access_tls.as_ref()),
            some(self.admin_tls.as_ref()),
        ];
        all.into_iter().flatten().collect()
    }

    /// What has new files that cannot be used, so that what was read before is still good.
    #[must_use]
    pub fn stale(&self) -> Vec<&'static str> {
        self.watched().iter().filter_map(|watched| watched.stale()).collect()
    }

    /// Whether a process at the other end of the admin listener's Unix socket needs no token.
    fn is_admin(&self, peer: &Peer) -> bool {
        if self.admin_uids.is_empty() { peer.same_user } else { is_listed(&self.admin_uids, peer) }
    }

    fn admin_bearer(&self, text: &[u8]) -> Option<Bearer> {
        let plain = self.admin_token.as_ref().is_some_and(|token| token.now().is(text));
        if plain {
            return Some(Bearer { name: SmolStr::new_static("admin-token"), scopes: Scopes::ADMIN });
        }
        self.file_bearer(text)
    }

    fn file_bearer(&self, text: &[u8]) -> Option<Bearer> {
        let tokens = self.tokens.as_ref()?.now();
        tokens.find(text).map(|token| Bearer { name: token.name.clone(), scopes: token.scopes })
    }

    /// Who asks on the access listener.
    ///
    /// # Errors
    /// 401 without anything that is good here, 403 with what is good for something else alone.
    fn asker(&self, headers: &HeaderMap, peer: Option<&Peer>, now_ms: i64) -> Result<Asker, Problem> {
        if self.is_access_open() || peer.is_some_and(|peer| is_listed(&self.access_uids, peer)) {
            return Ok(Asker::Host);
        }
        if !self.takes_access_tokens() {
            let detail = "the user of this process is none of those that may ask over this socket";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let Some(text) = bearer(headers) else {
            return Err(unknown("send a token: `Authorization: Bearer TOKEN`"));
        };
        if self.access_tokens
            && let Some(bearer) = self.file_bearer(text)
        {
            return bearer.is_good_for(Scope::Decide).map(|()| Asker::Host);
        }
        match &self.issuer {
            Some(issuer) => issuer.principal(text, now_ms).map(Asker::Principal).map_err(|reason| {
                let detail = format!("the token is refused: {reason}");
                unknown(&detail)
            }),
            None => Err(unknown("this token is not known here")),
        }
    }
}

impl Bearer {
    fn is_good_for(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let detail = format!("the token `{}` is not good for this: it lacks the scope `{}`", self.name, scope.name());
        Err(Problem::new(StatusCode::FORBIDDEN, detail).with("scope", scope.name()))
    }
}

impl From<AdminToken> for Auth {
    fn from(token: AdminToken) -> Self {
        let fixed = Reloaded::new("the admin token", Vec::new(), move || Ok::<_, Infallible>(token.clone()));
        let fixed = fixed.unwrap_or_else(|never| match never {});
        Self::default().with_admin_token(fixed)
    }
}

fn tls(what: &'static str, tls: &Tls) -> Result<Option<Arc<Reloaded<ServerConfig>>>, TlsError> {
    let Some(files) = tls.files() else { return Ok(None) };
    let all: Vec<PathBuf> = files.all();
    Reloaded::new(what, all, move || tls_settings(&files)).map(|reloaded| Some(Arc::new(reloaded)))
}

fn is_listed(uids: &[Uid], peer: &Peer) -> bool {
    peer.uid.is_some_and(|uid| uids.contains(&Uid(uid)))
}

fn unknown(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

/// Lets a request through that may use the admin listener; 401 for any other, 403 with a token for something else.
pub async fn authenticate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.extensions().get::<Peer>().is_some_and(|peer| app.auth.is_admin(peer)) {
        return next.run(request).await;
    }
    let scope = Scope::of_call(request.method(), request.uri().path());
    let known = bearer(request.headers()).and_then(|text| app.auth.admin_bearer(text));
    match known.map(|known| known.is_good_for(scope)) {
        Some(Ok(())) => next.run(request).await,
        Some(Err(problem)) => problem.into_response(),
        None => unknown(
            "send a token: `Authorization: Bearer TOKEN`. The admin token stands in DATABASE.admin-token, unless in a \
             file of the deployment's choosing",
        )
        .into_response(),
    }
}

/// Lets a request through that may use the access listener, and says on whose behalf; 401 and 403 for any other.
pub async fn authenticate_access(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    match app.auth.asker(request.headers(), peer.as_ref(), app.admin.clock.now_ms()) {
        Ok(asker) => {
            request.extensions_mut().insert(asker);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// The token of the one `Authorization` header, if that is what it holds.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
