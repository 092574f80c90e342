-- Everything the rules of groups keep. Times are milliseconds since 1970-01-01 UTC (`_ms`).
-- Text compares byte by byte (BINARY, the default): ids that differ in anything are different ids.

-- The one row that says how many changes the store has seen.
CREATE TABLE store (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT;
INSERT INTO store (one, revision) VALUES (1, 0);

-- Each acknowledged change: what was done, when, on whose behalf (NULL: the host's own).
CREATE TABLE commits (
    revision INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    command TEXT NOT NULL,
    actor TEXT
) STRICT;

-- The entities that each change touched; whoever caches decisions follows this table.
CREATE TABLE changes (
    revision INTEGER NOT NULL REFERENCES commits (revision),
    ordinal INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    change TEXT NOT NULL CHECK (change IN ('created', 'changed', 'deleted')),
    PRIMARY KEY (revision, ordinal)
) STRICT, WITHOUT ROWID;

-- Plans (P1-P6). NULL is without limit.
CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    max_groups INTEGER CHECK (max_groups >= 0),
    max_members INTEGER CHECK (max_members >= 0)
) STRICT;

CREATE TABLE capacities (
    subscription TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity >= 0),
    PRIMARY KEY (subscription, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    last_name TEXT,
    first_name TEXT,
    organization TEXT,
    email TEXT,
    picture TEXT,
    language TEXT,
    subscription TEXT NOT NULL REFERENCES subscriptions (id)
) STRICT;
CREATE INDEX users_by_subscription ON users (subscription);
CREATE INDEX users_by_email ON users (email);

CREATE TABLE groups (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name after NFKC_Casefold: two names that look alike are one (A6).
    name_folded TEXT NOT NULL UNIQUE,
    administrator TEXT NOT NULL REFERENCES users (id),
    full_name TEXT,
    description TEXT,
    language TEXT,
    activity TEXT CHECK (activity IN ('business', 'other')),
    sector TEXT,
    published INTEGER NOT NULL DEFAULT 0 CHECK (published IN (0, 1)),
    members_published INTEGER NOT NULL DEFAULT 0 CHECK (members_published IN (0, 1)),
    open INTEGER NOT NULL DEFAULT 0 CHECK (open IN (0, 1)),
    created_ms INTEGER NOT NULL,
    CHECK (published = 1 OR (members_published = 0 AND open = 0)),
    CHECK (sector IS NULL OR activity = 'business')
) STRICT;
CREATE INDEX groups_by_administrator ON groups (administrator);

-- Members; the administrator is not one of them.
CREATE TABLE members (
    group_id TEXT NOT NULL REFERENCES groups (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    co_administrator INTEGER NOT NULL DEFAULT 0 CHECK (co_administrator IN (0, 1)),
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user_id, group_id, co_administrator);

-- Ids of users and groups that were deleted: never used again (A14, P7).
CREATE TABLE tombstones (
    entity_type TEXT NOT NULL CHECK (entity_type IN ('User', 'Group')),
    entity_id TEXT NOT NULL,
    PRIMARY KEY (entity_type, entity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES groups (id),
    -- Bound to a user, or to whoever accepts with the token (A10).
    user_id TEXT REFERENCES users (id),
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    -- SHA-256 of the token; the token itself is shown once and never kept.
    token_hash BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined', 'withdrawn')),
    -- Who accepted; set with `state` = 'accepted'.
    accepted_by TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    CHECK (user_id IS NOT NULL OR email IS NOT NULL)
) STRICT;
CREATE INDEX invitations_by_group ON invitations (group_id, state);
CREATE INDEX invitations_by_user ON invitations (user_id);

-- Tools, folders and items have a short integer key beside the id, for the joins of the folder chain.
CREATE TABLE tools (
    key INTEGER NOT NULL PRIMARY KEY,
    -- `group:GROUP/KIND` or `user:USER/KIND`.
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    group_id TEXT REFERENCES groups (id),
    owner TEXT REFERENCES users (id),
    -- Sum of the sizes of all items below.
    used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    CHECK ((group_id IS NULL) <> (owner IS NULL))
) STRICT;
CREATE INDEX tools_by_group ON tools (group_id);
CREATE INDEX tools_by_owner ON tools (owner);

CREATE TABLE folders (
    key INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tool INTEGER NOT NULL REFERENCES tools (key),
    -- The folder it lies in; NULL directly in the tool.
    parent INTEGER REFERENCES folders (key),
    name TEXT,
    -- Not a reference: content outlives its author (A12, P7).
    author TEXT NOT NULL
) STRICT;
CREATE INDEX folders_by_parent ON folders (tool, parent);

CREATE TABLE items (
    key INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tool INTEGER NOT NULL REFERENCES tools (key),
    folder INTEGER REFERENCES folders (key),
    name TEXT,
    kind TEXT,
    author TEXT NOT NULL,
    -- In the tool's own unit (bytes of a document, say).
    size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0)
) STRICT;
CREATE INDEX items_by_place ON items (tool, folder);

-- Grants add up (D6); who granted is not kept because it makes no difference.
CREATE TABLE grants (
    resource_type TEXT NOT NULL CHECK (resource_type IN ('Tool', 'Folder', 'Item')),
    -- `key` of the tool, folder or item.
    resource INTEGER NOT NULL,
    access TEXT NOT NULL CHECK (access IN ('view', 'view_details', 'add', 'edit', 'delete')),
    grantee_type TEXT NOT NULL CHECK (grantee_type IN ('User', 'Group')),
    grantee TEXT NOT NULL,
    -- The tool the resource is or lies in, to find all grants of a space.
    tool INTEGER NOT NULL REFERENCES tools (key),
    PRIMARY KEY (resource_type, resource, access, grantee_type, grantee)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_grantee ON grants (grantee_type, grantee, tool);
CREATE INDEX grants_by_tool ON grants (tool);
