#ifndef STORE_ACCESS_NOUNS_H
#define STORE_ACCESS_NOUNS_H
/*
 * access_nouns: who may come in and what they did (users.c, forge_logins.c, tokens.c, sessions.c, sign_ins.c, members.c, audit.c), in the manner
 * of nouns.h: W is for the writer's connection, rows are copied into the arena, totals are exact to 10,000 and -1 beyond.
 *
 * Digests, sealed bytes and password strings are the caller's to make; nothing here looks into them.
 */
#include "model/audit.h"
#include "model/session.h"
#include "model/token.h"
#include "model/user.h"
#include "store/db.h"

/* ---- users.c ---- */

/* W. password: a PHC string, or empty. ERR_CONFLICT: there is one with this address, in whatever case. */
MUST_CHECK enum err_code users_add(struct db *db, struct str email, struct str password, enum role role,
	int64_t now, int64_t *ret_id, struct err *e);
/* Of those that are not disabled. ERR_NOT_FOUND: none. */
MUST_CHECK enum err_code users_first_admin(struct db *db, int64_t *ret_id, struct err *e);
/* Disabled ones too. ERR_NOT_FOUND. */
MUST_CHECK enum err_code users_get(
	struct db *db, struct arena *a, int64_t id, struct user *ret, struct err *e);
/* The address without case. */
MUST_CHECK enum err_code users_by_email(
	struct db *db, struct arena *a, struct str email, struct user *ret, struct err *e);
