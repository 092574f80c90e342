//! Every bound of the server, in one place: no queue, body, depth, list or wait is without one.

use serde::{Deserialize, Serialize};

/// Shortest admin token that is not warned of, in characters: a shorter one can be guessed.
pub const TOKEN_CHARACTERS_MIN: usize = 16;

/// Longest token file, in bytes: more is not a token but the wrong file.
pub const TOKEN_FILE_BYTES_MAX: u64 = 4096;

/// Longest file of hashed tokens, in bytes.
pub const TOKENS_FILE_BYTES_MAX: u64 = 64 * 1024;

/// How many hashed tokens there may be: each call is compared with all of them.
pub const TOKENS_MAX: usize = 100;

/// Longest name of a token, in characters.
pub const TOKEN_NAME_CHARACTERS_MAX: usize = 64;

/// Longest file of certificates or of a private key, in bytes.
pub const PEM_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Longest file of public keys for signed tokens, in bytes.
pub const JWKS_FILE_BYTES_MAX: u64 = 256 * 1024;

/// How many public keys that file may hold.
pub const JWKS_KEYS_MAX: usize = 100;

/// Longest signed token, in bytes; a longer one is answered 401.
pub const JWT_BYTES_MAX: usize = 8 * 1024;

/// How often files of credentials are looked at for changes, in milliseconds.
pub const CREDENTIALS_POLL_MILLISECONDS: u64 = 1_000;
/// Most connections that the admin listener serves at a time.
pub const ADMIN_CONNECTIONS_MAX: usize = 1_024;

/// How long a client is asked to wait after a 503, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// How long the accept loop rests when the system has no file descriptor left, in milliseconds.
pub const ACCEPT_REST_MILLISECONDS: u64 = 100;

/// How much of a connection's first request is looked at before it is read, in bytes: more than any question and its headers
/// take. A connection that begins with something longer is served like one that asks for what takes a while.
pub const FIRST_REQUEST_BYTES_MAX: usize = 8 * 1024;

/// Longest `Conclave-Min-Revision` poll interval, in milliseconds.
pub const REVISION_POLL_MILLISECONDS: u64 = 5;

/// How often a server that takes over looks whether the database was let go of, in milliseconds.
pub const TAKEOVER_POLL_MILLISECONDS: u64 = 20;

/// How long `/readyz` waits for the store, in milliseconds.
pub const READINESS_MILLISECONDS: u64 = 1_000;

/// How much of a body that is too large is read and thrown away, in bytes, so that the client gets
/// to read the 413 instead of a reset connection.
pub const BODY_DISCARD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long that goes on, whatever is yet to come, in milliseconds.
pub const BODY_DISCARD_MILLISECONDS: u64 = 300;

/// How many streams of changes there may be at a time, followers and downloads together; more are
/// answered 503.
pub const STREAMS_MAX: usize = 64;

/// How many entities a stream of changes reads from the store at a time, and so holds in memory.
pub const STREAM_ENTITIES_MAX: u32 = 500;

/// How often a live stream of changes says that it is still there, in seconds: a client that is gone
/// is noticed by that.
pub const STREAM_KEEP_ALIVE_SECONDS: u64 = 15;

/// How long a follower is asked to wait before it connects again, in milliseconds.
pub const STREAM_RETRY_MILLISECONDS: u64 = 1_000;

/// Largest file of entities or of requests that `conclave eval` reads, in bytes.
pub const EVALUATED_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Deepest nesting of arrays and objects in a request that `conclave eval` reads.
pub const EVALUATED_DEPTH_MAX: usize = 100;

/// How long clients may keep the metadata of `AuthZEN`, in seconds.
pub const METADATA_CACHE_SECONDS: u32 = 300;

/// How many entities one request may lend; more is answered 422.
pub const LENT_ENTITIES_MAX: usize = 100;

