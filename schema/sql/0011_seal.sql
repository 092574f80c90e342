-- What the tokens of pages are sealed with, so that nobody makes one up. It is of this database and goes with a copy of it.
CREATE TABLE seal (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    secret TEXT NOT NULL
) STRICT;
INSERT INTO seal (one, secret) VALUES (1, lower(hex(randomblob(32))));
