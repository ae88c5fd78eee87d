-- What the cache did: `hit`, `joined` (another request pays), `stored` or `miss`; empty where it had no part in it.
ALTER TABLE ledger ADD COLUMN cache TEXT NOT NULL DEFAULT '';

-- What the part of the answer would have cost that the cache gave; NULL where that is not known, or it gave none.
ALTER TABLE ledger ADD COLUMN saved_nano INTEGER;