/// How much memory the entities that one request lends may take, in bytes: they are part of what a cached
/// decision is found by. More is answered 422.
pub const LENT_BYTES_MAX: usize = 64 * 1024;

/// How many entities one call may describe; more is answered 422. `conclave import` takes any number.
pub const ENTITIES_MAX: usize = 1_000;

/// How large what a host says of one entity may be, in bytes of JSON; more is answered 422. Decisions about it read
/// all of it.
pub const ENTITY_BYTES_MAX: usize = 16 * 1024;

/// How many entities one may be directly in by a host's word; more is answered 422.
pub const ENTITY_PARENTS_MAX: usize = 100;

/// Longest `Idempotency-Key`, in characters; more is answered 422.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 255;

/// Results of a page of a search whose request names no limit.
pub const SEARCH_RESULTS_DEFAULT: usize = 100;

/// Results that a page of a search may have, whatever its request names.
pub const SEARCH_RESULTS_MAX: usize = 1_000;

/// Searches that go through the store at a time, of the connections that read; others wait for their turn.
pub const SEARCHES_MAX: usize = 2;

/// Searches that wait for their turn while some have done so without a break; more are answered 503 at once.
pub const SEARCHES_WAITING_MAX: usize = 4;

/// Searches that wait for their turn when they come all at once; more are answered 503 at once.
pub const SEARCHES_BURST_MAX: usize = 64;

/// Batches of questions, searches for actions and explanations that read from the store at a time, each one
/// statement after the other; others wait for their turn.
pub const BATCHES_RUNNING_MAX: usize = 2;

/// Those that wait for their turn while some have done so without a break; more are answered 503 at once.
pub const BATCHES_WAITING_MAX: usize = 4;

/// Those that wait for their turn when they come all at once; more are answered 503 at once.
pub const BATCHES_BURST_MAX: usize = 64;

/// Lists and records of the admin API that are read at a time; others wait for their turn.
pub const READS_RUNNING_MAX: usize = 2;

/// Those that wait for their turn while some have done so without a break; more are answered 503 at once.
pub const READS_WAITING_MAX: usize = 16;

/// Those that wait for their turn when they come all at once; more are answered 503 at once.
pub const READS_BURST_MAX: usize = 256;

/// Spans of requests that wait to be sent; more are dropped and counted.
pub const TRACE_QUEUE_SPANS_MAX: usize = 4_096;

/// Spans that are sent together.
pub const TRACE_BATCH_SPANS_MAX: usize = 512;

/// How long a span waits for others to be sent with, in milliseconds.
pub const TRACE_BATCH_MILLISECONDS: u64 = 1_000;

/// How long a collector may take to accept spans, tries after a refusal included, in seconds; then they are left out.
pub const TRACE_EXPORT_SECONDS: u64 = 10;

/// How long spans that are left get to be sent when the server stops, in seconds.
pub const TRACE_CLOSE_SECONDS: u64 = 5;

/// Longest answer of a collector, in bytes; of a longer one the spans count as left out.
pub const TRACE_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Longest `tracestate` that goes along with a trace, in bytes; a longer one is left out.
pub const TRACE_STATE_BYTES_MAX: usize = 512;

