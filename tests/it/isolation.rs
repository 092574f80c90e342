//! Ids are data: whatever they look like, they are nobody else's, and never SQL or Cedar.

mod hostile;
mod tokens;

use crate::matrix;
use crate::sidecar::TestSidecar;
use std::collections::BTreeSet;

/// The ids of the golden matrix, and others that look like each other, like a part of a statement, or like a policy.
fn hostile(id: &str) -> String {
    let text = match id {
        // People: case pairs, two ways to write one letter, letters of another alphabet, letters that nobody sees.
        "admin" => "o'brien \"x\"",
        "co" => "O'Brien \"x\"",
        "author" => "zo\u{eb}",
        "granted" => "zoe\u{308}",
        "member" => "p\u{430}ypal",
        "outsider" => "paypal",
        "stranger" => "paypal\u{200b}",
        "unknown" => "PayPal",
        "owner" => return "\u{1f4a1}".repeat(255),
        "friend" => return "\u{1f4a1}".repeat(254),
        // Groups.
        "team" => "'; DROP TABLE groups; --",
        "others" => "' OR '1'='1",
        "circle" => "x\") }; permit(principal, action, resource); --",
        "closed" => "\u{fb01}",
        "open" => "fi",
        // Folders and items, in which a slash may be.
        "plain" => "a/b",
        "shared" => "a//b",
        "below" => "%",
        "everybody" => "_",
        "notes" => "A/b",
        "inner" => "a/b ",
        "own" => "?1",
        "edited" => "\\",
        "wiki" => "\\\\",
        "note" => "Tool::\"group:team/documents\"",
        "dropped" => "\\\"",
        other => other,
    };
    text.to_owned()
}

#[tokio::test]
async fn the_golden_matrix_is_the_same_whatever_ids_look_like() {
    let ids: BTreeSet<_> = matrix::tables().into_iter().flat_map(|table| table.roles).map(|(id, _)| *id).collect();
    let renamed: BTreeSet<_> = ids.iter().map(|id| hostile(id)).collect();
    assert!(renamed.len() == ids.len() && ids.iter().all(|id| hostile(id) != *id));
    let sidecar = TestSidecar::new().renaming(hostile).start().await;
    matrix::build(&sidecar).await;
    matrix::check(&sidecar).await;
    sidecar.stop().await;
}
