//! Where a search has to look: places that together hold everything that may be found, and perhaps more.

use super::right::Right;
use super::uid::EntityUid;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// Most terms of a filter; what would need more is looked for everywhere.
pub const FILTER_TERMS_MAX: usize = 64;

/// Ids of entities of one type.
pub type Ids = BTreeSet<SmolStr>;

/// Terms, in any of which something may be found. Without a term there is nothing to be found.
///
/// It need not be exact, but it never leaves anything out: whatever is found is decided by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter(Vec<Term>);

/// One place, and perhaps only some kinds of tools of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// The place.
    pub place: Place,
    /// The kinds of tools that what is found is or lies in; `None` is any.
    pub kinds: Option<Ids>,
}

/// Where entities of the type that is sought are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// Wherever there are any.
    Everywhere,
    /// These very entities, of the type that is sought.
    Among(Ids),
    /// Content on which a right was granted, or on something it lies in.
    Granted(Right, To),
    /// Items that one of these people added.
    AuthoredBy(Ids),
    /// Content that is or lies in one of these tools and folders.
    Below(BTreeSet<EntityUid>),
    /// Content of the private spaces of these people.
    OwnedBy(Ids),
    /// Content of the groups that these people administer.
    InGroupsOf(Ids),
    /// Content of these groups.
    InGroups(Ids),
    /// Content of the private spaces of everyone who is in one of these groups.
    OwnedInGroups(Ids),
    /// People who help the administrator of one of these groups (C1).
    Helpers(Ids),
    /// People who let these see their whole profile (M4).
    ShownTo(To),
    /// People who are in one of these groups, administrators included.
    Members(Ids),
    /// Groups that one of these people administers.
    AdministeredBy(Ids),
    /// Groups in the directory.
    Published,
}

/// To whom something was granted: any of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct To {
    /// People by name.
    pub users: Ids,
    /// Everyone in these groups.
    pub groups: Ids,
}

impl Filter {
    /// Nothing can be found.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Nothing is known of where to look.
    #[must_use]
    pub fn everything() -> Self {
        Self(vec![Term { place: Place::Everywhere, kinds: None }])
    }

    /// In this place alone.
    #[must_use]
    pub fn at(place: Place) -> Self {
        if place.is_empty() { Self::nothing() } else { Self(vec![Term { place, kinds: None }]) }
    }

    /// In tools of these kinds alone.
    #[must_use]
    pub fn of_kinds(kinds: Ids) -> Self {
        Self(vec![Term { place: Place::Everywhere, kinds: Some(kinds) }])
    }

    /// Whether it narrows nothing.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.iter().any(|term| term.place == Place::Everywhere && term.kinds.is_none())
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.0
    }

    /// What is in either.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for term in other.0 {
            if !self.0.contains(&term) {
                self.0.push(term);
            }
        }
        if self.0.len() > FILTER_TERMS_MAX || self.is_everything() { Self::everything() } else { self }
    }

    /// What is in both, and perhaps more.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self.0.len().saturating_mul(other.0.len()) > FILTER_TERMS_MAX {
            // Either of the two holds it all.
            return if self.rank() <= other.rank() { self } else { other };
        }
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(|another| one.and(another)));
        pairs.filter(|term| !term.is_empty()).fold(Self::nothing(), |all, term| all.or(Self(vec![term])))
    }

    /// The widest of its terms.
    fn rank(&self) -> u8 {
        self.0.iter().map(|term| term.place.rank()).max().unwrap_or_default()
    }
}

impl Term {
    /// What is in both, and perhaps more.
    fn and(&self, other: &Self) -> Self {
        let kinds = match (&self.kinds, &other.kinds) {
            (Some(one), Some(another)) => Some(one & another),
            (one, another) => one.clone().or_else(|| another.clone()),
        };
        Self { place: self.place.and(&other.place), kinds }
    }

    fn is_empty(&self) -> bool {
        self.place.is_empty() || self.kinds.as_ref().is_some_and(Ids::is_empty)
    }
}

