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

/// A body comes piece by piece, and slowly.
#[tokio::test]
async fn a_body_that_takes_its_time_is_waited_for() {
    let sidecar = TestSidecar::new().with_demo().configured(|config| config.limits.body_read_seconds = 60);
    let sidecar = sidecar.start().await;
    let question = r#"{"principal":"User::\"salesman-1\"","action":"Action::\"view\"","resource":"Tool::\"group:sales/documents\""}"#;
    let head = format!("POST /v1/is_authorized HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", question.len());
    let mut stream = TcpStream::connect(sidecar.access_address()).await.unwrap();
    // Twice: the first request of a connection is waited for elsewhere than those after it.
    for _ in 0..2 {
        stream.write_all(head.as_bytes()).await.unwrap();
        for piece in question.as_bytes().chunks(30) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stream.write_all(piece).await.unwrap();
        }
        let said = hear(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.contains("\"Allow\""), "{said}");
    }
    drop(stream);
    sidecar.stop().await;
}

/// The connection of a body that came too late is of no use, even if the rest comes in the moment of the answer: there is
/// no telling what is still under way.
#[tokio::test]
async fn who_is_told_that_a_body_came_too_late_is_told_that_the_connection_ends() {
    let sidecar = TestSidecar::new().with_demo().configured(|config| config.limits.body_read_seconds = 1);
    let sidecar = sidecar.start().await;
    let mut stream = TcpStream::connect(sidecar.access_address()).await.unwrap();
    let half = "POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nX-Request-ID: mine\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(half.as_bytes()).await.unwrap();
    let heard = hear(&mut stream).await.to_lowercase();
    assert!(heard.starts_with("http/1.1 408") && heard.contains("the body took too long to arrive"), "{heard}");
    assert!(heard.contains("connection: close") && heard.contains("x-request-id: mine"), "{heard}");
    let mut rest = Vec::new();
    assert!(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok() && rest.is_empty());
    let token = format!("Bearer {}", sidecar.token());
    let metrics = sidecar.get_admin_as("/metrics", Some(&token)).await.ok().body.as_str().unwrap().to_owned();
    let counted = "conclave_request_errors_total{way=\"access\",status=\"408\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    sidecar.stop().await;
}

/// An answer, which comes in one piece.
async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = vec![0; 4096];
    let length = tokio::time::timeout(PATIENCE, stream.read(&mut heard)).await.unwrap().unwrap();
    String::from_utf8_lossy(&heard[..length]).into_owned()
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
