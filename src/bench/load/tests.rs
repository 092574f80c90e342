use super::*;
use crate::bench::ask::{Fault, Reply};
use crate::domain::{Decision, EntityUid};

const ALLOW: Reply = Reply { decision: Decision::Allow, cache: None };

/// Answers after so long, or never.
struct After(Option<Duration>);

impl Ask for After {
    async fn ask(&mut self, _: &Question) -> Result<Reply, Fault> {
        match self.0 {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
        Ok(ALLOW)
    }
}

fn questions(expected: Option<Decision>) -> Arc<[Question]> {
    let question = |n: u32| {
        let user = EntityUid::new("User", n.to_string());
        Question { expected, ..Question::new(user, "view", EntityUid::new("Item", "i")) }
    };
    (0..7).map(question).collect()
}

/// A thousand requests a second for a tenth of a second, by a clock that stands still meanwhile.
async fn driven(askers: usize, time: Option<Duration>, verify: bool, expected: Option<Decision>) -> Tally {
    let rate = Rate { per_second: 1_000.0, duration: Duration::from_millis(100), verify };
    let askers = (0..askers).map(|_| After(time)).collect();
    let release = |pace: Pace| {
        tokio::spawn(async move {
            while let Some(due) = pace.step() {
                tokio::time::sleep_until(due).await;
            }
        });
    };
    drive(rate, &questions(expected), 3, askers, release).await.0
}

const TEN: Option<Duration> = Some(Duration::from_millis(10));

#[tokio::test(start_paused = true)]
async fn waiting_for_a_connection_is_part_of_the_latency() {
    // One connection answers 100 a second; the last of the hundred is due after 99 ms and is
    // answered after a second. A closed loop would report 10 ms for all of them.
    let tally = driven(1, TEN, true, None).await;
    assert_eq!((tally.answered, tally.latency.count()), (100, 100));
    let (median, longest) = (tally.latency.quantile_us(0.5).unwrap(), tally.latency.max_us().unwrap());
    assert!((440_000.0..580_000.0).contains(&median), "{median}");
    assert!((880_000.0..1_020_000.0).contains(&longest), "{longest}");
    assert!(tally.service.max_us().unwrap() < 12_000.0);
}

#[tokio::test(start_paused = true)]
async fn with_connections_enough_nobody_waits() {
    let tally = driven(40, TEN, true, None).await;
    assert_eq!(tally.answered, 100);
    assert!(tally.latency.max_us().unwrap() < 13_000.0, "{:?}", tally.latency.max_us());
    assert!(tally.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_is_never_answered_is_counted_with_the_time_it_waited() {
    let tally = driven(3, None, true, None).await;
    assert_eq!((tally.answered, tally.unanswered, tally.latency.count()), (0, 100, 100));
    let shortest = tally.latency.quantile_us(0.0).unwrap();
    assert!(shortest >= 1_990_000.0, "{shortest}");
    assert!(!tally.is_clean());
}

#[tokio::test(start_paused = true)]
async fn answers_are_compared_only_if_asked_for() {
    let deny = Some(Decision::Deny);
    assert_eq!(driven(40, TEN, true, deny).await.wrong, 100);
    assert_eq!(driven(40, TEN, false, deny).await.wrong, 0);
    assert_eq!(driven(40, TEN, true, Some(Decision::Allow)).await.wrong, 0);
}
