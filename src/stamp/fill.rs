//! Fill: everything an answer is made from, as a single read would have returned it.

use super::{Stripe, Stripes, Version};
use crate::domain::Revision;

/// Parts that were read at different times: some kept from earlier reads, some read just now.
pub trait Collected {
    /// Of each part, the revision it was read at and the stripes it rests on. What was looked for and
    /// found absent is a part too.
    fn parts(&self) -> impl Iterator<Item = (Revision, &[Stripe])>;
}

/// Has parts gathered, from wherever they are, and answers with them and the one revision that all of
/// them belong to. If they belong to none, they are `reread` from one snapshot of the store.
///
/// # Errors
/// Those of `gather` and `reread`.
pub async fn fill<V, C, E, F>(
    stripes: &Stripes<V>,
    gather: impl Future<Output = Result<C, E>>,
    reread: impl FnOnce() -> F,
) -> Result<(Revision, C), E>
where
    V: Version,
    C: Collected,
    F: Future<Output = Result<C, E>>,
{
    // INVARIANT: read before the parts. The answer counts as one of this revision at least, and only
    // writes up to it are certain to be seen in stripes looked at later.
    let published = stripes.published();
    let gathered = gather.await?;
    let revision = newest(published, &gathered);
    // INVARIANT: after the last read. Every write up to the newest part has raised its stripes before
    // that part could be read, so an older part whose stripes are not raised is still right there.
    // Looked at before the read, a write in between would leave half of what is gathered behind.
    if gathered.parts().all(|(read, rests_on)| read == revision || stripes.unchanged_since(rests_on, read)) {
        return Ok((revision, gathered));
    }
    let published = stripes.published();
    let whole = reread().await?;
    Ok((newest(published, &whole), whole))
}

fn newest(published: Revision, collected: &impl Collected) -> Revision {
    collected.parts().map(|(read, _)| read).fold(published, Ord::max)
}
