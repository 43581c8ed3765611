-- Who may come in and how, and what they did.
--
-- A person has one row in `users`, however they come: with a password, through a forge where they have an account (`forge_login`), or with a
-- token. A browser that has signed in holds a session, a program holds a token; of both only the digest is here, so that who reads the
-- database cannot come in with what they read. A user who is disabled has neither, from the same commit on: rows of `token` and `session` are
-- revoked with it. What people and programs changed is in `audit`, written by the same transaction as the change.

-- The password as an argon2id PHC string ('$argon2id$v=19$m=..'), which tells its own parameters. '': it has none, and no password is right.
ALTER TABLE users ADD COLUMN password TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN disabled_at BIGINT NOT NULL DEFAULT 0;	-- 0: is not

-- An account on a forge that its owner has signed in with. The forge's own number is what it is known by: names of accounts change hands.
CREATE TABLE forge_login (
	id @ID@,
	user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	provider TEXT NOT NULL,		-- name of an [oauth "NAME"] of the config, in lower case
	forge_user_id TEXT NOT NULL,	-- the forge's own id of the account, as text; of OIDC: sub
	login TEXT NOT NULL,		-- its name there, as last seen; '' when the provider tells none and it was not looked up yet
	token @BYTES@ NOT NULL,		-- the forge's token, sealed with a key that is not in the database (DATA/access.key). Empty: not kept
	stored_at BIGINT NOT NULL,	-- when login and token were last brought up to date
	UNIQUE (provider, forge_user_id),
	CHECK (provider <> '' AND provider = lower(provider) AND forge_user_id <> '')
);

CREATE INDEX forge_login_by_user ON forge_login (user_id);

-- A browser that has signed in. Rows stay for some days after their end, so that a person can see where they were signed in.
CREATE TABLE session (
	id @ID@,
	user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	digest @BYTES@ NOT NULL UNIQUE,	-- SHA-256 of what the cookie holds
	csrf @BYTES@ NOT NULL,		-- random; every form of this session carries it. It opens nothing without the cookie
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,	-- last use, to the minute or so
	expires_at BIGINT NOT NULL,	-- moves on with use
	revoked_at BIGINT NOT NULL,	-- 0: is not; a logout is one too
	address TEXT NOT NULL,		-- from where it was begun
	agent TEXT NOT NULL,		-- what the browser called itself then, cut to 200 bytes
	CHECK (length(digest) = 32 AND length(csrf) = 32)
);

CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_end ON session (expires_at);

-- A sign-in that was sent to a provider and has not come back. Each is good for minutes, once, and in the browser that began it.
CREATE TABLE sign_in (
	id @ID@,
	state @BYTES@ NOT NULL UNIQUE,	-- SHA-256 of the state that the provider hands back
	browser @BYTES@ NOT NULL,	-- SHA-256 of a cookie that the browser was given when it set out
	provider TEXT NOT NULL,
	secret @BYTES@ NOT NULL,	-- the PKCE verifier, and the nonce where there is one, sealed (DATA/access.key)
	return_path TEXT NOT NULL,	-- page of ours to go to afterwards: a path, checked when it was taken
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL,	-- 0: not yet. A used one stays until it expires, so that a replay finds it used
	CHECK (length(state) = 32 AND length(browser) = 32)
);

CREATE INDEX sign_in_by_end ON sign_in (expires_at);

ALTER TABLE token ADD COLUMN host TEXT NOT NULL DEFAULT '';		-- the one host it is good for; '': any
ALTER TABLE token ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;	-- to the minute; 0: never
-- 1: it belongs to a machine rather than to the person who made it: an admin, for longer than people's tokens last.
ALTER TABLE token ADD COLUMN machine BIGINT NOT NULL DEFAULT 0;

-- Who sees the repo's pages: 'users' is everybody who is signed in, 'members' those who may read it on its forge.
ALTER TABLE repo ADD COLUMN visibility TEXT NOT NULL DEFAULT 'users' CHECK (visibility IN ('users', 'members'));

-- What a forge said when it was asked whether a user may read a repo. Asked again when it is old.
CREATE TABLE member (
	user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	repo_id BIGINT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
	allowed BIGINT NOT NULL,	-- 0 or 1
	checked_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, repo_id),
	CHECK (allowed IN (0, 1))
);

CREATE INDEX member_by_repo ON member (repo_id);

-- Who did what, when: a row for each deed, in the transaction of the deed. Rows are added, and go when they are older than [janitor] audit-days;
-- nothing changes one. No references: a row outlives those it speaks of, which is why it names them in words too.
CREATE TABLE audit (
	id @ID@,
	at BIGINT NOT NULL,
	user_id BIGINT NOT NULL,	-- whose token or session it was; 0: of no user
	token_id BIGINT NOT NULL,	-- 0: not by a token of ours
	session_id BIGINT NOT NULL,	-- 0: not in a browser
	actor TEXT NOT NULL,		-- the user's e-mail address then, or 'internal' (the internal token), 'sluice init', 'janitor'
	action TEXT NOT NULL,		-- a word of src/model/audit.tbl, such as 'token.create'
	subject_kind TEXT NOT NULL,	-- what it was done to: 'token', 'user', 'repo', 'step', ..
	subject_id BIGINT NOT NULL,	-- its id; 0: it has none
	subject TEXT NOT NULL,		-- its name then
	detail TEXT NOT NULL,		-- a JSON object: what else there is to say, never a secret
	request_id TEXT NOT NULL,	-- X-Request-Id of the request; '' when it was none
	address TEXT NOT NULL,		-- from where; '' when not over HTTP
	CHECK (actor <> '' AND action <> '' AND detail <> '')
);

CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_user ON audit (user_id, id);
CREATE INDEX audit_by_subject ON audit (subject_kind, subject_id, id);
