//! Sidecars, their server and the network between them fail, one after the other: nothing that anybody is told meanwhile
//! may be wrong.
//!
//! `CONCLAVE_FLEET_OPERATIONS=1000000` makes it long; `CONCLAVE_CRASH_SEED` repeats which accidents come.

use super::cluster::Cluster;
use super::proxy::Proxy;
use super::run::{Run, below};
use crate::crash::Dice;
use crate::sidecar::run;
use std::time::Duration;

const SIDECARS: usize = 3;

/// How late answers through another sidecar may be here.
const STALENESS_MAX: Duration = Duration::from_millis(400);

/// Answers and changes that are known to have been made, unless `CONCLAVE_FLEET_OPERATIONS` says otherwise.
const OPERATIONS: usize = 6_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accident {
    /// A sidecar is killed, and started again.
    Killed,
    /// A sidecar does nothing for a while, and then goes on.
    Halted,
    /// Nothing gets through between a sidecar and the server.
    Stalled,
    /// What the server answers does not get through.
    Unheard,
    /// All connections of a sidecar end.
    Cut,
    /// The server is killed, and started again after a while.
    ServerKilled,
    /// One of the server's processes is killed: it ends all connections, and recovers.
    BackendKilled,
}

/// Each of them happens once at least, however few operations it takes.
const ACCIDENTS: [Accident; 7] = [
    Accident::Killed,
    Accident::Halted,
    Accident::Stalled,
    Accident::Unheard,
    Accident::Cut,
    Accident::ServerKilled,
    Accident::BackendKilled,
];

/// What accidents happen to.
struct Scene<'a> {
    cluster: &'a Cluster,
    /// One before each sidecar.
    proxies: &'a [Proxy],
    run: &'a Run,
}

impl Scene<'_> {
    /// One accident after the other: each kind in turn, then whichever.
    async fn fail(&self, mut dice: Dice) {
        let mut planned = ACCIDENTS;
        for place in (1..planned.len()).rev() {
            planned.swap(place, below(&mut dice, place + 1));
        }
        for accident in planned {
            self.happen(accident, &mut dice).await;
        }
        self.run.calm();
        while !self.run.is_over() {
            let accident = ACCIDENTS[below(&mut dice, ACCIDENTS.len())];
            self.happen(accident, &mut dice).await;
        }
    }

    async fn happen(&self, accident: Accident, dice: &mut Dice) {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(600))).await;
        let whose = below(dice, SIDECARS);
        let (member, proxy) = (&self.run.members[whose], &self.proxies[whose]);
        let a_while = tokio::time::sleep(STALENESS_MAX / 2 + Duration::from_millis(dice.below(1_500)));
        match accident {
            Accident::Killed => member.kill_and_start().await,
            Accident::Halted => {
                member.signal("STOP");
                a_while.await;
                member.signal("CONT");
            }
            Accident::Stalled => {
                proxy.stall(true);
                a_while.await;
                proxy.stall(false);
            }
            Accident::Unheard => {
                proxy.stall_answers(true);
                a_while.await;
                proxy.stall_answers(false);
            }
            Accident::Cut => proxy.cut(),
            Accident::ServerKilled => {
                self.cluster.kill();
                a_while.await;
                tokio::task::block_in_place(|| self.cluster.begin());
            }
            Accident::BackendKilled => self.cluster.kill_one(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whatever_fails_nobody_is_told_what_could_not_have_been() {
    let Some(cluster) = Cluster::start() else { return };
    run(&cluster.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let mut proxies = Vec::new();
    for _ in 0..SIDECARS {
        proxies.push(Proxy::start(&cluster.url("fleet")).await);
    }
    let urls: Vec<_> = proxies.iter().map(Proxy::url).collect();
    let operations = std::env::var("CONCLAVE_FLEET_OPERATIONS");
    let operations = operations.map_or(OPERATIONS, |count| count.parse().expect("a number of operations"));
    let run = Run::start(&urls, STALENESS_MAX, operations).await;
    let mut dice = Dice::roll();
    let tasks = run.work(&mut dice);
    Scene { cluster: &cluster, proxies: &proxies, run: &run }.fail(dice.split()).await;
    run.judge(tasks, &cluster.url("fleet")).await;
}
