-- Times are Unix milliseconds, days are counted from 1970-01-01 in UTC.
-- An amount that is not known is NULL, a text that there is none of is empty.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- One answer of a model. The id is a UUID of version 7 (RFC 9562), so that rows are in the order of their time.
CREATE TABLE ledger (
    id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    seat TEXT NOT NULL,
    session TEXT NOT NULL,
    client TEXT NOT NULL,
    dialect TEXT NOT NULL,
    model TEXT NOT NULL,
    upstream_dialect TEXT NOT NULL,
    mode TEXT NOT NULL,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    fresh INTEGER,
    cache_read INTEGER,
    cache_write INTEGER,
    output INTEGER,
    reasoning INTEGER,
    nano INTEGER,
    premium_thousandths INTEGER,
    cost_source TEXT,
    ttfb_ms INTEGER,
    ms INTEGER NOT NULL,
    overhead_us INTEGER
) WITHOUT ROWID, STRICT;

-- The sums of a day, which outlive its rows.
CREATE TABLE usage_day (
    day INTEGER,
    seat TEXT,
    client TEXT,
    model TEXT,
    requests INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    nano INTEGER NOT NULL,
    premium_thousandths INTEGER NOT NULL,
    PRIMARY KEY (day, seat, client, model)
) WITHOUT ROWID, STRICT;

-- The sums of a client's session on a day, which are kept as long as rows are.
CREATE TABLE usage_session (
    day INTEGER,
    seat TEXT,
    client TEXT,
    session TEXT,
    requests INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    nano INTEGER NOT NULL,
    premium_thousandths INTEGER NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (day, seat, client, session)
) WITHOUT ROWID, STRICT;

-- A process that writes here; its row goes when it ends in good order.
CREATE TABLE writer (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- A time whose rows may be missing: a writer was killed (lost is NULL), or could not write so many rows.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    lost INTEGER,
    why TEXT NOT NULL
) STRICT;
