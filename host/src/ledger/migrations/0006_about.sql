-- What is known of the ledger itself:
-- `program`  the version of exotrace that made it, or upgraded it last: what to install when another one refuses it;
-- `owner`    the process that may write, in its own words.
CREATE TABLE about (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The last bytes before `length`, up to a kilobyte, by which the file is known again; none when nothing is known.
ALTER TABLE mark ADD COLUMN tail_length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mark ADD COLUMN tail BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
