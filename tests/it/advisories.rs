//! What went wrong in comparable servers, tried here.
//!
//! `docs/threat-model.md` names each advisory and the tests that would have caught it. Most of these tell a story of
//! their own elsewhere; here are the others, named by what went wrong, and the test that the document names no test in
//! vain. Above each stands which change of the code it is there to notice.

mod cached;
mod document;
mod doors;
mod forged;
mod nested;
