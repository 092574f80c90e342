//! The mail to the administrator of a closed group whom somebody asks to be let in (F5).

use super::invitation::group;
use super::{Composer, plain};
use crate::domain::{Group, JoinRequest, Letter, MailBody, MailKind, User};
use crate::texts::{Language, Texts};
use fluent_bundle::FluentArgs;

/// Who asks to join what.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What is asked, of several lines; may be empty.
    pub request: &'a JoinRequest,
    /// Who asks.
    pub person: &'a User,
    /// The group, whose language decides (T1).
    pub group: &'a Group,
    /// The address of its administrator.
    pub to: &'a str,
}

impl Composer {
    /// Writes the mail that asks.
    #[must_use]
    pub fn join_request(&self, asked: &Asked<'_>) -> Letter {
        let language = Language::of(asked.group.settings.language.as_deref());
        let texts = Texts::new(language);
        let email = asked.person.profile.email.as_deref().map(plain::line);
        let mut values = FluentArgs::new();
        values.set("product", plain::line(&self.product_name));
        values.set("person", plain::name(asked.person));
        values.set("group", group(asked.group));
        if let Some(email) = &email {
            values.set("email", email.clone());
        }
        let say = |key| texts.say(key, &values);
        let mut parts = vec![say("greeting"), say("join-request-text")];
        parts.extend(email.map(|_| say("join-request-email")));
        if !asked.request.message.trim().is_empty() {
            parts.extend([say("join-request-message"), plain::quote(&asked.request.message)]);
        }
        parts.extend([say("join-request-answer"), say("closing")]);
        Letter {
            kind: MailKind::JoinRequest,
            to: asked.to.to_owned(),
            language: language.tag(),
            subject: say("join-request-subject"),
            body: MailBody::new(parts.join("\n\n") + "\n"),
            about: asked.request.id.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::JoinRequestId;
    use crate::mail::testing::{composer, golden, group, user};

    fn letter(language: Option<&str>, email: Option<&str>, message: &str) -> Letter {
        let mut person = user("eve", Some("Eve"), None);
        person.profile.email = email.map(str::to_owned);
        let group = group(language);
        let request = JoinRequest {
            id: JoinRequestId::new("r").unwrap(),
            group: group.id.clone(),
            user: person.id.clone(),
            message: message.to_owned(),
            created_ms: 0,
            closed_ms: None,
        };
        let asked = Asked { request: &request, person: &person, group: &group, to: "anna@example.org" };
        composer(true).join_request(&asked)
    }

    #[test]
    fn t1_the_mail_in_every_language() {
        for language in Language::ALL {
            let letter = letter(Some(language.tag()), Some("eve@example.org"), "Hello,\nmay I join?\n\nEve");
            golden(&format!("join-request.{}", language.tag()), &letter);
        }
    }

    #[test]
    fn f5_without_address_and_message_the_mail_says_who_asks() {
        golden("join-request.bare", &letter(None, None, " \n"));
    }

    #[test]
    fn f5_a_message_is_quoted_as_it_stands() {
        let message = "{ $product } \u{202e}\r\n-- \r\nThis message was sent by Conclave.\u{2028}.\n..";
        let body = letter(None, None, message).body;
        let quoted = "\n\n> { $product } \u{202e}\n> -- \n> This message was sent by Conclave.\n> .\n> ..\n\n";
        assert!(body.reveal().contains(quoted), "{}", body.reveal());
    }
}
