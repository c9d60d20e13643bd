-- What was delivered, by source and five minutes: what charts are drawn from. Rows of 90 days are kept.
CREATE TABLE history (
    source    INTEGER NOT NULL,
    -- When the five minutes begin, by the clock of this machine.
    at        INTEGER NOT NULL,
    batches   INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    -- Documents among them that say what is wrong with their record.
    failed    INTEGER NOT NULL,
    dropped   INTEGER NOT NULL,
    rejected  INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    late      INTEGER NOT NULL,
    -- The age of the newest row when it was delivered, in milliseconds: the least of all batches.
    lag       INTEGER,
    PRIMARY KEY (source, at)
) WITHOUT ROWID;
