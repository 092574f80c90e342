//! Reading the outbox, for a host that delivers the mail itself or looks after it.

use super::{Admin, Caller, Refusal};
use crate::domain::{Mail, MailState, Page, Paged};

/// Mail in one state, oldest first. What waits is shown whole, tokens included.
///
/// # Errors
/// [`Refusal`]: the host's alone.
pub async fn read_outbox(
    admin: &Admin,
    caller: &Caller,
    state: MailState,
    page: &Page,
) -> Result<Paged<Mail>, Refusal> {
    admin.host_only(caller, "mails")?;
    Ok(admin.store.outbox(state, page).await?)
}
