-- Browsers that are spared the second step for some time. Forgetting one deletes it.
CREATE TABLE remembered_browsers (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX remembered_browsers_token ON remembered_browsers (token_hash, account_id);
CREATE INDEX remembered_browsers_account ON remembered_browsers (account_id, created_at);
