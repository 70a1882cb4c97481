-- What happened, in the order in which it was committed: to requests, and by an operator's hand.
CREATE TABLE events (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id  BLOB    REFERENCES requests (id),   -- what it happened to; none for an operator's act
    chain       TEXT,                               -- what the act was on, where there is no request
    contract_id BLOB,                               -- likewise
    at          INTEGER NOT NULL,
    event       TEXT    NOT NULL,
    detail      TEXT                                -- JSON
);
INSERT INTO events (request_id, at, event, detail)
    -- A clock may have been set back within a life, whose own order is its numbers'.
    SELECT request_id, at, event, detail FROM request_events
    ORDER BY MAX(at) OVER (PARTITION BY request_id ORDER BY number), request_id, number;
CREATE INDEX events_by_request ON events (request_id, sequence);
DROP TABLE request_events;

-- Chains that execute and submit nothing new, by an operator's order.
CREATE TABLE paused_chains (
    chain  TEXT    NOT NULL PRIMARY KEY,
    since  INTEGER NOT NULL,
    reason TEXT
) WITHOUT ROWID;

-- Contracts that aren't run, by an operator's order.
CREATE TABLE paused_contracts (
    contract_id BLOB    NOT NULL PRIMARY KEY,
    since       INTEGER NOT NULL,
    reason      TEXT
) WITHOUT ROWID;

-- Chains whose blocks are gone over again, by an operator's order, beside the watching of new ones.
CREATE TABLE rescans (
    chain      TEXT    NOT NULL PRIMARY KEY,
    next_block INTEGER NOT NULL,                    -- the first block that is still to be read
    ordered_at INTEGER NOT NULL
) WITHOUT ROWID;
