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
