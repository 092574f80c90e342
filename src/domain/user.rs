//! A person.

use super::id::{SubscriptionId, UserId};
use serde::{Deserialize, Serialize};

/// What a person says of themselves; all of it optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Family name.
    pub last_name: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Where the person works.
    pub organization: Option<String>,
    /// Where mail reaches the person; several people may share one.
    pub email: Option<String>,
    /// A reference to a picture, as the host understands it.
    pub picture: Option<String>,
    /// BCP 47 tag of the language the person reads.
    pub language: Option<String>,
}

/// A person with a username and one subscription (P1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// The host's id; never used again after the person is deleted (P7).
    pub id: UserId,
    /// Unique among all users (P1).
    pub username: String,
    /// What the person may change.
    #[serde(flatten)]
    pub profile: Profile,
    /// The plan the person pays for.
    pub subscription: SubscriptionId,
}
