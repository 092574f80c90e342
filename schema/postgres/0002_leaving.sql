-- What leaving a group leaves behind, and contacts.

-- A grant on a private space that its owner kept when leaving the group it was made through (F7):
-- it stays in force, and until owner and grantee share a group again nobody can withdraw it. A
-- grant is marked only while they share none: whoever joins ends the marks.
ALTER TABLE grants ADD COLUMN kept BIGINT NOT NULL DEFAULT 0 CHECK (kept IN (0, 1));

-- Whom an item of a contacts tool stands for (A9): a user, or somebody with an address.
CREATE TABLE contacts (
    -- Gone with its item, whose short key is given again.
    item BIGINT NOT NULL PRIMARY KEY REFERENCES items (key) ON DELETE CASCADE,
    user_id TEXT COLLATE "C" REFERENCES users (id),
    email TEXT COLLATE "C",
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    CHECK ((user_id IS NULL) <> (email IS NULL)),
    -- A user's names are the user's own.
    CHECK (user_id IS NULL OR (first_name IS NULL AND last_name IS NULL))
);
CREATE INDEX contacts_by_user ON contacts (user_id);
CREATE INDEX contacts_by_email ON contacts (email);
