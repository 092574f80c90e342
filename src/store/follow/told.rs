//! What the server tells of a change: `REVISION`, or `REVISION [[TYPE, ID, CHANGE], …]` with everything that it touched.
//! `schema/postgres` says it, at the commit of the change.

use crate::domain::{EntityUid, Revision};
use crate::store::changes::{Change, ChangeRow};
use smol_str::SmolStr;

/// The revision, and what was touched if that was told. Nothing of what is not as this program writes it.
pub(super) fn read(payload: &str) -> Option<(Revision, Option<Vec<ChangeRow>>)> {
    let (revision, touched) = payload.split_once(' ').map_or((payload, None), |(one, rest)| (one, Some(rest)));
    let revision = Revision(revision.parse().ok()?);
    let Some(touched) = touched else { return Some((revision, None)) };
    let touched: Vec<(SmolStr, SmolStr, SmolStr)> = serde_json::from_str(touched).ok()?;
    let rows = touched.into_iter().zip(0..).map(|((type_name, id, change), ordinal)| {
        let change = Change::from_name(&change)?;
        Some(ChangeRow { revision, ordinal, uid: EntityUid::new(type_name, id), change })
    });
    let rows: Vec<_> = rows.collect::<Option<_>>()?;
    Some((revision, Some(rows).filter(|rows| !rows.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_whole_or_not_at_all() {
        let row = |ordinal, type_name: &str, id: &str, change| ChangeRow {
            revision: Revision(7),
            ordinal,
            uid: EntityUid::new(type_name, id),
            change,
        };
        let told = r#"7 [["Item", "a \"b\" ü", "changed"], ["Group", "g", "created"]]"#;
        let rows = vec![row(0, "Item", "a \"b\" ü", Change::Changed), row(1, "Group", "g", Change::Created)];
        assert_eq!(read(told), Some((Revision(7), Some(rows))));
        for nothing in ["7", "7 []"] {
            assert_eq!(read(nothing), Some((Revision(7), None)), "{nothing}");
        }
        for nonsense in ["", "x", "-7", "7 ", "7 x", "7 [[]]", r#"7 [["Item", "a", "moved"]]"#, r#"7 [["Item", "a"]"#] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
