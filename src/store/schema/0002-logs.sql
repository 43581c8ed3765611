-- Whole logs: what a step printed, from its first byte on, while it runs and after.
--
-- A log is a text that only grows at its end. What of it is where changes with its age. New text is rows of `chunk`, so that one
-- commit serves all steps that stream. Every few MiB the chunks of a step become frames at the end of a file, DATA/logs/../ID.part: the file is
-- synced first, then one commit deletes the chunks and says how long the file is, in `part`. When the step has ended, the rest follows, the
-- index is written behind the frames and the file is renamed to ID.zst: the log is sealed. So each byte that was acknowledged is, at
-- every moment, either in a row or in a file as far as a row says; what a file has beyond that is of a move that a crash undid, and is written over.

-- When a step began to stream, when it ended and how long it took, as its runner told.
ALTER TABLE step ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN duration_ms BIGINT NOT NULL DEFAULT -1;	-- -1: not told

-- Its text is kept whatever its age, and whatever else would delete it, from then on. 0: no.
ALTER TABLE step ADD COLUMN pinned_at BIGINT NOT NULL DEFAULT 0;

-- The log of a step that streams, or has. A step that has one has no tail. Goes when the text goes; the facts stay in `step`.
CREATE TABLE log (
	step_id @KEY@ REFERENCES step (id) ON DELETE CASCADE,
	state TEXT NOT NULL,		-- 'open': more may come; 'ended': all is here; 'sealed': and in one file
	sent_bytes BIGINT NOT NULL,	-- as sent: up to here what came is durable. The next offset
	text_bytes BIGINT NOT NULL,	-- of the text that was put down, with what fell into the gap
	n_line_ends BIGINT NOT NULL,	-- in it
	gap_at BIGINT NOT NULL,		-- where in the text the gap begins: a log over its limit lost its middle. -1: it has none
	gap_bytes BIGINT NOT NULL,	-- of text that fell into it
	gap_line_ends BIGINT NOT NULL,
	group_line BIGINT NOT NULL,	-- number of the line that opened the group that is open at the end. -1: none is
	n_chunks BIGINT NOT NULL,	-- that there ever were: the number of the next one
	saved @BYTES@ NOT NULL,		-- what stands on the terminal's last line and is not put down yet, masked (text/settle.h)
	lost_bytes BIGINT NOT NULL,	-- the runner was given up, and the text that was put down for that begins here: what is
					-- behind goes when it comes back. -1: it was not given up
	file_bytes BIGINT NOT NULL,	-- of ID.part that count, or of ID.zst when it is sealed
	CHECK (state IN ('open', 'ended', 'sealed') AND sent_bytes >= 0 AND text_bytes >= 0 AND file_bytes >= 0)
);

-- What must be gone on with after a start: few at any time.
CREATE INDEX log_unsealed ON log (step_id) WHERE state <> 'sealed';

-- Text that is in no file yet.
CREATE TABLE chunk (
	step_id BIGINT NOT NULL REFERENCES log (step_id) ON DELETE CASCADE,
	number BIGINT NOT NULL,		-- from 0, in order; some may be missing, where the gap is
	entry @BYTES@ NOT NULL,		-- what is known of the text without reading it (text/frame.h)
	zstd @BYTES@ NOT NULL,		-- the text, as one zstd frame
	PRIMARY KEY (step_id, number)
);

-- The index of ID.part: a row for each move. In ID.zst it stands in the file.
CREATE TABLE part (
	step_id BIGINT NOT NULL REFERENCES log (step_id) ON DELETE CASCADE,
	file_at BIGINT NOT NULL,	-- where the frames of this move begin in the file
	entries @BYTES@ NOT NULL,
	PRIMARY KEY (step_id, file_at)
);

-- What the steps of a run have asked to be masked (`::add-mask::`), for all that comes after in that run: each is sealed with a key that is
-- not in the database (DATA/mask.key). Goes when the run has been silent for some days.
CREATE TABLE run_mask (
	run_id BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	number BIGINT NOT NULL,		-- in the order in which they came
	value @BYTES@ NOT NULL,
	PRIMARY KEY (run_id, number)
);
