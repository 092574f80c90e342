//! On whose behalf a question is asked.

use crate::domain::EntityUid;
use crate::domain::uid::UidRef;
use crate::http::App;
use crate::http::error::Problem;
use axum::http::{Extensions, StatusCode};

/// Who asks for decisions.
///
/// Every reader of a question takes one, so that none can be read without (`speaks_for`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// The host application, which says who the principal is.
    Host,
    /// A principal that a signed token speaks for, and nobody else.
    Principal(EntityUid),
}

impl Asker {
    /// Who asks this request.
    ///
    /// # Errors
    /// 401 if nobody looked, although somebody has to.
    pub(in crate::http) fn of(app: &App, extensions: &Extensions) -> Result<Self, Problem> {
        match extensions.get::<Self>() {
            Some(asker) => Ok(asker.clone()),
            None if app.auth.is_access_open() => Ok(Self::Host),
            // No way leads here but a route that was registered past the door.
            None => Err(Problem::new(StatusCode::UNAUTHORIZED, "nobody knows who asks")),
        }
    }

    /// That a question about this principal may be asked. `place` and `field` are where the question names it.
    ///
    /// # Errors
    /// 403 if the token speaks for another.
    pub(in crate::http) fn speaks_for(&self, principal: &UidRef<'_>, place: &str, field: &str) -> Result<(), Problem> {
        match self {
            Self::Host => Ok(()),
            Self::Principal(own) if own.borrow() == *principal => Ok(()),
            Self::Principal(_) => {
                let field = format!("{place}{field}");
                let detail = format!("`{field}` must be the subject of the token: it speaks for nobody else");
                Err(Problem { field: Some(field), ..Problem::new(StatusCode::FORBIDDEN, detail) })
            }
        }
    }

    /// That a question about everybody may be asked.
    ///
    /// # Errors
    /// 403 if a token speaks for one alone.
    pub(in crate::http) fn speaks_for_all(&self) -> Result<(), Problem> {
        match self {
            Self::Host => Ok(()),
            Self::Principal(_) => {
                let detail = "who else may do something is not told to a token that speaks for one principal";
                Err(Problem::new(StatusCode::FORBIDDEN, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_speaks_for_its_subject_and_for_nobody_that_looks_like_it() {
        let ann = Asker::Principal(EntityUid::new("User", "ann"));
        let status = |asker: &Asker, type_name: &str, id: &str| {
            let asked = EntityUid::new(type_name, id);
            asker.speaks_for(&asked.borrow(), "", "principal").map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(status(&ann, "User", "ann"), Ok(()));
        for (type_name, id) in [("User", "Ann"), ("User", "ann "), ("User", "аnn"), ("User", ""), ("App::User", "ann")]
        {
            assert_eq!(status(&ann, type_name, id), Err(403), "{type_name} {id}");
        }
        assert_eq!(status(&Asker::Host, "User", "ann"), Ok(()));
        assert_eq!(ann.speaks_for_all().map_err(|problem| problem.status.as_u16()), Err(403));
        assert_eq!(Asker::Host.speaks_for_all(), Ok(()));
    }
}
