//! What may this principal do here?

use super::token::{self, State};
use super::{Found, Page, Search, SearchError, Way};
use crate::check::RequestRef;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent};
use crate::store::search::Cursor;

impl Search {
    /// The actions for which the decision is Allow, by name.
    ///
    /// Of the context each action gets what the schema knows of it there; an action that cannot be asked about in
    /// this context is not among the results.
    ///
    /// # Errors
    /// [`SearchError`] if one of the actions cannot be decided.
    pub async fn actions(
        &self,
        principal: &EntityUid,
        resource: &EntityUid,
        context: &Context,
        page: &Page,
    ) -> Result<Found<EntityUid>, SearchError> {
        let bundle = self.check.bundle();
        let query = token::action_query(principal, resource, context, bundle);
        let state = State::of(page, &query)?;
        let requests: Vec<_> = bundle
            .actions_on(&principal.type_name, &resource.type_name)
            .filter_map(|(action, environment)| {
                let context = bundle.fitting(environment, context);
                bundle.context(environment, &context).is_ok().then(|| DecisionRequest {
                    principal: principal.clone(),
                    action,
                    resource: resource.clone(),
                    context,
                    lent: Lent::nothing(),
                })
            })
            .collect();
        let asked: Vec<_> = requests.iter().map(RequestRef::from).collect();
        let answers = self.check.decide_all(&asked).await?;
        let now = answers.first().map_or(self.check.revision(), |answer| answer.revision);
        if let Some((revision, _)) = state.rests_on()
            && !self.check.held_since(&answers, revision)
        {
            return Err(SearchError::Gone { revision, now });
        }
        let allowed = requests.into_iter().zip(&answers);
        let allowed = allowed.filter(|(_, answer)| answer.outcome().decision == Decision::Allow);
        let mut results: Vec<_> = allowed.map(|(request, _)| request.action).collect();
        results.sort_by_cached_key(ToString::to_string);
        if let Cursor::Id(last) = &state.at {
            results.retain(|action| *action.to_string() > **last);
        }
        let page = state.page(page);
        let is_last = results.len() <= page.results_max();
        results.truncate(page.results_max());
        let at = results.last().map_or(state.at, |action| Cursor::Id(action.to_string().into()));
        let next = (!is_last).then(|| State::new(&query, (now, 0), page.limit, at).token());
        Ok(Found { results, next, revision: now, way: Way::Filtered })
    }
}
