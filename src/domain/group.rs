//! A group's settings and the combinations rule A7 allows.

use super::id::{GroupId, UserId};
use super::rule::Rule;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a group does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Business; a sector may say which.
    Business,
    /// Anything else.
    Other,
}

impl Activity {
    /// The activity with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Business, Self::Other].into_iter().find(|activity| activity.name() == name)
    }

    /// The name in interfaces and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Other => "other",
        }
    }
}

/// The three switches of rule A7.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Switches {
    /// Shown in the directory; off by default.
    pub published: bool,
    /// The directory shows who is in the group.
    pub members_published: bool,
    /// Anyone may join.
    pub open: bool,
}

/// What can be changed about a group at any time (rule A6): all but its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSettings {
    /// The long form of the name.
    pub full_name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// BCP 47 tag; decides the language of emails (rule T1).
    pub language: Option<String>,
    /// Business or not.
    pub activity: Option<Activity>,
    /// Only with `activity` = `business`.
    pub sector: Option<String>,
    /// In the directory or not, open or not.
    #[serde(flatten)]
    pub switches: Switches,
}

/// A group as its people see it (S6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The host's id, or a UUIDv7.
    pub id: GroupId,
    /// Chosen at creation; never changes (A6).
    pub name: String,
    /// The one administrator (A2).
    pub administrator: UserId,
    /// All that can be changed.
    #[serde(flatten)]
    pub settings: GroupSettings,
}

/// A combination of settings that the rules forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// `members_published` and `open` make sense only while `published` is on (A7).
    #[error("`{0}` {detail}", detail = self.detail())]
    NeedsPublished(&'static str),
    /// A sector is a business's (A6).
    #[error("`sector` {detail}", detail = self.detail())]
    SectorWithoutBusiness,
}

impl SettingsError {
    /// The rule that refuses.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::NeedsPublished(_) => Rule::A7,
            Self::SectorWithoutBusiness => Rule::A6,
        }
    }

    /// What is wrong with the field.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::NeedsPublished(_) => "can be on only while `published` is on",
            Self::SectorWithoutBusiness => "goes only with `activity` = `business`",
        }
    }

    /// The field to mend.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::NeedsPublished(field) => field,
            Self::SectorWithoutBusiness => "sector",
        }
    }
}

impl GroupSettings {
    /// Refuses the combinations that rules A6 and A7 forbid.
    ///
    /// # Errors
    /// [`SettingsError`] names the field.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !self.switches.published && self.switches.members_published {
            return Err(SettingsError::NeedsPublished("members_published"));
        }
        if !self.switches.published && self.switches.open {
            return Err(SettingsError::NeedsPublished("open"));
        }
        if self.sector.is_some() && self.activity != Some(Activity::Business) {
            return Err(SettingsError::SectorWithoutBusiness);
        }
        Ok(())
    }
}
