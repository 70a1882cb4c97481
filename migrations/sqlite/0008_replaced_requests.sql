-- A request that a reorganisation dropped, and the one that its transaction made when it was mined again.

-- Which of its transaction's requests it is, from 0.
ALTER TABLE requests ADD COLUMN transaction_position INTEGER NOT NULL DEFAULT 0;
-- The request that the same transaction had made in a block that is gone.
ALTER TABLE requests ADD COLUMN replaces BLOB REFERENCES requests (id);

CREATE INDEX requests_of_transaction ON requests (chain, transaction_hash);
CREATE INDEX requests_by_replaced ON requests (replaces) WHERE replaces IS NOT NULL;
