//! Sockets that stall: nothing said, half a head, half a body. Normal requests are answered beside them, and each of them
//! is closed. `tests/load/stalled 10000` measures what normal requests notice of it.

use crate::sidecar::TestSidecar;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SOCKETS: usize = 150;
const PATIENCE: Duration = Duration::from_mins(1);

const WAYS: [&str; 3] = [
    "",
    "POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Ty",
    "POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"principal\":",
];

/// What such a socket hears until it is closed.
async fn stall(address: String, way: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(way.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    // A reset is an end, too.
    assert!(closed.is_ok(), "open still after {way:?}");
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn normal_requests_are_answered_beside_sockets_that_stall_and_those_are_closed() {
    let sidecar = TestSidecar::new().with_demo().configured(|config| {
        config.limits.header_read_seconds = 2;
        config.limits.body_read_seconds = 2;
        // A body has its own time: that of the answer begins after it.
        config.limits.request_seconds = 1;
        // None of them may count as a connection that only rests.
        config.limits.idle_seconds = 3_600;
    });
    let sidecar = sidecar.start().await;
    let stalled: Vec<_> = (0..SOCKETS)
        .map(|n| (WAYS[n % WAYS.len()], sidecar.access_address()))
        .map(|(way, address)| tokio::spawn(async move { (way, stall(address, way).await) }))
        .collect();
    let tool = ("Tool", "group:sales/documents".to_owned());
    let mut answered = 0;
    while answered < 100 || !stalled.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(sidecar.ask("salesman-1", "view", &tool, &json!({})).await.decision, "Allow");
        answered += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for closed in join_all(stalled).await {
        let (way, heard) = closed.unwrap();
        if way == WAYS[2] {
            assert!(heard.starts_with("HTTP/1.1 408"), "{heard:?}");
        } else {
            assert_eq!(heard, "", "after {way:?}");
        }
    }
    sidecar.stop().await;
}
