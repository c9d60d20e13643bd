-- How late rows were: by how much the time of receipt lay before what had been covered when a row, or a change of one,
-- was read first. A row that came in time is in bucket 0.
CREATE TABLE lateness (
    source INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    PRIMARY KEY (source, bucket)
) WITHOUT ROWID;

-- When a poll read back as far as any does, to find out how late rows are.
CREATE TABLE look_back (
    source INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL
);
