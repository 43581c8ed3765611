-- What the status of a run is derived from, kept beside the run.
--
-- It could be derived from the steps, and it was: a list of all runs that failed then had to count the steps of every run there is, which with 100,000
-- runs took seconds, and a page of fifty runs counted the steps of these fifty. So the counts are columns, of the steps of the newest attempt of
-- each job and leg, and whoever changes what a step counts for brings them up to date in the same transaction (src/store/tally.c, the one
-- place). `sluice verify` counts again and compares.
--
-- The status itself is stored still nowhere, as it changes with the time and without any write: it follows from these columns and the time by the one
-- rule (src/model/step.h). What of it is the same at any time is `settled`, for indexes.

ALTER TABLE run ADD COLUMN n_steps BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN n_failed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN n_lost BIGINT NOT NULL DEFAULT 0;		-- of those that failed: whose runner was given up
ALTER TABLE run ADD COLUMN n_running BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN n_cancelled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN newest_at BIGINT NOT NULL DEFAULT 0;		-- when the last thing was heard of them; 0: they are none
ALTER TABLE run ADD COLUMN began_at BIGINT NOT NULL DEFAULT 0;		-- when the first of them began; 0: they are none

-- The status that the run has once nothing was heard of it for ten minutes. Until then 'pass' is to be read as running; every other word holds at once.
ALTER TABLE run ADD COLUMN settled TEXT NOT NULL DEFAULT 'running';

-- newest_at in whole minutes. Every step that comes changes newest_at, but this once a minute at most, and so the indexes that find the runs of the
-- last ten minutes.
ALTER TABLE run ADD COLUMN heard_minute BIGINT NOT NULL DEFAULT 0;

WITH seen AS (SELECT job.run_id, step.conclusion, step.received_at,
		CASE WHEN step.began_at > 0 THEN step.began_at ELSE step.received_at END AS began, job.attempt,
		max(job.attempt) OVER (PARTITION BY job.run_id, CASE WHEN job.job_name <> '' THEN 'name:' || job.job_name ELSE job.job_key END,
			CASE WHEN substr(job.leg, 1, 5) = 'auto-' THEN '' ELSE job.leg END) AS newest
		FROM job JOIN step ON step.job_id = job.id),
	counted AS (SELECT run_id, count(*) AS n_steps, count(*) FILTER (WHERE conclusion IN ('failure', 'timed_out', 'runner_lost')) AS n_failed,
		count(*) FILTER (WHERE conclusion = 'runner_lost') AS n_lost, count(*) FILTER (WHERE conclusion = 'running') AS n_running,
		count(*) FILTER (WHERE conclusion = 'cancelled') AS n_cancelled, max(received_at) AS newest_at, min(began) AS began_at
		FROM seen WHERE attempt = newest GROUP BY run_id)
UPDATE run SET n_steps = counted.n_steps, n_failed = counted.n_failed, n_lost = counted.n_lost, n_running = counted.n_running,
	n_cancelled = counted.n_cancelled, newest_at = counted.newest_at, began_at = counted.began_at, heard_minute = counted.newest_at / 60000
	FROM counted WHERE counted.run_id = run.id;

UPDATE run SET settled = CASE WHEN n_failed > n_lost THEN 'fail' WHEN n_running > 0 THEN 'running' WHEN n_lost > 0 THEN 'incomplete'
	WHEN n_cancelled > 0 THEN 'canceled' ELSE 'pass' END WHERE n_steps > 0;

-- The runs of a repo, of a status, and of both, by their time; those of a branch in a repo and of a status by their time, those of a branch at all. Of 'pass'
-- heard_minute tells those that run still, without a look at the run.
CREATE INDEX run_of_repo ON run (repo_id, created_at, id);
CREATE INDEX run_settled ON run (settled, created_at, id, heard_minute);
CREATE INDEX run_of_repo_settled ON run (repo_id, settled, created_at, id, heard_minute);
CREATE INDEX run_of_branch ON run (branch, repo_id, settled, created_at, id, heard_minute);

-- Those of which something was heard just now.
CREATE INDEX run_heard ON run (heard_minute, repo_id, settled);
