-- +goose Up

-- Instants are microseconds since 1970-01-01 UTC, days are text such as
-- 2026-08-31 ('' for none), JSON is text. The same tables stand in
-- ../postgres; only types, collations and triggers differ.

CREATE TABLE mailboxes (
    name        TEXT    NOT NULL PRIMARY KEY,
    uidvalidity BIGINT  NOT NULL,
    last_uid    BIGINT  NOT NULL,
    started_at  BIGINT,
    scanned_at  BIGINT
);

-- Every mail that was ever seen, with where it stands and where it lies.
CREATE TABLE inbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox      TEXT    NOT NULL,
    uidvalidity  BIGINT  NOT NULL,
    uid          BIGINT  NOT NULL,
    folder       TEXT    NOT NULL DEFAULT '',
    message_id   TEXT    NOT NULL DEFAULT '',
    raw_hash     TEXT    NOT NULL DEFAULT '',
    content_hash TEXT    NOT NULL DEFAULT '',
    sender       TEXT    NOT NULL DEFAULT '',
    verdict      TEXT    NOT NULL DEFAULT '',
    partner      TEXT    NOT NULL DEFAULT '',
    subject      TEXT    NOT NULL DEFAULT '',
    received     BIGINT,
    size         BIGINT  NOT NULL DEFAULT 0,
    state        TEXT    NOT NULL CHECK (state IN ('found', 'attempted', 'decided', 'filed', 'held', 'ignored', 'quarantined')),
    attempts     BIGINT  NOT NULL DEFAULT 0,
    pass         BIGINT  NOT NULL DEFAULT 1,
    why          TEXT    NOT NULL DEFAULT '',
    duplicate    BIGINT  NOT NULL DEFAULT 0,
    waiting      BOOLEAN NOT NULL DEFAULT FALSE, -- for a person
    text         BLOB,                           -- gzip
    decided_at   BIGINT,
    CONSTRAINT inbox_uid UNIQUE (mailbox, uidvalidity, uid)
);
CREATE INDEX inbox_raw_hash ON inbox (raw_hash);
CREATE INDEX inbox_message_id ON inbox (message_id);
CREATE INDEX inbox_sender ON inbox (sender);
CREATE INDEX inbox_undecided ON inbox (mailbox, uidvalidity) WHERE state IN ('found', 'attempted');
CREATE INDEX inbox_waiting ON inbox (received) WHERE waiting;

CREATE TABLE policies (
    hash      TEXT   NOT NULL PRIMARY KEY,
    canonical TEXT   NOT NULL,
    since     BIGINT NOT NULL
);

-- A mail is decided once a pass.
CREATE TABLE decisions (
    inbox_id   BIGINT NOT NULL REFERENCES inbox (id),
    pass       BIGINT NOT NULL CHECK (pass > 0),
    policy     TEXT   NOT NULL REFERENCES policies (hash),
    book       TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    decision   TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    CONSTRAINT decisions_once PRIMARY KEY (inbox_id, pass)
);

CREATE TABLE partners (
    id                    TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
    name                  TEXT    NOT NULL,
    organisation          TEXT    NOT NULL DEFAULT '',
    plan                  TEXT    NOT NULL DEFAULT '',
    joined_on             TEXT    NOT NULL DEFAULT '',
    agreement_on          TEXT    NOT NULL DEFAULT '',
    suspended_on          TEXT    NOT NULL DEFAULT '',
    suspended_reason      TEXT    NOT NULL DEFAULT '',
    lapsed_on             TEXT    NOT NULL DEFAULT '',
    mode                  TEXT    NOT NULL DEFAULT '',
    acknowledge_automatic BOOLEAN NOT NULL DEFAULT FALSE,
    turn                  BIGINT  NOT NULL DEFAULT 0, -- raised by each transaction that changes what the partner holds
    removed_at            BIGINT
);
CREATE TABLE partner_addresses (
    address  TEXT   NOT NULL,
    partner  TEXT   NOT NULL REFERENCES partners (id),
    position BIGINT NOT NULL,
    CONSTRAINT partner_addresses_owner PRIMARY KEY (address)
);
CREATE INDEX partner_addresses_partner ON partner_addresses (partner);
CREATE TABLE partner_domains (
    domain   TEXT   NOT NULL,
    partner  TEXT   NOT NULL REFERENCES partners (id),
    position BIGINT NOT NULL,
    CONSTRAINT partner_domains_owner PRIMARY KEY (domain)
);
CREATE INDEX partner_domains_partner ON partner_domains (partner);
CREATE TABLE partner_organisations (
    key     TEXT NOT NULL,
    partner TEXT NOT NULL REFERENCES partners (id),
    PRIMARY KEY (key, partner)
);
CREATE INDEX partner_organisations_partner ON partner_organisations (partner);

CREATE TABLE customers (
    organisation TEXT   NOT NULL PRIMARY KEY CHECK (organisation <> ''),
    name         TEXT   NOT NULL,
    since        BIGINT NOT NULL
);

