-- Version 5. Times are milliseconds since 1970-01-01T00:00:00Z.
BEGIN;

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
    -- What `exotrace status` tells.
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

-- Rows of a page in progress that some outputs have accepted while others have not: they are not given to those again.
CREATE TABLE accepted (
    source  INTEGER NOT NULL,
    output  TEXT NOT NULL,
    key     BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (source, key, content, output)
) WITHOUT ROWID;

-- How far the files of outputs are written: what stands behind is no part of what was delivered.
CREATE TABLE mark (
    output TEXT PRIMARY KEY,
    device INTEGER NOT NULL,
    inode  INTEGER NOT NULL,
    length INTEGER NOT NULL,
    began  INTEGER NOT NULL
) WITHOUT ROWID;

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

-- What is read of every file, and by what it is known again: device and inode, the first bytes that are delivered and
-- the last ones. Without device and inode when another file has taken its place.
CREATE TABLE file (
    id          INTEGER PRIMARY KEY,
    device      INTEGER,
    inode       INTEGER,
    path        TEXT NOT NULL,
    offset      INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    in_array    INTEGER NOT NULL,
    day_first   INTEGER,
    head_length INTEGER NOT NULL,
    head        BLOB NOT NULL,
    tail_length INTEGER NOT NULL,
    tail        BLOB NOT NULL,
    -- When it was read to its end: how long it was, and when it was changed.
    size        INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    seen        INTEGER NOT NULL
);

CREATE INDEX file_place ON file (device, inode);

-- How far files of dead letters are fed through again, as long as they are not done: what each is known by, and bytes.
CREATE TABLE replay (
    file   BLOB PRIMARY KEY,
    offset INTEGER NOT NULL
) WITHOUT ROWID;

PRAGMA user_version = 5;
COMMIT;
