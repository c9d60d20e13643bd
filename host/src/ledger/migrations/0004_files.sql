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
