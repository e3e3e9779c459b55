-- +goose Up

-- Changes of registrations that wait for a person, and what became of them: the
-- n-th judgement, from 1, of a mail's decision.
CREATE TABLE changes (
    inbox_id   BIGINT NOT NULL REFERENCES inbox (id),
    n          BIGINT NOT NULL CHECK (n > 0),
    pass       BIGINT NOT NULL,
    ref        TEXT COLLATE "C" NOT NULL REFERENCES prospects (ref),
    partner    TEXT COLLATE "C" NOT NULL REFERENCES partners (id),
    verb       TEXT COLLATE "C" NOT NULL CHECK (verb IN ('renew', 'withdraw', 'correct')),
    reasons    TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('review', 'accepted', 'rejected', 'lapsed')),
    decided_at BIGINT,
    CONSTRAINT changes_once PRIMARY KEY (inbox_id, n)
);
CREATE INDEX changes_waiting ON changes (inbox_id) WHERE state = 'review';
