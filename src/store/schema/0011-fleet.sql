-- The fleet: hosts, and the episodes that they sent.
--
-- An episode is a file, DATA/episodes/HOST/ID.tar.zst, a row here and a line of DATA/episodes/index.jsonl, and they appear together: readers go by the row, and by
-- `here` in it. On the way in all of the file is synced beside its place first; then its row is written, which says what is coming (here = 0); then the file is put in
-- its place, then its line is written; then here = 1 and it is acknowledged. Whatever a crash leaves has a row, so that the next start, or the next request with
-- these bytes, goes on from there, and knows where in the index to look whether the line was written already (index_from).

CREATE TABLE fleet_host (
	id @ID@,
	name TEXT NOT NULL UNIQUE,
	first_seen_at BIGINT NOT NULL,
	last_seen_at BIGINT NOT NULL,		-- sent something, whatever became of it
	code_commit TEXT NOT NULL,		-- that it told last; '': none
	n_accepted BIGINT NOT NULL DEFAULT 0,	-- episodes that are here
	bytes BIGINT NOT NULL DEFAULT 0,	-- of these
	accepted_at BIGINT NOT NULL DEFAULT 0,	-- the last of them; 0: none yet
	n_refused BIGINT NOT NULL DEFAULT 0,	-- requests that were refused
	refused_at BIGINT NOT NULL DEFAULT 0,
	refused_status BIGINT NOT NULL DEFAULT 0,	-- what the last of them was answered
	refused_why TEXT NOT NULL DEFAULT ''
);

CREATE TABLE episode (
	id @ID@,
	host_id BIGINT NOT NULL REFERENCES fleet_host (id),
	name TEXT NOT NULL,			-- what the host calls it
	sha256 TEXT NOT NULL,			-- of the file, 64 hex digits
	n_bytes BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	code_commit TEXT NOT NULL,		-- that it was made with; '': not told
	schema_version TEXT NOT NULL,		-- '': not told
	meta TEXT NOT NULL,			-- JSON: the fields of meta.json that [fleet] meta names
	n_entries BIGINT NOT NULL,		-- in the archive; -1: it was not looked into
	unpacked_bytes BIGINT NOT NULL,		-- the same
	index_from BIGINT NOT NULL,		-- its line in the index is not before this offset
	here BIGINT NOT NULL,
	UNIQUE (host_id, name)
);
-- A list is read from one of these, newest first.
CREATE INDEX episode_by_time ON episode (received_at, id);
CREATE INDEX episode_by_host ON episode (host_id, received_at, id);
CREATE INDEX episode_by_commit ON episode (code_commit, received_at, id);
CREATE INDEX episode_by_schema ON episode (schema_version, received_at, id);
CREATE INDEX episode_coming ON episode (id) WHERE here = 0;
