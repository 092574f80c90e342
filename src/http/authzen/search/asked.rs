//! A search as it stands in a request's body. What is not known of it is passed over.

use crate::admin::schema::Word;
use crate::check::Told;
use crate::domain::EntityUid;
use crate::domain::json::Object;
use crate::domain::shape::Fields;
use crate::domain::uid::UidRef;
use crate::http::auth::Asker;
use crate::http::authzen::question::{Action, Entity, object, said};
use crate::http::error::Problem;
use crate::search::Page;
use serde::Deserialize;
use utoipa::ToSchema;

/// Who may do this to that?
#[derive(Debug, Deserialize, ToSchema)]
pub struct SubjectSearch {
    #[schema(value_type = Kind)]
    subject: Object<Kind>,
    #[schema(value_type = Action)]
    action: Object<Action>,
    #[schema(value_type = Entity)]
    resource: Object<Entity>,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Object>)]
    context: Option<Fields>,
    /// Which page.
    #[serde(default, deserialize_with = "object")]
    pub(super) page: Option<PageAsked>,
}

/// To what may they do this?
#[derive(Debug, Deserialize, ToSchema)]
pub struct ResourceSearch {
    #[schema(value_type = Entity)]
    subject: Object<Entity>,
    #[schema(value_type = Action)]
    action: Object<Action>,
    #[schema(value_type = Kind)]
    resource: Object<Kind>,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Object>)]
    context: Option<Fields>,
    /// Which page.
    #[serde(default, deserialize_with = "object")]
    pub(super) page: Option<PageAsked>,
}

/// What may they do to that?
#[derive(Debug, Deserialize, ToSchema)]
pub struct ActionSearch {
    #[schema(value_type = Entity)]
    subject: Object<Entity>,
    #[schema(value_type = Entity)]
    resource: Object<Entity>,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Object>)]
    context: Option<Fields>,
    /// Which page.
    #[serde(default, deserialize_with = "object")]
    pub(super) page: Option<PageAsked>,
}

/// What is sought: any of a type.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchedType)]
struct Kind {
    /// A Cedar entity type.
    #[serde(rename = "type")]
    #[schema(value_type = Word)]
    type_name: String,
}

/// Which page of the results.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SearchPage)]
pub(super) struct PageAsked {
    /// `next_token` of the page before; all else must be as it was there.
    #[serde(default)]
    #[schema(max_length = 8192)]
    token: Option<String>,
    /// Most results of a page.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
    limit: Option<u32>,
}

impl PageAsked {
    /// The page; the first if the request says nothing. An empty token is none, as an empty `next_token` is.
    pub(super) fn page(asked: Option<&Self>) -> Page {
        let (limit, token) = asked.map(|asked| (asked.limit, asked.token.clone())).unwrap_or_default();
        Page { limit, token: token.filter(|token| !token.is_empty()) }
    }
}

impl SubjectSearch {
    /// The question, whoever the subject is; `None` if it names what no schema can have.
    pub(super) fn told(self) -> Option<Told> {
        let Self { subject: Object(subject), action: Object(action), resource: Object(resource), context, .. } = self;
        Some(Told {
            principal: subject.any()?,
            principal_properties: Fields::new(),
            resource: resource.uid()?,
            resource_properties: resource.properties,
            action: action.uid(),
            action_properties: action.properties,
            context: context.unwrap_or_default(),
        })
    }
}

impl ResourceSearch {
    /// The question, whatever the resource is; `None` if it names what no schema can have.
    ///
    /// # Errors
    /// 403 if the asker may not ask about this subject.
    pub(super) fn told(self, asker: &Asker) -> Result<Option<Told>, Problem> {
        self.subject.0.is_asked_by(asker)?;
        Ok(self.question())
    }

    fn question(self) -> Option<Told> {
        let Self { subject: Object(subject), action: Object(action), resource: Object(resource), context, .. } = self;
        Some(Told {
            principal: subject.uid()?,
            principal_properties: subject.properties,
            resource: resource.any()?,
            resource_properties: Fields::new(),
            action: action.uid(),
            action_properties: action.properties,
            context: context.unwrap_or_default(),
        })
    }
}

impl ActionSearch {
    /// The question, whatever the action is; `None` if it names what no schema can have.
    ///
    /// # Errors
    /// 403 if the asker may not ask about this subject.
    pub(super) fn told(self, asker: &Asker) -> Result<Option<Told>, Problem> {
        self.subject.0.is_asked_by(asker)?;
        Ok(self.question())
    }

    fn question(self) -> Option<Told> {
        let Self { subject: Object(subject), resource: Object(resource), context, .. } = self;
        Some(Told {
            principal: subject.uid()?,
            principal_properties: subject.properties,
            resource: resource.uid()?,
            resource_properties: resource.properties,
            action: EntityUid::action(""),
            action_properties: Fields::new(),
            context: context.unwrap_or_default(),
        })
    }
}

impl Kind {
    /// An entity of the type, whichever.
    fn any(&self) -> Option<EntityUid> {
        UidRef::of_parts(&self.type_name, "").map(|uid| uid.to_owned())
    }
}