/// Bounds that a deployment may change (`[limits]` in the configuration file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Longest request body, in bytes; more is answered 413.
    pub body_bytes_max: usize,
    /// Deepest nesting of arrays and objects in a request body; deeper is answered 400.
    pub json_depth_max: usize,
    /// Longest request line and headers together, in bytes; more is answered 431.
    pub header_bytes_max: usize,
    /// How long a client may take to send a request's headers, in seconds; then it is cut off.
    pub header_read_seconds: u64,
    /// How long a client may take over a TLS handshake, in seconds; then it is cut off.
    pub tls_handshake_seconds: u64,
    /// By how much the clocks of this machine and of whoever issues signed tokens may differ, in seconds.
    pub jwt_skew_seconds: u64,
    /// How long a client may take to send a request's body, in seconds; more is answered 408.
    pub body_read_seconds: u64,
    /// How long an answer may take from when the request's body is there, in seconds; more is answered 503.
    pub request_seconds: u64,
    /// The same of a call that changes something, in seconds: longer, for the change may be made although its answer
    /// came too late.
    pub change_seconds: u64,
    /// How long a client may take to accept what is written to it, in seconds; then it is cut off.
    pub write_seconds: u64,
    /// How long a connection may stay open without a request, in seconds. Longer than clients
    /// keep one in their pool that they do not use: a request must not cross the end of its connection.
    pub idle_seconds: u64,
    /// How many connections the access listener serves at a time; more wait in the system's queue. Each needs an open
    /// file (`ulimit -n`); where there are fewer, fewer are served. The admin listener serves half as many, and no
    /// more than 1,024.
    pub connections_max: usize,
    /// How many threads serve the connections of the access listener where nobody has to say who they are: they answer
    /// what is in the cache, some 100,000 times a second each. 0 is half as many as the machine has processors, and 1 at
    /// least; the other half asks.
    pub access_threads: usize,
    /// How many single questions that are not in the cache are worked on at a time; others wait for their turn. 0 is as
    /// many as the machine has processors, and 2 at least; with a database on a server 4 at least, as many as there are
    /// connections to read over.
    pub misses_running_max: usize,
    /// How many wait for their turn while some have done so for a tenth of a second without a break, and as long after it as a
    /// third or more are turned away (none, while it is half or more); more are
    /// answered 503 at once. Few: they are what an answer waits for under load.
    pub misses_waiting_max: usize,
    /// How many wait for their turn when they come all at once; more are answered 503 at once.
    pub misses_burst_max: usize,
    /// How many questions one batch may hold; more is answered 422.
    pub batch_requests_max: usize,
    /// How many admin commands may run or wait for the writer at a time; more is answered 503.
    pub commands_max: usize,
    /// How long a request waits for the revision that `Conclave-Min-Revision` names, in milliseconds;
    /// then it is answered 503.
    pub min_revision_wait_milliseconds: u64,
    /// How late a change made through another sidecar may be known here, in milliseconds, where the database is on a
    /// server; when it cannot be asked for longer than that, decisions are answered 503.
    pub staleness_milliseconds_max: u64,
    /// How many candidates one page of a search may look at; then it is cut short, or answered 503 with a
    /// token to go on if nothing was found yet.
    pub search_candidates_max: usize,
    /// How long one page of a search may take, waiting for its turn included, in milliseconds; then the same.
    pub search_milliseconds_max: u64,
    /// How long requests that are under way get to finish when the server stops, in seconds.
    pub drain_seconds: u64,
    /// How long a connection that rests is kept for one more request when the server stops, in milliseconds: one may
    /// be on its way.
    pub drain_idle_milliseconds: u64,
    /// How long a server whose sockets were handed over waits for the one before it to let go of the database, in
    /// seconds. More than that takes to drain.
    pub takeover_seconds: u64,
    /// How much memory cached decisions take, in bytes.
    pub decision_cache_bytes_max: u64,
    /// How much memory cached entities take, in bytes.
    pub entity_cache_bytes_max: u64,
    /// Of how many decisions that are evaluated one is evaluated again by Cedar's own authorizer, to be
    /// sure that both agree, in decisions; 0 is none.
    pub verification_decisions: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024,
            json_depth_max: 32,
            header_bytes_max: 16 * 1024,
            header_read_seconds: 5,
            tls_handshake_seconds: 5,
            jwt_skew_seconds: 30,
            body_read_seconds: 5,
            request_seconds: 2,
            change_seconds: 20,
            write_seconds: 20,
            idle_seconds: 60,
            connections_max: 16_384,
            access_threads: 0,
            misses_running_max: 0,
            misses_waiting_max: 1,
            misses_burst_max: 512,
            batch_requests_max: 500,
            commands_max: 256,
            min_revision_wait_milliseconds: 1_000,
            staleness_milliseconds_max: 1_000,
            search_candidates_max: 20_000,
            search_milliseconds_max: 1_500,
            drain_seconds: 20,
            drain_idle_milliseconds: 1_000,
            takeover_seconds: 30,
            decision_cache_bytes_max: 64 * 1024 * 1024,
            entity_cache_bytes_max: 64 * 1024 * 1024,
            verification_decisions: 1_000,
        }
    }
}

