//! Changes of invitations (A10). They touch no entity that a decision rests on: who is invited has
//! no right before accepting.

use crate::domain::uid::types;
use crate::domain::{EntityUid, GroupId, Invitation, InvitationId, InvitationState, Invitee, UserId};
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

/// SHA-256 of an invitation's token. The token itself is never kept.
pub type TokenHash = [u8; 32];

impl WriteTransaction {
    /// An invitation to a group, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn invitation(&mut self, group: &GroupId, id: &InvitationId) -> Result<Option<Invitation>, StoreError> {
        let sql =
            "SELECT id, group_id, user_id, email, first_name, last_name, state, accepted_by, created_ms, expires_ms
                   FROM invitations WHERE id = ? AND group_id = ?";
        let query = sql::query(sql).bind(id.as_str()).bind(group.as_str());
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(row::invitation).transpose()
    }

    /// The invitation that a token stands for.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn invitation_by_token(&mut self, hash: &TokenHash) -> Result<Option<Invitation>, StoreError> {
        let sql =
            "SELECT id, group_id, user_id, email, first_name, last_name, state, accepted_by, created_ms, expires_ms
                   FROM invitations WHERE token_hash = ?";
        let row = sql::query(sql).bind(hash.as_slice()).fetch_optional(self.connection()).await?;
        row.as_ref().map(row::invitation).transpose()
    }

    /// Whether an invitation to a group for this person still admits at `now_ms`.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn is_invited(&mut self, group: &GroupId, invitee: &Invitee, now_ms: i64) -> Result<bool, StoreError> {
        let by_user = "SELECT EXISTS (SELECT 1 FROM invitations WHERE group_id = ? AND user_id = ?
                                      AND state = 'pending' AND expires_ms > ?) AS found";
        let by_email = "SELECT EXISTS (SELECT 1 FROM invitations WHERE group_id = ? AND email = ? AND user_id IS NULL
                                       AND state = 'pending' AND expires_ms > ?) AS found";
        let (sql, person) = match invitee {
            Invitee::User(user) => (by_user, user.as_str()),
            Invitee::Email(email) => (by_email, email.as_str()),
        };
        let query = sql::query(sql).bind(group.as_str()).bind(person).bind(now_ms);
        row::get(&query.fetch_one(self.connection()).await?, "found")
    }

    /// Adds an invitation.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_invitation(&mut self, invitation: &Invitation, hash: &TokenHash) -> Result<(), StoreError> {
        let sql = "INSERT INTO invitations (id, group_id, user_id, email, first_name, last_name, token_hash, state,
                                            created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sql::query(sql)
            .bind(invitation.id.as_str())
            .bind(invitation.group.as_str())
            .bind(invitation.user.as_ref().map(UserId::as_str))
            .bind(&invitation.email)
            .bind(&invitation.first_name)
            .bind(&invitation.last_name)
            .bind(hash.as_slice())
            .bind(invitation.state.name())
            .bind(invitation.created_ms)
            .bind(invitation.expires_ms)
            .execute(self.connection())
            .await?;
        self.touch(uid(&invitation.id), Change::Created);
        Ok(())
    }

    /// Gives a pending invitation another token and another expiry; the former token admits nobody.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn renew_invitation(&mut self, invitation: &Invitation, hash: &TokenHash) -> Result<(), StoreError> {
        let sql = "UPDATE invitations SET token_hash = ?, created_ms = ?, expires_ms = ? WHERE id = ?";
        sql::query(sql)
            .bind(hash.as_slice())
            .bind(invitation.created_ms)
            .bind(invitation.expires_ms)
            .bind(invitation.id.as_str())
            .execute(self.connection())
            .await?;
        self.touch(uid(&invitation.id), Change::Changed);
        Ok(())
    }

    /// Ends a pending invitation that nobody accepted.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn end_invitation(&mut self, id: &InvitationId, state: InvitationState) -> Result<(), StoreError> {
        let sql = "UPDATE invitations SET state = ? WHERE id = ?";
        sql::query(sql).bind(state.name()).bind(id.as_str()).execute(self.connection()).await?;
        self.touch(uid(id), Change::Changed);
        Ok(())
    }

    /// Uses up an invitation.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn use_invitation(&mut self, id: &InvitationId, user: &UserId) -> Result<(), StoreError> {
        let sql = "UPDATE invitations SET state = 'accepted', accepted_by = ?, user_id = ? WHERE id = ?";
        let query = sql::query(sql).bind(user.as_str()).bind(user.as_str()).bind(id.as_str());
        query.execute(self.connection()).await?;
        self.touch(uid(id), Change::Changed);
        Ok(())
    }

    /// Uses up every pending invitation bound to somebody who has just become a member, so that
    /// none of them brings the person back after a removal (A12).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn use_invitations_of(&mut self, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        let sql = "UPDATE invitations SET state = 'accepted', accepted_by = ?1
                   WHERE group_id = ?2 AND user_id = ?1 AND state = 'pending'
                   RETURNING 'Invitation' AS type, id";
        let query = sql::query(sql).bind(user.as_str()).bind(group.as_str());
        let accepted = query.fetch_all(self.connection()).await?;
        self.touch_all(&accepted, Change::Changed)
    }
}

fn uid(id: &InvitationId) -> EntityUid {
    EntityUid::new(types::INVITATION, id.text())
}
