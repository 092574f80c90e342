//! The worked example (rule E): a company of ten people and four groups, for a first look.
//!
//! Built through the commands that everybody else uses, so that it breaks no rule.

use super::accept_invitation::accept_invitation;
use super::create_folder::{NewFolder, create_folder};
use super::create_group::{NewGroup, create_group};
use super::create_item::{NewItem, create_item};
use super::grant::{Grant, grant};
use super::invite::{NewInvitation, invite};
use super::put_subscription::{NewLimits, put_subscription};
use super::put_user::{NewUser, put_user};
use super::{Admin, Caller, Refusal};
use crate::domain::json::Distinct;
use crate::domain::{Grantee, GroupId, IdError, Page, Right, SubscriptionId, ToolKind, UserId};
use thiserror::Error;

/// Why the worked example could not be loaded. What was made before stays, so another try takes a
/// new database.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A command was refused, or the store failed.
    #[error("the demo data could not be loaded; delete the database and try again")]
    Refused(#[from] Refusal),
    /// The tables of this file hold an id that none can be.
    #[error("the demo data names something that cannot exist")]
    Id(#[from] IdError),
    /// Membership takes a token, and an invitation came without one.
    #[error("the demo data could not be loaded: an invitation came without its token")]
    NoToken,
}

/// Everything is the host's own call but what only the person can do.
const HOST: Caller = Caller { actor: None };

/// Id; most groups, most members of each, bytes of documents in each space.
const SUBSCRIPTIONS: [(&str, u64, u64, u64); 2] =
    [("business", 10, 100, 10_000_000_000), ("personal", 3, 30, 1_000_000_000)];

/// Id, first name, last name, subscription.
const PEOPLE: [(&str, &str, &str, &str); 10] = [
    ("director", "Diana", "Rossi", "business"),
    ("secretary", "Samuel", "Peeters", "personal"),
    ("salesman-1", "Carlos", "Molina", "personal"),
    ("salesman-2", "Emma", "Janssens", "personal"),
    ("salesman-3", "Luca", "Ferrari", "personal"),
    ("workman-1", "Pieter", "de Vries", "personal"),
    ("workman-2", "Ines", "Navarro", "personal"),
    ("workman-3", "Tom", "Baker", "personal"),
    ("workman-4", "Giulia", "Conti", "personal"),
    ("workman-5", "Jan", "Willems", "personal"),
];

const SALESMEN: [&str; 3] = ["salesman-1", "salesman-2", "salesman-3"];
const WORKMEN: [&str; 5] = ["workman-1", "workman-2", "workman-3", "workman-4", "workman-5"];

/// Id, name, members beside the secretary, who is in all of them. The director administers all.
const GROUPS: [(&str, &str, &[&[&str]]); 4] = [
    ("company", "Company", &[&SALESMEN, &WORKMEN]),
    ("sales", "Sales", &[&SALESMEN]),
    ("production", "Production", &[&WORKMEN]),
    ("direction", "Direction", &[]),
];

/// Id, parent, name. The director makes all.
const FOLDERS: [(&str, &str, &str); 2] = [
    ("offers", "Tool::\"group:sales/documents\"", "Offers"),
    ("plans", "Tool::\"group:production/documents\"", "Plans"),
];

/// Id, parent, name, kind, bytes, author.
const ITEMS: [(&str, &str, &str, &str, i64, &str); 6] = [
    ("handbook", "Tool::\"group:company/documents\"", "Handbook.pdf", "document", 250_000, "director"),
    ("strategy", "Tool::\"group:direction/documents\"", "Strategy.odt", "document", 80_000, "director"),
    ("offer-2026", "Folder::\"offers\"", "Offer 2026.odt", "document", 48_000, "salesman-1"),
    ("shift-plan", "Folder::\"plans\"", "Shift plan.ods", "document", 12_000, "workman-1"),
    ("safety-notes", "Folder::\"plans\"", "Safety notes.odt", "document", 20_000, "workman-2"),
    ("board-meeting", "Tool::\"user:director/calendar\"", "Board meeting", "event", 0, "director"),
];

/// Resource, right, group whose members all have it.
const GRANTS_TO_GROUPS: [(&str, Right, &str); 3] = [
    ("Folder::\"offers\"", Right::Add, "sales"),
    ("Folder::\"plans\"", Right::Add, "production"),
    ("Item::\"shift-plan\"", Right::Edit, "production"),
];

/// What the secretary may do in the director's private calendar.
const CALENDAR_RIGHTS: [Right; 4] = [Right::ViewDetails, Right::Add, Right::Edit, Right::Delete];

/// Loads the worked example into a store without users. Whether it did: a store with users stays
/// as it is.
///
/// # Errors
/// [`DemoError`] if the store fails on the way.
pub async fn load(admin: &Admin) -> Result<bool, DemoError> {
    let users = admin.store.users(&Page { after: None, rows_max: 1 }).await.map_err(Refusal::from)?;
    if !users.rows.is_empty() {
        return Ok(false);
    }
    load_people(admin).await?;
    load_groups(admin).await?;
    load_content(admin).await?;
    load_grants(admin).await?;
    Ok(true)
}

async fn load_people(admin: &Admin) -> Result<(), DemoError> {
    for (id, groups, members, bytes) in SUBSCRIPTIONS {
        let documents = ToolKind::new("documents");
        let limits = NewLimits {
            max_groups: Some(groups.into()),
            max_members: Some(members.into()),
            capacities: Some(Distinct([(documents, Some(bytes.into()))].into())),
        };
        put_subscription(admin, &HOST, SubscriptionId::new(id)?, limits).await?;
    }
    for (id, first_name, last_name, subscription) in PEOPLE {
        let user = NewUser {
            username: Some(id.to_owned()),
            last_name: Some(last_name.to_owned()),
            first_name: Some(first_name.to_owned()),
            organization: Some("The Company".to_owned()),
            email: Some(format!("{id}@company.example")),
            language: Some("en".to_owned()),
            subscription: Some(subscription.to_owned()),
            ..NewUser::default()
        };
        put_user(admin, &HOST, UserId::new(id)?, user).await?;
    }
    Ok(())
}

async fn load_groups(admin: &Admin) -> Result<(), DemoError> {
    for (id, name, members) in GROUPS {
        let group = NewGroup {
            id: Some(id.to_owned()),
            name: name.to_owned(),
            administrator: Some("director".to_owned()),
            ..NewGroup::default()
        };
        create_group(admin, &HOST, group).await?;
        let group = GroupId::new(id)?;
        for member in ["secretary"].iter().chain(members.iter().copied().flatten()) {
            admit(admin, &group, member).await?;
        }
    }
    Ok(())
}

/// Nobody becomes a member without accepting (A10).
async fn admit(admin: &Admin, group: &GroupId, member: &str) -> Result<(), DemoError> {
    let invitation = NewInvitation { user: Some(member.to_owned()), ..NewInvitation::default() };
    let issued = invite(admin, &HOST, group, invitation).await?.output;
    let token = issued.token.ok_or(DemoError::NoToken)?;
    let caller = Caller { actor: Some(UserId::new(member)?) };
    accept_invitation(admin, &caller, &token).await?;
    Ok(())
}

async fn load_content(admin: &Admin) -> Result<(), DemoError> {
    for (id, parent, name) in FOLDERS {
        let folder = NewFolder {
            id: Some(id.to_owned()),
            parent: parent.to_owned(),
            name: Some(name.to_owned()),
            author: Some("director".to_owned()),
        };
        create_folder(admin, &HOST, folder).await?;
    }
    for (id, parent, name, kind, size, author) in ITEMS {
        let item = NewItem {
            id: Some(id.to_owned()),
            parent: parent.to_owned(),
            name: Some(name.to_owned()),
            kind: Some(kind.to_owned()),
            size: Some(size.into()),
            author: Some(author.to_owned()),
            contact: None,
        };
        create_item(admin, &HOST, item).await?;
    }
    Ok(())
}

async fn load_grants(admin: &Admin) -> Result<(), DemoError> {
    for (resource, right, group) in GRANTS_TO_GROUPS {
        let to = Grantee::Group(GroupId::new(group)?);
        grant(admin, &HOST, Grant { resource: resource.to_owned(), right, to }).await?;
    }
    for right in CALENDAR_RIGHTS {
        let to = Grantee::User(UserId::new("secretary")?);
        grant(admin, &HOST, Grant { resource: "Tool::\"user:director/calendar\"".to_owned(), right, to }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, item, tool};
    use super::*;

    #[tokio::test]
    async fn e_the_worked_example_is_loaded_once() {
        let office = World::empty().await;
        assert!(load(&office.admin).await.unwrap());
        let revision = office.admin.store.revision().await.unwrap();
        assert!(!load(&office.admin).await.unwrap());
        assert_eq!(office.admin.store.revision().await.unwrap(), revision);
    }

    #[tokio::test]
    async fn e_everyone_is_where_the_example_says() {
        let office = World::demo().await;
        let everyone = PEOPLE.map(|(id, ..)| id);
        let inside: [(&str, Vec<&str>); 4] = [
            ("company", everyone.to_vec()),
            ("sales", vec!["director", "secretary", "salesman-1", "salesman-2", "salesman-3"]),
            (
                "production",
                vec!["director", "secretary", "workman-1", "workman-2", "workman-3", "workman-4", "workman-5"],
            ),
            ("direction", vec!["director", "secretary"]),
        ];
        for (group, people) in inside {
            let documents = tool(&format!("group:{group}/documents"));
            for person in everyone {
                assert_eq!(office.may(person, "view", &documents).await, people.contains(&person), "{person} {group}");
                assert_eq!(office.may(person, "manage_access", &documents).await, person == "director", "{person}");
            }
        }
    }

    #[tokio::test]
    async fn e_the_secretary_keeps_the_directors_calendar() {
        let office = World::demo().await;
        let calendar = tool("user:director/calendar");
        for action in ["view_busy", "view", "view_details", "add", "edit", "delete"] {
            assert!(office.may("secretary", action, &calendar).await, "{action}");
        }
        assert!(!office.may("secretary", "manage_access", &calendar).await);
        for action in ["view", "view_details", "add", "edit", "delete", "manage_access"] {
            assert!(!office.may("salesman-1", action, &calendar).await, "{action}");
        }
        assert!(office.may("salesman-1", "view_busy", &item("board-meeting")).await);
    }
}
