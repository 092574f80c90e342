use super::*;
use crate::bench::ask::Reply;
use crate::check::CacheUse;
use crate::domain::{Decision, EntityUid};

const DRIVEN: Driven = Driven {
    per_second: 100.0,
    duration: Duration::from_secs(1),
    requests: 100,
    verify: true,
    in_process: false,
    client_cpus: Some(0.5),
    threads: 1,
};

fn tally(answered: u64) -> Tally {
    let mut tally = Tally { ended: Duration::from_millis(999), ..Tally::default() };
    let reply = Reply { decision: Decision::Allow, cache: Some(CacheUse::Hit) };
    for _ in 0..answered {
        tally.record(Ok(reply), Some(Decision::Allow), Duration::from_millis(3), Duration::from_millis(1));
    }
    tally
}

fn report(rate: RateReport) -> Report {
    let question = |action| Question::new(EntityUid::new("User", "u"), action, EntityUid::new("Item", "i"));
    let mut questions = vec![question("view"), question("view"), question("edit"), question("view")];
    questions[0].expected = Some(Decision::Allow);
    questions[2].expected = Some(Decision::Deny);
    let workload = Workload::of(&questions, Some((7, 1.0)));
    Report { target: "in process".to_owned(), workload, connections: 3, threads: 1, rates: vec![rate] }
}

#[test]
fn a_rate_that_was_reached_says_nothing_more() {
    let report = report(RateReport::of(DRIVEN, &tally(100)));
    assert!(report.is_clean() && report.rates[0].limit.is_none());
    let table = report.table();
    assert!(table.starts_with("4 questions, 2 of them different: view 75 %, edit 25 %, 50 % allowed\n"), "{table}");
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains("3.0 ms"), "{table}");
}

#[test]
fn falling_behind_is_no_rate_reached_though_all_is_answered() {
    let late = Tally { ended: Duration::from_secs(2), ..tally(100) };
    let rate = RateReport::of(DRIVEN, &late);
    assert_eq!((rate.achieved_per_second, rate.limit), (50.0, Some(Limit::Server)));
    let busy = Driven { client_cpus: Some(0.97), ..DRIVEN };
    assert_eq!(RateReport::of(busy, &late).limit, Some(Limit::Client));
    let inside = Driven { in_process: true, ..DRIVEN };
    assert_eq!(RateReport::of(inside, &late).limit, Some(Limit::Machine));
}

#[test]
fn nothing_that_went_wrong_is_left_out() {
    let mut tally = tally(90);
    let deny = Reply { decision: Decision::Deny, cache: None };
    tally.record(Ok(deny), Some(Decision::Allow), Duration::ZERO, Duration::ZERO);
    for _ in 0..7 {
        tally.record(Err(Fault("status 503".into())), None, Duration::ZERO, Duration::ZERO);
    }
    tally.give_up(Duration::from_secs(3));
    let report = report(RateReport::of(DRIVEN, &tally));
    assert!(!report.is_clean());
    let table = report.table();
    for said in ["1 WRONG DECISIONS of 91", "7 of 100 requests failed: status 503", "1 of 100 requests had no answer"] {
        assert!(table.contains(said), "{said}\n{table}");
    }
    assert_eq!(report.rates[0].limit, Some(Limit::Errors));
}

#[test]
fn the_fields_for_programs_have_their_units_in_their_names() {
    let report = serde_json::to_value(report(RateReport::of(DRIVEN, &tally(100)))).unwrap();
    let rate = &report["rates"][0];
    assert_eq!((&rate["wrong"], &rate["cached_share"]), (&0.into(), &1.0.into()));
    let p99 = rate["latency_us"]["p99.99"].as_f64().unwrap();
    assert!((2_990.0..3_010.0).contains(&p99), "{p99}");
    assert_eq!(report["workload"]["actions"]["view"], 0.75);
}