impl Place {
    /// What is in both, if the places are of a kind; else the one where less is to be expected.
    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Among(one), Self::Among(another)) => Self::Among(one & another),
            (Self::AuthoredBy(one), Self::AuthoredBy(another)) => Self::AuthoredBy(one & another),
            (Self::OwnedBy(one), Self::OwnedBy(another)) => Self::OwnedBy(one & another),
            (Self::InGroups(one), Self::InGroups(another)) => Self::InGroups(one & another),
            (one, another) if one.rank() <= another.rank() => one.clone(),
            (_, another) => another.clone(),
        }
    }

    /// How much is to be expected there, compared with other places.
    const fn rank(&self) -> u8 {
        match self {
            Self::Among(_) => 0,
            Self::Granted(..) | Self::Helpers(_) | Self::ShownTo(_) | Self::AdministeredBy(_) => 1,
            Self::AuthoredBy(_) => 2,
            Self::Below(_) => 3,
            Self::OwnedBy(_) => 4,
            Self::InGroupsOf(_) => 5,
            Self::InGroups(_) | Self::Members(_) => 6,
            Self::OwnedInGroups(_) => 7,
            Self::Published => 8,
            Self::Everywhere => 9,
        }
    }

    /// Whether there can be nothing.
    fn is_empty(&self) -> bool {
        match self {
            Self::Among(ids)
            | Self::AuthoredBy(ids)
            | Self::OwnedBy(ids)
            | Self::InGroupsOf(ids)
            | Self::InGroups(ids)
            | Self::OwnedInGroups(ids)
            | Self::Helpers(ids)
            | Self::Members(ids)
            | Self::AdministeredBy(ids) => ids.is_empty(),
            Self::Granted(_, to) | Self::ShownTo(to) => to.users.is_empty() && to.groups.is_empty(),
            Self::Below(places) => places.is_empty(),
            Self::Everywhere | Self::Published => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Ids {
        names.iter().map(|name| SmolStr::new(*name)).collect()
    }

    fn groups(names: &[&str]) -> Filter {
        Filter::at(Place::InGroups(ids(names)))
    }

    #[test]
    fn of_two_conditions_the_narrower_place_is_taken_and_every_kind_kept() {
        let granted = Filter::at(Place::Granted(Right::Edit, To { users: ids(&["ann"]), groups: ids(&[]) }));
        assert_eq!(groups(&["a"]).and(granted.clone()), granted);
        assert_eq!(groups(&["a", "b"]).and(groups(&["b", "c"])), groups(&["b"]));
        let calendar = Filter::of_kinds(ids(&["calendar"]));
        let both = calendar.clone().and(groups(&["a"]));
        assert_eq!(both.terms(), [Term { place: Place::InGroups(ids(&["a"])), kinds: Some(ids(&["calendar"])) }]);
        assert_eq!(calendar.and(Filter::of_kinds(ids(&["polls"]))), Filter::nothing());
    }

    #[test]
    fn each_of_several_ways_is_kept() {
        let owned = Filter::at(Place::OwnedBy(ids(&["ann"])));
        let either = groups(&["a"]).or(owned.clone()).or(owned);
        assert_eq!(either.terms().len(), 2);
        assert_eq!(either.clone().and(Filter::everything()), either);
        assert!(either.or(Filter::everything()).is_everything());
        assert_eq!(groups(&["a"]).and(Filter::nothing()), Filter::nothing());
        assert_eq!(groups(&[]), Filter::nothing());
    }

    #[test]
    fn what_would_need_too_many_terms_is_never_cut_off() {
        let many = (0..40).fold(Filter::nothing(), |all, n| all.or(groups(&[&n.to_string()])));
        assert_eq!(many.terms().len(), 40);
        assert_eq!(many.clone().and(many.clone()), many);
        let more = (40..90).fold(many, |all, n| all.or(groups(&[&n.to_string()])));
        assert!(more.is_everything());
    }
}
