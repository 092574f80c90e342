//! What the tests of mail share.

use super::Composer;
use crate::domain::{
    Group, GroupId, GroupSettings, Invitation, InvitationId, InvitationState, Letter, Profile, SubscriptionId, User,
    UserId,
};
use std::path::Path;

pub(super) const TOKEN: &str = "5f2a0c4be1d07f3396a8a7c1f4d3e2b15f2a0c4be1d07f3396a8a7c1f4d3e2b1";

/// When mail is written, in milliseconds since 1970-01-01 UTC.
pub(super) const NOON_MS: i64 = 1_700_000_000_000;

pub(super) fn composer(page: bool) -> Composer {
    let accept_url = page.then(|| "https://app.example/join/{token}".to_owned());
    Composer { product_name: "Conclave".to_owned(), accept_url }
}

pub(super) fn user(id: &str, first_name: Option<&str>, last_name: Option<&str>) -> User {
    let [first_name, last_name] = [first_name, last_name].map(|name| name.map(str::to_owned));
    User {
        id: UserId::new(id).unwrap(),
        username: id.to_owned(),
        profile: Profile { last_name, first_name, ..Profile::default() },
        subscription: SubscriptionId::new("free").unwrap(),
    }
}

pub(super) fn group(language: Option<&str>) -> Group {
    Group {
        id: GroupId::new("sales").unwrap(),
        name: "Sales".to_owned(),
        administrator: UserId::new("anna").unwrap(),
        settings: GroupSettings { language: language.map(str::to_owned), ..GroupSettings::default() },
    }
}

/// An invitation by address that expires after so many days.
pub(super) fn invitation(days: i64) -> Invitation {
    Invitation {
        id: InvitationId::new("i").unwrap(),
        group: GroupId::new("sales").unwrap(),
        user: None,
        email: Some("ben@example.org".to_owned()),
        first_name: None,
        last_name: None,
        state: InvitationState::Pending,
        accepted_by: None,
        created_ms: NOON_MS,
        expires_ms: NOON_MS + days * 24 * 60 * 60 * 1000,
    }
}

/// Compares a mail with the file that somebody who reads the language has looked through.
/// `CONCLAVE_UPDATE_GOLDEN=1` writes it anew.
pub(super) fn golden(name: &str, letter: &Letter) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/mail/{name}.txt"));
    let now = format!("To: {}\nSubject: {}\n\n{}", letter.to, letter.subject, letter.body.reveal());
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(now == golden, "{} differs; CONCLAVE_UPDATE_GOLDEN=1 writes it, then review:\n{now}", path.display());
}
