//! The grants of somebody who leaves a group: withdrawn, kept, and free again (F7).

use super::grants::returning_carrier;
use crate::domain::{GroupId, Page, Paged, UserId};
use crate::store::list::grants::GrantRow;
use crate::store::list::leaving::{page_through, through};
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction};

const REVOKE: &str = concat!("DELETE FROM grants", through!(), returning_carrier!());

const KEEP: &str = concat!("UPDATE grants SET kept = 1", through!(), " AND kept = 0", returning_carrier!());

/// ?1 the group, ?2 who has just joined it: what they granted to it or to people in it.
const RELEASE_OWN: &str = concat!(
    "UPDATE grants SET kept = 0
     WHERE kept = 1 AND tool IN (SELECT key FROM tools WHERE owner = ?2) AND CASE grantee_type
         WHEN 'Group' THEN grantee = ?1
         ELSE EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND user_id = grantee)
             OR EXISTS (SELECT 1 FROM groups WHERE id = ?1 AND administrator = grantee)
         END",
    returning_carrier!()
);

/// ?1 the group, ?2 who has just joined it: what people in it granted to them.
const RELEASE_OTHERS: &str = concat!(
    "UPDATE grants SET kept = 0
     WHERE grantee_type = 'User' AND grantee = ?2 AND kept = 1
         AND (SELECT EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND user_id = tools.owner)
                  OR EXISTS (SELECT 1 FROM groups WHERE id = ?1 AND administrator = tools.owner)
              FROM tools WHERE key = tool)",
    returning_carrier!()
);

impl WriteTransaction {
    /// A page of the grants that a user made on their private space through a group.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn grants_through(
        &mut self,
        group: &GroupId,
        owner: &UserId,
        page: &Page,
    ) -> Result<Paged<GrantRow>, StoreError> {
        page_through(self.connection(), group, owner, page).await
    }

    /// Withdraws every grant that a user made on their private space through a group, while the
    /// user is still in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn revoke_grants_through(&mut self, group: &GroupId, owner: &UserId) -> Result<(), StoreError> {
        self.change_grants(REVOKE, group, owner).await
    }

    /// Marks every grant that a user made on their private space through a group as kept, while
    /// the user is still in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn keep_grants_through(&mut self, group: &GroupId, owner: &UserId) -> Result<(), StoreError> {
        self.change_grants(KEEP, group, owner).await
    }

    /// Ends the marks of kept grants whose owner and grantee share a group again, now that `user`
    /// has joined `group`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub(in crate::store) async fn release_kept_grants(
        &mut self,
        group: &GroupId,
        user: &UserId,
    ) -> Result<(), StoreError> {
        // INVARIANT: a grant is marked only while its owner and its grantee share no group. Only
        // here do two people begin to share one: a new group has nobody but its administrator.
        self.change_grants(RELEASE_OWN, group, user).await?;
        self.change_grants(RELEASE_OTHERS, group, user).await
    }

    /// Runs a statement whose ?1 is the group and whose ?2 is the user, and touches what carries
    /// the grants that it changed.
    async fn change_grants(&mut self, sql: &'static str, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        let query = sql::query(sql).bind(group.as_str()).bind(user.as_str());
        let carriers = query.fetch_all(self.connection()).await?;
        self.touch_all(&carriers, Change::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, explain};

    async fn resources(world: &World, group: &str, owner: &str) -> Vec<String> {
        let (group, owner) = (GroupId::new(group).unwrap(), UserId::new(owner).unwrap());
        let grants = world.store.grants_through(&group, &owner, &Page::first()).await.unwrap().rows;
        grants.iter().map(|grant| format!("{} on {}", grant.right, grant.resource.uid())).collect()
    }

    #[tokio::test]
    async fn f7_a_grant_counts_as_made_through_the_last_shared_group() {
        let world = World::new().await;
        // To all members of the company; the secretary is shared with sales too.
        assert_eq!(resources(&world, "company", "director").await, ["view on Item::\"meeting\""]);
        assert_eq!(resources(&world, "sales", "director").await, [""; 0]);
        world.run("DELETE FROM members WHERE group_id = 'company' AND user_id = 'secretary'").await;
        assert_eq!(resources(&world, "sales", "director").await, ["view_details on Tool::\"user:director/calendar\""]);
        // Whom nobody shares any more was not reached through a group that is left.
        world.run("DELETE FROM members WHERE user_id = 'secretary'").await;
        assert_eq!(resources(&world, "sales", "director").await, [""; 0]);
        // What others granted is not the leaver's.
        assert_eq!(resources(&world, "company", "secretary").await, [""; 0]);
    }

    #[tokio::test]
    async fn every_statement_goes_from_a_user_or_a_grantee_to_their_grants() {
        let world = World::new().await;
        for statement in [REVOKE, KEEP, RELEASE_OWN, RELEASE_OTHERS] {
            for step in explain(&mut world.connection().await, statement, 2).await {
                assert!(!step.starts_with("SCAN grants") && !step.starts_with("SCAN tools"), "{step}");
            }
        }
    }
}