struct user_query { /* empty, ROLE_N, 0: whichever */
	struct str email;
	enum role role;
	enum { USERS_ALL, USERS_ACTIVE, USERS_DISABLED } state;
	int64_t limit, offset;
};
/* In the order of their ids. */
MUST_CHECK enum err_code users_list(struct db *db, struct arena *a, const struct user_query *q,
	struct user **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* W, these four. ERR_NOT_FOUND: no such user. */
MUST_CHECK enum err_code users_set_password(struct db *db, int64_t id, struct str password, struct err *e);
/* ERR_CONFLICT: it is the last admin that is not disabled, and would be none. */
MUST_CHECK enum err_code users_set_role(struct db *db, int64_t id, enum role role, struct err *e);
/* With all tokens and sessions of theirs revoked; again: fine, and the first time stays. ERR_CONFLICT: the last admin. */
MUST_CHECK enum err_code users_disable(struct db *db, int64_t id, int64_t now, struct err *e);
/* What was revoked stays so. */
MUST_CHECK enum err_code users_enable(struct db *db, int64_t id, struct err *e);

/* ---- forge_logins.c ---- */

/* W. A new one, or the login, token and time of the one that is known; l->id is set. An empty login or token leaves the one that is there.
 * ERR_CONFLICT: the account is tied to another user. */
MUST_CHECK enum err_code forge_logins_put(struct db *db, struct forge_login *l, struct err *e);
/* By the forge's own id of the account. ERR_NOT_FOUND. */
MUST_CHECK enum err_code forge_logins_find(struct db *db, struct arena *a, struct str provider,
	struct str forge_user_id, struct forge_login *ret, struct err *e);
/* All of a user: few. */
MUST_CHECK enum err_code forge_logins_of(struct db *db, struct arena *a, int64_t user_id,
	struct forge_login **ret, size_t *ret_n, struct err *e);
/* Those of users from one id to another, in the order of users, without their tokens: for a page of users. At most 1000. */
MUST_CHECK enum err_code forge_logins_between(struct db *db, struct arena *a, int64_t from, int64_t to,
	struct forge_login **ret, size_t *ret_n, struct err *e);

/* ---- tokens.c ---- */

/* W. Sets t->id. ERR_FORBIDDEN: its user is disabled, or is not there. */
MUST_CHECK enum err_code tokens_add(struct db *db, struct token *t, struct err *e);
/* Revoked and expired ones too, and those of users who are disabled. ERR_NOT_FOUND. */
MUST_CHECK enum err_code tokens_by_digest(
	struct db *db, struct arena *a, const struct sha256 *digest, struct token *ret, struct err *e);
MUST_CHECK enum err_code tokens_get(
	struct db *db, struct arena *a, int64_t id, struct token *ret, struct err *e);
struct token_query { /* 0, empty: whichever */
	int64_t user_id;
	int64_t repo_id; /* bound to it */
	struct str host; /* bound to it */
	int64_t good_at; /* neither revoked nor expired then */
	int64_t limit, offset;
};
/* The newest first. */
MUST_CHECK enum err_code tokens_list(struct db *db, struct arena *a, const struct token_query *q,
	struct token **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* W. user_id 0: anybody's. ERR_NOT_FOUND; revoked already: fine, and the first time stays. */
MUST_CHECK enum err_code tokens_revoke(
	struct db *db, int64_t id, int64_t user_id, int64_t now, struct err *e);
/* W. It was used then; an older time than the one that is there changes nothing. */
MUST_CHECK enum err_code tokens_touch(struct db *db, int64_t id, int64_t at, struct err *e);

/* ---- sessions.c ---- */

/* W. Sets s->id. ERR_FORBIDDEN: its user is disabled, or is not there. */
MUST_CHECK enum err_code sessions_add(struct db *db, struct session *s, struct err *e);
/* With its user's address, role and disabled_at. Revoked and expired ones too. ERR_NOT_FOUND. */
MUST_CHECK enum err_code sessions_by_digest(
	struct db *db, struct arena *a, const struct sha256 *digest, struct session *ret, struct err *e);
/* The same by its number. */
MUST_CHECK enum err_code sessions_get(
	struct db *db, struct arena *a, int64_t id, struct session *ret, struct err *e);
/* Of a user, the newest first; those that are good at now, or all (now 0). */
MUST_CHECK enum err_code sessions_list(struct db *db, struct arena *a, int64_t user_id, int64_t now,
	int64_t limit, int64_t offset, struct session **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* W. It was seen, and is good until then, if it is not revoked and has not expired at seen_at. */
MUST_CHECK enum err_code sessions_touch(
	struct db *db, int64_t id, int64_t seen_at, int64_t expires_at, struct err *e);
/* W. user_id 0: anybody's. ERR_NOT_FOUND; revoked already: fine, and the first time stays. */
MUST_CHECK enum err_code sessions_revoke(
	struct db *db, int64_t id, int64_t user_id, int64_t now, struct err *e);
/* W. All of a user but one (0: all). */
MUST_CHECK enum err_code sessions_revoke_others(
	struct db *db, int64_t user_id, int64_t but_id, int64_t now, struct err *e);
/* W, or a reader when dry. Those that expired before `before` go, at most limit. dry: only counts, without limit. */
MUST_CHECK enum err_code sessions_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- sign_ins.c ---- */

/* W. Sets s->id. */
MUST_CHECK enum err_code sign_ins_add(struct db *db, struct sign_in *s, struct err *e);
/*
 * W. The one of this state, begun by this browser, if it has not expired at now and nobody has taken it: taken now, once. ERR_NOT_FOUND for all
 * else, told alike.
 */
MUST_CHECK enum err_code sign_ins_take(struct db *db, struct arena *a, const struct sha256 *state,
	const struct sha256 *browser, int64_t now, struct sign_in *ret, struct err *e);
/* How many have not expired at now: anybody can begin one, so that there must be a limit. */
MUST_CHECK enum err_code sign_ins_count(struct db *db, int64_t now, int64_t *ret, struct err *e);
/* As sessions_expire: those that expired before `before`. */
MUST_CHECK enum err_code sign_ins_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- members.c ---- */

/* W. What a forge said at checked_at. ERR_CONFLICT: no such user or repo. */
MUST_CHECK enum err_code members_put(
	struct db *db, int64_t user_id, int64_t repo_id, bool allowed, int64_t checked_at, struct err *e);
/* ERR_NOT_FOUND: it was not asked yet. */
MUST_CHECK enum err_code members_get(struct db *db, int64_t user_id, int64_t repo_id, bool *ret_allowed,
	int64_t *ret_checked_at, struct err *e);
/* A repo for members, of a forge, and what was last said of it about one user. */
struct member_repo {
	int64_t repo_id;
	struct str name; /* "owner/name" */
};
/* Those of a forge (without regard to case), those first that were asked about longest ago, or never; at most limit. */
MUST_CHECK enum err_code members_repos(struct db *db, struct arena *a, int64_t user_id, struct str forge,
	int64_t limit, struct member_repo **ret, size_t *ret_n, struct err *e);
/* W. The forge takes the user's token no more: they may read none of its repos, as far as is known. */
MUST_CHECK enum err_code members_deny(
	struct db *db, int64_t user_id, struct str forge, int64_t now, struct err *e);
/* When the oldest of what was said of a user was said; 0: nothing was. */
MUST_CHECK enum err_code members_oldest(struct db *db, int64_t user_id, int64_t *ret, struct err *e);
/* W. What was said of a user before `before` is forgotten. */
MUST_CHECK enum err_code members_forget_old(struct db *db, int64_t user_id, int64_t before, struct err *e);
/* As sessions_expire: what was said before `before`. */
MUST_CHECK enum err_code members_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);
/* W. What was said of a user is forgotten: of one repo, or of all (0). */
MUST_CHECK enum err_code members_forget(struct db *db, int64_t user_id, int64_t repo_id, struct err *e);

/* Does a viewer see this repo? viewer 0: sees all. A repo that is not there is seen by nobody else. */
MUST_CHECK enum err_code repo_is_visible(
	struct db *db, int64_t repo_id, int64_t viewer, bool *ret, struct err *e);
/* The same of a run, by its number. A run that is not there is not seen. */
MUST_CHECK enum err_code run_is_visible(
	struct db *db, int64_t run_id, int64_t viewer, bool *ret, struct err *e);
/*
 * The repos of the runs that the forge knows by this id, as far as the viewer sees them: how many, to 2; the one, if it is one.
 */
MUST_CHECK enum err_code runs_repos_visible(struct db *db, struct str external_run_id, int64_t viewer,
	int64_t *ret_n, int64_t *ret_repo_id, struct err *e);

/* ---- audit.c ---- */

/* W. In the operation of the deed itself, so that neither is without the other. */
MUST_CHECK enum err_code audit_add(struct db *db, const struct audit_entry *x, struct err *e);
struct audit_query { /* empty, 0: whichever */
	struct str action, subject_kind;
	int64_t user_id, subject_id;
	int64_t from, to; /* ms: from <= at < to */
	int64_t limit, offset;
};
/* The newest first. */
MUST_CHECK enum err_code audit_list(struct db *db, struct arena *a, const struct audit_query *q,
	struct audit_entry **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* W, or a reader when dry. Those of before `before` go, at most limit. dry: only counts, without limit. */
MUST_CHECK enum err_code audit_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

#endif
