//! The real binary, killed, halted and starved at every step of its writes, and given files that are damaged or not its
//! own: what it acknowledged is there, what it refused is not, and no decision is wrong.
//!
//! How the binary is stopped at a step: `tests/crash/disk.c`, a library that is preloaded into it, stands between it
//! and the disk. So it is the released program that is tried, without any hook of its own, and the steps are all there
//! are: what outlives a process is what it has handed to the system, and each such call is seen. The tests are not there on
//! a system without `cc`, or where nothing can be preloaded.
//!
//! `tests/crash/run [ROUNDS] [SEED]` does more of it than the suite.

pub mod damaged;
mod dice;
pub mod disk;
mod faults;
mod killed;
mod oracle;
pub mod room;
mod soak;
mod victim;

pub use dice::Dice;
