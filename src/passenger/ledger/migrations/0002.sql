-- What GitHub's own counter of a seat said, kept as long as rows are. It counts in `unit`; `resets_at` is in Unix
-- milliseconds. The source is `github` (its answer about the seat) or `headers` (those of an answer of a model).
CREATE TABLE quota_sample (
    seat TEXT,
    source TEXT,
    at INTEGER,
    unit TEXT NOT NULL,
    entitlement REAL,
    remaining REAL,
    used REAL NOT NULL,
    resets_at INTEGER,
    PRIMARY KEY (seat, source, at)
) WITHOUT ROWID, STRICT;
