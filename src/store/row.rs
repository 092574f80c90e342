//! Rows read back as domain values. What no value can be made of is corrupt, never skipped.

use crate::domain::group::{Activity, Switches};
use crate::domain::{Contact, Group, GroupSettings, Invitation, InvitationState, JoinRequest, Member, Profile, User};
use crate::store::StoreError;
use crate::store::sql::{self, Row};
use smol_str::SmolStr;

/// The value of a column.
pub(in crate::store) fn get<'r, T>(row: &'r Row, column: &'static str) -> Result<T, StoreError>
where
    T: sql::Column<'r>,
{
    Ok(row.try_get(column)?)
}

/// The id in a column.
pub(in crate::store) fn id<T: TryFrom<SmolStr>>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    let text: &str = get(row, column)?;
    T::try_from(SmolStr::new(text)).map_err(|_| corrupt(column, text))
}

/// The id in a column that may be NULL.
pub(in crate::store) fn optional_id<T: TryFrom<SmolStr>>(
    row: &Row,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    match get::<Option<&str>>(row, column)? {
        None => Ok(None),
        Some(text) => T::try_from(SmolStr::new(text)).map(Some).map_err(|_| corrupt(column, text)),
    }
}

/// A number that is never negative.
pub(in crate::store) fn count(row: &Row, column: &'static str) -> Result<u64, StoreError> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|_| corrupt(column, &number.to_string()))
}

/// A number that is never negative and may be NULL.
pub(in crate::store) fn optional_count(row: &Row, column: &'static str) -> Result<Option<u64>, StoreError> {
    match get::<Option<i64>>(row, column)? {
        None => Ok(None),
        Some(number) => u64::try_from(number).map(Some).map_err(|_| corrupt(column, &number.to_string())),
    }
}

/// A row of `users`.
pub(in crate::store) fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: id(row, "id")?,
        username: get(row, "username")?,
        profile: Profile {
            last_name: get(row, "last_name")?,
            first_name: get(row, "first_name")?,
            organization: get(row, "organization")?,
            email: get(row, "email")?,
            picture: get(row, "picture")?,
            language: get(row, "language")?,
        },
        subscription: id(row, "subscription")?,
    })
}

/// A row of `groups`.
pub(in crate::store) fn group(row: &Row) -> Result<Group, StoreError> {
    let activity = match get::<Option<&str>>(row, "activity")? {
        None => None,
        Some(name) => Some(Activity::from_name(name).ok_or_else(|| corrupt("activity", name))?),
    };
    Ok(Group {
        id: id(row, "id")?,
        name: get(row, "name")?,
        administrator: id(row, "administrator")?,
        settings: GroupSettings {
            full_name: get(row, "full_name")?,
            description: get(row, "description")?,
            language: get(row, "language")?,
            activity,
            sector: get(row, "sector")?,
            switches: Switches {
                published: get(row, "published")?,
                members_published: get(row, "members_published")?,
                open: get(row, "open")?,
            },
        },
    })
}

/// A row of `members`.
pub(in crate::store) fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        user: id(row, "user_id")?,
        co_administrator: get(row, "co_administrator")?,
        since_ms: get(row, "since_ms")?,
    })
}

/// A row of `invitations`.
pub(in crate::store) fn invitation(row: &Row) -> Result<Invitation, StoreError> {
    let state: &str = get(row, "state")?;
    Ok(Invitation {
        id: id(row, "id")?,
        group: id(row, "group_id")?,
        user: optional_id(row, "user_id")?,
        email: get(row, "email")?,
        first_name: get(row, "first_name")?,
        last_name: get(row, "last_name")?,
        state: InvitationState::from_name(state).ok_or_else(|| corrupt("state", state))?,
        accepted_by: optional_id(row, "accepted_by")?,
        created_ms: get(row, "created_ms")?,
        expires_ms: get(row, "expires_ms")?,
    })
}

/// A row of `join_requests`.
pub(in crate::store) fn join_request(row: &Row) -> Result<JoinRequest, StoreError> {
    Ok(JoinRequest {
        id: id(row, "id")?,
        group: id(row, "group_id")?,
        user: id(row, "user_id")?,
        message: get(row, "message")?,
        created_ms: get(row, "created_ms")?,
        closed_ms: get(row, "closed_ms")?,
    })
}

/// The columns of `contacts`, if they are not all NULL.
pub(in crate::store) fn contact(row: &Row) -> Result<Option<Contact>, StoreError> {
    if let Some(user) = optional_id(row, "user_id")? {
        return Ok(Some(Contact::User { user }));
    }
    let Some(email) = get(row, "email")? else { return Ok(None) };
    let (first_name, last_name) = (get(row, "first_name")?, get(row, "last_name")?);
    Ok(Some(Contact::Address { email, first_name, last_name }))
}

/// A value that this program does not write.
pub(in crate::store) fn corrupt(column: &str, value: &str) -> StoreError {
    StoreError::Corrupt(format!("column {column} holds `{value}`"))
}
