-- The schema of the first release with a row in each table. DO NOT EDIT.



CREATE TABLE mailboxes (
    name        TEXT    NOT NULL PRIMARY KEY,
    uidvalidity BIGINT  NOT NULL,
    last_uid    BIGINT  NOT NULL,
    started_at  BIGINT,
    scanned_at  BIGINT
);

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
CREATE TRIGGER history_keeps_update BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
CREATE TRIGGER history_keeps_delete BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;

CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, TRUE), (1, TRUE);

INSERT INTO mailboxes (name, uidvalidity, last_uid, started_at, scanned_at) VALUES ('INBOX', 1, 1, 1788215400123456, 1788215400123456);
INSERT INTO inbox (id, mailbox, uidvalidity, uid, folder, message_id, raw_hash, content_hash, sender, verdict, partner, subject, received, size, state, attempts, pass, why, duplicate, waiting, text, decided_at) VALUES (1, 'INBOX', 1, 1, '', '1@northwind.example', 'raw', 'content', 'lena@northwind.example', 'trusted', 'northwind', 'Acme''s lead', 1788215400123456, 100, 'decided', 0, 1, '', 0, FALSE, X'1f8b08000000000000ff2ac948552849ad285128c9482c51284f2c56284a4d4c01040000fffff40eef1516000000', 1788215400123456);
INSERT INTO policies (hash, canonical, since) VALUES ('0ae450b7001a8ccaad8a508d3037c1fb7667f132bef03b17b3f5d8d137196392', '{"time_zone":"UTC","expiry_months":6,"max_outstanding":50,"completion_days":30,"max_asks":2,"renewal_days":90,"renewal_window":30,"renewal_early":true,"max_renewals":0,"fresh_after_days":0,"review_hours":48,"release_after_days":14,"entry_plans":["mentor","accelerator","enterprise"],"register_customers":["managed_customer"],"earning_types":["qualified_lead"],"vendor_domains":[],"shared_hosts":[],"mail_domains":[],"replies_per_day":50}', 1788215400123456);
INSERT INTO decisions (inbox_id, pass, policy, book, request, decision, decided_at) VALUES (1, 1, '0ae450b7001a8ccaad8a508d3037c1fb7667f132bef03b17b3f5d8d137196392', '{"received":"2026-08-31T22:30:00.123456Z","sender":{"address":"lena@northwind.example","partner":"northwind","verdict":"trusted"},"partner":{"id":"northwind","name":"NORTHWIND","addresses":["lena@northwind.example"],"domains":["northwind.example"],"plan":"mentor","joined_on":"2026-01-01","agreement_on":"2026-01-01"},"registrations":[],"asks":[],"customers":[],"conversation":{},"replies_today":0,"references":["R-000001","R-000002","R-000003"]}', '{"kind":"registration","items":[],"prospects":[{"first_name":"Ana","last_name":"Lima","email":"ana@acme.example","url":"https://acme.example/","company":"The acme.example","lead_type":"qualified_lead"}],"from":"","subject":"","handling":{}}', '{"state":"decided","folder":"Processed","judgements":[{"reading":0,"verb":"register","ref":"R-000001","decision":"accepted","reasons":[],"prospect":{"first_name":"Ana","last_name":"Lima","email":"ana@acme.example","url":"https://acme.example/","company":"The acme.example","lead_type":"qualified_lead"},"organisation":"acme.example","term":{"n":1,"from":"2026-08-31","until":"2027-02-28"},"slot":1}],"actions":null,"received":"2026-08-31T22:30:00.123456Z","today":"2026-08-31","meter":{"used":0,"of":0,"expiring":0}}', 1788215400123456);
INSERT INTO partners (id, name, organisation, plan, joined_on, agreement_on, suspended_on, suspended_reason, lapsed_on, mode, acknowledge_automatic, turn, removed_at) VALUES ('northwind', 'NORTHWIND', '', 'mentor', '2026-01-01', '2026-01-01', '', '', '', '', FALSE, 1, NULL);
INSERT INTO partner_addresses (address, partner, position) VALUES ('lena@northwind.example', 'northwind', 0);
INSERT INTO partner_domains (domain, partner, position) VALUES ('northwind.example', 'northwind', 0);
INSERT INTO partner_organisations (key, partner) VALUES ('northwind.example', 'northwind');
INSERT INTO customers (organisation, name, since) VALUES ('kuanza.example', 'Kuanza Coffee', 1788215400123456);
INSERT INTO prospects (ref, inbox_id, partner, state, first_name, last_name, email, url, company, lead_type, organisation, reasons, asked, proposal, no_website, last, decided_at) VALUES ('R-000001', 1, 'northwind', 'accepted', 'Ana', 'Lima', 'ana@acme.example', 'https://acme.example/', 'The acme.example', 'qualified_lead', 'acme.example', '[]', 0, '', FALSE, 1788215400123456, 1788215400123456);
INSERT INTO registrations (ref, partner, organisation, name_key, state, received, ended_at, slot, slot_cap) VALUES ('R-000001', 'northwind', 'acme.example', 'acmeexample', 'active', 1788215400123456, NULL, 1, 50);
INSERT INTO terms (ref, n, from_on, until_on) VALUES ('R-000001', 1, '2026-08-31', '2027-02-28');
INSERT INTO contacts (ref, n, first_name, last_name, email) VALUES ('R-000001', 1, 'Ana', 'Lima', 'ana@acme.example');
INSERT INTO outbox (id, key, kind, inbox_id, partner, to_address, from_address, message_id, subject, raw, state, why, attempts, doubts, queued_at, next_at, sent_at, last_error, numbering, copied) VALUES (1, 'reply/1/1', 'reply', 1, 'northwind', 'lena@northwind.example', 'partners@vendor.example', 'reply/1/1@vendor.example', '', X'6279746573206f66207265706c792f312f31', 'queued', '', 0, 0, 1788215400123456, 1788215400123456, NULL, '', '["R-000001"]', FALSE);
INSERT INTO suppressions (mailbox, address, why, since) VALUES ('gone@northwind.example', 'gone@northwind.example', '5.1.1', 1788215400123456);
INSERT INTO filings (inbox_id, folder, attempts, queued_at, done_at) VALUES (1, 'Processed', 0, 1788215400123456, NULL);
INSERT INTO history (id, at, actor, subject, what, why) VALUES (1, 1788215400123456, 'staff', 'northwind', 'added', 'joined');
INSERT INTO history (id, at, actor, subject, what, why) VALUES (2, 1788215400123456, 'staff', 'northwind', 'changed', 'joined');
INSERT INTO history (id, at, actor, subject, what, why) VALUES (3, 1788215400123456, 'partner northwind', 'R-000001', 'accepted', 'mail 1, pass 1');
INSERT INTO history (id, at, actor, subject, what, why) VALUES (4, 1788215400123456, 'staff', 'kuanza.example', 'existing customer', '');
