//! Conclave answers *may this principal do this action on this resource?* for applications in
//! which people work in groups: Cedar policies over entities in a database, behind local HTTP.
//!
//! # Two flows
//!
//! **A decision.** [`http`] reads the question into words of the [`domain`], borrowing from the body.
//! [`check`] looks for it in the decision cache; the whole question is the key. On a miss [`slice`](mod@slice)
//! collects the entities the policies may look at, all from one read snapshot of the [`store`]
//! together with its revision, and [`engine`] evaluates the policies that can apply. The decision is
//! cached under its [`stamp`] and answered with its determining policies and its revision. Where no
//! decision can be made, the answer is an error and never an Allow.
//!
//! **A change.** [`http`] finds out on whose behalf the call is made. A command of [`admin`] becomes the
//! one writer, asks [`check`] whether the actor may, checks what must hold whatever the policies say,
//! and writes. The [`store`] then counts the revision up, records what was touched, raises the stripes
//! of every touched entity, commits, and publishes the revision; only then is the change acknowledged,
//! so no later answer rests on what was before it.
//!
//! # Who may touch what
//!
//! | module | what it is | may use | never |
//! | --- | --- | --- | --- |
//! | [`domain`] | ids, rights, questions, answers: pure values | std, serde | I/O, clock, randomness |
//! | [`config`] | flags, variables, file, defaults; every limit | domain | the network |
//! | [`store`] | the only place that knows SQL | sqlx, domain | axum, Cedar |
//! | [`stamp`] | how a cached decision is known to be fresh | domain, std's atomics | I/O |
//! | [`slice`](mod@slice) | which entities a question needs | domain, store reads, Cedar's entity types | evaluation |
//! | [`engine`] | policies: load, validate, index, evaluate | cedar-policy, domain | sqlx, moka |
//! | [`counters`] | what each cache did, what was decided | std's atomics | everything else |
//! | [`check`] | the decision pipeline and its cache | moka, slice, engine, domain | axum, sqlx |
//! | [`search`] | which, who and what: candidates from the store, each decided | check, store reads, domain | axum, SQL |
//! | [`reload`] | watches the folders of policies; loads, and puts what is sound in force | engine, check, store | axum, SQL |
//! | [`decision_log`] | a record of each decision, in a file | domain, check | axum, SQL |
//! | [`admin`] | one command per file: checks, changes, refusals | domain, store writes, check, mail's letters | axum |
//! | [`trace`](mod@trace) | spans of requests, for an OpenTelemetry collector | opentelemetry, hyper's client, counters | axum, SQL, Cedar |
//! | [`texts`] | what people read, in four languages | Fluent | everything else |
//! | [`mail`] | writes mail; sends what waits in the outbox | lettre, texts, domain, the store's outbox | axum, sqlx |
//! | [`http`] | routes, limits, errors, authentication | axum, hyper, check, admin, texts | sqlx, Cedar |
//! | [`prove`] | what policies can and cannot do, by a solver; what a change of them changes | engine, Cedar's symbolic compiler, check | axum, SQL |
//! | [`bulk`] | everything out and in as lines of JSON | domain, store, config | axum, SQL |
//! | [`bench`] | measures decisions: a realistic mix, at rates that do not wait for answers | check, hyper, samples of the store | axum, SQL |
//! | [`workbench`] | tests of policies with coverage, and tables of who may do what | engine, slice, domain, YAML | axum, SQL, Cedar |
//! | [`backup`] | copies of a database: made, verified, put back | domain, store, doctor, config | axum, SQL |
//! | [`doctor`] | whether a database keeps every invariant | domain, store reads | axum, SQL |
//! | [`tls`] | certificates and keys from files; TLS for whoever asks a server | rustls, config's limits | axum, hyper, SQL, Cedar |
//! | `client` | asks a sidecar from a host application, guards its routes; behind a feature | hyper, axum, tls, domain | everything else |
//! | [`cli`] | one subcommand per file | everything above | |
//! | [`lifecycle`], [`telemetry`] | start, stop; log lines | everything above | |
//!
//! `// INVARIANT:` marks the few places on which all of this hangs.

pub mod admin;
pub mod backup;
pub mod bench;
pub mod bulk;
pub mod cedar;
pub mod check;
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
pub mod config;
pub mod counters;
pub mod decision_log;
pub mod doctor;
pub mod domain;
pub mod engine;
pub mod http;
pub mod lifecycle;
pub mod mail;
pub mod prove;
pub mod reload;
pub mod search;
pub mod slice;
pub mod stamp;
pub mod store;
pub mod telemetry;
pub mod texts;
pub mod tls;
pub mod trace;
pub mod workbench;
