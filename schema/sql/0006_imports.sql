-- How far an import has come, so that running it again continues there.
CREATE TABLE imports (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    -- Lines and bytes of the file that are part of the database.
    lines INTEGER NOT NULL CHECK (lines >= 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    -- SHA-256 of those bytes in hexadecimal: it must be the same file that continues.
    digest TEXT NOT NULL,
    -- Whether the file ended there.
    finished INTEGER NOT NULL CHECK (finished IN (0, 1))
) STRICT;
