//! What policies can and cannot do, proved and not sampled; and what a change of them changes.
//!
//! Cedar's symbolic compiler makes of policies, for one request environment at a time, a formula about every request and
//! every set of entities that the schema allows. The solver cvc5, a program of its own, either shows that nothing
//! satisfies it, which is a proof, or finds something that does, which is an example: a request with its entities. Every
//! example is decided again by the engine that serves requests before anybody is told of it.
//!
//! May use cedar-policy, cedar-policy-symcc, `engine`, `check` and `domain`; never axum, never SQL.

mod checked;
mod compare;
mod environment;
mod example;
pub mod limits;
mod policies;
mod property;
mod replay;
mod solver;
mod verify;
mod workers;

pub use checked::{Checked, NONE_FAILS, NONE_IS_DEAD, Refutation, Unproved, Verdict};
pub use compare::{Change, Difference, KnownTo, Row, Sides, compare};
pub use environment::Environment;
pub use example::{Example, Files};
pub use property::{Direction, Property, PropertyError};
pub use replay::{Changed, LogError, Replayed, World};
pub use solver::{Open, Solver, SolverMissing};
pub use verify::verify;
