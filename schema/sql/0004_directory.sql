-- The directory (F1-F3) and requests to join a closed group (F5).

-- The published groups, and what a search compares. A private group has no row here, so that no
-- search can find it (F2). The triggers below keep it: whoever writes `groups` need not think of it.
CREATE TABLE directory (
    -- In the order of publication, which is the order of hits.
    key INTEGER NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL UNIQUE REFERENCES groups (id),
    name_folded TEXT NOT NULL,
    activity TEXT,
    sector TEXT,
    -- In lower case.
    language TEXT,
    -- All of it in one text, to be found by any three characters in a row. Names, sectors and
    -- languages hold no control characters, so that each part is told from the others.
    terms TEXT NOT NULL GENERATED ALWAYS AS (
        name_folded || char(1) || coalesce(language, '') || '-' || char(2) || coalesce(substr(activity, 1, 1), '')
        || char(3) || coalesce(sector, '') || char(4)) VIRTUAL
) STRICT;

-- Which rows hold which three characters in a row, by key. Texts are folded already: nothing is to
-- be folded here. It knows rows alone and no places in them; the search compares the whole text after it.
CREATE VIRTUAL TABLE directory_terms USING fts5 (
    terms, content = 'directory', content_rowid = 'key', detail = 'none', columnsize = 0,
    tokenize = 'trigram case_sensitive 1 remove_diacritics 0'
);

CREATE TRIGGER directory_terms_added AFTER INSERT ON directory
BEGIN
    INSERT INTO directory_terms (rowid, terms) VALUES (NEW.key, NEW.terms);
END;
CREATE TRIGGER directory_terms_changed AFTER UPDATE ON directory WHEN NEW.terms <> OLD.terms
BEGIN
    INSERT INTO directory_terms (directory_terms, rowid, terms) VALUES ('delete', OLD.key, OLD.terms);
    INSERT INTO directory_terms (rowid, terms) VALUES (NEW.key, NEW.terms);
END;
CREATE TRIGGER directory_terms_removed AFTER DELETE ON directory
BEGIN
    INSERT INTO directory_terms (directory_terms, rowid, terms) VALUES ('delete', OLD.key, OLD.terms);
END;

-- Groups that were published before.
INSERT INTO directory (group_id, name_folded, activity, sector, language)
SELECT id, name_folded, activity, sector, lower(language) FROM groups WHERE published = 1 ORDER BY rowid;

CREATE TRIGGER directory_group_made AFTER INSERT ON groups WHEN NEW.published = 1
BEGIN
    INSERT INTO directory (group_id, name_folded, activity, sector, language)
    VALUES (NEW.id, NEW.name_folded, NEW.activity, NEW.sector, lower(NEW.language));
END;
CREATE TRIGGER directory_group_published AFTER UPDATE OF published ON groups
WHEN NEW.published = 1 AND OLD.published = 0
BEGIN
    INSERT INTO directory (group_id, name_folded, activity, sector, language)
    VALUES (NEW.id, NEW.name_folded, NEW.activity, NEW.sector, lower(NEW.language));
END;
CREATE TRIGGER directory_group_changed AFTER UPDATE OF name_folded, activity, sector, language ON groups
WHEN NEW.published = 1 AND OLD.published = 1
BEGIN
    UPDATE directory
    SET name_folded = NEW.name_folded, activity = NEW.activity, sector = NEW.sector, language = lower(NEW.language)
    WHERE group_id = NEW.id;
END;
CREATE TRIGGER directory_group_hidden AFTER UPDATE OF published ON groups
WHEN NEW.published = 0 AND OLD.published = 1
BEGIN
    DELETE FROM directory WHERE group_id = NEW.id;
END;
CREATE TRIGGER directory_group_deleted AFTER DELETE ON groups WHEN OLD.published = 1
BEGIN
    DELETE FROM directory WHERE group_id = OLD.id;
END;

-- Requests to join a closed group (F5): at most one of each person to each group.
CREATE TABLE join_requests (
    -- A UUIDv7: by id is by age.
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES groups (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    -- As the person wrote it, for the administrator to read.
    message TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    -- When it was withdrawn or dismissed; such a request is kept until the next, to tell how long
    -- ago the administrator was last written to.
    closed_ms INTEGER,
    UNIQUE (group_id, user_id)
) STRICT;
CREATE INDEX join_requests_open ON join_requests (group_id, id) WHERE closed_ms IS NULL;
CREATE INDEX join_requests_by_user ON join_requests (user_id, created_ms);
