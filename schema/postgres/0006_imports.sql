-- How far an import has come, so that running it again continues there.
CREATE TABLE imports (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    -- Lines and bytes of the file that are part of the database.
    lines BIGINT NOT NULL CHECK (lines >= 0),
    bytes BIGINT NOT NULL CHECK (bytes >= 0),
    -- SHA-256 of those bytes in hexadecimal: it must be the same file that continues.
    digest TEXT COLLATE "C" NOT NULL,
    -- Whether the file ended there.
    finished BIGINT NOT NULL CHECK (finished IN (0, 1))
);
