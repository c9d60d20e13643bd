-- How far files of dead letters are fed through again, as long as they are not done: what each is known by, and bytes.
CREATE TABLE replay (
    file   BLOB PRIMARY KEY,
    offset INTEGER NOT NULL
) WITHOUT ROWID;
