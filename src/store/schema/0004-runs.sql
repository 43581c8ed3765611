-- Runs are listed by their time, and found by their commit whatever the repo.
CREATE INDEX run_by_time ON run (created_at, id);
CREATE INDEX run_by_commit ON run (head_sha);

-- The steps that did not go well are few, and with them the runs that failed, were canceled or lost their runner.
CREATE INDEX step_unwell ON step (job_id) WHERE conclusion NOT IN ('success', 'skipped', 'running');
