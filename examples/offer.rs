//! Offers requests at given rates, whether or not the server keeps up, beside sockets that stall it; tells what came of it.
//!
//! `cargo run --release --example offer -- PORT BODIES PID CONNECTIONS RATE:SECONDS[:STALLED]…`
//!
//! BODIES is a file with one body of `/v1/is_authorized` in each line. They are sent in turn over so many connections that
//! are kept, each at its times: RATE requests a second altogether, as fast as they are answered if RATE is 0. STALLED
//! sockets do nothing meanwhile but what a stalled client does: a third say nothing, a third send half a head, a third
//! half a body; whichever the server closes is made anew. For each phase one line of JSON is printed, times in
//! microseconds from the moment a request was sent; PID's memory comes from `/proc`, so Linux alone.

use hdrhistogram::Histogram;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many sockets are made to stall at a time: more would be turned away by the system's queue.
const STALLED_AT_ONCE: usize = 64;

/// Times are told apart up to here, and what takes longer counts as this.
const LONGEST_MICROSECONDS: u64 = 60_000_000;

struct Phase {
    rate: u32,
    seconds: u32,
    stalled: usize,
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
    stalling: Cell<usize>,
    closed: Cell<u32>,
}

impl Phase {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let phase = Self {
            rate: parts.next()?.parse().ok()?,
            seconds: parts.next()?.parse().ok()?,
            stalled: parts.next().map_or(Some(0), |text| text.parse().ok())?,
        };
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
            stalling: Cell::new(0),
            closed: Cell::new(0),
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
            "last_shed_ms": self.last_shed.get().as_millis(), "late": self.late.get(),
            "stalled": self.stalling.get(), "stalled_closed": self.closed.get(), "rss_kib": rss,
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

/// Stalls, in one of three ways, again and again.
async fn stall(place: Rc<str>, seen: Rc<Seen>, connecting: Rc<tokio::sync::Semaphore>, n: usize) {
    let said: &[u8] = match n % 3 {
        0 => b"",
        1 => b"POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Ty",
        _ => b"POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"principal\":",
    };
    loop {
        let opened = async {
            let _turn = connecting.acquire().await.map_err(io::Error::other)?;
            let mut stream = TcpStream::connect(&*place).await?;
            stream.write_all(said).await?;
            Ok::<_, io::Error>(stream)
        };
        let Ok(mut stream) = opened.await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        seen.stalling.set(seen.stalling.get() + 1);
        let mut bytes = [0; 1024];
        while !matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {}
        seen.stalling.set(seen.stalling.get() - 1);
        seen.closed.set(seen.closed.get() + 1);
    }
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
    // First the stalled ones, until all of them stall; they go when the set does.
    let stalling = LocalSet::new();
    let phase = Rc::new(phase);
    stalling
        .run_until(async {
            let before = Seen::new()?;
            let connecting = Rc::new(tokio::sync::Semaphore::new(STALLED_AT_ONCE));
            for n in 0..phase.stalled {
                let stalled = stall(Rc::clone(place), Rc::clone(&before), Rc::clone(&connecting), n);
                tokio::task::spawn_local(stalled);
            }
            let waited = Instant::now();
            while before.stalling.get() < phase.stalled * 9 / 10 && waited.elapsed() < Duration::from_mins(1) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let seen = Seen::new()?;
            let ask = |n| {
                let (place, requests) = (Rc::clone(place), Rc::clone(requests));
                tokio::task::spawn_local(ask(place, requests, Rc::clone(&seen), n, connections, Rc::clone(&phase)))
            };
            for asking in (0..connections).map(ask).collect::<Vec<_>>() {
                asking.await.map_err(io::Error::other)?;
            }
            seen.stalling.set(before.stalling.get());
            seen.closed.set(before.closed.get());
            writeln!(io::stdout(), "{}", seen.told(&phase, rss(pid)))
        })
        .await
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || io::Error::other("PORT BODIES PID CONNECTIONS RATE:SECONDS[:STALLED]…");
    let [port, bodies, pid, connections, phases @ ..] = arguments.as_slice() else { return Err(usage()) };
    let connections: u32 = connections.parse().map_err(io::Error::other)?;
    let phases: Option<Vec<_>> = phases.iter().map(|phase| Phase::read(phase)).collect();
    let requests = Rc::new(requests(&std::fs::read_to_string(bodies)?));
    let place: Rc<str> = format!("127.0.0.1:{port}").into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for phase in phases.ok_or_else(usage)? {
        runtime.block_on(run(&place, &requests, connections, phase, pid))?;
    }
    Ok(())
}
