//! Who is in a group, and who is invited to it.

use super::id::{GroupId, InvitationId, JoinRequestId, UserId};

/// A user in a group other than its administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Appointed by the administrator to help (C1).
    pub co_administrator: bool,
    /// Since when, in milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
}

/// Whom an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invitee {
    /// A known user: nobody else can accept.
    User(UserId),
    /// An address that belongs to no user, or to several: whoever accepts with the token (A10).
    Email(String),
}

/// What became of an invitation. Expiry is no state: the clock decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// Neither used nor withdrawn.
    Pending,
    /// Used: by whom is another column.
    Accepted,
    /// Turned down by the invited person.
    Declined,
    /// Taken back by the administrator.
    Withdrawn,
}

impl InvitationState {
    /// The name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Accepted, Self::Declined, Self::Withdrawn].into_iter().find(|state| state.name() == name)
    }
}

/// An invitation to a group (A10). Its token is a secret and not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// A UUIDv7.
    pub id: InvitationId,
    /// To which group.
    pub group: GroupId,
    /// The user it is bound to; `None` binds it to whoever accepts with the token.
    pub user: Option<UserId>,
    /// The address it was sent to, where it was made by address.
    pub email: Option<String>,
    /// Given name, as the administrator wrote it.
    pub first_name: Option<String>,
    /// Family name, as the administrator wrote it.
    pub last_name: Option<String>,
    /// What became of it.
    pub state: InvitationState,
    /// Who accepted, once somebody has.
    pub accepted_by: Option<UserId>,
    /// When it was made or last sent, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// From when on it admits nobody, in milliseconds since 1970-01-01 UTC.
    pub expires_ms: i64,
}

impl Invitation {
    /// Whether it still admits somebody at `now_ms`.
    #[must_use]
    pub fn is_pending(&self, now_ms: i64) -> bool {
        self.state == InvitationState::Pending && now_ms < self.expires_ms
    }
}

/// A request to be let into a closed group, which its administrator answers by inviting (F5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// A UUIDv7.
    pub id: JoinRequestId,
    /// Where to.
    pub group: GroupId,
    /// Who asks.
    pub user: UserId,
    /// What the person writes, of several lines; possibly nothing.
    pub message: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// When it was withdrawn or dismissed, in milliseconds since 1970-01-01 UTC; `None` while it is open.
    pub closed_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_an_invitation_ends_at_its_expiry() {
        let mut invitation = Invitation {
            id: InvitationId::new("i").unwrap(),
            group: GroupId::new("g").unwrap(),
            user: None,
            email: Some("a@b".to_owned()),
            first_name: None,
            last_name: None,
            state: InvitationState::Pending,
            accepted_by: None,
            created_ms: 0,
            expires_ms: 10,
        };
        assert!(invitation.is_pending(9));
        assert!(!invitation.is_pending(10));
        invitation.state = InvitationState::Withdrawn;
        assert!(!invitation.is_pending(9));
    }
}
