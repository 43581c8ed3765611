-- The suite: commands that are run over samples, and what is expected of them.
--
-- It comes as one document (PUT /api/v1/suite), so that it lives in git; nothing of it is deleted by another document, because results of long ago speak of it:
-- what is not wanted any more is not active. The bytes of samples and of expected outputs are blobs: files named by their digest, each there once however
-- often it is spoken of.

-- A file that is kept, DATA/blobs/NN/DIGEST. The row comes after the file, in whose name its content is: so a row without its file is damage.
CREATE TABLE blob (
	digest TEXT NOT NULL PRIMARY KEY, -- SHA-256, 64 hex digits in lower case
	n_bytes BIGINT NOT NULL,
	added_at BIGINT NOT NULL,
	checked_at BIGINT NOT NULL,	-- when its bytes were last hashed; when it came, at first
	state TEXT NOT NULL,		-- what that found: 'ok', 'degraded' (other bytes) or 'missing'
	CHECK (length(digest) = 64 AND digest = lower(digest) AND n_bytes >= 0 AND state IN ('ok', 'degraded', 'missing'))
);

-- Those whose bytes were not hashed for the longest time.
CREATE INDEX blob_by_check ON blob (checked_at);

-- An input file. Known by its content: the same file under two names is one sample.
CREATE TABLE sample (
	id @ID@,
	digest TEXT NOT NULL UNIQUE REFERENCES blob (digest),
	name TEXT NOT NULL,		-- as whoever made the suite calls it
	extension TEXT NOT NULL,	-- letters and digits, '' for none
	active BIGINT NOT NULL,		-- 1: tests are run over it
	added_at BIGINT NOT NULL,
	CHECK (name <> '' AND active IN (0, 1))
);

CREATE TABLE sample_tag (
	sample_id BIGINT NOT NULL REFERENCES sample (id) ON DELETE CASCADE,
	tag TEXT NOT NULL,
	PRIMARY KEY (sample_id, tag),
	CHECK (tag <> '')
);

CREATE INDEX sample_by_tag ON sample_tag (tag, sample_id);

-- A command over a sample. Known by its name: a document that names it again changes it, and its results stay its own.
CREATE TABLE regression_test (
	id @ID@,			-- what the results API calls regression_test_id
	name TEXT NOT NULL UNIQUE,
	sample_id BIGINT NOT NULL REFERENCES sample (id),
	command TEXT NOT NULL,		-- {input} is the sample's file, {output} the folder for what it writes
	shell BIGINT NOT NULL,		-- 1: command is for sh -c; else words, split at blanks
	input_type TEXT NOT NULL,
	output_type TEXT NOT NULL,
	expected_rc BIGINT NOT NULL,
	timeout_ms BIGINT NOT NULL,	-- 0: the worker's
	description TEXT NOT NULL,
	active BIGINT NOT NULL,
	added_at BIGINT NOT NULL,
	CHECK (name <> '' AND command <> '' AND shell IN (0, 1) AND active IN (0, 1))
);

CREATE INDEX regression_test_by_sample ON regression_test (sample_id);

CREATE TABLE test_category (
	test_id BIGINT NOT NULL REFERENCES regression_test (id) ON DELETE CASCADE,
	category TEXT NOT NULL,
	PRIMARY KEY (test_id, category),
	CHECK (category <> '')
);

CREATE INDEX test_by_category ON test_category (category, test_id);

-- A file that a test is expected to write.
CREATE TABLE test_output (
	id @ID@,			-- what the results API calls output_id
	test_id BIGINT NOT NULL REFERENCES regression_test (id) ON DELETE CASCADE,
	filename TEXT NOT NULL,		-- in the folder {output}
	active BIGINT NOT NULL,
	UNIQUE (test_id, filename),
	CHECK (filename <> '' AND active IN (0, 1))
);

-- A content of it that is right: any of these that was not taken back.
CREATE TABLE baseline (
	output_id BIGINT NOT NULL REFERENCES test_output (id) ON DELETE CASCADE,
	digest TEXT NOT NULL REFERENCES blob (digest),
	approved_at BIGINT NOT NULL,
	approved_by TEXT NOT NULL,	-- e-mail address of who said so
	run_id BIGINT NOT NULL,		-- in which run it was seen; 0: it came with the suite
	removed_at BIGINT NOT NULL,	-- 0: it counts
	PRIMARY KEY (output_id, digest),
	CHECK (approved_by <> '')
);

CREATE INDEX baseline_by_digest ON baseline (digest);
