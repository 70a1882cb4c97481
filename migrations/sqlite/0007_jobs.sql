-- Messages of contracts that are run on their own.
CREATE TABLE jobs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL UNIQUE,
    source         TEXT    NOT NULL CHECK (source IN ('api', 'config', 'left')),
    contract_id    BLOB    NOT NULL,
    input          BLOB    NOT NULL,
    append_trigger INTEGER NOT NULL,
    schedule       TEXT    NOT NULL,                -- JSON
    chain          TEXT,                            -- the one that the schedule names
    missed         TEXT    NOT NULL CHECK (missed IN ('skip', 'once')),
    created_at     INTEGER NOT NULL,

    paused_since   INTEGER,
    pause_reason   TEXT,

    next_at        INTEGER,                         -- when the calendar says that it runs next
    first_block    INTEGER,                         -- the height from above which its chain is looked at
    cursor_block   INTEGER,                         -- the last height that was looked at
    cursor_hash    BLOB,                            -- that block's hash, where a reorganisation would matter

    skipped        INTEGER NOT NULL DEFAULT 0,
    skipped_at     INTEGER,
    skip_reason    TEXT
);
CREATE INDEX jobs_by_time ON jobs (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX jobs_by_chain ON jobs (chain) WHERE chain IS NOT NULL;

CREATE TABLE job_runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id      INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    cause       TEXT    NOT NULL,                   -- what triggered it, as JSON
    due_at      INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'ran', 'refused')),

    lease_token BLOB,
    lease_until INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    last_error  TEXT,

    started_at  INTEGER,
    ended_at    INTEGER,
    outcome     TEXT,
    reason      TEXT,                               -- why it failed or is refused, in words
    output      BLOB,
    output_size INTEGER,                            -- bytes; a longer output is kept in part
    flags       INTEGER,
    logs        TEXT,                               -- JSON
    events      TEXT,                               -- JSON
    fuel        INTEGER,
    elapsed_ms  INTEGER,
    revision    INTEGER,
    attestation TEXT                                -- JSON
);
CREATE INDEX job_runs_of_job ON job_runs (job_id, id);
CREATE INDEX job_runs_open ON job_runs (job_id, id) WHERE state IN ('queued', 'running');

-- The events that a job was run for, by what they are known by wherever their transaction stands.
CREATE TABLE job_events (
    job_id       INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    identity     BLOB    NOT NULL,
    block_number INTEGER NOT NULL,
    PRIMARY KEY (job_id, identity)
) WITHOUT ROWID;
CREATE INDEX job_events_by_block ON job_events (job_id, block_number);

-- The run that an event tells of; it goes with the run.
ALTER TABLE events ADD COLUMN job_run INTEGER;
CREATE INDEX events_by_job_run ON events (job_run) WHERE job_run IS NOT NULL;
