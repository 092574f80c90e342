//! Whom an item of a contacts tool stands for (A9).

use super::id::UserId;
use serde::Serialize;

/// The kind of tool whose items may be contacts.
pub const CONTACTS: &str = "contacts";

/// A person somebody knows: `{"user"}` or `{"email","first_name","last_name"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Contact {
    /// A known user, whose names and address are the user's own to show (M4).
    User {
        /// Who.
        user: UserId,
    },
    /// Somebody with an address, user or not.
    Address {
        /// Where mail reaches the person.
        email: String,
        /// Given name, as whoever made the contact wrote it.
        first_name: Option<String>,
        /// Family name, as whoever made the contact wrote it.
        last_name: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_a_contact_is_a_user_or_an_address() {
        let json = |contact: &Contact| serde_json::to_string(contact).unwrap();
        assert_eq!(json(&Contact::User { user: UserId::new("anna").unwrap() }), r#"{"user":"anna"}"#);
        let address = Contact::Address { email: "a@b".to_owned(), first_name: Some("A".to_owned()), last_name: None };
        assert_eq!(json(&address), r#"{"email":"a@b","first_name":"A","last_name":null}"#);
    }
}
