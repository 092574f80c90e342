//! What a token is good for.

use axum::http::Method;

/// Where the metrics are.
const METRICS: &str = "/metrics";

/// One thing that a token may be good for. None contains another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Reading on the admin listener.
    Read,
    /// Changing on the admin listener.
    Write,
    /// The metrics.
    Metrics,
    /// Asking for decisions on the access listener, about anybody.
    Decide,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Metrics, Self::Decide];

    /// As files and answers name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Metrics => "metrics",
            Self::Decide => "decide",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// What a call of the admin listener needs.
    #[must_use]
    pub fn of_call(method: &Method, path: &str) -> Self {
        match path {
            METRICS => Self::Metrics,
            _ if method.is_safe() => Self::Read,
            _ => Self::Write,
        }
    }
}

/// Everything that a token is good for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// All of the admin listener.
    pub const ADMIN: Self = Self::none().and(Scope::Read).and(Scope::Write).and(Scope::Metrics);

    /// None yet.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// These and `scope`.
    #[must_use]
    pub const fn and(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_contains_another() {
        for scope in Scope::ALL {
            let alone = Scopes::none().and(scope);
            assert!(Scope::ALL.into_iter().all(|other| alone.has(other) == (other == scope)));
            assert_eq!(Scope::named(scope.name()), Some(scope));
        }
        assert!(Scope::ALL.into_iter().all(|scope| !Scopes::none().has(scope)));
        assert!(!Scopes::ADMIN.has(Scope::Decide));
        assert_eq!(Scope::named("Read"), None);
    }

    #[test]
    fn what_changes_something_needs_more_than_reading() {
        for (method, path, scope) in [
            (Method::GET, "/admin/v1/users", Scope::Read),
            (Method::HEAD, "/admin/v1/users", Scope::Read),
            (Method::OPTIONS, "/admin/v1/users", Scope::Read),
            (Method::GET, "/metrics", Scope::Metrics),
            (Method::GET, "/metrics/", Scope::Read),
            (Method::PUT, "/admin/v1/users/a", Scope::Write),
            (Method::from_bytes(b"BREW").unwrap(), "/admin/v1/users", Scope::Write),
        ] {
            assert_eq!(Scope::of_call(&method, path), scope, "{method} {path}");
        }
    }
}
