//! Addresses, as a mail server takes them.

use lettre::Address;
use lettre::message::Mailbox;
use thiserror::Error;

/// A text that no mail can be sent to or from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is no address that mail servers take, such as `anna@example.org`")]
pub struct AddressError;

/// Who sends: `noreply@example.org`, or with a name `Example <noreply@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads the sender from the configuration.
    ///
    /// # Errors
    /// [`AddressError`] if it is no address.
    pub fn new(text: &str) -> Result<Self, AddressError> {
        let (name, address) = match text.trim().strip_suffix('>') {
            None => ("", text.trim()),
            Some(rest) => rest.rsplit_once('<').ok_or(AddressError)?,
        };
        if name.contains(char::is_control) {
            return Err(AddressError);
        }
        let name = Some(name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty());
        Ok(Self(Mailbox::new(name, recipient(address)?)))
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        self.0.clone()
    }

    /// What stands behind the `@`.
    pub(super) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

/// Reads the address of somebody who gets mail. A domain in another script is written in the letters
/// that every mail server knows.
pub(super) fn recipient(text: &str) -> Result<Address, AddressError> {
    let (user, domain) = text.rsplit_once('@').ok_or(AddressError)?;
    // What would end a line or a command ends the address, whatever its quotes allow.
    if text.contains(|c: char| c.is_control() || matches!(c, '<' | '>')) {
        return Err(AddressError);
    }
    let address = if domain.is_ascii() {
        Address::new(user, domain)
    } else {
        let domain = url::Host::parse(domain).map_err(|_| AddressError)?;
        Address::new(user, domain.to_string())
    };
    address.map_err(|_| AddressError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_it_stands() {
        for (text, expected) in [
            ("anna@example.org", Some("anna@example.org")),
            ("a.b+c@example.org", Some("a.b+c@example.org")),
            ("anna@münchen.de", Some("anna@xn--mnchen-3ya.de")),
            ("anna@[127.0.0.1]", Some("anna@[127.0.0.1]")),
            ("anna", None),
            ("@example.org", None),
            ("anna@", None),
            ("an na@example.org", None),
            ("a@b.org>\r\nRCPT TO:<x@y.org", None),
            ("\"a\r\nb\"@example.org", None),
            ("a@b.org, c@d.org", None),
        ] {
            assert_eq!(recipient(text).ok().map(|address| address.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        let shown = |text| Sender::new(text).map(|sender| sender.mailbox().to_string());
        assert_eq!(shown("noreply@example.org"), Ok("noreply@example.org".to_owned()));
        assert_eq!(shown("Acme Teams <noreply@example.org>"), Ok("Acme Teams <noreply@example.org>".to_owned()));
        assert_eq!(shown("\"Acme\" <a@b.org>"), Ok("Acme <a@b.org>".to_owned()));
        for bad in ["", "Acme", "Acme <", "Acme <>", "a@b.org, c@d.org", "A\nB <a@b.org>", "<a@b.org"] {
            assert_eq!(shown(bad), Err(AddressError), "{bad:?}");
        }
    }
}
