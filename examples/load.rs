//! Asks a server as fast as it answers, over TCP or a Unix socket, and tells what that costs it.
//!
//! `cargo run --release --example load -- PORT|unix:PATH /v1/is_authorized BODIES CONNECTIONS SECONDS PID`
//!
//! BODIES is a file with one request body in each line; they are sent in turn over connections that
//! are kept. Prints the requests answered, their number a second, and the processor time that the
//! process PID took for each: `utime` and `stime` of `/proc/PID/stat`, so Linux alone. Anything but a
//! 200 ends it.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::LocalSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a tick of `/proc/PID/stat` is on every Linux that matters here, in microseconds.
const TICK_MICROSECONDS: u32 = 10_000;

struct Load {
    place: String,
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    answered: Cell<u32>,
    until: Instant,
}

impl Load {
    async fn drive(self: Rc<Self>) -> io::Result<()> {
        if let Some(path) = self.place.strip_prefix("unix:") {
            self.ask(UnixStream::connect(path).await?).await
        } else {
            let stream = TcpStream::connect(format!("127.0.0.1:{}", self.place)).await?;
            stream.set_nodelay(true)?;
            self.ask(stream).await
        }
    }

    async fn ask(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut answer = Vec::with_capacity(1 << 20);
        while Instant::now() < self.until {
            let turn = self.next.get();
            self.next.set((turn + 1) % self.requests.len());
            stream.write_all(self.requests.get(turn).map_or(&[], Vec::as_slice)).await?;
            answer.clear();
            while !is_whole(&answer)? {
                if stream.read_buf(&mut answer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            self.answered.set(self.answered.get() + 1);
        }
        Ok(())
    }
}

/// Whether an answer is there to its end; only a 200 of a known length is one.
fn is_whole(answer: &[u8]) -> io::Result<bool> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(false) };
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
    match length {
        Some(length) if head.starts_with("http/1.1 200") => Ok(answer.len() >= end + 4 + length),
        _ => Err(io::Error::other(String::from_utf8_lossy(answer).into_owned())),
    }
}

fn requests(path: &str, bodies: &str) -> Vec<Vec<u8>> {
    let request = |body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    bodies.lines().map(|body| request(body).into_bytes()).collect()
}

fn cpu_microseconds(pid: &str) -> io::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, in parentheses, may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks * u64::from(TICK_MICROSECONDS))
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, path, bodies, connections, seconds, pid] = arguments.as_slice() else {
        return Err(io::Error::other("PORT|unix:PATH PATH BODIES CONNECTIONS SECONDS PID"));
    };
    let connections: u32 = connections.parse().map_err(io::Error::other)?;
    let seconds: u64 = seconds.parse().map_err(io::Error::other)?;
    let load = Rc::new(Load {
        place: place.clone(),
        requests: requests(path, &std::fs::read_to_string(bodies)?),
        next: Cell::new(0),
        answered: Cell::new(0),
        until: Instant::now() + Duration::from_secs(seconds),
    });
    let before = cpu_microseconds(pid)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let tasks: Vec<_> = (0..connections).map(|_| tokio::task::spawn_local(Rc::clone(&load).drive())).collect();
        for task in tasks {
            task.await.map_err(io::Error::other)??;
        }
        Ok::<_, io::Error>(())
    })?;
    let spent = cpu_microseconds(pid)?.saturating_sub(before);
    let answered = load.answered.get();
    let each = f64::from(u32::try_from(spent).unwrap_or(u32::MAX)) / f64::from(answered.max(1));
    writeln!(
        io::stdout(),
        "{answered} requests, {} a second, {each:.2} µs of the server each",
        u64::from(answered) / seconds
    )
}
