-- Why the last part of an order to go over blocks again could not be read, until one is.
ALTER TABLE rescans ADD COLUMN last_error TEXT;

-- What waits to be executed, as leases are given out: each consumer's oldest first.
CREATE INDEX requests_to_execute ON requests (chain, consumer, block_number, observed_at) WHERE state = 'observed';

-- Answers whose callback failed and may still succeed: looked for in every round of stage `settle`, among all
-- that was ever settled.
CREATE INDEX requests_to_call_back ON requests (chain, expires_at)
    WHERE state = 'settled' AND settled_final = 1 AND json_extract(detail, '$.kind') = 'callback_failed';
