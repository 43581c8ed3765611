-- What Sluice remembers, from the outside in.
--
-- A repo on a forge has runs, a run has jobs, a job has steps, and a step has kept text, its tail. All of them come into
-- being with the first post that names them: nobody announces a run. Beside them stand the people and programs that may
-- ask (users, token) and what the janitor did (action).
--
-- Three rules hold everywhere:
--   * A key is made of things that have a value. NULL is equal to nothing, not even to NULL, and so a key with NULL in
--     it lets every retry in as a new row. Where a forge tells nothing there is '' or a default instead.
--   * Times are milliseconds since 1970 in UTC. 0 is "has not happened".
--   * Nothing is stored that can be derived, but where a later file says why: a run's status is worked out when it is asked for.
--
-- The text is the subset that SQLite and PostgreSQL share. The words between two @ are the driver's:
-- @ID@ is a key that numbers itself and never gives a number twice, so that a link to run 17 cannot lead to another repo's
-- run one day; @KEY@ is a key that is given; @BYTES@ are bytes.

-- Which migrations have been applied: one row each. The highest is the version of this database.
CREATE TABLE schema_version (
	version @KEY@,			-- number of the file in src/store/schema
	applied_at BIGINT NOT NULL
);

-- A watched repo. Only these may send.
CREATE TABLE repo (
	id @ID@,
	forge TEXT NOT NULL,		-- name of a [forge "NAME"] of the config, so that mirrors do not collide
	name TEXT NOT NULL,		-- owner/name, as it was written when it was added; shown like this
	name_key TEXT NOT NULL,		-- the same in lower case: forges compare without case
	added_at BIGINT NOT NULL,
	UNIQUE (forge, name_key),
	CHECK (forge <> '' AND name <> '' AND name_key = lower(name))
);

-- One CI run of a commit. What a forge calls a run may be of several commits only by mistake, but then these are several.
CREATE TABLE run (
	id @ID@,			-- what /api/v1 calls run_id
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	head_sha TEXT NOT NULL,		-- 40 or 64 hex digits, lower case
	external_run_id TEXT NOT NULL,	-- the forge's number of the run
	workflow TEXT NOT NULL,		-- these, when a later post does not tell them, keep what an earlier one told
	branch TEXT NOT NULL,
	pull_request BIGINT NOT NULL,	-- 0: none
	url TEXT NOT NULL,		-- of its page on the forge
	created_at BIGINT NOT NULL,	-- when Sluice first heard of it
	UNIQUE (repo_id, head_sha, external_run_id),
	CHECK (external_run_id <> '' AND head_sha = lower(head_sha) AND length(head_sha) IN (40, 64))
);

-- "The context of the forge's run 4711", with its repo or without. By commit the unique key answers.
CREATE INDEX run_by_external_id ON run (external_run_id, repo_id);

-- One leg of a job, in one attempt. The attempt is part of the job, not of the run, because Forgejo counts attempts a job
-- and GitHub a run: so "the newest attempt" is asked a job, and jobs that were not run again keep their only one.
CREATE TABLE job (
	id @ID@,
	run_id BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	attempt BIGINT NOT NULL,	-- from 1
	job_key TEXT NOT NULL,		-- 'id:' and the forge's id of the job if it was told, else 'name:' and its name
	leg TEXT NOT NULL,		-- of a matrix, '' without one: two legs never replace each other
	job_id TEXT NOT NULL,		-- '' when not told
	job_name TEXT NOT NULL,
	platform TEXT NOT NULL,		-- here and not in the run: the legs of a matrix differ in it
	UNIQUE (run_id, attempt, job_key, leg),
	CHECK (attempt >= 1 AND job_key <> '')
);

-- A step, as it was last told: sent again, it replaces what was there and keeps its id. These rows are facts, and outlive
-- the text.
CREATE TABLE step (
	id @ID@,
	job_id BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	step_key TEXT NOT NULL,		-- 'index:' and its index if it was told, else 'name:' and its name
	name TEXT NOT NULL,
	step_index BIGINT NOT NULL,	-- from 0 in its job; -1 when not told
	conclusion TEXT NOT NULL,	-- a word of src/model/step.h
	exit_code BIGINT,		-- NULL when not told; the one column that may be
	received_at BIGINT NOT NULL,	-- of the newest post; the age that retention goes by
	n_lines BIGINT NOT NULL,	-- kept in the tail, after masking
	n_bytes BIGINT NOT NULL,
	n_dropped_lines BIGINT NOT NULL, -- in front of the tail: by the runner and by Sluice together
	n_dropped_bytes BIGINT NOT NULL,
	log_expired_at BIGINT NOT NULL,	-- when retention deleted the tail; 0 while it is here
	UNIQUE (job_id, step_key),
	CHECK (step_key <> '' AND conclusion <> '' AND n_lines >= 0 AND n_bytes >= 0)
);

-- Retention asks for the oldest steps that still have their text. Those that have not do not burden this index.
CREATE INDEX step_with_text ON step (received_at) WHERE log_expired_at = 0;

-- The kept text of a step: the last lines it wrote, masked, as one zstd frame. A table of its own, so that reading facts
-- does not read past text, and deleting text leaves the facts.
CREATE TABLE tail (
	step_id @KEY@ REFERENCES step (id) ON DELETE CASCADE,
	zstd @BYTES@ NOT NULL
);

-- People. The first is the admin that `sluice init` makes.
CREATE TABLE users (
	id @ID@,
	email TEXT NOT NULL,
	email_key TEXT NOT NULL UNIQUE,	-- in lower case
	role TEXT NOT NULL,		-- a word of src/model/scope.c
	created_at BIGINT NOT NULL,
	CHECK (email <> '' AND email_key = lower(email) AND role <> '')
);

-- A bearer token. Its text is shown once and not kept.
CREATE TABLE token (
	id @ID@,
	user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	digest @BYTES@ NOT NULL UNIQUE,	-- SHA-256 of the text
	scopes TEXT NOT NULL,		-- words of src/model/scope.tbl, separated by spaces
	-- The one repo it is good for, 0: any. No reference, because it outlives the repo: it is revoked with it and stays to be
	-- seen, and must never come to mean "any" or another repo.
	repo_id BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,	-- 0: never
	revoked_at BIGINT NOT NULL,	-- 0: is not
	CHECK (length(digest) = 32)
);

-- A user's tokens, and which tokens go when a repo goes.
CREATE INDEX token_by_user ON token (user_id);
CREATE INDEX token_by_repo ON token (repo_id);

-- What the janitor did, or would have done: one row for each chore of a pass, the newest thousand or so.
CREATE TABLE action (
	id @ID@,
	at BIGINT NOT NULL,
	chore TEXT NOT NULL,		-- a name of src/service/janitor.tbl
	mode TEXT NOT NULL,		-- 'dry-run' or 'heal'
	n_rows BIGINT NOT NULL,
	n_bytes BIGINT NOT NULL,
	message TEXT NOT NULL,
	CHECK (chore <> '' AND mode IN ('dry-run', 'heal'))
);