-- Every prospect that got a reference.
CREATE TABLE prospects (
    ref          TEXT    NOT NULL PRIMARY KEY,
    inbox_id     BIGINT  REFERENCES inbox (id), -- of the latest decision; none for an import
    partner      TEXT    NOT NULL REFERENCES partners (id),
    state        TEXT    NOT NULL CHECK (state IN ('needs_info', 'accepted', 'rejected', 'review', 'contact_added', 'lapsed', 'withdrawn', 'held')),
    first_name   TEXT    NOT NULL,
    last_name    TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    company      TEXT    NOT NULL,
    lead_type    TEXT    NOT NULL,
    organisation TEXT    NOT NULL,
    reasons      TEXT    NOT NULL,
    asked        BIGINT  NOT NULL DEFAULT 0,
    proposal     TEXT    NOT NULL DEFAULT '',
    no_website   BOOLEAN NOT NULL DEFAULT FALSE,
    last         BIGINT  NOT NULL, -- receipt of the mail of the latest decision
    decided_at   BIGINT  NOT NULL
);
CREATE INDEX prospects_open ON prospects (partner) WHERE state = 'needs_info';
CREATE INDEX prospects_inbox ON prospects (inbox_id);

-- The guards of the program's promises: one outstanding registration an
-- organisation, and a slot for each of a partner's, of which there are no more
-- than the cap: the fifty-first finds none.
CREATE TABLE registrations (
    ref          TEXT   NOT NULL PRIMARY KEY REFERENCES prospects (ref),
    partner      TEXT   NOT NULL REFERENCES partners (id),
    organisation TEXT   NOT NULL CHECK (organisation <> ''),
    name_key     TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('under_review', 'refused', 'active', 'expired', 'withdrawn', 'revoked', 'released', 'won')),
    received     BIGINT NOT NULL,
    ended_at     BIGINT,
    slot         BIGINT,
    slot_cap     BIGINT NOT NULL,
    CONSTRAINT registrations_cap CHECK (slot IS NULL OR slot BETWEEN 1 AND slot_cap),
    CONSTRAINT registrations_outstanding CHECK ((state = 'active' AND slot IS NOT NULL) OR state = 'under_review' OR (state <> 'active' AND slot IS NULL))
);
CREATE UNIQUE INDEX registrations_one_holder ON registrations (organisation) WHERE slot IS NOT NULL;
CREATE UNIQUE INDEX registrations_slot ON registrations (partner, slot) WHERE slot IS NOT NULL;
CREATE INDEX registrations_organisation ON registrations (organisation);
CREATE INDEX registrations_name ON registrations (name_key) WHERE slot IS NOT NULL;
CREATE INDEX registrations_partner ON registrations (partner);
CREATE INDEX registrations_review ON registrations (received) WHERE state = 'under_review';

CREATE TABLE terms (
    ref      TEXT   NOT NULL REFERENCES registrations (ref),
    n        BIGINT NOT NULL CHECK (n > 0),
    from_on  TEXT   NOT NULL CHECK (from_on <> ''),
    until_on TEXT   NOT NULL CHECK (until_on >= from_on),
    PRIMARY KEY (ref, n)
);

CREATE TABLE contacts (
    ref        TEXT   NOT NULL REFERENCES registrations (ref),
    n          BIGINT NOT NULL,
    first_name TEXT   NOT NULL,
    last_name  TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    PRIMARY KEY (ref, n)
);

-- What is owed by mail, as bytes.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT    NOT NULL CHECK (key <> ''),
    kind         TEXT    NOT NULL,
    inbox_id     BIGINT  REFERENCES inbox (id),
    partner      TEXT    NOT NULL DEFAULT '',
    to_address   TEXT    NOT NULL,
    from_address TEXT    NOT NULL,
    message_id   TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    raw          BLOB    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'uncertain', 'held', 'cancelled')),
    why          TEXT    NOT NULL DEFAULT '',
    attempts     BIGINT  NOT NULL DEFAULT 0,
    doubts       BIGINT  NOT NULL DEFAULT 0, -- how often it became uncertain
    queued_at    BIGINT  NOT NULL,
    next_at      BIGINT  NOT NULL,
    sent_at      BIGINT,
    last_error   TEXT    NOT NULL DEFAULT '',
    numbering    TEXT    NOT NULL DEFAULT '[]',
    copied       BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT outbox_once UNIQUE (key)
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state IN ('queued', 'deferred', 'uncertain');
CREATE INDEX outbox_message_id ON outbox (message_id);
CREATE INDEX outbox_to ON outbox (to_address);
CREATE INDEX outbox_inbox ON outbox (inbox_id);
CREATE INDEX outbox_uncopied ON outbox (id) WHERE state = 'sent' AND NOT copied;

CREATE TABLE suppressions (
    mailbox TEXT   NOT NULL PRIMARY KEY, -- the address in lower case
    address TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    since   BIGINT NOT NULL
);

-- What is decided and not yet filed, one a mail.
CREATE TABLE filings (
    inbox_id  BIGINT NOT NULL PRIMARY KEY REFERENCES inbox (id),
    folder    TEXT   NOT NULL,
    attempts  BIGINT NOT NULL DEFAULT 0,
    queued_at BIGINT NOT NULL,
    done_at   BIGINT
);
CREATE INDEX filings_pending ON filings (attempts, inbox_id) WHERE done_at IS NULL;

CREATE TABLE history (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    what    TEXT   NOT NULL,
    why     TEXT   NOT NULL
);
CREATE INDEX history_subject ON history (subject, id);
-- +goose StatementBegin
CREATE TRIGGER history_keeps_update BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER history_keeps_delete BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
-- +goose StatementEnd
