//! Ids are data: whatever they look like, they are nobody else's, and never SQL or Cedar.

mod hostile;
mod tokens;
