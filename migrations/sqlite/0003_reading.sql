-- What readers ask for, beside what the stages need.

-- Code that was put through this relayer.
CREATE TABLE codes (
    hash   BLOB    NOT NULL PRIMARY KEY,
    size   INTEGER NOT NULL,                        -- bytes
    output TEXT,                                    -- what its section `phat.output` says, as JSON
    put_at INTEGER NOT NULL
) WITHOUT ROWID;

-- How the contract's output is read in place of what its code says, as JSON.
ALTER TABLE contracts ADD COLUMN output TEXT;

-- How the run ended, once there is a report: the name of the outcome.
ALTER TABLE requests ADD COLUMN outcome TEXT;
UPDATE requests SET outcome = (SELECT json_extract(report, '$.outcome') FROM reports WHERE request_id = requests.id);

-- One for each filter of a list; every list is in the order of time, and of the row where times are equal.
CREATE INDEX requests_of_state ON requests (state, observed_at);
CREATE INDEX requests_of_chain ON requests (chain, observed_at);
CREATE INDEX requests_of_consumer ON requests (consumer, observed_at);
CREATE INDEX requests_of_contract ON requests (contract_id, observed_at);
CREATE INDEX requests_of_outcome ON requests (outcome, observed_at) WHERE outcome IS NOT NULL;
