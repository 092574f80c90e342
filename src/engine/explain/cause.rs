//! The one thing to say of a decision, where there is one sentence to say it in.

use super::answer::{Explanation, Role, Verdict};
use super::fact::{Change, Fact};
use crate::domain::{Decision, EntityUid};

/// What a decision is due to, above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause<'a> {
    /// Allow: a fact that Conclave keeps.
    Holds(&'a Fact),
    /// Allow: a policy that asks for none of these.
    Allowed(&'a str),
    /// Deny: principal or resource is not stored.
    NotStored(&'a EntityUid),
    /// Deny: this policy could not be evaluated.
    Failed(&'a str),
    /// Deny: there is no room.
    Full(&'a EntityUid),
    /// Deny: this policy forbids it.
    Forbidden(&'a str),
    /// Deny: it takes this above all.
    Takes(&'a Change),
    /// Deny: it is for somebody that the principal is not and will not be.
    Reserved(&'a Fact),
    /// Deny: nothing allows it.
    Nothing,
}

impl Explanation {
    /// What the decision is due to, above all.
    #[must_use]
    pub fn cause(&self, decision: Decision) -> Cause<'_> {
        match decision {
            Decision::Allow => self.allowed().unwrap_or(Cause::Nothing),
            Decision::Deny => self.denied(),
        }
    }

    fn allowed(&self) -> Option<Cause<'_>> {
        let facts = self.determining.iter().flat_map(|policy| &policy.facts).map(|stated| &stated.fact);
        let telling = facts.max_by_key(|fact| telling(fact)).map(Cause::Holds);
        telling.or_else(|| Some(Cause::Allowed(&self.determining.first()?.id)))
    }

    fn denied(&self) -> Cause<'_> {
        if let Some(uid) = self.not_stored.first() {
            return Cause::NotStored(uid);
        }
        if let Some(forbid) = self.determining.first() {
            let room = forbid.facts.iter().find_map(|stated| match &stated.fact {
                Fact::Room { tool, .. } => Some(tool),
                _ => None,
            });
            return room.map_or(Cause::Forbidden(&forbid.id), Cause::Full);
        }
        if let Some(failed) = self.failed.first() {
            return Cause::Failed(&failed.id);
        }
        self.takes().or_else(|| self.reserved()).unwrap_or(Cause::Nothing)
    }

    /// Of the shortest way to an Allow, what it is about: who is not in a group needs no word about its grants.
    fn takes(&self) -> Option<Cause<'_>> {
        let changes = &self.would_allow.first()?.changes;
        let is_role = |change: &&Change| matches!(change, Change::Role { .. });
        let is_grant = |change: &&Change| matches!(change, Change::Grant { .. });
        let mut roles = changes.iter().filter(is_role);
        let role = if changes.iter().all(|change| is_role(&change)) { roles.next_back() } else { roles.next() };
        role.or_else(|| changes.iter().find(is_grant)).or_else(|| changes.first()).map(Cause::Takes)
    }

    fn reserved(&self) -> Option<Cause<'_>> {
        let conditions = self.closest.first()?.conditions.iter();
        let failing: Vec<_> = conditions.filter(|condition| condition.result == Verdict::Fails).collect();
        // Where something fails that is no fact, to name another that is missing would say too much.
        if failing.iter().any(|condition| condition.missing.is_empty()) {
            return None;
        }
        let missing: Vec<_> =
            failing.into_iter().flat_map(|condition| &condition.missing).map(|stated| &stated.fact).collect();
        let settled = missing.iter().find(|fact| is_settled(fact));
        settled.or_else(|| missing.first()).map(|fact| Cause::Reserved(fact))
    }
}

/// Whether it is so for good, or it would be odd to advise that it be otherwise.
const fn is_settled(fact: &Fact) -> bool {
    matches!(fact, Fact::Author { .. } | Fact::Owner { .. } | Fact::Oneself | Fact::Outsider { .. })
}

/// How much a fact says by itself: that somebody is in a group goes without saying where they have a role in it.
const fn telling(fact: &Fact) -> u8 {
    match fact {
        Fact::Setting { .. } | Fact::Room { .. } | Fact::Outsider { .. } => 0,
        Fact::Member { .. } => 1,
        Fact::SharedGroup { .. } => 2,
        Fact::Grant { .. } => 3,
        Fact::CoAdministrator { .. } => 4,
        Fact::Administrator { .. } => 5,
        Fact::Author { .. } => 6,
        Fact::Owner { .. } | Fact::Oneself => 7,
    }
}

impl Role {
    /// `co-administrator`, as answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::CoAdministrator => "co-administrator",
            Self::Administrator => "administrator",
        }
    }
}
