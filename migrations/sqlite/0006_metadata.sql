-- What ink! metadata says of a piece of code, as it was uploaded. Nothing vouches for it.
CREATE TABLE metadata (
    code_hash BLOB    NOT NULL PRIMARY KEY REFERENCES codes (hash),
    document  TEXT    NOT NULL,     -- JSON
    put_at    INTEGER NOT NULL
);
