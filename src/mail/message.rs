//! A mail as it goes over the wire. The library writes the headers: no text of anybody's can end one
//! and begin another.

use super::address::{AddressError, Sender, recipient};
use crate::domain::Mail;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use std::time::{Duration, SystemTime};

/// Writes a mail that is sent at `now_ms` (milliseconds since 1970-01-01 UTC).
///
/// Its `Message-ID` is made of its id, so that a mail that was sent twice shows as one. Its text is
/// written so that a person can read it on the way, and no server has to break its lines.
pub(super) fn message(sender: &Sender, mail: &Mail, now_ms: i64) -> Result<Message, AddressError> {
    let text = mail.body.as_ref().map_or("", |body| body.reveal());
    Message::builder()
        .from(sender.mailbox())
        .to(Mailbox::new(None, recipient(&mail.to)?))
        .date(time(now_ms))
        .message_id(Some(format!("<{}@{}>", mail.id, sender.domain())))
        .subject(mail.subject.clone())
        // Out-of-office replies stay away (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", &mail.language))
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        // The end of the last line is that of the whole, which the library sends.
        .body(text.strip_suffix('\n').unwrap_or(text).to_owned())
        .map_err(|_| AddressError)
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn time(ms: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MailBody, MailId, MailKind, MailState};
    use crate::mail::testing::NOON_MS;

    fn mail(to: &str, subject: &str, body: &str) -> Mail {
        Mail {
            id: MailId::new("0189").unwrap(),
            kind: MailKind::Invitation,
            to: to.to_owned(),
            language: "nl".to_owned(),
            subject: subject.to_owned(),
            body: Some(MailBody::new(body.to_owned())),
            state: MailState::Pending,
            attempts: 0,
            created_ms: 0,
            next_attempt_ms: 0,
            last_error: None,
            sent_ms: None,
        }
    }

    fn written(mail: &Mail) -> String {
        let sender = Sender::new("Acme Teams <noreply@example.org>").unwrap();
        String::from_utf8(message(&sender, mail, NOON_MS).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_whole_mail() {
        let text = written(&mail("anna@example.org", "Hallo", "Eén\n.\nTwee\n"));
        assert_eq!(
            text.replace("\r\n", "\n"),
            "From: \"Acme Teams\" <noreply@example.org>\nTo: anna@example.org\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n\
             Message-ID: <0189@example.org>\nSubject: Hallo\nAuto-Submitted: auto-generated\nContent-Language: nl\n\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\nE=C3=A9n\n.\nTwee"
        );
        assert!(!text.replace("\r\n", "").contains('\n'));
    }

    #[test]
    fn no_text_begins_a_header() {
        let text =
            written(&mail("anna@example.org", "Hallo\r\nBcc: x@example.org\r\n\r\nboo", "\r\nBcc: y@example.org"));
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            headers.lines().filter(|line| line.starts_with(|c: char| c.is_alphabetic())).count(),
            10,
            "{headers}"
        );
        assert!(!headers.contains("\nBcc") && !headers.contains("\nboo"), "{headers}");
        let sender = Sender::new("a@b.org").unwrap();
        assert!(message(&sender, &mail("a@b.org\r\nBcc: x@y.org", "", ""), 0).is_err());
    }
}
