//! The protocol in every order in which threads could run it, by the model checker loom.
//!
//! Writers and askers are threads that run the program's own steps: [`fill`](super::fill()),
//! [`join`](super::join()), [`Stamp::check`](super::Stamp::check) and
//! [`followed`](crate::store::followed). Store and caches are small stand-ins behind locks. loom runs
//! a scene once for each order of their accesses, and for each value that an atomic may be seen to
//! have, up to a number of preemptions: the scene's own, or `CONCLAVE_MODEL_PREEMPTIONS`.
//!
//! An answer names the revision it rests on. It is wrong if it is not what the store held at that very
//! revision (so no two entities of it are of different states), or if anybody had been told of a newer
//! one before it was asked for, by an acknowledgement or by another answer.

mod mutants;
mod protocol;
mod scenes;
mod world;

use protocol::{AcquireRelease, Protocol, Whole};
use scenes::{SCENES, Scene};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use world::{Answered, Ground, Question, World};

/// Of the checker's own making.
const THREADS_MAX: usize = 5;

/// What a search came to.
#[derive(Debug)]
struct Search {
    executions: usize,
    wrong: Option<String>,
}

fn preemptions(scene: Scene) -> usize {
    std::env::var("CONCLAVE_MODEL_PREEMPTIONS").map_or(scene.preemptions, |text| text.parse().unwrap())
}

/// Runs a scene in every order, until an answer is wrong.
fn search<P: Protocol>(scene: Scene) -> Search {
    let (executions, wrong) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
    let mut checker = loom::model::Builder::new();
    checker.preemption_bound = Some(preemptions(scene));
    checker.max_branches = 10_000;
    let (counted, found, ground) = (Arc::clone(&executions), Arc::clone(&wrong), Ground::new());
    let explored = catch_unwind(AssertUnwindSafe(|| {
        checker.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            if let Err(what) = run::<P>(scene, &ground) {
                *found.lock().unwrap() = Some(what.clone());
                panic!("{what}");
            }
        });
    }));
    let wrong = wrong.lock().unwrap().take();
    assert!(explored.is_ok() || wrong.is_some(), "the checker itself failed");
    Search { executions: executions.load(Ordering::Relaxed), wrong }
}

/// One execution: all writers and askers at the same time.
fn run<P: Protocol>(scene: Scene, ground: &Ground) -> Result<(), String> {
    let asked = scene.askers.iter().flat_map(|asker| asker.iter());
    let questions: Vec<_> = scene.warm.iter().chain(asked).copied().collect();
    let world = Arc::new(World::<P>::new(ground, scene.there, &questions, !scene.elsewhere.is_empty()));
    let mut answered = ask(&world, scene.warm);
    let writers = scene.writers.iter().map(|changes| {
        let world = Arc::clone(&world);
        loom::thread::spawn(move || changes.iter().for_each(|change| world.write(*change)))
    });
    let mut writers: Vec<_> = writers.collect();
    for changes in scene.elsewhere {
        let world = Arc::clone(&world);
        writers.push(loom::thread::spawn(move || changes.iter().for_each(|change| world.write_elsewhere(*change))));
    }
    if scene.followed > 0 {
        let world = Arc::clone(&world);
        writers.push(loom::thread::spawn(move || (0..scene.followed).for_each(|_| world.catch_up())));
    }
    if scene.heard > 0 {
        let world = Arc::clone(&world);
        writers.push(loom::thread::spawn(move || (0..scene.heard).for_each(|_| world.hear())));
    }
    // The checker has five threads at most, this one among them.
    let (others, here) = scene.askers.split_at(scene.askers.len().min(THREADS_MAX - 1 - writers.len()));
    let askers = others.iter().map(|questions| {
        let world = Arc::clone(&world);
        loom::thread::spawn(move || ask(&world, questions))
    });
    let askers: Vec<_> = askers.collect();
    for questions in here {
        answered.extend(ask(&world, questions));
    }
    for writer in writers {
        writer.join().unwrap();
    }
    answered.extend(askers.into_iter().flat_map(|asker| asker.join().unwrap()));
    answered.iter().try_for_each(|answered| world.judge(answered))
}

fn ask<P: Protocol>(world: &World<P>, questions: &[Question]) -> Vec<Answered> {
    questions.iter().map(|question| world.ask(*question)).collect()
}

