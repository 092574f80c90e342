//! Restarts of the real binary behind sockets that somebody else holds: nothing that is sent is lost.
//!
//! `CONCLAVE_RESTART_REQUESTS=100000 tests/run --test it handover` sends as many; 4,000 otherwise.

use std::fs::File;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_mins(1);
const RESTARTS: usize = 6;
const CLIENTS: usize = 8;

/// Becomes the server, with standard input and output as the sockets that are handed over.
const HAND_OVER: &str = "export LISTEN_PID=$$ LISTEN_FDS=2; exec \"$0\" \"$@\" 3<&0 4<&1 </dev/null >/dev/null";

/// More time than usual: clients and servers of many tests share the machine, and a client that does not get its turn
/// for a second is no fault of the server.
const TIME: [(&str, &str); 5] = [
    ("CONCLAVE_LIMITS_HEADER_READ_SECONDS", "60"),
    ("CONCLAVE_LIMITS_BODY_READ_SECONDS", "60"),
    ("CONCLAVE_LIMITS_REQUEST_SECONDS", "60"),
    ("CONCLAVE_LIMITS_DRAIN_SECONDS", "60"),
    ("CONCLAVE_LIMITS_DRAIN_IDLE_MILLISECONDS", "20000"),
];

/// Holds the sockets, as systemd does.
struct Holder {
    folder: TempDir,
    access: TcpListener,
    admin: UnixListener,
}

/// A server behind them; killed if a test fails before it is stopped.
struct Server(Child, PathBuf);

impl Holder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let admin = UnixListener::bind(folder.path().join("admin.sock")).unwrap();
        Self { folder, access: TcpListener::bind("127.0.0.1:0").unwrap(), admin }
    }

    fn address(&self) -> SocketAddr {
        self.access.local_addr().unwrap()
    }

    fn start(&self, n: usize) -> Server {
        self.start_with(n, &[])
    }

    fn start_with(&self, n: usize, variables: &[(&str, &str)]) -> Server {
        let log = self.folder.path().join(format!("{n}.log"));
        let child = Command::new("sh")
            .args(["-c", HAND_OVER, env!("CARGO_BIN_EXE_conclave"), "serve", "--demo"])
            .envs(TIME)
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .stdin(OwnedFd::from(self.access.try_clone().unwrap()))
            .stdout(OwnedFd::from(self.admin.try_clone().unwrap()))
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Server(child, log)
    }
}

impl Server {
    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Once it knows that it was told to stop.
    async fn stopping(&self) {
        let begun = Instant::now();
        while !self.log().contains("stopping: answering what is under way") {
            assert!(begun.elapsed() < PATIENCE, "the server does not stop: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not stop: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn log(&self) -> String {
        let mut text = String::new();
        File::open(&self.1).unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

const QUESTION: &str =
    r#"{"principal":"User::\"salesman-1\"","action":"Action::\"view\"","resource":"Tool::\"group:sales/documents\""}"#;

fn request(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// One answer: its head in small letters, and its body.
async fn answer(stream: &mut TcpStream) -> Result<(String, String), String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return Ok((head, body.to_owned()));
            }
        }
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut bytes)).await;
        if read.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())? == 0 {
            return Err(format!("cut off after {text:?}"));
        }
    }
}

