-- Runs are listed by their time, and found by their commit whatever the repo.
CREATE INDEX run_by_time ON run (created_at, id);
CREATE INDEX run_by_commit ON run (head_sha);
