-- "This was not me": the links in notices, for each kind of change and not for phones alone.
CREATE TABLE notice_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
INSERT INTO notice_links (token_hash, account_id, what, subject, created_at, expires_at, used_at)
    SELECT r.token_hash, p.account_id, 'phone', r.phone_id, p.created_at, r.expires_at, r.used_at
    FROM revocation_links r JOIN phones p ON p.id = r.phone_id;
DROP TABLE revocation_links;
