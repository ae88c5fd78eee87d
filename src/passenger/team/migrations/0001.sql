-- Moments are whole Unix seconds; those that are NULL have not come. Ids are never used again.

CREATE TABLE user (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    github_login TEXT NOT NULL,
    seat TEXT NOT NULL,
    tags TEXT NOT NULL,
    created INTEGER NOT NULL,
    disabled INTEGER,
    deleted INTEGER
);
-- The name of somebody who was deleted may be given again; what was kept goes by the id.
CREATE UNIQUE INDEX user_name ON user (name) WHERE deleted IS NULL;

-- A list in `models`, `dialects`, `operations` and `networks` is JSON; an empty one allows everything.
CREATE TABLE key (
    id TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES user (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    shown TEXT NOT NULL,
    models TEXT NOT NULL,
    dialects TEXT NOT NULL,
    operations TEXT NOT NULL,
    networks TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    cut INTEGER NOT NULL,
    last_used INTEGER
);
CREATE INDEX key_user ON key (user);

-- The digests by which a key is known: one, or while a rotation is under way two.
CREATE TABLE key_digest (
    digest BLOB PRIMARY KEY,
    key TEXT NOT NULL REFERENCES key (id),
    until INTEGER
) WITHOUT ROWID;

-- Limits of `key:ID`, `user:ID` or `all`; NULL limits nothing.
CREATE TABLE scope_limit (
    scope TEXT PRIMARY KEY,
    requests_per_minute INTEGER,
    tokens_per_minute INTEGER,
    concurrency INTEGER
) WITHOUT ROWID;

CREATE TABLE budget (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    cap_nano INTEGER NOT NULL,
    action TEXT NOT NULL,
    reserve TEXT NOT NULL,
    timezone TEXT NOT NULL,
    raised_nano INTEGER NOT NULL,
    raised_until INTEGER NOT NULL,
    PRIMARY KEY (scope, period)
) WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    what TEXT NOT NULL,
    details TEXT NOT NULL
);

-- The answers to requests that carried an Idempotency-Key, by the digest of that and of who asked.
CREATE TABLE answered (
    digest BLOB PRIMARY KEY,
    body BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;

-- A link by which a person logs in to GitHub, by the digest of its secret, one a person; and how far the login is that was
-- begun with it. It goes with its use.
CREATE TABLE invite (
    digest BLOB PRIMARY KEY,
    user TEXT NOT NULL UNIQUE REFERENCES user (id),
    any_github INTEGER NOT NULL,
    until INTEGER NOT NULL,
    attempt TEXT NOT NULL,
    phase TEXT NOT NULL,
    ends REAL NOT NULL,
    code TEXT NOT NULL,
    url TEXT NOT NULL,
    error TEXT NOT NULL
) WITHOUT ROWID;
