-- Two-step verification: passwords, whose wrong tries are counted beside them.

CREATE TABLE passwords (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    hash TEXT NOT NULL,
    pepper BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    must_change_at BIGINT,
    failures BIGINT NOT NULL,
    waits_until BIGINT NOT NULL
);
