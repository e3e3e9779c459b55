-- +goose Up

-- The tax and bank forms that partners handed in: what kind, when, how large, and the
-- hash of the file. Nothing of what stands in them.
CREATE TABLE forms (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    partner  TEXT   NOT NULL REFERENCES partners (id),
    kind     TEXT   NOT NULL CHECK (kind IN ('ach_wire', 'w8ben', 'w8bene', 'w9', 'tax_form', 'unknown')),
    received BIGINT,                              -- receipt of the mail; none for post
    day      TEXT   NOT NULL CHECK (day <> ''),   -- its day in the program's zone
    state    TEXT   NOT NULL CHECK (state IN ('submitted', 'confirmed', 'refused')),
    name     TEXT   NOT NULL DEFAULT '',
    size     BIGINT NOT NULL DEFAULT 0,
    sha256   TEXT   NOT NULL DEFAULT '',
    inbox_id BIGINT REFERENCES inbox (id),
    because  TEXT   NOT NULL DEFAULT '',          -- why it was refused
    CONSTRAINT forms_named CHECK (state <> 'confirmed' OR kind <> 'unknown')
);
CREATE INDEX forms_partner ON forms (partner);
CREATE INDEX forms_inbox ON forms (inbox_id) WHERE inbox_id IS NOT NULL;
CREATE INDEX forms_waiting ON forms (partner) WHERE state = 'submitted';

-- Whose deadline comes is found by the day of joining.
CREATE INDEX partners_joined ON partners (joined_on);
