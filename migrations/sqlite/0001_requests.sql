-- Times are unix milliseconds unless a column says otherwise; ids and hashes are raw bytes.

-- Where watching stands on each chain. The newest checkpoint is the cursor; older ones find the
-- common ancestor after a reorganisation.
CREATE TABLE checkpoints (
    chain        TEXT    NOT NULL,
    block_number INTEGER NOT NULL,
    block_hash   BLOB    NOT NULL,
    PRIMARY KEY (chain, block_number)
) WITHOUT ROWID;

CREATE TABLE requests (
    id                BLOB    NOT NULL PRIMARY KEY,
    chain             TEXT    NOT NULL,
    contract_id       BLOB    NOT NULL,
    consumer          BLOB    NOT NULL,
    content           TEXT    NOT NULL,             -- the request as JSON
    payload           BLOB    NOT NULL,
    expires_at        INTEGER NOT NULL,             -- unix seconds, as on chain
    block_number      INTEGER NOT NULL,
    block_hash        BLOB    NOT NULL,
    transaction_hash  BLOB    NOT NULL,
    observed_at       INTEGER NOT NULL,

    state             TEXT    NOT NULL CHECK (state IN
                          ('observed', 'ignored', 'reported', 'submitted', 'settled', 'expired', 'orphaned')),
    detail            TEXT,                         -- why it is ignored, or how it settled, as JSON
    updated_at        INTEGER NOT NULL,

    lease_token       BLOB,                         -- set while a replica works on it
    lease_until       INTEGER NOT NULL DEFAULT 0,
    tries             INTEGER NOT NULL DEFAULT 0,
    next_try_at       INTEGER NOT NULL DEFAULT 0,
    last_error        TEXT,

    attempt_id        INTEGER REFERENCES attempts (id),
    settled_block     INTEGER,                      -- height of the block that settled it
    settled_final     INTEGER NOT NULL DEFAULT 0    -- 1 once that block is at the configured finality
);
CREATE INDEX requests_by_state ON requests (chain, state, next_try_at);
CREATE INDEX requests_by_expiry ON requests (chain, state, expires_at);
CREATE INDEX requests_by_contract ON requests (contract_id, state);
CREATE INDEX requests_by_time ON requests (observed_at);
CREATE INDEX requests_by_block ON requests (chain, block_number);

-- The signed report of a request, stored before anything is sent.
CREATE TABLE reports (
    request_id  BLOB    NOT NULL PRIMARY KEY REFERENCES requests (id),
    report      TEXT    NOT NULL,                   -- the report as JSON
    signature   BLOB    NOT NULL,
    worker      BLOB    NOT NULL,
    attestation TEXT    NOT NULL,
    reason      TEXT,                               -- why the run failed, in words
    logs        TEXT    NOT NULL,                   -- JSON
    fuel        INTEGER NOT NULL,
    elapsed_ms  INTEGER NOT NULL,
    reported_at INTEGER NOT NULL
) WITHOUT ROWID;

-- One nonce, used for a batch of reports.
CREATE TABLE attempts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    chain      TEXT    NOT NULL,
    submitter  TEXT    NOT NULL,
    nonce      INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'mined', 'dead')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
-- A nonce has one live attempt. A dead one used no nonce of ours.
CREATE UNIQUE INDEX attempts_by_nonce ON attempts (chain, submitter, nonce) WHERE state <> 'dead';
CREATE INDEX attempts_by_state ON attempts (chain, state);

CREATE TABLE attempt_entries (
    attempt_id INTEGER NOT NULL REFERENCES attempts (id),
    position   INTEGER NOT NULL,
    request_id BLOB    NOT NULL REFERENCES requests (id),
    effect     TEXT,                                -- what became of it, as JSON
    PRIMARY KEY (attempt_id, position)
) WITHOUT ROWID;
CREATE INDEX attempt_entries_by_request ON attempt_entries (request_id);

-- Every transaction ever signed for an attempt.
CREATE TABLE transactions (
    hash             BLOB    NOT NULL PRIMARY KEY,
    attempt_id       INTEGER NOT NULL REFERENCES attempts (id),
    raw              BLOB    NOT NULL,
    gas_limit        INTEGER NOT NULL,
    max_fee          TEXT    NOT NULL,              -- decimal, smallest unit for each unit of gas
    max_priority_fee TEXT    NOT NULL,
    prepared_at      INTEGER NOT NULL,
    broadcast_at     INTEGER,                       -- the last time it was sent
    block_number     INTEGER,
    block_hash       BLOB,
    succeeded        INTEGER,
    gas_used         INTEGER
) WITHOUT ROWID;
CREATE INDEX transactions_by_attempt ON transactions (attempt_id);

-- A request's life, one row for each thing that happened to it.
CREATE TABLE request_events (
    request_id BLOB    NOT NULL REFERENCES requests (id),
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    detail     TEXT,                                -- JSON
    PRIMARY KEY (request_id, number)
) WITHOUT ROWID;

-- Contracts that were deployed through this relayer. Code and state are the enclave's.
CREATE TABLE contracts (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    code_hash   BLOB    NOT NULL,
    init_data   BLOB    NOT NULL,
    owner       BLOB    NOT NULL,
    salt        BLOB    NOT NULL,
    revision    INTEGER NOT NULL,
    deployed_at INTEGER NOT NULL
) WITHOUT ROWID;
