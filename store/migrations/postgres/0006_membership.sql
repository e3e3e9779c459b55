-- +goose Up

-- The last day of the partner's subscription, where it is known.
ALTER TABLE partners ADD COLUMN plan_until TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Since when it may be shown in the directory.
ALTER TABLE partners ADD COLUMN certified_on TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Which agreement was accepted by mail: its version, the hash of its file, and the
-- receipt of the mail that said so.
ALTER TABLE partners ADD COLUMN agreement_version TEXT NOT NULL DEFAULT '';
ALTER TABLE partners ADD COLUMN agreement_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE partners ADD COLUMN agreement_at BIGINT;

CREATE INDEX partners_lapsed ON partners (lapsed_on) WHERE lapsed_on <> '';
CREATE INDEX partners_plan ON partners (plan_until) WHERE plan_until <> '';
