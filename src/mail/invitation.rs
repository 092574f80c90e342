//! The mail to somebody who is invited to a group (A10).

use super::{Composer, plain};
use crate::domain::mail::TOKEN_PLACE;
use crate::domain::{Group, Invitation, Letter, MailBody, MailKind, User};
use crate::texts::{Language, Texts};
use fluent_bundle::FluentArgs;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Who is invited to what, and by whom.
#[derive(Clone, Copy)]
pub struct Invited<'a> {
    /// The invitation.
    pub invitation: &'a Invitation,
    /// The group, whose language decides (T1).
    pub group: &'a Group,
    /// Who invites: its administrator (A9).
    pub inviter: &'a User,
    /// Where the mail goes.
    pub to: &'a str,
    /// What to call the invited person, where that is known.
    pub first_name: Option<&'a str>,
    /// What accepts the invitation. It stands in the mail and nowhere else.
    pub token: &'a str,
}

impl Composer {
    /// Writes the mail that invites.
    #[must_use]
    pub fn invitation(&self, invited: &Invited<'_>) -> Letter {
        let language = Language::of(invited.group.settings.language.as_deref());
        let texts = Texts::new(language);
        let values = self.values(invited);
        let say = |key| texts.say(key, &values);
        let link = self.accept_url.as_ref().map(|url| url.replace(TOKEN_PLACE, invited.token));
        let code = say(if link.is_some() { "invitation-code-instead" } else { "invitation-code" });
        let mut parts = vec![
            say(if values.get("name").is_some() { "greeting-by-name" } else { "greeting" }),
            say("invitation-text"),
        ];
        parts.extend(link.map(|link| format!("{}\n{link}", say("invitation-link"))));
        parts.push(format!("{code}\n{}", invited.token));
        parts.extend(["invitation-expires", "invitation-secret", "closing"].map(say));
        Letter {
            kind: MailKind::Invitation,
            to: invited.to.to_owned(),
            language: language.tag(),
            subject: say("invitation-subject"),
            body: MailBody::new(parts.join("\n\n") + "\n"),
            about: invited.invitation.id.text(),
        }
    }

    fn values(&self, invited: &Invited<'_>) -> FluentArgs<'static> {
        let Invitation { created_ms, expires_ms, .. } = *invited.invitation;
        let mut values = FluentArgs::new();
        values.set("product", plain::line(&self.product_name));
        values.set("inviter", plain::name(invited.inviter));
        values.set("group", group(invited.group));
        // Begun days count: the day it is sent is the first of them.
        values.set("days", expires_ms.saturating_sub(created_ms).saturating_add(DAY_MS - 1) / DAY_MS);
        values.set("date", date(expires_ms));
        if let Some(name) = invited.first_name.map(plain::line).filter(|name| !name.is_empty()) {
            values.set("name", name);
        }
        values
    }
}

/// What a group is called, with the long form of its name if it has one.
pub(super) fn group(group: &Group) -> String {
    let name = plain::line(&group.name);
    match group.settings.full_name.as_deref().map(plain::line) {
        Some(full) if !full.is_empty() && full != name => format!("{name} ({full})"),
        _ => name,
    }
}

/// The same in every language and every time zone.
fn date(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::testing::{TOKEN, composer, golden, group, invitation, user};

    fn letter(composer: &Composer, group: &Group, first_name: Option<&str>) -> Letter {
        let invitation = invitation(30);
        let inviter = user("anna", Some("Anna"), Some("Berg"));
        composer.invitation(&Invited {
            invitation: &invitation,
            group,
            inviter: &inviter,
            to: "ben@example.org",
            first_name,
            token: TOKEN,
        })
    }

    #[test]
    fn t1_the_mail_in_every_language() {
        for language in Language::ALL {
            let mut group = group(Some(language.tag()));
            group.settings.full_name = Some("Sales and Marketing".to_owned());
            let letter = letter(&composer(true), &group, Some("Ben"));
            golden(&format!("invitation.{}", language.tag()), &letter);
            assert_eq!(letter.language, language.tag());
        }
    }

    #[test]
    fn a10_without_a_page_the_mail_says_the_token_alone() {
        let letter = letter(&composer(false), &group(None), None);
        golden("invitation.code-only", &letter);
        assert_eq!(letter.body.reveal().matches(TOKEN).count(), 1);
        assert!(!letter.subject.contains(TOKEN));
    }

    #[test]
    fn t2_the_product_has_its_configured_name() {
        let composer = Composer { product_name: "Acme Teams".to_owned(), accept_url: None };
        let body = letter(&composer, &group(None), None).body;
        assert!(body.reveal().contains("on Acme Teams.") && !body.reveal().contains("Conclave"));
    }

    #[test]
    fn what_people_wrote_is_never_read_as_ours() {
        let mut group = group(None);
        group.name = "{ $inviter } { DATETIME($date) } -term\r\nBcc: x@example.org\r\n\r\nPay".to_owned();
        let letter = letter(&composer(true), &group, Some("{ closing }"));
        let name = "“{ $inviter } { DATETIME($date) } -term  Bcc: x@example.org    Pay”";
        assert!(letter.subject.ends_with(name) && !letter.subject.contains(['\r', '\n']), "{}", letter.subject);
        let body = letter.body.reveal();
        assert!(body.starts_with("Hello { closing },\n\n"), "{body}");
        assert!(
            body.contains(&format!("group {name} on")) && !body.contains("\nBcc") && !body.contains('\r'),
            "{body}"
        );
    }

    #[test]
    fn begun_days_count() {
        for (created_ms, expires_ms, days) in [(0, DAY_MS, 1), (0, DAY_MS + 1, 2), (5, 30 * DAY_MS + 5, 30)] {
            let invitation = Invitation { created_ms, expires_ms, ..invitation(1) };
            let (group, inviter) = (group(None), user("anna", None, None));
            let facts = Invited {
                invitation: &invitation,
                group: &group,
                inviter: &inviter,
                to: "a@b",
                first_name: None,
                token: "t",
            };
            let body = composer(false).invitation(&facts).body;
            let expected = format!("expires in {days} day");
            assert!(body.reveal().contains(&expected), "{}", body.reveal());
        }
    }
}
