//! Mail to people: written when the change it tells of is made, sent afterwards (A10, F5, T1, T2).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `invitation`, `join_request` | one kind of mail each, written whole: pure functions |
//! | `plain` | what people wrote, made safe to stand in plain text |
//! | `address`, `message` | the mail as a mail server wants it |
//! | `smtp` | the mail server: where it is, and what its answers mean |
//! | `backoff`, `deliver` | the task that empties the outbox |
//!
//! A mail is put into the outbox in the transaction of its change, so there is never one without
//! the other. Without a mail server nothing here sends: the host reads the outbox itself.
//!
//! May use lettre, Fluent, `domain`, `texts`, the outbox of the `store`, and the clock and the randomness
//! of `admin`; never axum, never sqlx.

pub mod address;
mod backoff;
pub mod deliver;
mod invitation;
mod join_request;
pub mod limits;
mod message;
mod plain;
pub mod smtp;
#[cfg(test)]
mod testing;

pub use address::{AddressError, Sender};
pub use deliver::Delivery;
pub use invitation::Invited;
pub use join_request::Asked;
pub use smtp::{Smtp, SmtpUrlError};

use tokio::sync::Notify;

/// How mail is written here: what of it is configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composer {
    /// What the product is called (T2).
    pub product_name: String,
    /// Where an invited person accepts, [`TOKEN_PLACE`](crate::domain::mail::TOKEN_PLACE) standing for the token; `None` if the host
    /// has no such page, and the mail then says the token alone.
    pub accept_url: Option<String>,
}

/// Where commands write mail, and where they say that there is some.
#[derive(Debug)]
pub struct Desk {
    /// Writes it.
    pub composer: Composer,
    arrived: Notify,
}

impl Desk {
    /// A desk at which mail is written like this.
    #[must_use]
    pub fn new(composer: Composer) -> Self {
        Self { composer, arrived: Notify::new() }
    }

    /// Says that the outbox may hold something new. Call it after the commit: before, there is
    /// nothing to be seen.
    pub fn announce(&self) {
        self.arrived.notify_one();
    }

    /// Waits until something was announced, perhaps before this was called. For one to wait.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }
}
