//! `GET /changes`: every acknowledged change, in order, once.

use crate::restarted::Restarted;
use reqwest::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

/// The lines of a download.
async fn lines(server: &Restarted, query: &str) -> Vec<Value> {
    let response = server.request(None, &format!("GET /changes{query}")).unwrap().send().await.unwrap();
    assert_eq!((response.status().as_u16(), media_type(&response)), (200, "application/x-ndjson"));
    let text = response.text().await.unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn media_type(response: &Response) -> &str {
    response.headers()["content-type"].to_str().unwrap()
}

fn revisions(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["revision"].as_u64().unwrap()).collect()
}

async fn add_item(server: &Restarted, number: usize) -> u64 {
    let body = json!({"id": format!("i{number}"), "parent": "Tool::\"group:g/documents\"", "author": "ann"});
    server.ok(None, "POST /items", body).await.revision.unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_change_is_one_line_and_can_be_read_on_from_anywhere() {
    let server = Restarted::new().await;
    let head = server.head().await;
    let all = lines(&server, "").await;
    assert_eq!(revisions(&all), (1..=head).collect::<Vec<_>>());
    let made = all.last().unwrap();
    assert_eq!((&made["command"], &made["actor"]), (&json!("create_group"), &json!("ann")));
    assert!(made["at"].as_str().unwrap().ends_with('Z'));
    let entities = made["entities"].as_array().unwrap();
    assert!(entities.contains(&json!({"entity": "Group::\"g\"", "change": "created"})), "{made}");
    assert_eq!(all[0]["actor"], Value::Null);
    for since in 0..=head {
        assert_eq!(lines(&server, &format!("?since={since}")).await, all[usize::try_from(since).unwrap()..]);
    }
    assert_eq!(lines(&server, "?since=1&limit=2").await, all[1..3]);
    server.stop().await;
}

#[tokio::test]
async fn a_change_of_many_entities_is_still_one_line() {
    let server = Restarted::new().await;
    let since = server.head().await;
    server
        .ok(None, "POST /folders", json!({"id": "f", "parent": "Tool::\"group:g/documents\"", "author": "ann"}))
        .await;
    for number in 0..620 {
        let body = json!({"id": format!("i{number}"), "parent": "Folder::\"f\"", "author": "ann"});
        server.ok(None, "POST /items", body).await;
    }
    // More than one piece of the stream.
    let deleted = server.ok(None, "DELETE /folders/f", Value::Null).await;
    add_item(&server, 1000).await;
    let all = lines(&server, &format!("?since={since}")).await;
    assert_eq!(revisions(&all), (since + 1..=since + 623).collect::<Vec<_>>());
    let line = &all[621];
    assert_eq!(line["revision"].to_string(), deleted.revision.unwrap());
    let gone = line["entities"].as_array().unwrap().iter().filter(|entity| entity["change"] == "deleted");
    assert_eq!(gone.count(), 621);
    server.stop().await;
}

#[tokio::test]
async fn who_may_not_or_is_ahead_is_told_so() {
    let server = Restarted::new().await;
    let head = server.head().await;
    for (actor, query, status) in [
        (Some("ann"), String::new(), 403),
        (None, format!("?since={}", head + 1), 409),
        (None, "?since=99999999999999999999999".to_owned(), 409),
        (None, "?since=-1".to_owned(), 400),
        (None, "?since=".to_owned(), 400),
        (None, "?sinc=1".to_owned(), 400),
        (None, "?limit=0".to_owned(), 422),
        (None, "?limit=x".to_owned(), 400),
    ] {
        let reply = server.call(actor, &format!("GET /changes{query}"), None, Value::Null).await;
        assert_eq!(reply.status, status, "{query} {reply:?}");
    }
    server.stop().await;
}

/// Reads events until the connection ends: `(revision in the data, id of the event)`.
async fn read_events(mut response: Response, until: u64, seen: &mut Vec<u64>) {
    let mut text = String::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if let Some(data) = field("data:") {
                let data: Value = serde_json::from_str(data).unwrap();
                let revision = data["revision"].as_u64().unwrap();
                assert_eq!(field("id:"), Some(revision.to_string().as_str()));
                seen.push(revision);
            }
        }
        if seen.last().is_some_and(|last| *last >= until) {
            return;
        }
    }
}

/// Follows as a browser does: the same query each time, and the id of the last event.
async fn follow(server: Arc<Restarted>, since: u64, until: u64) -> Vec<u64> {
    let (mut seen, begun) = (Vec::new(), Instant::now());
    while seen.last().is_none_or(|last| *last < until) {
        assert!(begun.elapsed() < PATIENCE, "{seen:?}");
        let Some(request) = server.request(None, &format!("GET /changes?since={since}")) else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let request = request.header("accept", "text/event-stream");
        let request = seen.last().into_iter().fold(request, |request, last| request.header("last-event-id", *last));
        if let Ok(response) = request.send().await {
            if response.status().as_u16() != 200 {
                // Connected in the moment of the stop.
                continue;
            }
            assert_eq!(media_type(&response), "text/event-stream");
            read_events(response, until, &mut seen).await;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_misses_nothing_and_sees_nothing_twice_across_restarts() {
    const ITEMS: u64 = 120;
    let server = Arc::new(Restarted::new().await);
    let head = server.head().await;
    let followers: Vec<_> = [0, 2, head]
        .map(|since| (since, tokio::spawn(follow(Arc::clone(&server), since, head + ITEMS))))
        .into_iter()
        .collect();
    for number in 0..ITEMS {
        if number % 40 == 20 {
            server.stop().await;
            server.start().await;
        }
        add_item(&server, usize::try_from(number).unwrap()).await;
    }
    for (since, follower) in followers {
        assert_eq!(follower.await.unwrap(), (since + 1..=head + ITEMS).collect::<Vec<_>>());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_hears_of_a_change_at_once_and_never_holds_the_stop_up() {
    let server = Arc::new(Restarted::new().await);
    let head = server.head().await;
    let told = Arc::new(AtomicBool::new(false));
    let follower = tokio::spawn({
        let (server, told) = (Arc::clone(&server), Arc::clone(&told));
        async move {
            let request = server.request(None, &format!("GET /changes?since={head}")).unwrap();
            let response = request.header("accept", "text/event-stream").send().await.unwrap();
            let mut seen = Vec::new();
            read_events(response, head + 1, &mut seen).await;
            told.store(true, Ordering::SeqCst);
            let request = server.request(None, &format!("GET /changes?since={}", head + 1)).unwrap();
            let response = request.header("accept", "text/event-stream").send().await.unwrap();
            // Nothing comes any more: this ends when the server does.
            read_events(response, u64::MAX, &mut seen).await;
            seen
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    add_item(&server, 0).await;
    while !told.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    server.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(follower.await.unwrap(), [head + 1]);
}

#[tokio::test]
async fn followers_are_bounded_and_a_place_is_free_again_when_one_leaves() {
    let server = Restarted::new().await;
    let mut open = Vec::new();
    let connect = || async {
        let request = server.request(None, "GET /changes").unwrap();
        request.header("accept", "text/event-stream").send().await.unwrap()
    };
    for _ in 0..conclave::config::limits::STREAMS_MAX {
        open.push(connect().await);
    }
    let refused = connect().await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    drop(open);
    let begun = Instant::now();
    while connect().await.status().as_u16() != 200 {
        assert!(begun.elapsed() < PATIENCE);
        // A change is what makes the server notice that they are gone.
        add_item(&server, usize::try_from(begun.elapsed().as_nanos()).unwrap()).await;
    }
    server.stop().await;
}
