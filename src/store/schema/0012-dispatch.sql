-- From red CI to a fixer: what forges say of runs and branches, and the dispatches that follow.
--
-- A hook is written down with what it says, in one transaction, before it is answered; what follows from it is done later (src/service/dispatcher.c), so that a forge waits for nothing.
-- A dispatch is the one handing-over of a failure, of one attempt of one commit in one repo. It is a row before anything is done, each thing that is done outside is a row of
-- dispatch_action before it is tried, and one that was being tried when the server stopped is not tried again blindly.

-- Deliveries that came: the same again does nothing. The janitor forgets them after some days.
CREATE TABLE hook_delivery (
	hook TEXT NOT NULL,		-- of [hook "NAME"]
	delivery TEXT NOT NULL,		-- the id that the sender gave it
	received_at BIGINT NOT NULL,
	PRIMARY KEY (hook, delivery)
);
CREATE INDEX hook_delivery_by_time ON hook_delivery (received_at);

-- What a forge says of a run: by a hook, or when it was asked. Deliveries come in any order: what was so later stands (said_at), what is over does not run again in the same attempt, and what is not
-- told takes nothing away (forge_runs.c).
CREATE TABLE forge_run (
	id @ID@,
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	head_sha TEXT NOT NULL,
	external_run_id TEXT NOT NULL,
	attempt BIGINT NOT NULL,	-- from 1
	workflow TEXT NOT NULL,		-- these are '' or 0 when it did not say
	branch TEXT NOT NULL,
	pull_request BIGINT NOT NULL,
	target_branch TEXT NOT NULL,
	url TEXT NOT NULL,
	author TEXT NOT NULL,		-- login of who caused it
	conclusion TEXT NOT NULL,	-- running, success, failure, cancelled, other
	said_at BIGINT NOT NULL DEFAULT 0,	-- when it became so, by the forge's clock; 0: not told
	heard_at BIGINT NOT NULL,	-- when the conclusion that stands was heard
	heard_by TEXT NOT NULL,		-- hook, reconcile
	due BIGINT NOT NULL,		-- 1: nobody has looked yet what follows from it
	pull_state TEXT NOT NULL DEFAULT '',	-- of its logs: '' (not looked at), wanted, done, none (the forge has none), failed
	pull_tries BIGINT NOT NULL DEFAULT 0,
	pull_at BIGINT NOT NULL DEFAULT 0,	-- when to try (again)
	UNIQUE (repo_id, external_run_id, attempt)
);
CREATE INDEX forge_run_due ON forge_run (heard_at) WHERE due = 1;
CREATE INDEX forge_run_pull ON forge_run (pull_at) WHERE pull_state = 'wanted';
CREATE INDEX forge_run_by_end ON forge_run (repo_id, conclusion, heard_at);
CREATE INDEX forge_run_by_commit ON forge_run (repo_id, head_sha);
CREATE INDEX forge_run_by_time ON forge_run (heard_at);

-- Who told of a job: 'push', its runner; 'pull', nobody, and its log was fetched from the forge. As soon as a runner tells of an attempt of a run, what was fetched of that attempt goes.
ALTER TABLE job ADD COLUMN source TEXT NOT NULL DEFAULT 'push';

-- Where a branch or a pull request stands, as far as a push or pull_request event told.
CREATE TABLE forge_head (
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	name TEXT NOT NULL,		-- 'branch:NAME' or 'pull:NUMBER'
	head_sha TEXT NOT NULL,		-- '': it is gone, or closed
	before_sha TEXT NOT NULL DEFAULT '',	-- of a branch: where it stood before; '': it was not there. By this a push that comes late is known
	author TEXT NOT NULL,
	said_at BIGINT NOT NULL DEFAULT 0,	-- of a pull request: when it became so, by the forge's clock; 0: not told
	heard_at BIGINT NOT NULL,
	PRIMARY KEY (repo_id, name)
);
CREATE INDEX forge_head_gone ON forge_head (heard_at) WHERE head_sha = '';

