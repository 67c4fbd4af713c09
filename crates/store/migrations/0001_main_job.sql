-- The main job: organisations, accounts, phones, enrolments, requests, sign-ins, sessions, audit and jobs.
-- Portable: TEXT, BIGINT and BYTEA only. Times are milliseconds since 1970; a flag is the time it was set.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    help_contact TEXT,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    organisation_id TEXT REFERENCES organisations (id),
    kind TEXT NOT NULL,
    username TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL,
    language TEXT,
    expect_until BIGINT,
    wrong_numbers BIGINT NOT NULL,
    approval_locked_at BIGINT,
    approval_unlocked_at BIGINT,
    reported_at BIGINT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE UNIQUE INDEX accounts_username ON accounts (username);
CREATE INDEX accounts_organisation ON accounts (organisation_id);

CREATE TABLE phones (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    key TEXT NOT NULL,
    previous_key TEXT,
    rotation TEXT,
    webauthn TEXT,
    pin_key TEXT,
    key_mac BYTEA NOT NULL,
    oprf_key BYTEA,
    voprf TEXT NOT NULL,
    pin_left BIGINT NOT NULL,
    app_pin_at BIGINT,
    phone_sign_in_at BIGINT,
    notifications_off_at BIGINT,
    unknown_browsers_at BIGINT,
    code_secret BYTEA,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    revoked_by TEXT
);
CREATE INDEX phones_account ON phones (account_id);
CREATE UNIQUE INDEX phones_key ON phones (key);
CREATE UNIQUE INDEX phones_previous_key ON phones (previous_key);

CREATE TABLE push_subscriptions (
    phone_id TEXT NOT NULL PRIMARY KEY REFERENCES phones (id),
    endpoint_mac TEXT NOT NULL,
    subscription BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE pin_changes (
    id TEXT NOT NULL PRIMARY KEY,
    phone_id TEXT NOT NULL REFERENCES phones (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    new_evaluated_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX pin_changes_phone ON pin_changes (phone_id);

CREATE TABLE enrolments (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    phone_id TEXT NOT NULL,
    state TEXT NOT NULL,
    session_id TEXT,
    started_by_phone TEXT,
    token_hash TEXT NOT NULL,
    code_mac TEXT NOT NULL,
    code_left BIGINT NOT NULL,
    claim_hash TEXT,
    claim_answer BYTEA,
    commitment TEXT,
    typed_code_at BIGINT,
    taken_at BIGINT,
    server_nonce BYTEA,
    oprf_key BYTEA,
    voprf TEXT NOT NULL,
    webauthn BYTEA,
    offer_hash TEXT,
    offer_kid TEXT,
    pin_evaluations BIGINT NOT NULL,
    prove_left BIGINT NOT NULL,
    digits_left BIGINT NOT NULL,
    digits BYTEA,
    enrol_hash TEXT,
    proved BYTEA,
    phone_key TEXT,
    phone_name TEXT,
    phone_platform TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX enrolments_token ON enrolments (token_hash);
CREATE UNIQUE INDEX enrolments_claim ON enrolments (claim_hash);
CREATE UNIQUE INDEX enrolments_phone ON enrolments (phone_id);
CREATE INDEX enrolments_overdue ON enrolments (expires_at) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX enrolments_one_open ON enrolments (account_id) WHERE ended_at IS NULL;

CREATE TABLE access_passes (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX access_passes_account ON access_passes (account_id);

CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    flow_hash TEXT NOT NULL,
    username TEXT NOT NULL,
    account_id TEXT,
    organisation_id TEXT,
    purpose TEXT NOT NULL,
    return_to TEXT,
    proved TEXT NOT NULL,
    chosen TEXT,
    approval_id TEXT,
    known_browser_at BIGINT,
    pass_failures BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX sign_ins_flow ON sign_ins (flow_hash);
CREATE INDEX sign_ins_expired ON sign_ins (expires_at);

CREATE TABLE approvals (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT,
    organisation_id TEXT,
    flow_hash TEXT NOT NULL,
    slot BIGINT,
    operation TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    context TEXT NOT NULL,
    mode TEXT NOT NULL,
    number TEXT NOT NULL,
    unlock TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    known_at BIGINT,
    rings_at BIGINT,
    expires_at BIGINT NOT NULL,
    claim_until BIGINT,
    settled_at BIGINT,
    phone_id TEXT,
    decision_hash TEXT,
    answer TEXT,
    bad_evidence BIGINT NOT NULL,
    shown_at BIGINT,
    reported_at BIGINT,
    evidence BYTEA
);
-- With the state, though it is always the same: SQLite finds what waits by it, and not by all that an account ever had.
CREATE UNIQUE INDEX approvals_slot ON approvals (account_id, state, slot) WHERE state = 'pending';
CREATE UNIQUE INDEX approvals_number ON approvals (account_id, number) WHERE state = 'pending';
CREATE UNIQUE INDEX approvals_flow ON approvals (flow_hash) WHERE state = 'pending';
CREATE INDEX approvals_account ON approvals (account_id, created_at);
CREATE INDEX approvals_budget ON approvals (account_id, created_at)
    WHERE rings_at IS NOT NULL OR state IN ('denied', 'mismatch');
CREATE INDEX approvals_settled ON approvals (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX approvals_open ON approvals (expires_at) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_decoys ON approvals (created_at) WHERE account_id IS NULL;

-- The phone is no reference: a decoy's message is to one that is not there.
CREATE TABLE approval_messages (
    approval_id TEXT NOT NULL REFERENCES approvals (id),
    phone_id TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (approval_id, phone_id)
);
CREATE INDEX approval_messages_phone ON approval_messages (phone_id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    approval_id TEXT,
    phone_id TEXT,
    proved TEXT NOT NULL,
    acr TEXT NOT NULL,
    browser TEXT NOT NULL,
    address TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_approval ON sessions (approval_id);
CREATE INDEX sessions_phone ON sessions (phone_id);
CREATE INDEX sessions_expired ON sessions (expires_at);

CREATE TABLE browsers (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX browsers_token ON browsers (token_hash, account_id);
CREATE INDEX browsers_account ON browsers (account_id);

CREATE TABLE revocation_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    phone_id TEXT NOT NULL REFERENCES phones (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE server_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    public_key TEXT NOT NULL,
    private_key BYTEA NOT NULL,
    roll TEXT,
    created_at BIGINT NOT NULL,
    current_from BIGINT NOT NULL
);

CREATE TABLE audit_events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    actor TEXT NOT NULL,
    account_id TEXT,
    subject TEXT,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_account ON audit_events (account_id, at);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    subject TEXT,
    payload BYTEA NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX jobs_due ON jobs (lane, run_at) WHERE done_at IS NULL;
CREATE INDEX jobs_subject ON jobs (subject) WHERE done_at IS NULL;
