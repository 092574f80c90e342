//! Who does what at the same time in each scene.

use super::world::Fate::{CutShort, Done, Failed};
use super::world::{A, B, Change, JOINED, Question};

const BOTH: Question = Question(&[&[A, B]]);
const A_THEN_B: Question = Question(&[&[A], &[B]]);
const ONLY_A: Question = Question(&[&[A]]);
const ONLY_B: Question = Question(&[&[B]]);
const JOINT: Question = Question(&[&[JOINED]]);

/// Who does what at the same time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    /// How many of the switches from one thread to another may come where the first could have gone on.
    pub(super) preemptions: usize,
    /// Which of the two entities exist at first.
    pub(super) there: [bool; 2],
    /// Asked before it begins, so that it is in the caches.
    pub(super) warm: &'static [Question],
    /// Of each writer, its changes.
    pub(super) writers: &'static [&'static [Change]],
    /// Of each writer in another sidecar, its changes.
    pub(super) elsewhere: &'static [&'static [Change]],
    /// How often it is followed what they did, beside.
    pub(super) followed: usize,
    /// How often one hears of the newest change of others.
    pub(super) heard: usize,
    /// Of each asker, its questions.
    pub(super) askers: &'static [&'static [Question]],
}

/// Both entities exist, and nothing happens.
const STILL: Scene = Scene {
    name: "",
    preemptions: 0,
    there: [true, true],
    warm: &[],
    writers: &[],
    elsewhere: &[],
    followed: 0,
    heard: 0,
    askers: &[],
};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        name: "two writers, the same question twice, one entity cached",
        preemptions: 1,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(A, true), (B, true)])], &[(Done, &[(B, true)])]],
        askers: &[&[BOTH], &[BOTH]],
        ..STILL
    },
    Scene {
        name: "the same question twice, one entity cached",
        preemptions: 2,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(A, true), (B, true)])]],
        askers: &[&[BOTH], &[BOTH]],
        ..STILL
    },
    Scene {
        name: "two writers, hits",
        preemptions: 1,
        warm: &[BOTH],
        writers: &[&[(Done, &[(A, true)])], &[(Done, &[(B, true)])]],
        askers: &[&[BOTH, BOTH], &[BOTH]],
        ..STILL
    },
    Scene {
        name: "a hit beside a fill",
        preemptions: 2,
        warm: &[ONLY_B],
        writers: &[&[(Done, &[(A, true), (B, true)])]],
        askers: &[&[ONLY_A], &[ONLY_B]],
        ..STILL
    },
    Scene {
        name: "a fill, one who joins it, and a hit",
        preemptions: 1,
        warm: &[ONLY_B],
        writers: &[&[(Done, &[(A, true), (B, true)])]],
        askers: &[&[ONLY_A], &[ONLY_A], &[ONLY_B]],
        ..STILL
    },
    Scene {
        name: "a fill, and a hit of what it left beside another",
        preemptions: 2,
        warm: &[ONLY_B],
        writers: &[&[(Done, &[(A, true)])]],
        askers: &[&[ONLY_A], &[ONLY_A, ONLY_B]],
        ..STILL
    },
    Scene {
        name: "a hit at newer revisions, until it ends",
        preemptions: 2,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(B, true)])], &[(Done, &[(A, true)])]],
        askers: &[&[ONLY_A, ONLY_A]],
        ..STILL
    },
    Scene {
        name: "two reads for one answer, nothing cached",
        preemptions: 2,
        warm: &[],
        writers: &[&[(Done, &[(A, true), (B, true)]), (Done, &[(A, true)])]],
        askers: &[&[A_THEN_B], &[A_THEN_B]],
        ..STILL
    },
    Scene {
        name: "two reads, each passed by a write",
        preemptions: 3,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(A, true), (B, true)])], &[(Done, &[(A, true), (B, true)])]],
        askers: &[&[BOTH]],
        ..STILL
    },
    Scene {
        name: "created and deleted",
        preemptions: 1,
        there: [true, false],
        warm: &[BOTH],
        writers: &[&[(Done, &[(B, true)])], &[(Done, &[(A, false)])]],
        askers: &[&[BOTH], &[ONLY_B, BOTH]],
        ..STILL
    },
    Scene {
        name: "an entity joined from two",
        preemptions: 1,
        there: [true, false],
        warm: &[JOINT],
        writers: &[&[(Done, &[(B, true)])], &[(Done, &[(A, true)])]],
        askers: &[&[JOINT], &[JOINT]],
        ..STILL
    },
    Scene {
        name: "a change of what an answer does not rest on",
        preemptions: 2,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(B, true)]), (Done, &[(B, false)])]],
        askers: &[&[ONLY_A], &[ONLY_A, BOTH]],
        ..STILL
    },
    Scene {
        name: "a commit that fails, and one that is cut short",
        preemptions: 1,
        warm: &[BOTH],
        writers: &[&[(Failed, &[(A, true)]), (CutShort, &[(B, true)])], &[(Done, &[(A, true)])]],
        askers: &[&[BOTH], &[ONLY_B]],
        ..STILL
    },
    Scene {
        name: "two writers, three askers",
        preemptions: 1,
        warm: &[ONLY_A],
        writers: &[&[(Done, &[(A, true)])], &[(Done, &[(B, true)])]],
        askers: &[&[BOTH], &[BOTH], &[ONLY_A]],
        ..STILL
    },
    Scene {
        name: "a change elsewhere, followed beside a fill and a hit",
        preemptions: 2,
        warm: &[ONLY_A],
        elsewhere: &[&[(Done, &[(A, true), (B, true)])]],
        followed: 1,
        askers: &[&[BOTH], &[ONLY_A, ONLY_A]],
        ..STILL
    },
    Scene {
        name: "a change elsewhere that only a fill follows",
        preemptions: 2,
        warm: &[ONLY_A],
        elsewhere: &[&[(Done, &[(A, true), (B, true)]), (Done, &[(A, true)])]],
        askers: &[&[BOTH, ONLY_A], &[ONLY_B, ONLY_A]],
        ..STILL
    },
    Scene {
        name: "a change here after one elsewhere",
        preemptions: 2,
        warm: &[ONLY_A, ONLY_B],
        writers: &[&[(Done, &[(B, true)])]],
        elsewhere: &[&[(Done, &[(A, true)])]],
        askers: &[&[ONLY_B, ONLY_A], &[ONLY_A]],
        ..STILL
    },
    Scene {
        name: "changes elsewhere of which one is heard",
        preemptions: 2,
        warm: &[ONLY_A, ONLY_B],
        elsewhere: &[&[(Done, &[(A, true)]), (Done, &[(B, true)])]],
        heard: 1,
        askers: &[&[ONLY_B, ONLY_A]],
        ..STILL
    },
];