/// Asks without ever asking twice, on one connection until it is told that this was the last answer.
async fn client(address: SocketAddr, done: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> Vec<String> {
    let (mut lost, mut kept) = (Vec::new(), None);
    while !done.load(Ordering::Relaxed) && lost.is_empty() {
        let asked = async {
            let mut stream = match kept.take() {
                Some(stream) => stream,
                None => TcpStream::connect(address).await.map_err(|error| error.to_string())?,
            };
            let text = request("POST", "/v1/is_authorized", QUESTION);
            stream.write_all(text.as_bytes()).await.map_err(|error| error.to_string())?;
            let (head, body) = answer(&mut stream).await?;
            if !head.starts_with("http/1.1 200") || !body.contains("\"decision\":\"Allow\"") {
                return Err(format!("{head}\n{body}"));
            }
            Ok(if head.contains("connection: close") { None } else { Some(stream) })
        };
        match asked.await {
            Ok(stream) => kept = stream,
            Err(error) => lost.push(error),
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_the_server_is_restarted_again_and_again() {
    let requests_min: usize =
        std::env::var("CONCLAVE_RESTART_REQUESTS").map_or(4_000, |requests| requests.parse().unwrap());
    let holder = Holder::new();
    let mut server = holder.start(0);
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(client(holder.address(), Arc::clone(&done), Arc::clone(&answered))))
        .collect();
    let share = CLIENTS + requests_min.div_ceil(RESTARTS + 1);
    for restart in 1..=RESTARTS + 1 {
        let (begun, before) = (Instant::now(), answered.load(Ordering::Relaxed));
        // By this server, which therefore listens to signals: the one before has ended.
        while answered.load(Ordering::Relaxed) < before + share && !clients.iter().any(JoinHandle::is_finished) {
            assert!(begun.elapsed() < 10 * PATIENCE, "{}", server.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if restart > RESTARTS {
            break;
        }
        // By turns: the next server begins when the one before has ended, or before, and waits for the database.
        let early = restart.is_multiple_of(2).then(|| holder.start(restart));
        server.signal("TERM");
        assert_eq!(server.code().await, Some(0), "{}", server.log());
        server = early.unwrap_or_else(|| holder.start(restart));
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.await.unwrap(), Vec::<String>::new());
    }
    println!("{} requests, {RESTARTS} restarts, none lost", answered.load(Ordering::Relaxed));
    server.signal("TERM");
    assert_eq!(server.code().await, Some(0), "{}", server.log());
    assert!(holder.folder.path().join("admin.sock").exists(), "a socket that was handed over is not removed");
}

/// A connection with an answer behind it.
async fn kept(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request("GET", "/readyz", "").as_bytes()).await.unwrap();
    let (head, body) = answer(&mut stream).await.unwrap();
    assert!(head.starts_with("http/1.1 200") && body.contains("\"ready\""), "{head}\n{body}");
    stream
}

/// A request of which the last byte is to come.
async fn half(address: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = request("POST", "/v1/is_authorized", QUESTION);
    let (first, last) = text.split_at(text.len() - 1);
    stream.write_all(first.as_bytes()).await.unwrap();
    (stream, last.to_owned())
}

#[tokio::test]
async fn a_server_that_stops_says_so_answers_what_was_begun_and_ends_with_0() {
    let holder = Holder::new();
    let mut server = holder.start(0);
    let mut kept = kept(holder.address()).await;
    let (mut begun, last) = half(holder.address()).await;
    // The server has read the first part once it has answered what came after it.
    self::kept(holder.address()).await;
    server.signal("TERM");
    server.stopping().await;
    kept.write_all(request("GET", "/readyz", "").as_bytes()).await.unwrap();
    let (head, body) = answer(&mut kept).await.unwrap();
    assert!(head.starts_with("http/1.1 503") && head.contains("connection: close"), "{head}");
    assert!(body.contains("\"stopping\""), "{body}");
    assert_eq!(server.0.try_wait().unwrap(), None, "something is under way");
    begun.write_all(last.as_bytes()).await.unwrap();
    let (head, body) = answer(&mut begun).await.unwrap();
    assert!(head.starts_with("http/1.1 200") && body.contains("Allow"), "{head}\n{body}");
    assert_eq!(server.code().await, Some(0), "{}", server.log());
}

#[tokio::test]
async fn a_second_signal_ends_it_where_it_stands() {
    let holder = Holder::new();
    let mut server = holder.start(0);
    let _kept = kept(holder.address()).await;
    let (mut begun, _last) = half(holder.address()).await;
    kept(holder.address()).await;
    server.signal("TERM");
    server.stopping().await;
    server.signal("TERM");
    assert_eq!(server.code().await, Some(128 + 15), "{}", server.log());
    assert!(answer(&mut begun).await.is_err());
}

/// What a server says that refuses to start.
fn refusal(holder: &Holder, variable: (&str, &str)) -> String {
    let output = Command::new("sh")
        .args(["-c", HAND_OVER, env!("CARGO_BIN_EXE_conclave"), "serve"])
        .env(variable.0, variable.1)
        .current_dir(holder.folder.path())
        .stdin(OwnedFd::from(holder.access.try_clone().unwrap()))
        .stdout(OwnedFd::from(holder.admin.try_clone().unwrap()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(!holder.folder.path().join("conclave.db").exists(), "nothing was made");
    err
}

#[test]
fn sockets_that_nobody_can_tell_apart_are_refused() {
    let err = refusal(&Holder::new(), ("LISTEN_FDNAMES", "access:other"));
    assert!(err.contains("access:other") && err.contains("FileDescriptorName"), "{err}");
}

#[test]
fn a_socket_that_other_machines_reach_is_refused_where_nobody_is_asked_who_they_are() {
    // By its own address the server would listen to this machine alone.
    let holder = Holder { access: TcpListener::bind("0.0.0.0:0").unwrap(), ..Holder::new() };
    let err = refusal(&holder, ("CONCLAVE_LISTEN", "127.0.0.1:0"));
    let words = err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("`listen` can be reached from other machines"), "{err}");
    assert!(words.contains("LISTEN_FDS"), "{err}");
}

#[tokio::test]
async fn a_socket_that_other_machines_reach_serves_where_that_is_asked_for() {
    let holder = Holder { access: TcpListener::bind("0.0.0.0:0").unwrap(), ..Holder::new() };
    let mut server = holder.start_with(0, &[("CONCLAVE_ACCESS_UNAUTHENTICATED", "true")]);
    kept(SocketAddr::from(([127, 0, 0, 1], holder.address().port()))).await;
    server.signal("TERM");
    assert_eq!(server.code().await, Some(0), "{}", server.log());
}
