-- +goose Up

-- How many CHECKs of a partner were answered on a day.
CREATE TABLE checks (
    partner  TEXT COLLATE "C" NOT NULL REFERENCES partners (id),
    day      TEXT COLLATE "C" NOT NULL,
    answered BIGINT NOT NULL,
    CONSTRAINT checks_once PRIMARY KEY (partner, day)
);