CREATE TABLE dispatch (
	id @ID@,
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	head_sha TEXT NOT NULL,
	attempt BIGINT NOT NULL,
	external_run_id TEXT NOT NULL,	-- of the run that it is about
	run_id BIGINT NOT NULL,		-- Sluice's; 0: nothing was sent of it
	workflow TEXT NOT NULL,
	branch TEXT NOT NULL,
	pull_request BIGINT NOT NULL,
	line TEXT NOT NULL,		-- which line of work it is: 'pull:NUMBER', else 'branch:NAME', as forge_head.name; '': neither was told
	url TEXT NOT NULL,
	author TEXT NOT NULL,
	group_id BIGINT NOT NULL,	-- of its first cause; 0: none is known
	class TEXT NOT NULL,		-- of that; ''
	message TEXT NOT NULL,		-- of that, or what else there is to say in a line
	state TEXT NOT NULL,		-- a word of src/model/dispatch.tbl
	outcome TEXT NOT NULL,		-- the same; '': not known yet
	note TEXT NOT NULL,		-- what who reported it had to say
	fixed_sha TEXT NOT NULL,
	verdicts TEXT NOT NULL,		-- JSON: each check of the guard, in order, with what it said
	refused_by TEXT NOT NULL,	-- of these the first that refused, and what that said; ''
	reason TEXT NOT NULL,
	prompt @BYTES@ NOT NULL,	-- as it went out, zstd; empty: it did not
	created_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL,		-- when it is looked at next; 0: it waits for nothing that comes by time
	decided_at BIGINT NOT NULL,
	handed_at BIGINT NOT NULL,	-- when it first went out, or was claimed: from then on it is an attempt
	over_at BIGINT NOT NULL,	-- since when it is not open
	n_claims BIGINT NOT NULL,	-- a fencing token, as that of run
	agent TEXT NOT NULL,		-- who has it, or had it last
	lease_until BIGINT NOT NULL,
	n_retries BIGINT NOT NULL,	-- asked for by people
	step_id BIGINT NOT NULL DEFAULT 0,	-- where the agent's own output is
	UNIQUE (repo_id, head_sha, attempt)
);
CREATE INDEX dispatch_due ON dispatch (due_at) WHERE due_at > 0;
CREATE INDEX dispatch_open ON dispatch (repo_id, group_id) WHERE state IN ('waiting', 'handing', 'offered', 'claimed', 'handed');
CREATE INDEX dispatch_offered ON dispatch (repo_id, id) WHERE state = 'offered';
CREATE INDEX dispatch_unknown ON dispatch (over_at) WHERE state = 'unknown';
CREATE INDEX dispatch_by_line ON dispatch (repo_id, line, handed_at);
CREATE INDEX dispatch_by_group ON dispatch (group_id, id) WHERE group_id > 0;
CREATE INDEX dispatch_by_time ON dispatch (repo_id, created_at);

-- What is done outside for a dispatch.
CREATE TABLE dispatch_action (
	dispatch_id BIGINT NOT NULL REFERENCES dispatch (id) ON DELETE CASCADE,
	action TEXT NOT NULL,		-- webhook, comment, issue, status, rerun
	state TEXT NOT NULL,		-- wanted, trying, done, failed, unknown
	ref TEXT NOT NULL,		-- what it made: the id of a comment, the number of an issue
	n_tries BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	error TEXT NOT NULL,		-- of the last try; ''
	PRIMARY KEY (dispatch_id, action)
);
CREATE INDEX dispatch_action_due ON dispatch_action (due_at) WHERE state = 'wanted';

-- The one comment of ours on a pull request.
CREATE TABLE forge_comment (
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	pull_request BIGINT NOT NULL,
	comment_id TEXT NOT NULL,
	PRIMARY KEY (repo_id, pull_request)
);

-- While there is a row nothing is dispatched (repo_id 0: of any repo).
CREATE TABLE dispatch_pause (
	repo_id @KEY@,
	paused_at BIGINT NOT NULL,
	paused_by TEXT NOT NULL
);
