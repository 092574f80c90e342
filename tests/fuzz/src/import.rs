//! Files for `conclave import`.

use super::Target;
use super::stage::{Stage, broken, forget};
use conclave::bulk::{ImportError, Plan, export, import};
use conclave::config::Config;
use conclave::store::{Access, Store};
use std::io::Cursor;
use std::path::PathBuf;

/// After so many files that were imported another database is taken.
const IMPORTS_MAX: u32 = 100;

/// Of so many files that were imported one is followed by going out and in again.
const ROUND_TRIP_EVERY: u32 = 10;

/// An input is imported beside the worked example: in one transaction, or, if its first byte is `2`, in one for each
/// two lines. That byte is left out.
pub struct Import {
    stage: Stage,
    config: Config,
    /// The database, where it stands, and how much was imported.
    opened: Option<(Store, PathBuf, u32)>,
}

impl Target for Import {
    fn new() -> Self {
        Self { stage: Stage::new(), config: Config::default(), opened: None }
    }

    fn run(&mut self, input: &[u8]) {
        let Some((first, text)) = input.split_first() else { return };
        let lines = (*first == b'2').then_some(2);
        let (store, path, count) = self.opened.take().unwrap_or_else(|| self.open());
        let (before, done, after) = self.stage.answer(async {
            let before = store.revision().await.unwrap();
            let done = self.import(&store, text, lines).await;
            (before, done, store.revision().await.unwrap())
        });
        match done {
            // What is wrong with a line is said of the line.
            Err(ImportError::Refused { line, .. }) => assert!(line > 0 && (lines.is_some() || after == before)),
            other => assert!(other.is_ok(), "the file is at fault, not the database: {other:?}"),
        }
        if after == before {
            self.opened = Some((store, path, count));
            return;
        }
        assert_eq!(self.stage.run(broken(&store, &self.config)), None, "broken by what was imported");
        if count.is_multiple_of(ROUND_TRIP_EVERY) {
            self.goes_out_and_in(&store);
        }
        self.opened = Some((store, path, count + 1));
        if count >= IMPORTS_MAX {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some((store, path, _)) = self.opened.take() {
            self.stage.run(store.close());
            forget(&path);
        }
    }
}

impl Import {
    fn open(&mut self) -> (Store, PathBuf, u32) {
        let path = self.stage.database();
        let store = self.stage.run(Store::open(path.to_str().unwrap(), Access::Own)).unwrap();
        (store, path, 0)
    }

    async fn import(&self, store: &Store, text: &[u8], transaction_lines: Option<u64>) -> Result<(), ImportError> {
        let plan = Plan { transaction_lines, restart: true, kinds: &self.config.tool_kinds, now_ms: 0 };
        import(store, || Ok(Cursor::new(text.to_vec())), plan, |_| {}).await.map(drop)
    }

    /// What is in the database goes into an empty one, and out of that again.
    fn goes_out_and_in(&mut self, store: &Store) {
        let path = self.stage.path();
        self.stage.run(async {
            let text = exported(store).await;
            let other = Store::open(path.to_str().unwrap(), Access::Own).await.unwrap();
            let done = self.import(&other, &text, None).await;
            assert!(done.is_ok(), "what went out does not come in: {done:?}");
            assert!(exported(&other).await == text, "what came in is not what went out");
            other.close().await;
        });
        forget(&path);
    }
}

async fn exported(store: &Store) -> Vec<u8> {
    let mut text = Vec::new();
    export(store, &mut text, |_| {}).await.unwrap();
    text
}
