use super::*;
use crate::config::Address;
use axum::Router;
use axum::routing::{get, post};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpStream, UnixStream};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn limits() -> Limits {
    Limits { header_read_seconds: 10, idle_seconds: 300, write_seconds: 20, drain_seconds: 5, ..Limits::default() }
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "ok" }))
        .route("/big", get(|| async { "x".repeat(1 << 20) }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_secs(2)).await }))
        .route("/stream", get(|| async { axum::body::Body::from_stream(now_and_then()) }))
        .route("/stuck", get(std::future::pending::<()>))
        .route("/echo", post(|body: String| async { body }))
        .route("/thread", get(|| async { std::thread::current().name().unwrap().to_owned() }))
}

/// Two words, long after each other.
fn now_and_then() -> impl futures_util::Stream<Item = io::Result<&'static str>> {
    futures_util::stream::unfold(0, |said| async move {
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        (said < 2).then_some((Ok("word"), said + 1))
    })
}

/// A connection served in memory, under a clock that tests may pause.
fn connect(stopping: watch::Receiver<bool>) -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let serving = Connections::new(router().into(), limits(), stopping).serve(theirs, None, Instant::now());
    (ours, tokio::spawn(serving))
}

async fn answer(stream: &mut DuplexStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = stream.read(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

async fn seconds_until_closed(mut stream: DuplexStream) -> u64 {
    let start = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_or_half_a_request_is_cut_off_soon() {
    let (_stop, stopping) = watch::channel(false);
    let (silent, _) = connect(stopping.clone());
    assert_eq!(seconds_until_closed(silent).await, 10);

    let (mut half, _) = connect(stopping.clone());
    half.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    assert_eq!(seconds_until_closed(half).await, 10);

    // A byte now and then does not buy more time.
    let (mut dripping, _) = connect(stopping);
    let start = Instant::now();
    while dripping.write_all(b"G").await.is_ok() && start.elapsed().as_secs() < 60 {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert!(start.elapsed().as_secs() <= 15, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_may_rest_longer_than_headers_may_take() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, _) = connect(stopping);
    for _ in 0..3 {
        stream.write_all(REQUEST).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_secs(200)).await;
    }
    // Half a request after a rest is under the short clock again.
    stream.write_all(b"GET / HT").await.unwrap();
    assert_eq!(seconds_until_closed(stream).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_be_silent_longer_than_a_connection_may_rest() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, _) = connect(stopping);
    stream.write_all(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let start = Instant::now();
    let mut told = String::new();
    while !told.ends_with("0\r\n\r\n") {
        told += &answer(&mut stream).await;
    }
    assert_eq!((told.matches("word").count(), start.elapsed().as_secs()), (2, 3_000));
    // And then the connection rests like any other.
    assert_eq!(seconds_until_closed(stream).await, 300);
}

#[tokio::test(start_paused = true)]
async fn a_rest_ends_too() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, _) = connect(stopping);
    stream.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut stream).await.contains("ok"));
    assert_eq!(seconds_until_closed(stream).await, 300);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_take_the_answer_is_cut_off() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, serving) = connect(stopping);
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let start = Instant::now();
    serving.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_a_request_finish_and_closes_idle_and_silent_connections_in_a_moment() {
    let (stop, stopping) = watch::channel(false);
    let (mut busy, busy_task) = connect(stopping.clone());
    let (mut idle, idle_task) = connect(stopping.clone());
    let (_silent, silent_task) = connect(stopping);
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut idle).await.contains("200 OK"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    stop.send(true).unwrap();
    idle_task.await.unwrap();
    silent_task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(limits().drain_idle_milliseconds));
    let last = answer(&mut busy).await;
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    busy_task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_comes_on_a_kept_connection_while_the_server_stops_is_answered_for_the_last_time() {
    let (stop, stopping) = watch::channel(false);
    let (mut kept, kept_task) = connect(stopping.clone());
    let (mut fresh, fresh_task) = connect(stopping.clone());
    let (mut slow, slow_task) = connect(stopping);
    kept.write_all(REQUEST).await.unwrap();
    let first = answer(&mut kept).await;
    assert!(first.contains("200 OK") && !first.contains("connection: close"), "{first}");
    slow.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut slow).await.contains("200 OK"));
    slow.write_all(&REQUEST[..9]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for stream in [&mut kept, &mut fresh] {
        stream.write_all(REQUEST).await.unwrap();
        let last = answer(stream).await;
        assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    }
    kept_task.await.unwrap();
    fresh_task.await.unwrap();
    // Half a request has the time that headers have.
    tokio::time::sleep(Duration::from_secs(3)).await;
    slow.write_all(&REQUEST[9..]).await.unwrap();
    let last = answer(&mut slow).await;
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    slow_task.await.unwrap();
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, _) = connect(stopping);
    stream.write_all(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text.matches("200 OK").count(), 2);
    assert!(text.ends_with('2') && text.contains("\r\n\r\n1HTTP"), "{text}");
}

#[tokio::test]
async fn a_connection_gets_a_thread_for_questions_once_it_has_asked_a_whole_one() {
    let lanes = Arc::new(Lanes::start(1));
    for (body, is_lane) in [("body", true), ("bo", false)] {
        let (_stop, stopping) = watch::channel(false);
        let connections = Arc::new(Connections::new(router().into(), limits(), stopping));
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let request = format!("GET /thread HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{body}");
        ours.write_all(request.as_bytes()).await.unwrap();
        tokio::spawn(placed(connections, (Arc::clone(&lanes), Handle::current()), theirs, None));
        let mut answer = vec![0; 4096];
        let length = ours.read(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("access-0") == is_lane, "{body}: {text}");
    }
}

