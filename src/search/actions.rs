//! What may this principal do here?

use super::token::{self, State};
use super::{Found, Page, Search, SearchError, Way};
use crate::check::{Asked, InForce, RequestRef, Told, ToldError};
use crate::domain::{Decision, EntityUid};
use crate::store::search::Cursor;

impl Search {
    /// The actions for which the decision is Allow, by name; `told` is the question, whatever its action.
    ///
    /// Of the context each action gets what the schema knows of it there; an action that cannot be asked about in
    /// this context is not among the results.
    ///
    /// # Errors
    /// [`SearchError`] if one of the actions cannot be decided.
    pub async fn actions(&self, told: &Told, page: &Page) -> Result<Found<EntityUid>, SearchError> {
        let in_force = self.check.in_force();
        let bundle = in_force.bundle();
        let query = token::action_query(told);
        let state = State::of(self.store.seal(), page, (&query, bundle.digest()))?;
        let mut questions = Vec::new();
        for (action, environment) in bundle.actions_on(&told.principal.type_name, &told.resource.type_name) {
            if let Some(asked) = asked(&in_force, Told { action, ..told.clone() })?
                && bundle.context(environment, &asked.request.context).is_ok()
            {
                questions.push(asked.request);
            }
        }
        let requests: Vec<_> = questions.iter().map(RequestRef::from).collect();
        let answers = self.check.decide_all(&in_force, &requests).await?;
        let now = answers.first().map_or(self.check.revision(), |answer| answer.revision);
        if let Some((revision, _)) = state.rests_on()
            && !self.check.held_since(&answers, revision)
        {
            return Err(SearchError::Gone { revision, now });
        }
        let allowed = questions.into_iter().zip(&answers);
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
        let next = (!is_last).then(|| State::new((&query, bundle.digest()), (now, 0), page.limit, at));
        let next = next.map(|state| state.token(self.store.seal()));
        Ok(Found { results, next, revision: now, way: Way::Filtered })
    }
}

/// The question; `None` if the context does not fit this action.
fn asked(in_force: &InForce, told: Told) -> Result<Option<Asked>, SearchError> {
    match in_force.asked(told) {
        Ok(asked) => Ok(Some(asked)),
        Err(ToldError::NotAllowed(_)) => Ok(None),
        Err(ToldError::Misfit(misfit)) if misfit.path.starts_with("context") => Ok(None),
        Err(ToldError::Misfit(misfit)) => Err(misfit.into()),
    }
}
