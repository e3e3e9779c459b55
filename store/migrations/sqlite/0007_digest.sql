-- +goose Up

-- What the digest of staff reads, each by an index of its own: what was decided and
-- changed in a time, what failed in it, and what waits.
CREATE INDEX decisions_decided ON decisions (decided_at);
CREATE INDEX history_at ON history (at);
CREATE INDEX inbox_quarantined ON inbox (decided_at) WHERE state = 'quarantined';
CREATE INDEX outbox_held ON outbox (queued_at) WHERE state = 'held';
CREATE INDEX outbox_undelivered ON outbox (next_at) WHERE state IN ('failed', 'uncertain');
CREATE INDEX suppressions_since ON suppressions (since);
-- A partner that holds many has a high slot.
CREATE INDEX registrations_full ON registrations (slot, partner) WHERE slot IS NOT NULL;
