-- Deliveries whose details are read: the steps that say why mail did not arrive.
CREATE TABLE details (
    source      INTEGER NOT NULL,
    -- What the row is known by, as in `delivered`.
    key         BLOB NOT NULL,
    -- The status that they are wanted for, in lower case.
    status      TEXT NOT NULL,
    -- The row, as long as its details are not read.
    record      TEXT,
    -- They are not asked for before this time.
    due         INTEGER NOT NULL,
    -- How often in vain.
    attempts    INTEGER NOT NULL DEFAULT 0,
    -- The status for which they were read last, or could not be had.
    status_read TEXT,
    read_at     INTEGER,
    -- When the message was received: they are forgotten when its row is.
    received    INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;

CREATE INDEX details_due ON details (source, due) WHERE record IS NOT NULL;
CREATE INDEX details_received ON details (source, received) WHERE record IS NULL;
