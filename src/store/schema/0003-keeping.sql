-- Which text goes when there is too much of it, or too old.

-- What the text of a step takes: its tail, or the file of its sealed log. 0: it has no text, or a log that is not sealed yet. The one number that
-- is stored and could be derived: budgets add it up every few minutes, and to add up the lengths of a hundred thousand tails is to read
-- through most of them.
ALTER TABLE step ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;

UPDATE step SET stored_bytes = coalesce((SELECT length(tail.zstd) FROM tail WHERE tail.step_id = step.id), 0)
	+ coalesce((SELECT log.file_bytes FROM log WHERE log.step_id = step.id AND log.state = 'sealed'), 0)
	WHERE log_expired_at = 0;

-- The texts that may go, the oldest first, with all that is asked of them: adding them up reads this index and nothing else.
DROP INDEX step_with_text;
CREATE INDEX step_with_text ON step (received_at, conclusion, stored_bytes, pinned_at) WHERE log_expired_at = 0 AND stored_bytes > 0;
