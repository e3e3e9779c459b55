-- +goose Up

-- A reminder is owed once by registration, last day and stage.
CREATE TABLE reminders (
    ref       TEXT COLLATE "C"   NOT NULL REFERENCES registrations (ref),
    until_on  TEXT COLLATE "C"   NOT NULL,
    stage     BIGINT NOT NULL,
    day       TEXT COLLATE "C"   NOT NULL,
    outbox_id BIGINT REFERENCES outbox (id),
    CONSTRAINT reminders_once PRIMARY KEY (ref, until_on, stage)
);
CREATE INDEX reminders_outbox ON reminders (outbox_id);
CREATE INDEX terms_until ON terms (until_on);

-- Since when a partner wants no reminders.
ALTER TABLE partners ADD COLUMN quiet_since BIGINT;

CREATE INDEX inbox_partner ON inbox (partner, id) WHERE partner <> '';
