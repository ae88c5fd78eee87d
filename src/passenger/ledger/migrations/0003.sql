-- Whose answer it was, and with which key: ids of a team, empty without one.
ALTER TABLE ledger ADD COLUMN user TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN key TEXT NOT NULL DEFAULT '';

-- The sums of a day for each key of a team, which outlive its rows.
CREATE TABLE usage_user (
    day INTEGER,
    seat TEXT,
    user TEXT,
    key TEXT,
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
    PRIMARY KEY (day, seat, user, key)
) WITHOUT ROWID, STRICT;
