-- Whether two-step verification is on: since the first phone was set up, until the person switches it off.
ALTER TABLE accounts ADD COLUMN two_step_at BIGINT;
UPDATE accounts SET two_step_at = (SELECT MIN(p.created_at) FROM phones p
    WHERE p.account_id = accounts.id AND p.revoked_at IS NULL AND p.phone_sign_in_at IS NOT NULL);

-- Codes tried since the last right one, over everything that makes codes for the account, and until when none counts.
ALTER TABLE accounts ADD COLUMN code_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN codes_wait_until BIGINT NOT NULL DEFAULT 0;

-- The step of the last code that was accepted: none is accepted twice (RFC 6238 section 5.2).
ALTER TABLE phones ADD COLUMN code_step BIGINT NOT NULL DEFAULT 0;

-- What makes verification codes and is no phone of ours: any authenticator.
CREATE TABLE code_generators (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    secret BYTEA NOT NULL,
    code_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX code_generators_account ON code_generators (account_id, created_at);
