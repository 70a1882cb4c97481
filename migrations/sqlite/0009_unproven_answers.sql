-- An answer that somebody else gave is read beside the watching of blocks: its block may be replaced before it is watched.

-- The hash of the block with that answer, until the block was seen at its height after watching had come as far.
ALTER TABLE requests ADD COLUMN settled_hash BLOB;

CREATE INDEX requests_to_prove ON requests (chain, settled_block) WHERE settled_hash IS NOT NULL;
