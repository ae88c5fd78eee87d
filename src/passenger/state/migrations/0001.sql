-- A tree is what lives and goes together: a response without a parent and all that follow it, or a conversation.
CREATE TABLE tree (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, used REAL NOT NULL, bytes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX tree_by_owner ON tree (owner, used, bytes);
CREATE INDEX tree_by_use ON tree (used);

CREATE TABLE response (
    key INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    tree INTEGER NOT NULL REFERENCES tree ON DELETE CASCADE,
    parent TEXT,
    conversation TEXT,
    created INTEGER NOT NULL,
    status TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX response_by_tree ON response (tree);
CREATE INDEX response_unfinished ON response (status) WHERE status IN ('queued', 'in_progress');

CREATE TABLE conversation (
    key INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    tree INTEGER NOT NULL REFERENCES tree ON DELETE CASCADE,
    created INTEGER NOT NULL,
    metadata BLOB NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX conversation_by_tree ON conversation (tree);

-- The items of conversations, in the order of their keys.
CREATE TABLE item (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE,
    id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX item_by_conversation ON item (conversation);
CREATE INDEX item_by_id ON item (id);

-- Which response has the item of an id.
CREATE TABLE place (
    id TEXT NOT NULL,
    response INTEGER NOT NULL REFERENCES response ON DELETE CASCADE,
    PRIMARY KEY (id, response)
) WITHOUT ROWID;
CREATE INDEX place_by_response ON place (response);

-- Large images, once each, by their SHA-256; one goes with the last that has it.
CREATE TABLE image (digest BLOB PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE image_use (
    digest BLOB NOT NULL,
    response INTEGER REFERENCES response ON DELETE CASCADE,
    item INTEGER REFERENCES item ON DELETE CASCADE
);
CREATE INDEX image_use_by_digest ON image_use (digest);
CREATE INDEX image_use_by_response ON image_use (response);
CREATE INDEX image_use_by_item ON image_use (item);
CREATE TRIGGER image_is_unused AFTER DELETE ON image_use
WHEN NOT EXISTS (SELECT 1 FROM image_use WHERE digest = OLD.digest)
BEGIN
    DELETE FROM image WHERE digest = OLD.digest;
END;

-- The events of responses that were made in the background and have ended.
CREATE TABLE log (
    owner TEXT NOT NULL,
    response TEXT NOT NULL,
    until REAL NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (owner, response)
);
CREATE INDEX log_by_end ON log (until);
