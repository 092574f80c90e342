//! Lines of a file, counted and hashed on the way.

use super::import::ImportError;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{BufRead, Read as _};

/// Longest line, in bytes: everything a record may hold fits many times over.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// A reader that knows where it is.
pub(super) struct Lines<R> {
    reader: R,
    /// `None` where nobody will ask what was read.
    hash: Option<Sha256>,
    text: Vec<u8>,
    /// Lines read.
    pub(super) count: u64,
    /// Bytes of those lines, their ends included.
    pub(super) bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, hashed: bool) -> Self {
        Self { reader, hash: hashed.then(Sha256::new), text: Vec::new(), count: 0, bytes: 0 }
    }

    /// The next line without its end, or `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, ImportError> {
        self.text.clear();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.text)?;
        if read == 0 {
            return Ok(None);
        }
        self.count += 1;
        self.bytes += u64::try_from(read).unwrap_or(u64::MAX);
        if self.bytes_are_too_many(read) {
            return Err(ImportError::refused(
                self.count,
                None,
                &format!("is longer than {LINE_BYTES_MAX} bytes"),
                None,
            ));
        }
        if let Some(hash) = &mut self.hash {
            hash.update(&self.text);
        }
        Ok(Some(self.text.strip_suffix(b"\n").unwrap_or(&self.text)))
    }

    /// Whether there is no further line.
    pub(super) fn is_at_end(&mut self) -> Result<bool, ImportError> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    fn bytes_are_too_many(&self, read: usize) -> bool {
        u64::try_from(read).is_ok_and(|read| read == LINE_BYTES_MAX) && !self.text.ends_with(b"\n")
    }

    /// SHA-256 of everything read so far, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        let digest = self.hash.clone().unwrap_or_default().finalize();
        digest.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
