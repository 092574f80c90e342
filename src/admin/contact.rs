//! Contacts: whom an item of a contacts tool stands for, and those that an invitation adds (A9).

use super::field::{id, malformed, out_of_range, texts};
use super::{Admin, Refusal, authority};
use crate::domain::contact::CONTACTS;
use crate::domain::text::{email, line};
use crate::domain::{Contact, ContentRef, EntityUid, Invitee, Space, ToolId, ToolKind, UserId};
use crate::store::WriteTransaction;
use crate::store::write::content::ItemValues;
use serde::Deserialize;

/// Whom an item is to stand for, as a request says it: `user` or `email`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewContact {
    /// A known user.
    pub user: Option<String>,
    /// Anybody with an address.
    pub email: Option<String>,
    /// Given name of somebody known by address.
    pub first_name: Option<String>,
    /// Family name of somebody known by address.
    pub last_name: Option<String>,
}

/// How a request names the fields of a person: `user`, `email`, first and last name.
pub(super) type Fields = [&'static str; 4];

/// Those of the contact of an item.
const OF_ITEM: Fields = ["contact.user", "contact.email", "contact.first_name", "contact.last_name"];

impl NewContact {
    /// The contact of an item, by its form alone.
    pub(super) fn read(&self) -> Result<Contact, Refusal> {
        self.read_as(OF_ITEM)
    }

    /// The person, refused in the words of `fields`.
    pub(super) fn read_as(&self, fields: Fields) -> Result<Contact, Refusal> {
        let [user_field, email_field, first_field, last_field] = fields;
        let named = self.first_name.is_some() || self.last_name.is_some();
        match (&self.user, &self.email) {
            (Some(_), None) if named => Err(malformed(user_field, "goes without names: the user has them")),
            (Some(user), None) => Ok(Contact::User { user: id(user_field, user)? }),
            (None, Some(address)) => {
                let (first_name, last_name) = (self.first_name.clone(), self.last_name.clone());
                texts(&[
                    (email_field, Some(address), email),
                    (first_field, first_name.as_deref(), line),
                    (last_field, last_name.as_deref(), line),
                ])?;
                Ok(Contact::Address { email: address.clone(), first_name, last_name })
            }
            (None, None) => Err(malformed(user_field, "is missing: say whom, by `user` or by `email`")),
            (Some(_), Some(_)) => Err(malformed(email_field, "goes without `user`")),
        }
    }
}

/// Whether an item of this kind of tool may stand for this person.
pub(super) async fn check(tx: &mut WriteTransaction, kind: &ToolKind, contact: &Contact) -> Result<(), Refusal> {
    if kind.as_str() != CONTACTS {
        return Err(out_of_range("contact", format!("is for items of `{CONTACTS}` tools, not of `{kind}`")));
    }
    match contact {
        Contact::User { user } if !tx.user_exists(user).await? => Err(authority::not_found(&EntityUid::user(user))),
        Contact::User { .. } | Contact::Address { .. } => Ok(()),
    }
}

/// Adds an invited person to the private contacts of `owner`, who invites, unless they are a
/// candidate already (A9). Its size is not said, so no capacity is consulted: P6 stops no invitation.
///
/// A deployment whose private spaces have no contacts tool keeps no contacts.
pub(super) async fn remember(
    admin: &Admin,
    tx: &mut WriteTransaction,
    owner: &UserId,
    invitee: &Invitee,
    contact: &Contact,
) -> Result<(), Refusal> {
    let tool = ToolId { space: Space::Private(owner.clone()), kind: ToolKind::new(CONTACTS) };
    let Some(place) = tx.locate(&ContentRef::Tool(tool)).await? else { return Ok(()) };
    if is_candidate(tx, owner, invitee).await? {
        return Ok(());
    }
    let id = admin.content_id(None)?;
    let item = ItemValues { id: &id, name: None, kind: None, author: owner, size: 0, contact: Some(contact) };
    Ok(tx.insert_item(&place, item).await?)
}

/// Whether somebody shares a group with `owner` or is among the contacts `owner` sees (A9).
async fn is_candidate(tx: &mut WriteTransaction, owner: &UserId, invitee: &Invitee) -> Result<bool, Refusal> {
    match invitee {
        Invitee::Email(email) => Ok(tx.is_contact(owner, None, Some(email)).await?),
        Invitee::User(user) => {
            let email = tx.sole_email_of(user).await?;
            Ok(tx.share_a_group(owner, user).await? || tx.is_contact(owner, Some(user), email.as_deref()).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::create_item::{NewItem, create_item};
    use super::super::delete_user::delete_user;
    use super::super::read_content::{ItemView, read_item};
    use super::super::testing::{HOST, World, body, by, user, why};
    use super::super::{Caller, Done};
    use super::*;
    use crate::domain::ItemId;

    async fn add(world: &World, caller: &Caller, parent: &str, contact: &str) -> Result<Done<ItemView>, Refusal> {
        let json = format!(r#"{{"id":"c","parent":"Tool::\"{parent}\"","contact":{contact}}}"#);
        let new = NewItem { author: caller.actor.is_none().then(|| "anna".to_owned()), ..body(&json) };
        create_item(&world.admin, caller, new).await
    }

    async fn shown(world: &World, caller: &Caller) -> Option<Contact> {
        read_item(&world.admin, caller, &ItemId::new("c").unwrap()).await.unwrap().contact
    }

    #[tokio::test]
    async fn a9_an_item_of_a_contacts_tool_stands_for_somebody() {
        let world = World::new().await;
        world.sales(&["ben"]).await;
        let ben = Contact::User { user: user("ben") };
        let added = add(&world, &by("anna"), "user:anna/contacts", r#"{"user":"ben"}"#).await.unwrap();
        assert_eq!(added.output.contact.as_ref(), Some(&ben));
        assert_eq!(world.touched(&added).await, ["created Item::\"c\""]);
        assert_eq!(shown(&world, &by("anna")).await, Some(ben));

        let world = World::new().await;
        world.sales(&["ben"]).await;
        let address = r#"{"email":"eve@example.org","first_name":"Eve"}"#;
        add(&world, &HOST, "group:sales/contacts", address).await.unwrap();
        let eve = Contact::Address {
            email: "eve@example.org".to_owned(),
            first_name: Some("Eve".to_owned()),
            last_name: None,
        };
        for caller in [HOST, by("ben")] {
            assert_eq!(shown(&world, &caller).await.as_ref(), Some(&eve));
        }
    }

    #[tokio::test]
    async fn a9_a_contact_has_one_form_and_one_kind_of_tool() {
        let world = World::new().await;
        world.sales(&[]).await;
        for caller in [HOST, by("anna")] {
            for (parent, contact, expected) in [
                ("group:sales/documents", r#"{"user":"ben"}"#, (422, None)),
                ("user:anna/profile", r#"{"email":"a@example.org"}"#, (422, None)),
                ("user:anna/contacts", r#"{"user":"nobody"}"#, (404, None)),
                ("user:anna/contacts", r#"{"user":"a/b"}"#, (422, None)),
                ("user:anna/contacts", r#"{"email":"nothing"}"#, (422, None)),
                ("user:anna/contacts", r#"{"email":"a@example.org","last_name":"a\u0007"}"#, (422, None)),
                ("user:anna/contacts", "{}", (400, None)),
                ("user:anna/contacts", r#"{"user":"ben","email":"a@example.org"}"#, (400, None)),
                ("user:anna/contacts", r#"{"user":"ben","first_name":"B"}"#, (400, None)),
            ] {
                world.refused(add(&world, &caller, parent, contact), expected).await;
            }
        }
        // Who may not add there learns nothing of tools.
        let refused = add(&world, &by("ben"), "group:sales/documents", r#"{"user":"ben"}"#).await;
        assert_eq!(why(refused), (404, None));
    }

    #[tokio::test]
    async fn p7_the_item_outlives_the_user_it_stood_for() {
        let world = World::new().await;
        add(&world, &HOST, "user:anna/contacts", r#"{"user":"ben"}"#).await.unwrap();
        let done = delete_user(&world.admin, &HOST, &user("ben")).await.unwrap();
        assert!(world.touched(&done).await.contains(&"changed Item::\"c\"".to_owned()));
        assert_eq!(shown(&world, &by("anna")).await, None);
    }
}
