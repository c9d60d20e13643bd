-- What is in trouble now, for `exotrace status`, also when nothing runs: outputs, and files of sources.
-- `name` is that of the output, or what the ledger knows the source by; `item` is the path of a file.
CREATE TABLE trouble (
    part         TEXT NOT NULL,
    name         TEXT NOT NULL,
    item         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    since        INTEGER NOT NULL,
    needs_person INTEGER NOT NULL,
    PRIMARY KEY (part, name, item)
) WITHOUT ROWID;
