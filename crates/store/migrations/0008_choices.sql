-- Whether a browser stays signed in to an account: 'yes', 'no', or nothing where its person was not asked.
ALTER TABLE browsers ADD COLUMN stays TEXT;
-- Since when a session is one that stays: it may be idle.
ALTER TABLE sessions ADD COLUMN stays_at BIGINT;
-- The second step that is asked for first after the password.
ALTER TABLE accounts ADD COLUMN default_step TEXT;