impl Limits {
    /// How many threads serve the access listener.
    #[must_use]
    pub fn access_threads(&self) -> usize {
        if self.access_threads > 0 {
            return self.access_threads;
        }
        std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1))
    }

    /// Each limit by its name, and the smallest and largest value it may have.
    ///
    /// A limit of nothing would refuse everything, one without end would be none.
    #[must_use]
    pub fn ranges(&self) -> [(&'static str, u64, u64, u64); 28] {
        const GIB: u64 = 1 << 30;
        const HOUR: u64 = 3_600;
        [
            ("body_bytes_max", wide(self.body_bytes_max), 1024, GIB),
            // Everything that reads JSON recurses; this depth fits every stack.
            ("json_depth_max", wide(self.json_depth_max), 4, 100),
            ("header_bytes_max", wide(self.header_bytes_max), 1024, 256 * 1024),
            ("header_read_seconds", self.header_read_seconds, 1, HOUR),
            ("tls_handshake_seconds", self.tls_handshake_seconds, 1, HOUR),
            ("jwt_skew_seconds", self.jwt_skew_seconds, 0, 300),
            ("body_read_seconds", self.body_read_seconds, 1, HOUR),
            ("request_seconds", self.request_seconds, 1, HOUR),
            ("change_seconds", self.change_seconds, 1, HOUR),
            ("write_seconds", self.write_seconds, 1, HOUR),
            ("idle_seconds", self.idle_seconds, 1, 24 * HOUR),
            ("connections_max", wide(self.connections_max), 1, 1_000_000),
            ("access_threads", wide(self.access_threads), 0, 1_024),
            ("misses_running_max", wide(self.misses_running_max), 0, 10_000),
            ("misses_waiting_max", wide(self.misses_waiting_max), 0, 100_000),
            ("misses_burst_max", wide(self.misses_burst_max), 0, 1_000_000),
            ("batch_requests_max", wide(self.batch_requests_max), 1, 100_000),
            ("commands_max", wide(self.commands_max), 1, 100_000),
            ("min_revision_wait_milliseconds", self.min_revision_wait_milliseconds, 1, HOUR * 1000),
            ("staleness_milliseconds_max", self.staleness_milliseconds_max, 20, HOUR * 1000),
            ("search_candidates_max", wide(self.search_candidates_max), 1, 10_000_000),
            ("search_milliseconds_max", self.search_milliseconds_max, 1, HOUR * 1000),
            ("drain_seconds", self.drain_seconds, 1, HOUR),
            ("drain_idle_milliseconds", self.drain_idle_milliseconds, 0, 60_000),
            ("takeover_seconds", self.takeover_seconds, 0, HOUR),
            ("decision_cache_bytes_max", self.decision_cache_bytes_max, 0, 1024 * GIB),
            ("entity_cache_bytes_max", self.entity_cache_bytes_max, 0, 1024 * GIB),
            ("verification_decisions", self.verification_decisions, 0, 1_000_000_000),
        ]
    }
}

/// How many connections the admin listener serves at a time where the access listener serves so many.
#[must_use]
pub const fn admin_connections_max(connections_max: usize) -> usize {
    let half = connections_max / 2;
    if half > ADMIN_CONNECTIONS_MAX {
        ADMIN_CONNECTIONS_MAX
    } else if half == 0 {
        1
    } else {
        half
    }
}

fn wide(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
