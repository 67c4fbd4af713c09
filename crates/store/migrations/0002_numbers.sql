-- Numbers are told apart among the requests that hold one of an account's places. One that is overdue has lost its place and
-- may wait for the sweeper: if it kept its number too, an account could run out of them while nothing is swept.
DROP INDEX approvals_number;
CREATE UNIQUE INDEX approvals_number ON approvals (account_id, number) WHERE state = 'pending' AND slot IS NOT NULL;
