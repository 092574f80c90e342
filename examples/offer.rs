//! Offers requests at given rates, whether or not the server keeps up, and tells what came of it; or stalls a server.
//!
//! `cargo run --release --example offer -- PORT BODIES PID CONNECTIONS RATE:SECONDS…`
//!
//! BODIES is a file with one body of `/v1/is_authorized` in each line. They are sent in turn over so many connections that
//! are kept, each at its times: RATE requests a second altogether, as fast as they are answered if RATE is 0. For each
//! phase one line of JSON is printed, times in microseconds from the moment a request was sent; PID's memory comes from
//! `/proc`, so Linux alone.
//!
//! `cargo run --release --example offer -- stall PORT SOCKETS RATE`
//!
//! So many sockets do nothing but what a stalled client does: a third say nothing, a third send half a head, a third half a
//! body. RATE of them are made a second; so is whichever the server closes. One line of JSON is printed once they all
//! stall, and one at SIGTERM, which ends it.

use hdrhistogram::Histogram;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times are told apart up to here, and what takes longer counts as this.
const LONGEST_MICROSECONDS: u64 = 60_000_000;

struct Phase {
    rate: u32,
    seconds: u32,
}

struct Seen {
    began: Instant,
    accepted: RefCell<Histogram<u64>>,
    shed: RefCell<Histogram<u64>>,
    failed: Cell<u32>,
    /// When the last request was turned away.
    last_shed: Cell<Duration>,
    /// Requests that could not be sent when it was their time: all connections were waiting.
    late: Cell<u32>,
}

/// What became of sockets that stall.
#[derive(Default)]
struct Stalled {
    /// When the next may be made.
    next: Cell<Option<Instant>>,
    now: Cell<usize>,
    closed: Cell<u32>,
}

impl Phase {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let phase = Self { rate: parts.next()?.parse().ok()?, seconds: parts.next()?.parse().ok()? };
        parts.next().is_none().then_some(phase)
    }
}

impl Seen {
    fn new() -> io::Result<Rc<Self>> {
        let histogram = || Histogram::new_with_max(LONGEST_MICROSECONDS, 3).map(RefCell::new).map_err(io::Error::other);
        Ok(Rc::new(Self {
            began: Instant::now(),
            accepted: histogram()?,
            shed: histogram()?,
            failed: Cell::new(0),
            last_shed: Cell::default(),
            late: Cell::new(0),
        }))
    }

    fn answered(&self, status: &[u8], took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        match status {
            b"200" => self.accepted.borrow_mut().saturating_record(took),
            b"503" => {
                self.shed.borrow_mut().saturating_record(took);
                self.last_shed.set(self.began.elapsed());
            }
            _ => self.failed.set(self.failed.get() + 1),
        }
    }

    fn told(&self, phase: &Phase, rss: u64) -> serde_json::Value {
        let figures = |histogram: &RefCell<Histogram<u64>>| {
            let histogram = histogram.borrow();
            json!({
                "count": histogram.len(), "p50": histogram.value_at_quantile(0.5),
                "p99": histogram.value_at_quantile(0.99), "max": histogram.max(),
            })
        };
        json!({
            "offered": phase.rate, "seconds": self.began.elapsed().as_secs_f64(),
            "accepted": figures(&self.accepted), "shed": figures(&self.shed), "failed": self.failed.get(),
            "last_shed_ms": self.last_shed.get().as_millis(), "late": self.late.get(), "rss_kib": rss,
        })
    }
}

