-- Version 1 knew a row by a hash of its id, recipient and status together. That cannot be turned into what a row is
-- known by from here on: one hash of id and recipient, and another of what may change. So the delivered rows of
-- version 1 are given up, nothing that was covered is read again, and the last hour before it is noted as a gap:
-- rows that show up late in it are not found. `known_from` is not read here, because the first tables of version 1
-- did not have it.

ALTER TABLE source RENAME TO source_1;
ALTER TABLE delivered RENAME TO delivered_1;
DROP INDEX delivered_received;

-- How far every source has come.
CREATE TABLE source (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    -- Everything received between these was read at least once, gaps apart.
    covered_from  INTEGER,
    covered_until INTEGER,
    -- Rows received before this time may be forgotten, so nothing before it is read again.
    known_from    INTEGER,
    -- The window that was begun and not finished: all of it that was received after `reached` is delivered,
    -- and the link to the next page, unless it was given up.
    window_start  INTEGER,
    window_end    INTEGER,
    reached       INTEGER,
    next_link     TEXT,
    -- What `exotrace status` shows.
    rows          INTEGER NOT NULL DEFAULT 0,
    changed       INTEGER NOT NULL DEFAULT 0,
    late          INTEGER NOT NULL DEFAULT 0,
    polled_at     INTEGER,
    failed_at     INTEGER,
    failure       TEXT,
    token_until   INTEGER
);

-- Rows that were delivered and may be read again: what a row is known by, and what may change about it.
CREATE TABLE delivered (
    source   INTEGER NOT NULL,
    key      BLOB NOT NULL,
    content  BLOB NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (source, key, content)
) WITHOUT ROWID;

CREATE INDEX delivered_received ON delivered (source, received);

-- Times of receipt of which rows may be missing.
CREATE TABLE gap (
    source INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    end    INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (source, start, end)
) WITHOUT ROWID;

-- Requests of the last minutes, for the budget of a tenant.
CREATE TABLE request (
    tenant TEXT NOT NULL,
    at     INTEGER NOT NULL
);

CREATE INDEX request_at ON request (tenant, at);

-- Version 1 read a window from its newest row to its oldest: the oldest one delivered says how far it has come.
INSERT INTO source (id, name, covered_from, covered_until, known_from, window_start, window_end, reached, next_link)
SELECT id, name, coalesce(covered_until, window_start), covered_until, coalesce(covered_until, window_start),
       window_start, window_end,
       (SELECT min(received) FROM delivered_1
        WHERE delivered_1.source = source_1.id AND received BETWEEN window_start AND window_end),
       next_link
FROM source_1;

INSERT INTO gap (source, start, end, reason)
SELECT id, covered_until - 3600000, covered_until,
       'ledger of version 1 was upgraded: rows of this time that showed up late are not found'
FROM source_1 WHERE covered_until IS NOT NULL;

DROP TABLE source_1;
DROP TABLE delivered_1;
