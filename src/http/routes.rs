//! Routes that know themselves: registered as axum has it, and listed, so that tests can hold the
//! OpenAPI document and the tests of refused access to what is really served.

use super::App;
use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// A method and the template of a path, as clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Such as `/admin/v1/users/{id}`.
    pub path: &'static str,
    /// Such as `GET`.
    pub method: &'static str,
}

/// axum's router, and what is in it.
#[derive(Default)]
pub struct Routes {
    router: Router<Arc<App>>,
    endpoints: Vec<Endpoint>,
}

impl Routes {
    /// No route yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `path` with `methods`.
    #[must_use]
    pub fn route(mut self, path: &'static str, methods: Methods) -> Self {
        self.endpoints.extend(methods.names.iter().map(|method| Endpoint { path, method }));
        self.router = self.router.route(path, methods.router);
        self
    }

    /// These routes and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.endpoints.extend(other.endpoints);
        self.router = self.router.merge(other.router);
        self
    }

    /// What axum serves.
    pub fn into_router(self) -> Router<Arc<App>> {
        self.router
    }

    /// Every endpoint, in the order of registration. `HEAD`, which each `GET` answers too, is none.
    #[must_use]
    pub fn into_endpoints(self) -> Vec<Endpoint> {
        self.endpoints
    }
}

/// axum's answers to the methods of one path, and which methods these are.
#[derive(Default)]
pub struct Methods {
    router: MethodRouter<Arc<App>>,
    names: Vec<&'static str>,
}

macro_rules! methods {
    ($($name:ident = $method:literal,)*) => {
        $(
            #[doc = concat!("Answers `", $method, "` with `handler`.")]
            pub fn $name<H: Handler<T, Arc<App>>, T: 'static>(handler: H) -> Methods {
                Methods::default().$name(handler)
            }
        )*

        impl Methods {
            $(
                #[doc = concat!("Answers `", $method, "` with `handler` too.")]
                #[must_use]
                pub fn $name<H: Handler<T, Arc<App>>, T: 'static>(mut self, handler: H) -> Self {
                    self.names.push($method);
                    self.router = self.router.$name(handler);
                    self
                }
            )*
        }
    };
}

methods! {
    get = "GET",
    post = "POST",
    put = "PUT",
    patch = "PATCH",
    delete = "DELETE",
}
