-- +goose Up

-- A reminder is owed once by what it is about, the last day of that, and the stage.
-- Only a registration has a reference: the rest is the partner's own.
ALTER TABLE reminders RENAME TO reminders_of_registrations;
DROP INDEX reminders_outbox;
CREATE TABLE reminders (
    cause     TEXT   NOT NULL CHECK (cause IN ('registration', 'membership', 'paperwork')),
    partner   TEXT   NOT NULL REFERENCES partners (id),
    ref       TEXT   NOT NULL DEFAULT '',
    until_on  TEXT   NOT NULL,
    stage     BIGINT NOT NULL,
    day       TEXT   NOT NULL,
    outbox_id BIGINT REFERENCES outbox (id),
    CONSTRAINT reminders_by_cause PRIMARY KEY (partner, cause, ref, until_on, stage)
);
INSERT INTO reminders (cause, partner, ref, until_on, stage, day, outbox_id)
    SELECT 'registration', r.partner, m.ref, m.until_on, m.stage, m.day, m.outbox_id
    FROM reminders_of_registrations m JOIN registrations r ON r.ref = m.ref;
DROP TABLE reminders_of_registrations;
CREATE INDEX reminders_outbox ON reminders (outbox_id);
