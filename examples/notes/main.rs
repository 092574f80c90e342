//! Notes in group folders: a small application whose rights are all in Conclave.
//!
//! It keeps the texts of notes, in memory. Who may see, write, change and delete them it never decides itself: the
//! routes are guarded by [`conclave::client::Guard`], and every note is registered with the sidecar as an item, with
//! its size, so that capacities hold.
//!
//! Start a sidecar with the worked example, and this beside it:
//!
//! ```sh
//! cargo run --release -- serve --demo
//! cargo run --example notes -- conclave.db.admin-token     # in a second terminal, in the same folder
//! ```
//!
//! Then, in a third, a salesman looks for a folder to write into. By default only the administrator and her helpers
//! add to a group's space (D1); so the director makes a folder, and lets everybody in sales add to it (D2):
//!
//! ```sh
//! notes=http://127.0.0.1:7190
//! curl -s $notes/groups/sales/folders -H 'X-User: salesman-1' --json '{"name":"Ideas"}'   # 403, D1
//! curl -s $notes/groups/sales/folders -H 'X-User: director' --json '{"id":"ideas","name":"Ideas"}'
//! curl -s -X PUT http://127.0.0.1:7181/admin/v1/grants -H "Authorization: Bearer $(cat conclave.db.admin-token)" \
//!     -H 'Conclave-Actor: director' --json '{"resource":"Folder::\"ideas\"","right":"add","to":{"group":"sales"}}'
//! curl -s $notes/folders/ideas/notes -H 'X-User: salesman-1' --json '{"id":"n1","text":"Sell more."}'
//! curl -s $notes/notes/n1 -H 'X-User: secretary'                                          # everybody in sales looks (S2)
//! curl -s $notes/notes/n1 -H 'X-User: workman-1'                                          # 404: nobody else does
//! curl -s -X PUT $notes/notes/n1 -H 'X-User: director' --json '{"text":"Sell less."}'     # 403: its author edits (D4)
//! curl -s -X PUT $notes/notes/n1 -H 'X-User: salesman-1' --json '{"text":"Sell better."}'
//! curl -s $notes/notes -H 'X-User: salesman-2'                                            # what one may see
//! curl -s -X DELETE $notes/notes/n1 -H 'X-User: director'                                 # she deletes all there is (D5)
//! ```
//!
//! `X-User` stands for a login. A header that anybody can set proves nothing: a real application puts the
//! [`Principal`](conclave::client::Principal) of a session there instead.

#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

mod app;

use app::{Notes, router};
use std::error::Error;

const LISTEN: &str = "127.0.0.1:7190";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let token_file = std::env::args().nth(1).ok_or("usage: notes ADMIN-TOKEN-FILE")?;
    let token = std::fs::read_to_string(token_file)?;
    let notes = Notes::new("http://127.0.0.1:7180", "http://127.0.0.1:7181", token.trim())?;
    let listener = tokio::net::TcpListener::bind(LISTEN).await?;
    println!("notes on http://{LISTEN}");
    Ok(axum::serve(listener, router(notes)).await?)
}
