//! One connection to the access listener, kept for as long as the race lasts.
//!
//! Written out, as a client that does more would take most of the time there is to race.

use serde::Deserialize;
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The parts of an answer that are judged.
#[derive(Debug, Deserialize)]
pub struct Decided {
    pub decision: String,
    pub revision: u64,
}

#[derive(Deserialize)]
struct Batch {
    responses: Vec<Decided>,
}

impl Wire {
    pub async fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// Asks one question: the body of `/v1/is_authorized`.
    pub async fn ask(&mut self, question: &str, revision_min: Option<u64>) -> Decided {
        let body = self.post("/v1/is_authorized", question, revision_min).await;
        serde_json::from_str(&body).unwrap()
    }

    /// Asks several at once; they must all be answered from one revision.
    pub async fn ask_all(&mut self, questions: &[&str], revision_min: Option<u64>) -> Vec<Decided> {
        let body = format!(r#"{{"requests":[{}]}}"#, questions.join(","));
        let body = self.post("/v1/is_authorized/batch", &body, revision_min).await;
        let Batch { responses } = serde_json::from_str(&body).unwrap();
        assert_eq!(responses.len(), questions.len());
        assert!(responses.iter().all(|one| one.revision == responses[0].revision), "a torn batch: {responses:?}");
        responses
    }

    async fn post(&mut self, path: &str, body: &str, revision_min: Option<u64>) -> String {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: race\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        if let Some(revision) = revision_min {
            write!(request, "conclave-min-revision: {revision}\r\n").unwrap();
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let (head, body) = self.response().await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{request}\n\n{head}{body}");
        body
    }

    async fn response(&mut self) -> (String, String) {
        let head_end = loop {
            if let Some(at) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive().await;
        };
        let head = String::from_utf8(self.received[..head_end].to_vec()).unwrap().to_lowercase();
        let head = head.replacen("http/1.1", "HTTP/1.1", 1);
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
        let end = head_end + length.trim().parse::<usize>().unwrap();
        while self.received.len() < end {
            self.receive().await;
        }
        let body = String::from_utf8(self.received[head_end..end].to_vec()).unwrap();
        self.received.drain(..end);
        (head, body)
    }

    async fn receive(&mut self) {
        let count = self.stream.read_buf(&mut self.received).await.unwrap();
        assert!(count > 0, "the server closed the connection");
    }
}
