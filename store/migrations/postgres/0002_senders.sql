-- +goose Up

-- Another look at a mail whose sender could not be judged for the moment.
ALTER TABLE inbox ADD COLUMN retry_at BIGINT;
ALTER TABLE inbox ADD COLUMN retries BIGINT NOT NULL DEFAULT 0;
-- A person has answered in the conversation of this mail.
ALTER TABLE inbox ADD COLUMN taken BOOLEAN NOT NULL DEFAULT FALSE;

-- What limits our answers: the receipt of the mail that is answered (none for
-- what answers nothing), to which domain and in which conversation, about what,
-- and whether the answer settled nothing.
ALTER TABLE outbox ADD COLUMN received BIGINT;
ALTER TABLE outbox ADD COLUMN domain TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN thread TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN topic TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN idle BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX outbox_received ON outbox (received) WHERE received IS NOT NULL;
CREATE INDEX outbox_domain ON outbox (domain, received) WHERE received IS NOT NULL;
CREATE INDEX outbox_thread ON outbox (thread) WHERE thread <> '';
CREATE INDEX outbox_topic ON outbox (topic, received) WHERE topic <> '';

-- What the program keeps for itself: the key of its tokens, the proof of the
-- trust boundary.
CREATE TABLE settings (
    name  TEXT COLLATE "C"   NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C"   NOT NULL,
    since BIGINT NOT NULL
);
