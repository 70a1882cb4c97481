-- How many requests of each chain are in each state: counting the rows takes longer the more were ever
-- answered. Triggers keep it, so that no way of changing a state can forget it.
CREATE TABLE request_counts (
    chain    TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (chain, state)
) WITHOUT ROWID;
INSERT INTO request_counts (chain, state, requests) SELECT chain, state, COUNT(*) FROM requests GROUP BY chain, state;

CREATE TRIGGER requests_counted AFTER INSERT ON requests BEGIN
    INSERT INTO request_counts (chain, state, requests) VALUES (NEW.chain, NEW.state, 1)
        ON CONFLICT (chain, state) DO UPDATE SET requests = requests + 1;
END;
CREATE TRIGGER requests_recounted AFTER UPDATE OF state ON requests WHEN OLD.state <> NEW.state BEGIN
    UPDATE request_counts SET requests = requests - 1 WHERE chain = OLD.chain AND state = OLD.state;
    INSERT INTO request_counts (chain, state, requests) VALUES (NEW.chain, NEW.state, 1)
        ON CONFLICT (chain, state) DO UPDATE SET requests = requests + 1;
END;
