//! A file that makes room for another when it is full: `FILE`, then `FILE.1`, `FILE.2`… back in time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The newest of the files of a log, and where the others are.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
    files_max: u32,
    /// The file does not end with a line.
    is_cut: bool,
}

impl LogFile {
    /// Goes on with the file at `path`, or begins it. It grows to `bytes_max` at most; of all files `files_max` are
    /// kept.
    ///
    /// # Errors
    /// If it is no regular file, or cannot be written.
    pub(super) fn open(path: &Path, bytes_max: u64, files_max: u32) -> io::Result<Self> {
        // Asked before opening: opening a FIFO waits for a reader that may never come.
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(io::Error::other("it is not a regular file")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = opened(path)?;
        let bytes = file.seek(SeekFrom::End(0))?;
        let is_cut = bytes > 0 && last_byte(&mut file)? != b'\n';
        Ok(Self { path: path.to_owned(), file, bytes, bytes_max, files_max, is_cut })
    }

    /// Adds whole lines, no more than one file takes.
    ///
    /// # Errors
    /// If the file does not take them: then it is as it was before, or told to be cut off, and may be tried again.
    pub(super) fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if self.bytes > 0 && self.bytes.saturating_add(length) > self.bytes_max {
            self.make_room()?;
        }
        if self.is_cut {
            // What was cut off stays a line of its own.
            self.file.write_all(b"\n")?;
            (self.bytes, self.is_cut) = (self.bytes + 1, false);
        }
        if let Err(error) = self.file.write_all(lines) {
            self.is_cut = self.file.set_len(self.bytes).is_err();
            return Err(error);
        }
        self.bytes += length;
        Ok(())
    }

    /// How much may be added at once.
    pub(super) const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Moves each file one back, the oldest into nothing, and begins a new one.
    fn make_room(&mut self) -> io::Result<()> {
        for number in (1..self.files_max.saturating_sub(1)).rev() {
            passing_over_absence(fs::rename(self.numbered(number), self.numbered(number + 1)))?;
        }
        if self.files_max > 1 {
            passing_over_absence(fs::rename(&self.path, self.numbered(1)))?;
        } else {
            passing_over_absence(fs::remove_file(&self.path))?;
        }
        self.file = opened(&self.path)?;
        (self.bytes, self.is_cut) = (self.file.seek(SeekFrom::End(0))?, false);
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// Readable by nobody else: it says who wanted what.
fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).read(true).create(true).mode(0o600).open(path)
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    let [last] = last;
    Ok(last)
}

fn passing_over_absence(moved: io::Result<()>) -> io::Result<()> {
    match moved {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }

    fn expected(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_full_file_makes_room_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = LogFile::open(&path, 6, 3).unwrap();
        for line in ["a\n", "b\n", "c\n", "d\n", "longer than a file\n", "e\n", "f\n"] {
            file.add(line.as_bytes()).unwrap();
        }
        let kept = [("log", "e\nf\n"), ("log.1", "longer than a file\n"), ("log.2", "d\n")];
        assert_eq!(texts(folder.path()), expected(&kept));
        let mut alone = LogFile::open(&path, 6, 1).unwrap();
        alone.add(b"gg\n").unwrap();
        assert_eq!(texts(folder.path())[0], ("log".to_owned(), "gg\n".to_owned()));
    }

    #[test]
    fn a_log_goes_on_where_it_was_and_a_cut_line_stays_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        LogFile::open(&path, 100, 2).unwrap().add(b"whole\n").unwrap();
        fs::write(&path, "whole\ncut").unwrap();
        LogFile::open(&path, 100, 2).unwrap().add(b"next\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\ncut\nnext\n");
    }

    #[test]
    fn what_is_no_file_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LogFile::open(folder.path(), 100, 2).is_err());
        assert!(LogFile::open(&folder.path().join("absent/log"), 100, 2).is_err());
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(LogFile::open(&fifo, 100, 2).is_err());
    }
}
