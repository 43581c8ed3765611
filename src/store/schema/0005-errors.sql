-- What broke: the errors of a step, and the groups of those that are the same.
--
-- Errors are made of a log (and of reports that were sent beside it) when the step has ended, and made again when the rules have changed: all of a
-- step's errors are replaced at once, so that doing it twice is doing it once. They are facts and outlive the text. A group is what they have in
-- common: their fingerprint, in one repo. What can be counted is counted from the errors; what people said of a group stays with it, whatever
-- becomes of its errors.

-- Where the change of a run is to go: the branch that a pull request is for. '' when not told; the run's own branch then.
ALTER TABLE run ADD COLUMN target_branch TEXT NOT NULL DEFAULT '';

-- The same in every attempt and run of what is the same step: a digest of repo, workflow, job, leg and step. The newest that succeeded is
-- what a failure is compared with: those that still have their text are few. 0: told before there was this.
ALTER TABLE step ADD COLUMN series BIGINT NOT NULL DEFAULT 0;
CREATE INDEX step_green ON step (series, received_at) WHERE conclusion = 'success' AND log_expired_at = 0 AND stored_bytes > 0;

-- It has ended, or what there is of it has changed, so often since it was last looked at; 0: not. Those that wait are this index, the newest are
-- looked at first.
ALTER TABLE step ADD COLUMN explain_due BIGINT NOT NULL DEFAULT 0;
CREATE INDEX step_to_explain ON step (received_at) WHERE explain_due <> 0;

-- When that was done; 0: never. Why it could not be, '' when it could.
ALTER TABLE step ADD COLUMN explained_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN explain_failed TEXT NOT NULL DEFAULT '';

-- With which rules the steps have been explained that are not due: one row.
CREATE TABLE explainer (
	id @KEY@,			-- 1
	rules TEXT NOT NULL,		-- digest of the rules
	CHECK (id = 1)
);

-- A report that was sent beside a log (JUnit, SARIF, TAP, ..), masked. Goes when the text of the step goes.
CREATE TABLE report (
	step_id BIGINT NOT NULL REFERENCES step (id) ON DELETE CASCADE,
	name TEXT NOT NULL,		-- of its file; sent again it replaces the one of that name
	kind TEXT NOT NULL,		-- a word of src/explain/input.h
	received_at BIGINT NOT NULL,
	n_bytes BIGINT NOT NULL,
	zstd @BYTES@ NOT NULL,
	PRIMARY KEY (step_id, name)
);

-- "group" is a word of SQL.
CREATE TABLE error_group (
	id @ID@,
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	fingerprint TEXT NOT NULL,
	tool TEXT NOT NULL,		-- the parts of the fingerprint: this is why two errors are one group
	code TEXT NOT NULL,
	file TEXT NOT NULL,
	test TEXT NOT NULL,
	template TEXT NOT NULL,		-- the message, with what varies taken out
	class TEXT NOT NULL,		-- as the newest error has it
	message TEXT NOT NULL,
	last_step_id BIGINT NOT NULL,	-- the newest error
	last_number BIGINT NOT NULL,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	new_in_sha TEXT NOT NULL,	-- the commit where it was seen first
	first_run_id BIGINT NOT NULL,
	series BIGINT NOT NULL,		-- where it was seen last: in which step, and on which branch
	branch TEXT NOT NULL,
	flaky_at BIGINT NOT NULL,	-- when it was last seen that the step passed and failed on one commit; 0: never
	flaky_sha TEXT NOT NULL,
	fixed_in TEXT NOT NULL,		-- the commit on which that step passed again on that branch; '' while it did not
	fixed_at BIGINT NOT NULL,
	state TEXT NOT NULL,		-- what people said: a word of src/model/error.tbl
	snoozed_until BIGINT NOT NULL,
	resolved_at BIGINT NOT NULL,	-- 0: is not
	reopened_at BIGINT NOT NULL,	-- it was seen again after that; 0: was not
	issue TEXT NOT NULL,		-- URL of where it is dealt with
	UNIQUE (repo_id, fingerprint),
	CHECK (fingerprint <> '' AND state <> '')
);

-- Those that the success of a step may say something about.
CREATE INDEX group_unfixed ON error_group (series) WHERE fixed_in = '';
CREATE INDEX group_by_last ON error_group (repo_id, last_seen_at);

-- One thing that went wrong in a step. What is not known is '' or 0.
CREATE TABLE error (
	step_id BIGINT NOT NULL REFERENCES step (id) ON DELETE CASCADE,
	number BIGINT NOT NULL,		-- from 0, the best first
	run_id BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	group_id BIGINT REFERENCES error_group (id), -- of a cause; NULL: the others
	occurred_at BIGINT NOT NULL,	-- when the step ended
	from_line BIGINT NOT NULL,	-- of the stored text, from 0
	to_line BIGINT NOT NULL,	-- excluded. The same as from_line: it was told beside the log
	head_line BIGINT NOT NULL,
	start_byte BIGINT NOT NULL,
	end_byte BIGINT NOT NULL,
	role TEXT NOT NULL,		-- this and the next three: words of src/model/error.tbl
	class TEXT NOT NULL,
	severity TEXT NOT NULL,
	found_by TEXT NOT NULL,
	rule TEXT NOT NULL,
	tool TEXT NOT NULL,
	file TEXT NOT NULL,		-- as the repo knows it
	line BIGINT NOT NULL,		-- of the file, from 1
	col BIGINT NOT NULL,
	code TEXT NOT NULL,
	test TEXT NOT NULL,
	message TEXT NOT NULL,
	advice TEXT NOT NULL,
	why TEXT NOT NULL,		-- it ranks where it does
	fingerprint TEXT NOT NULL,
	score BIGINT NOT NULL,
	flaky BIGINT NOT NULL,		-- 1: it also passed, in the same step
	reruns BIGINT NOT NULL,
	PRIMARY KEY (step_id, number),
	CHECK (to_line >= from_line AND role <> '' AND class <> '')
);

-- The errors of a group by time: to count them, and to find the newest. And those of a run.
CREATE INDEX error_by_group ON error (group_id, occurred_at, run_id) WHERE group_id IS NOT NULL;
CREATE INDEX error_by_run ON error (run_id, step_id, number);
-- Those that are so old that they go.
CREATE INDEX error_by_time ON error (occurred_at);
