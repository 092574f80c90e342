//! Standard output, whose reader may go away at any time: `conclave matrix | head -1`.

use miette::IntoDiagnostic as _;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the reader went away while there was something left that had to be read whole.
static CUT_OFF: AtomicBool = AtomicBool::new(false);

/// Standard output. What nobody reads any more counts as written, so that the command ends as it would have, with the
/// exit code that is its answer.
#[derive(Debug)]
pub(super) struct Output {
    out: io::Stdout,
    must_be_read: bool,
}

impl Output {
    /// For an answer.
    pub(super) fn new() -> Self {
        Self { out: io::stdout(), must_be_read: false }
    }

    /// For what is of no use by halves, and long: it ends as soon as nobody reads.
    pub(super) fn whole() -> Self {
        Self { must_be_read: true, ..Self::new() }
    }

    fn forgive<T>(&self, result: io::Result<T>, as_if: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe && self.must_be_read => {
                CUT_OFF.store(true, Ordering::Relaxed);
                Err(error)
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(as_if),
            other => other,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.forgive(result, ())
    }
}

/// Writes an answer.
pub(super) fn print(text: &str) -> miette::Result<()> {
    let mut out = Output::new();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).into_diagnostic()
}

/// Whether a command failed for no other reason than that nobody reads what it writes: there is nobody to tell.
pub(super) fn is_cut_off() -> bool {
    CUT_OFF.load(Ordering::Relaxed)
}

/// Whether standard output is a terminal that wants colors.
pub(super) fn is_colored() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
