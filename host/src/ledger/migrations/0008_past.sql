-- Ranges of the past that are read again, as long as they are not done. `reading` is what the ledger knows the reading
-- by: how far it has come stands in `source` under that name.
CREATE TABLE past (
    reading TEXT PRIMARY KEY,
    source  TEXT NOT NULL,
    start   INTEGER NOT NULL,
    end     INTEGER NOT NULL,
    began   INTEGER NOT NULL,
    pages   INTEGER NOT NULL DEFAULT 0,
    -- Rows read: never delivered before, delivered as they are, and delivered with another content.
    new     INTEGER NOT NULL DEFAULT 0,
    known   INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
