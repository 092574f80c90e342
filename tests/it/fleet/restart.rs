//! The server is restarted between two questions: once it answers again, nobody is refused for the connections that ended.

use super::cluster::Cluster;
use crate::sidecar::{TestSidecar, run};
use reqwest::Method;
use serde_json::json;

/// More at a time than there are connections.
const QUESTIONS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_server_answers_again_nobody_is_refused() {
    let Some(cluster) = Cluster::start() else { return };
    run(&cluster.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let sidecar = TestSidecar::new().at(cluster.url("fleet")).with_demo().start().await;
    for is_killed in [true, false, true] {
        tokio::task::block_in_place(|| {
            if is_killed {
                cluster.kill();
            } else {
                cluster.run("pg_ctl", &["-m", "fast", "-w", "stop"]);
            }
            cluster.begin();
        });
        sidecar.app().check.forget_decisions().await;
        sidecar.app().check.forget_entities();
        let asked = (0..QUESTIONS).map(|n| {
            let question = json!({"principal": format!("User::\"salesman-{}\"", n % 3 + 1), "action": "Action::\"view\"",
                "resource": format!("Item::\"i{n}\""), "context": {}});
            sidecar.access("/v1/is_authorized", question.to_string())
        });
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        sidecar.host(Method::PUT, "/subscriptions/again", json!({})).await.ok();
    }
    sidecar.stop().await;
}
