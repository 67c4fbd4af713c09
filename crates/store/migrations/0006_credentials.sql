-- Passkeys and security keys, which sign their person in; and the challenges that were answered, so that none is twice.

-- The credential holds the public key, the counter and what its authenticator said of itself, under a MAC of the row. The
-- handle is the authenticator's own name for it. A removed one stays, so that a restore can remove it again.
CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    handle TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    key_mac BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    removed_at BIGINT
);
CREATE UNIQUE INDEX credentials_handle ON credentials (handle);
CREATE INDEX credentials_account ON credentials (account_id, created_at);

CREATE TABLE answered_challenges (
    challenge TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX answered_challenges_expired ON answered_challenges (expires_at);
