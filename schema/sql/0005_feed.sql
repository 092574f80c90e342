-- Who did what to whom, and what was refused. A row is no change of its own: it has no revision but
-- that of the change it tells of.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    -- NULL: the host's own call.
    actor TEXT,
    -- The command, or method and route of what was refused before a command began.
    action TEXT NOT NULL,
    target_type TEXT,
    target_id TEXT,
    -- The person that was acted on inside the target: the member of a group, say.
    subject TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('allowed', 'refused')),
    -- The rule that refused, where one did.
    rule TEXT,
    revision INTEGER,
    -- Counts the rows of each outcome apart: what is refused never pushes out what was done.
    number INTEGER NOT NULL,
    UNIQUE (outcome, number),
    CHECK ((outcome = 'allowed') = (revision IS NOT NULL)),
    CHECK ((target_type IS NULL) = (target_id IS NULL))
) STRICT;
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_target ON audit (target_type, target_id);
CREATE INDEX audit_by_subject ON audit (subject) WHERE subject IS NOT NULL;

-- The first answers to calls with an `Idempotency-Key`, written with the change they answer.
CREATE TABLE idempotency (
    -- Counts up, so that the oldest are found without a search.
    number INTEGER NOT NULL PRIMARY KEY,
    -- SHA-256 of caller and key.
    key_hash BLOB NOT NULL UNIQUE,
    -- SHA-256 of method, path and body.
    request_hash BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    revision INTEGER,
    -- Without secrets.
    body BLOB NOT NULL
) STRICT;
CREATE INDEX idempotency_by_time ON idempotency (at_ms);
