//! What is asked: how often each action, and how much of it is allowed.

use crate::domain::Decision;

/// How many of a hundred questions of each action are allowed.
pub const ALLOWED_PERCENT: usize = 60;

/// An action that questions are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Looking at an item.
    View,
    /// Changing an item.
    Edit,
    /// Adding to a folder, or to a tool.
    Add,
    /// Deleting an item.
    Delete,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::View, Self::Edit, Self::Add, Self::Delete];

    /// The action's id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Add => "add",
            Self::Delete => "delete",
        }
    }

    /// How many of a hundred questions are about it.
    #[must_use]
    pub const fn percent(self) -> usize {
        match self {
            Self::View => 55,
            Self::Edit => 20,
            Self::Add => 15,
            Self::Delete => 10,
        }
    }
}

/// How many questions of a kind and with an answer are still to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// What they ask for.
    pub kind: Kind,
    /// How they are answered.
    pub decision: Decision,
    /// How many.
    pub count: usize,
}

/// The parts of `total` questions; together they are `total`.
#[must_use]
pub fn shares(total: usize) -> Vec<Share> {
    let mut shares = Vec::with_capacity(2 * Kind::ALL.len());
    // Rounded on the running sum, so that nothing is lost or counted twice.
    let upto = |percent: usize, of: usize| (of * percent + 50) / 100;
    let mut percent = 0;
    for kind in Kind::ALL {
        let count = upto(percent + kind.percent(), total) - upto(percent, total);
        percent += kind.percent();
        let allowed = upto(ALLOWED_PERCENT, count);
        shares.push(Share { kind, decision: Decision::Allow, count: allowed });
        shares.push(Share { kind, decision: Decision::Deny, count: count - allowed });
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_questions_divide_as_the_mix_says() {
        let counts: Vec<_> = shares(10_000).iter().map(|share| share.count).collect();
        assert_eq!(counts, [3_300, 2_200, 1_200, 800, 900, 600, 600, 400]);
    }

    #[test]
    fn nothing_is_lost_whatever_the_number() {
        for total in 0..500 {
            assert_eq!(shares(total).iter().map(|share| share.count).sum::<usize>(), total);
        }
        assert_eq!(Kind::ALL.iter().map(|kind| kind.percent()).sum::<usize>(), 100);
    }
}
