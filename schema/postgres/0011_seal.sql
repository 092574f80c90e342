-- What the tokens of pages are sealed with, so that nobody makes one up. It is of this database and goes with a copy of it.
CREATE TABLE seal (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    secret TEXT COLLATE "C" NOT NULL
);
-- Two of them: 244 bits of what the server draws from its strong source.
INSERT INTO seal (one, secret) VALUES (1, replace(gen_random_uuid()::TEXT || gen_random_uuid()::TEXT, '-', ''));
