//! Time and chance, passed in so that tests decide them.

use std::fmt::Write as _;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;
}

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// If the system has no randomness to give; nothing may be made of the bytes then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The system gave no randomness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness failed: {0}")]
pub struct RandomError(pub String);

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for randomness")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// A new UUIDv7: sorts by time, so that rows made together lie together.
///
/// # Errors
/// [`RandomError`] if there is no randomness.
pub fn new_uuid(clock: &dyn Clock, random: &dyn Random) -> Result<String, RandomError> {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes)?;
    let millis = u64::try_from(clock.now_ms()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().to_string())
}

/// A new secret of 256 bits, as 64 hexadecimal digits.
///
/// # Errors
/// [`RandomError`] if there is no randomness.
pub fn new_secret(random: &dyn Random) -> Result<String, RandomError> {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