fn holds<P: Protocol>(scene: Scene) {
    let Search { executions, wrong } = search::<P>(scene);
    println!("{}: {executions} executions", scene.name);
    assert_eq!(wrong, None, "in {:?}, execution {executions}", scene.name);
    assert!(executions > 100, "{executions} executions of {:?} show nothing", scene.name);
}

/// Searches the scenes until one shows the mutant.
fn fails<P: Protocol>() {
    // Those about others are seen where others change something.
    let about_others = P::ABOUT_OTHERS;
    let scenes = SCENES.iter().filter(|scene| !about_others || !scene.elsewhere.is_empty());
    let shown = scenes.into_iter().find_map(|scene| {
        let Search { executions, wrong } = search::<P>(*scene);
        wrong.map(|wrong| format!("{}, execution {executions}: {wrong}", scene.name))
    });
    println!("{}", shown.expect("no scene shows this mutant"));
}

macro_rules! scenes {
    ($($test:ident: $number:literal)*) => {
        $(
            #[test]
            fn $test() {
                holds::<Whole>(SCENES[$number]);
            }
        )*

        #[test]
        fn every_scene_is_searched() {
            let numbers: Vec<usize> = vec![$($number),*];
            assert_eq!(numbers, (0..SCENES.len()).collect::<Vec<_>>());
        }
    };
}

scenes! {
    no_answer_is_torn: 0
    no_answer_of_two_askers_is_torn: 1
    no_hit_is_old: 2
    no_answer_goes_back_in_time: 3
    who_joins_is_told_nothing_old: 4
    what_is_left_for_others_is_known_to_all: 5
    a_hit_ends_with_the_first_change_of_what_it_rests_on: 6
    two_reads_make_one_answer: 7
    what_changed_meanwhile_is_read_at_once: 8
    absence_is_remembered_no_longer_than_it_lasts: 9
    a_joined_entity_changes_with_what_it_was_joined_from: 10
    what_stays_the_same_is_right_at_newer_revisions: 11
    a_change_that_nobody_acknowledged_harms_nobody: 12
    three_askers_agree: 13
    what_changed_elsewhere_is_followed_beside: 14
    what_changed_elsewhere_is_followed_by_a_fill: 15
    what_changed_elsewhere_is_followed_before_a_change_here: 16
    what_changed_elsewhere_is_heard_of: 17
}

#[test]
fn acquire_and_release_would_do() {
    SCENES.iter().take(3).for_each(|scene| holds::<AcquireRelease>(*scene));
}

macro_rules! mutants {
    ($($test:ident: $mutant:ident)*) => {
        $(
            #[test]
            fn $test() {
                fails::<mutants::$mutant>();
            }
        )*
    };
}

mutants! {
    mutant_no_stamp: NoStamp
    mutant_stripes_raised_after_commit: RaisedAfterCommit
    mutant_absent_entities_left_out: AbsentLeftOut
    mutant_no_fetch_max: NoFetchMax
    mutant_no_check_after_join: NoCheckAfterJoin
    mutant_cache_checked_before_read: CheckedBeforeRead
    mutant_stripes_read_before_published: StripesBeforePublished
    mutant_stamped_with_a_later_revision: StampedTooNew
    mutant_filled_at_a_later_revision: FilledTooNew
    mutant_filled_at_an_earlier_revision: FilledTooOld
    mutant_gathered_again_instead_of_reread: GatheredAgain
    mutant_kept_before_published: KeptBeforePublished
    mutant_stripes_raised_after_published: RaisedAfterPublished
    mutant_stripes_not_raised: NotRaised
    mutant_published_before_commit: PublishedBeforeCommit
    mutant_acknowledged_before_published: AcknowledgedBeforePublished
    mutant_joined_sources_left_out: SourcesLeftOut
    mutant_relaxed_loads: RelaxedLoads
    mutant_published_before_followed: PublishedBeforeFollowed
    mutant_applied_before_raised: AppliedBeforeRaised
    mutant_filled_without_following: FilledWithoutFollowing
    mutant_written_without_following: WrittenWithoutFollowing
    mutant_heard_out_of_turn: HeardOutOfTurn
    mutant_relaxed_raises: RelaxedRaises
}