#[tokio::test]
async fn what_was_looked_at_is_read_though_nothing_more_comes() {
    let lanes = Arc::new(Lanes::start(1));
    let (_stop, stopping) = watch::channel(false);
    let limits = Limits { body_read_seconds: 0, ..limits() };
    let connections = Arc::new(Connections::new(router().into(), limits, stopping));
    // Of the first all was to be seen, and its time is over; the second is too long to be looked at.
    for length in [4, 40_000] {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        tokio::spawn(placed(Arc::clone(&connections), (Arc::clone(&lanes), Handle::current()), theirs, None));
        let half = format!("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nbo");
        ours.write_all(half.as_bytes()).await.unwrap();
        let mut bytes = [0; 12];
        tokio::time::timeout(Duration::from_mins(1), ours.read_exact(&mut bytes)).await.unwrap().unwrap();
        assert_eq!(&bytes, b"HTTP/1.1 200");
    }
}

#[tokio::test]
async fn a_body_that_is_waited_for_longer_than_headers_may_take_is_read_though_the_server_stops() {
    let lanes = Arc::new(Lanes::start(1));
    let (stop, stopping) = watch::channel(false);
    let limits = Limits { header_read_seconds: 1, body_read_seconds: 60, ..limits() };
    let connections = Arc::new(Connections::new(router().into(), limits, stopping));
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    tokio::spawn(placed(connections, (lanes, Handle::current()), theirs, None));
    ours.write_all(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    ours.write_all(b"dy").await.unwrap();
    let mut heard = String::new();
    tokio::time::timeout(Duration::from_mins(1), ours.read_to_string(&mut heard)).await.unwrap().unwrap();
    assert!(heard.starts_with("HTTP/1.1 200") && heard.ends_with("body"), "{heard}");
}

#[tokio::test]
async fn headers_too_long_are_431() {
    let (_stop, stopping) = watch::channel(false);
    let (mut stream, _) = connect(stopping);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20_000));
    stream.write_all(long.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_refusal_is_sent_although_the_body_was_not_read() {
    let (_stop, stopping) = watch::channel(false);
    for path in ["/nowhere", "/"] {
        let (mut stream, _) = connect(stopping.clone());
        let body = "x".repeat(40_000);
        let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 40"), "{path}");
    }
}

async fn start(limits: Limits) -> (Address, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
    let port = Address::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
    let listener = Listener::bind(&port, 0).await.unwrap();
    let address = listener.address().clone();
    let (stop, stopping) = watch::channel(false);
    (address, stop, tokio::spawn(accept(listener, None, router().into(), limits, stopping)))
}

async fn dial(address: &Address) -> TcpStream {
    TcpStream::connect(address.to_string()).await.unwrap()
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let (address, stop, serving) = start(Limits { connections_max: 1, ..limits() }).await;
    let (mut first, mut second) = (dial(&address).await, dial(&address).await);
    second.write_all(REQUEST).await.unwrap();
    let mut bytes = [0; 12];
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_exact(&mut bytes)).await;
    assert!(early.is_err(), "the second was served beside the first");
    first.write_all(REQUEST).await.unwrap();
    first.read_exact(&mut bytes).await.unwrap();
    drop(first);
    second.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"HTTP/1.1 200");
    stop.send(true).unwrap();
    serving.await.unwrap();
    assert!(TcpStream::connect(address.to_string()).await.is_err());
}

#[tokio::test]
async fn what_outlasts_the_time_to_drain_is_cut_off() {
    let (address, stop, serving) = start(Limits { drain_seconds: 1, ..limits() }).await;
    let mut stuck = dial(&address).await;
    stuck.write_all(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    stop.send(true).unwrap();
    serving.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_socket_file_is_ours_while_we_listen_and_gone_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.sock");
    let address = Address::Unix(path.clone());
    let listener = Listener::bind(&address, 0o600).await.unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let second = Listener::bind(&address, 0o600).await.unwrap_err();
    assert!(crate::http::error::chain(&second).contains("another process listens there"));

    let (stop, stopping) = watch::channel(false);
    let serving = tokio::spawn(accept(listener, None, router().into(), limits(), stopping));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut bytes = [0; 12];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"HTTP/1.1 200");
    drop(stream);
    stop.send(true).unwrap();
    serving.await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_any_other_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Listener::bind(&Address::Unix(path.clone()), 0o660).await.unwrap());
    std::fs::write(&path, "precious").unwrap();
    assert!(Listener::bind(&Address::Unix(path.clone()), 0o660).await.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn the_peer_of_a_unix_socket_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.sock");
    let listener = Listener::bind(&Address::Unix(path.clone()), 0o600).await.unwrap();
    let Socket::Unix(socket) = &listener.socket else { panic!() };
    let (client, accepted) = tokio::join!(UnixStream::connect(&path), Accept::accept(socket));
    assert!(client.is_ok());
    let peer = accepted.unwrap().1.unwrap();
    assert!(peer.same_user);
    assert_eq!(peer.uid, Some(std::fs::metadata(&path).unwrap().uid()));
}
