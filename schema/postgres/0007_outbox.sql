-- Mail that waits to be sent, and what became of it (A10, F5). A mail is written in the transaction
-- of the change it tells of: there is one without the other never.
CREATE TABLE outbox (
    -- A UUIDv7: by id is by age.
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('invitation', 'join_request')),
    recipient TEXT COLLATE "C" NOT NULL,
    -- The language it is written in: `en`, `it`, `nl` or `es` (T1).
    language TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    -- Whole, as it will be sent. May hold the token of an invitation, so it is erased with the sending.
    body TEXT COLLATE "C",
    -- The invitation or the request to join that it tells of, by id.
    about TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
    -- How often it was tried, the time that succeeded included.
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_ms BIGINT NOT NULL,
    -- Not tried before.
    next_attempt_ms BIGINT NOT NULL,
    -- What the mail server said last.
    last_error TEXT COLLATE "C",
    sent_ms BIGINT,
    CHECK ((body IS NULL) = (state = 'sent')),
    CHECK ((sent_ms IS NULL) = (state <> 'sent'))
);
CREATE INDEX outbox_by_due ON outbox (state, next_attempt_ms, id);
CREATE INDEX outbox_by_state ON outbox (state, id);
CREATE INDEX outbox_sent ON outbox (sent_ms) WHERE state = 'sent';
CREATE INDEX outbox_by_about ON outbox (about);

-- A token is kept in plain text no longer than it admits somebody, and what a person wrote no longer
-- than somebody is to read it: an invitation that is used, declined, withdrawn, sent again or gone takes
-- its unsent mail along, and so does a request to join that is closed or gone, whoever ended it.
CREATE FUNCTION outbox_invitation_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM outbox WHERE about = OLD.id AND state <> 'sent';
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_invitation_ended AFTER UPDATE OF state, token_hash ON invitations FOR EACH ROW
WHEN (NEW.state <> 'pending' OR NEW.token_hash <> OLD.token_hash) EXECUTE FUNCTION outbox_invitation_ended();
CREATE FUNCTION outbox_invitation_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM outbox WHERE about = OLD.id AND state <> 'sent';
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_invitation_gone AFTER DELETE ON invitations FOR EACH ROW
EXECUTE FUNCTION outbox_invitation_gone();
CREATE FUNCTION outbox_request_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM outbox WHERE about = OLD.id AND state <> 'sent';
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_request_closed AFTER UPDATE OF closed_ms ON join_requests FOR EACH ROW
WHEN (NEW.closed_ms IS NOT NULL) EXECUTE FUNCTION outbox_request_closed();
CREATE FUNCTION outbox_request_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM outbox WHERE about = OLD.id AND state <> 'sent';
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_request_gone AFTER DELETE ON join_requests FOR EACH ROW
EXECUTE FUNCTION outbox_request_gone();
