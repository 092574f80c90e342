//! Bytes on a connection: the accept loop, hyper, the routers.

use super::Target;
use super::stage::{Stage, application};
use conclave::config::{Address, Config};
use conclave::http::Listeners;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where in an input one packet ends and the next begins.
const PAUSE: u8 = 0x1e;

/// How long a client waits for more of an answer before it closes its half, in milliseconds. A server may drop what it is
/// asked by somebody who does not listen.
const SILENT_MILLISECONDS: u64 = 5;

/// How long a connection may stay open after that, in seconds.
const CLOSING_SECONDS_MAX: u64 = 8;

/// An input goes to the admin listener if it begins with `A`, else to the access listener, without that byte.
pub struct Http {
    stage: Stage,
    access: PathBuf,
    admin: PathBuf,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Target for Http {
    fn new() -> Self {
        let mut stage = Stage::new();
        let database = stage.database().display().to_string();
        let (access, admin) = (stage.path(), stage.path());
        let config = Config { database, ..Config::default() };
        let (stop, stopped) = oneshot::channel();
        let (application, listeners) = stage.run(async {
            let addresses = [&access, &admin].map(|path| Address::Unix(path.clone()));
            let listeners = Listeners::bind(&addresses[0], &addresses[1]).await.unwrap();
            (application(&config).await, listeners)
        });
        let serving = stage.spawn(application.run(listeners, async move { drop(stopped.await) }));
        Self { stage, access, admin, running: Some((stop, serving)) }
    }

    fn run(&mut self, input: &[u8]) {
        let Some((first, bytes)) = input.split_first() else { return };
        let path = if *first == b'A' { &self.admin } else { &self.access };
        let answer = self.stage.run(exchange(path, bytes));
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "no HTTP: {}", shown(&answer));
        let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        // Nothing is slow here, nobody else is asking, and nothing may fail.
        assert!(!status.starts_with(b"5"), "{}", shown(&answer));
        let health = self.stage.run(health(path));
        assert!(health.starts_with(b"HTTP/1.1 200 "), "not served any more: {}", shown(&health));
    }

    fn finish(&mut self) {
        if let Some((stop, serving)) = self.running.take() {
            let _ = stop.send(());
            self.stage.answer(serving).unwrap();
        }
    }
}

/// Sends `bytes`, closes this half once nothing more comes, and reads until the other is closed.
async fn exchange(path: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let exchanged = async {
        let mut stream = UnixStream::connect(path).await.unwrap();
        for packet in bytes.split(|byte| *byte == PAUSE) {
            // Who is refused may find the connection closed.
            if stream.write_all(packet).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let silence = Duration::from_millis(SILENT_MILLISECONDS);
        while let Ok(Ok(1..)) = tokio::time::timeout(silence, stream.read_buf(&mut answer)).await {}
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    let closed = tokio::time::timeout(Duration::from_secs(CLOSING_SECONDS_MAX), exchanged).await.is_ok();
    // A stream of changes goes on for as long as somebody may be reading.
    let follows = answer.windows(17).any(|window| window == b"text/event-stream");
    assert!(closed || follows, "the connection was kept: {}", shown(&answer));
    answer
}

/// What a server answers that goes on serving.
async fn health(path: &Path) -> Vec<u8> {
    let mut answer = Vec::new();
    let asked = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await?;
        stream.read_to_end(&mut answer).await
    };
    let asked = tokio::time::timeout(Duration::from_secs(CLOSING_SECONDS_MAX), asked).await;
    assert!(matches!(asked, Ok(Ok(_))), "{asked:?}");
    answer
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
