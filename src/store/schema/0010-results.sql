-- Runs of the suite: asked for, done by a worker, and what became of their tests.
--
-- They are rows of `run` like those that a forge does: with steps (the log of each test is the step of a job that has the test's name) and, beside these, with
-- results. What is counted of the results stands in columns of the run, as what is counted of steps does, and the one rule of its status reads both
-- (src/model/step.h). Whoever changes a result brings these columns up to date in the same transaction (src/store/results.c).
--
-- A verdict is made when a result comes, by what is accepted then, and again when somebody approves or takes back something in that very run. So a list never judges,
-- and a run of last year says what it said last year.

-- How far it is: a number of enum run_stage of src/model/step.h. 0: a forge does it, and nobody says when it is over.
ALTER TABLE run ADD COLUMN stage BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN platform TEXT NOT NULL DEFAULT '';		-- that it was asked for; '': of a forge, its jobs say it
ALTER TABLE run ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';		-- e-mail address of who asked for it
ALTER TABLE run ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;		-- times: 0 is not yet
ALTER TABLE run ADD COLUMN started_at BIGINT NOT NULL DEFAULT 0;	-- when a worker claimed it first
ALTER TABLE run ADD COLUMN over_at BIGINT NOT NULL DEFAULT 0;
-- How often it was claimed. A worker names the number of its claim with all that it sends, so that one that was given up and comes back is refused.
ALTER TABLE run ADD COLUMN n_claims BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN worker TEXT NOT NULL DEFAULT '';		-- who has it, or had it last
ALTER TABLE run ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;	-- the worker is given up when nothing was heard of it by then
-- Of its results: with a verdict; of these that did not pass; without one (with those that its worker had to skip).
ALTER TABLE run ADD COLUMN n_results BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN n_bad BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN n_open BIGINT NOT NULL DEFAULT 0;

-- The queue: what is worked at (2) and what waits (3), in its order. Few at any time.
CREATE INDEX run_queue ON run (queued_at, id) WHERE stage IN (2, 3);
-- Runs of the suite that are over, for the page that one opens first.
CREATE INDEX run_over ON run (over_at, id) WHERE stage IN (1, 4, 6);

-- The test that a job of such a run is; 0: of none.
ALTER TABLE job ADD COLUMN test_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX job_by_test ON job (run_id, test_id) WHERE test_id > 0;

-- A test in a run: from when it was chosen on, with what became of it.
CREATE TABLE result (
	run_id BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	test_id BIGINT NOT NULL REFERENCES regression_test (id),
	sample_id BIGINT NOT NULL REFERENCES sample (id), -- the test's, then
	status TEXT NOT NULL,		-- a word of src/model/result.h
	-- Why it is not 'pass': a type of error of the results API; '' when it is.
	cause TEXT NOT NULL,
	exit_code BIGINT,		-- NULL: none was told
	expected_rc BIGINT NOT NULL,	-- the test's, then
	runtime_ms BIGINT NOT NULL,	-- -1: not told
	tested_at BIGINT NOT NULL,	-- when it came; 0: not yet
	message TEXT NOT NULL,		-- what the worker, or a report, has to say
	signature TEXT NOT NULL,	-- the same for the same failure, in whatever run; '' when it passed
	PRIMARY KEY (run_id, test_id)
);
CREATE INDEX result_unwell ON result (run_id, test_id) WHERE status IN ('fail', 'missing_output');
-- The history of a sample.
CREATE INDEX result_by_sample ON result (sample_id, run_id, test_id);

-- What it wrote of what was expected of it. Facts; the bytes are a blob, kept for some days, or for as long as they are accepted.
CREATE TABLE result_output (
	run_id BIGINT NOT NULL,
	test_id BIGINT NOT NULL,
	output_id BIGINT NOT NULL REFERENCES test_output (id),
	status TEXT NOT NULL,		-- pass, fail, missing_output or missing_expected
	digest TEXT NOT NULL,		-- of what it wrote; '': nothing
	n_bytes BIGINT NOT NULL,
	expected TEXT NOT NULL,		-- the accepted content that it was compared with; '': there is none
	kept BIGINT NOT NULL,		-- 1: its bytes are wanted
	written_at BIGINT NOT NULL,
	PRIMARY KEY (run_id, test_id, output_id),
	FOREIGN KEY (run_id, test_id) REFERENCES result (run_id, test_id) ON DELETE CASCADE,
	CHECK (kept IN (0, 1))
);
-- What of it are blobs that are wanted still, and those that are so old that they are not.
CREATE INDEX result_output_by_digest ON result_output (digest) WHERE kept = 1 AND digest <> '';
CREATE INDEX result_output_by_time ON result_output (written_at) WHERE kept = 1 AND digest <> '';

-- What is told of a run while it is done.
CREATE TABLE progress (
	run_id BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	number BIGINT NOT NULL,		-- from 0
	at BIGINT NOT NULL,
	status TEXT NOT NULL,		-- a word of the results API
	message TEXT NOT NULL,
	step BIGINT NOT NULL,		-- -1: none was told
	type TEXT NOT NULL,		-- of the error that it tells; '': it tells none
	severity TEXT NOT NULL,
	PRIMARY KEY (run_id, number)
);

-- 1: it is run elsewhere, and only its results are here (sluice results import): no part of the suite.
ALTER TABLE regression_test ADD COLUMN elsewhere BIGINT NOT NULL DEFAULT 0;

-- An approval: what a run wrote is accepted. What is accepted of an output, the rows of `baseline` that count, is what suites said and what approvals said, in the order in which
-- they did: it is made anew from these whenever one of them changes (src/store/approvals.c), so that to undo one is to leave it out.
CREATE TABLE approval (
	id @ID@,
	output_id BIGINT NOT NULL REFERENCES test_output (id) ON DELETE CASCADE,
	digest TEXT NOT NULL REFERENCES blob (digest),
	run_id BIGINT NOT NULL,
	at BIGINT NOT NULL,
	by_whom TEXT NOT NULL,
	remove_others BIGINT NOT NULL,	-- 1: in the place of what was accepted until then
	over_at BIGINT NOT NULL,	-- when it was taken back, or a suite that was all took its place; 0: it stands
	CHECK (remove_others IN (0, 1))
);
CREATE INDEX approval_by_output ON approval (output_id, run_id);
CREATE INDEX approval_by_digest ON approval (digest);
-- When a suite said so, since the last one that was all, and who imported it; 0: none did.
ALTER TABLE baseline ADD COLUMN imported_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE baseline ADD COLUMN imported_by TEXT NOT NULL DEFAULT '';
UPDATE baseline SET imported_at = approved_at, imported_by = approved_by WHERE removed_at = 0;

-- A fork, whose owner may ask for runs of it, and the watched repo that it is one of; 0: it is watched itself.
ALTER TABLE repo ADD COLUMN fork_of BIGINT NOT NULL DEFAULT 0;
