//! Whom the questions are put to: a server over HTTP, or the pipeline in this process.

mod http;

pub use http::{Http, Server, ServerError};

use super::question::Question;
use crate::check::{CacheUse, Check};
use crate::domain::Decision;
use smol_str::SmolStr;
use std::sync::Arc;

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Allow or Deny.
    pub decision: Decision,
    /// Whether it came from the cache, where that can be seen.
    pub cache: Option<CacheUse>,
}

/// Why there is no answer, in a few words that can be counted: `status 503`, `connection refused`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault(pub SmolStr);

/// One who can be asked one question at a time.
pub trait Ask: Send {
    /// Asks, and waits for the answer.
    fn ask(&mut self, question: &Question) -> impl Future<Output = Result<Reply, Fault>> + Send;
}

/// The decision pipeline of this process.
#[derive(Debug, Clone)]
pub struct InProcess(pub Arc<Check>);

impl Ask for InProcess {
    async fn ask(&mut self, question: &Question) -> Result<Reply, Fault> {
        match self.0.decide(&question.borrow()).await {
            Ok(answer) => Ok(Reply { decision: answer.outcome().decision, cache: Some(answer.cache) }),
            Err(_) => Err(Fault(SmolStr::new_static("no decision"))),
        }
    }
}