fn requests(bodies: &str) -> Vec<Vec<u8>> {
    let request = |body: &str| {
        let length = body.len();
        format!(
            "POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    bodies.lines().map(|body| request(body).into_bytes()).collect()
}

/// One answer of a known length: its status, or nothing if the connection ended.
async fn answer(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<[u8; 3]> {
    bytes.clear();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
            let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
            if length.is_some_and(|length: usize| bytes.len() >= end + 4 + length) {
                let status = bytes.get(9..12).and_then(|status| status.try_into().ok());
                return status.ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Sends its share of the requests, one after the other.
async fn ask(place: Rc<str>, requests: Rc<Vec<Vec<u8>>>, seen: Rc<Seen>, n: u32, of: u32, phase: Rc<Phase>) {
    let (mut stream, mut bytes) = (None, Vec::with_capacity(4096));
    let end = seen.began + Duration::from_secs(phase.seconds.into());
    for turn in 0.. {
        let due = match phase.rate {
            0 => Instant::now(),
            rate => seen.began + Duration::from_secs_f64(f64::from(turn * of + n) / f64::from(rate)),
        };
        if due >= end {
            return;
        }
        if Instant::now() > due + Duration::from_millis(1) {
            seen.late.set(seen.late.get() + 1);
        }
        tokio::time::sleep_until(due.into()).await;
        if Instant::now() >= end {
            return;
        }
        let index = (usize::try_from(turn * of + n).unwrap_or_default()).checked_rem(requests.len());
        let Some(request) = index.and_then(|index| requests.get(index)) else { return };
        let sent = Instant::now();
        let asked = async {
            let mut open = if let Some(open) = stream.take() {
                open
            } else {
                let open = TcpStream::connect(&*place).await?;
                open.set_nodelay(true)?;
                open
            };
            open.write_all(request).await?;
            let status = answer(&mut open, &mut bytes).await?;
            Ok::<_, io::Error>((open, status))
        };
        match asked.await {
            Ok((open, status)) => {
                stream = Some(open);
                seen.answered(&status, sent.elapsed());
            }
            Err(_) => seen.failed.set(seen.failed.get() + 1),
        }
    }
}

impl Stalled {
    /// Waits for its turn to be made: so many a second.
    async fn turn(&self, rate: u32) {
        let now = Instant::now();
        let due = self.next.get().map_or(now, |next| next.max(now));
        self.next.set(Some(due + Duration::from_secs(1) / rate.max(1)));
        tokio::time::sleep_until(due.into()).await;
    }

    fn told(&self) -> serde_json::Value {
        json!({ "stalled": self.now.get(), "closed": self.closed.get() })
    }
}

/// Stalls, in one of three ways, again and again.
async fn stall(place: Rc<str>, seen: Rc<Stalled>, n: usize, rate: u32) {
    let said: &[u8] = match n % 3 {
        0 => b"",
        1 => b"POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Ty",
        _ => b"POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"principal\":",
    };
    loop {
        seen.turn(rate).await;
        let opened = async {
            let mut stream = TcpStream::connect(&*place).await?;
            stream.write_all(said).await?;
            Ok::<_, io::Error>(stream)
        };
        let Ok(mut stream) = opened.await else { continue };
        seen.now.set(seen.now.get() + 1);
        let mut bytes = [0; 64];
        while !matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {}
        seen.now.set(seen.now.get() - 1);
        seen.closed.set(seen.closed.get() + 1);
    }
}

/// Stalls a server until it is told to stop.
async fn stall_all(place: Rc<str>, sockets: usize, rate: u32) -> io::Result<()> {
    let seen = Rc::new(Stalled::default());
    for n in 0..sockets {
        tokio::task::spawn_local(stall(Rc::clone(&place), Rc::clone(&seen), n, rate));
    }
    // Some have been closed again by the time that the last is made.
    let begun = Instant::now();
    while seen.now.get() < sockets * 9 / 10 && begun.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    writeln!(io::stdout(), "{}", seen.told())?;
    signal(SignalKind::terminate())?.recv().await;
    writeln!(io::stdout(), "{}", seen.told())
}

fn rss(pid: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

async fn run(
    place: &Rc<str>,
    requests: &Rc<Vec<Vec<u8>>>,
    connections: u32,
    phase: Phase,
    pid: &str,
) -> io::Result<()> {
    let (seen, phase) = (Seen::new()?, Rc::new(phase));
    let ask = |n| {
        let (place, requests) = (Rc::clone(place), Rc::clone(requests));
        tokio::task::spawn_local(ask(place, requests, Rc::clone(&seen), n, connections, Rc::clone(&phase)))
    };
    for asking in (0..connections).map(ask).collect::<Vec<_>>() {
        asking.await.map_err(io::Error::other)?;
    }
    writeln!(io::stdout(), "{}", seen.told(&phase, rss(pid)))
}

fn place(port: &str) -> Rc<str> {
    format!("127.0.0.1:{port}").into()
}

fn number<N: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> io::Result<N> {
    text.parse().map_err(io::Error::other)
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let usage = || io::Error::other("PORT BODIES PID CONNECTIONS RATE:SECONDS… or stall PORT SOCKETS RATE");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let set = LocalSet::new();
    match arguments.as_slice() {
        ["stall", port, sockets, rate] => {
            set.block_on(&runtime, stall_all(place(port), number(sockets)?, number(rate)?))
        }
        [port, bodies, pid, connections, phases @ ..] => {
            let phases: Option<Vec<_>> = phases.iter().map(|phase| Phase::read(phase)).collect();
            let requests = Rc::new(requests(&std::fs::read_to_string(bodies)?));
            for phase in phases.ok_or_else(usage)? {
                set.block_on(&runtime, run(&place(port), &requests, number(connections)?, phase, pid))?;
            }
            Ok(())
        }
        _ => Err(usage()),
    }
}
