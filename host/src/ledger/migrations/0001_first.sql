-- Times are milliseconds since 1970-01-01T00:00:00Z.

-- How far every source has come.
CREATE TABLE source (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    covered_until INTEGER,
    -- Rows received before this time may be forgotten, so nothing before it is read again.
    known_from    INTEGER,
    -- The window that was begun and not finished, and the link to its next page.
    window_start  INTEGER,
    window_end    INTEGER,
    next_link     TEXT
);

-- Rows that were delivered and may be read again.
CREATE TABLE delivered (
    source   INTEGER NOT NULL,
    key      BLOB NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;

CREATE INDEX delivered_received ON delivered (source, received);
