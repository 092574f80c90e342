//! A request as a guard looks at it.

use axum::extract::{FromRequestParts as _, RawPathParams};
use axum::http::request::Parts;

/// What a request says, apart from its body.
#[derive(Debug)]
pub struct Incoming<'a> {
    parts: &'a Parts,
    parameters: Option<RawPathParams>,
}

impl<'a> Incoming<'a> {
    pub(super) async fn of(parts: &'a mut Parts) -> Self {
        // A route without parameters has none, and neither has a path that is no text.
        let parameters = RawPathParams::from_request_parts(parts, &()).await.ok();
        Self { parts, parameters }
    }

    /// A parameter of the route, decoded: `id` of `/notes/{id}`.
    #[must_use]
    pub fn path(&self, parameter: &str) -> Option<&str> {
        self.parameters.as_ref()?.iter().find(|(name, _)| *name == parameter).map(|(_, value)| value)
    }

    /// A header that stands there once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.parts.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value.as_bytes()).ok()
    }

    /// What an earlier layer put into the request's extensions.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.parts.extensions.get()
    }

    /// Everything there is: method, path, headers, extensions.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        self.parts
    }
}
