#ifndef SERVICE_GATE_H
#define SERVICE_GATE_H
/*
 * gate: which commits may send: the last N of a branch.
 *
 * A thread of its own asks where the branch stands, every few seconds and when it is told that somebody pushed: the forge first, a repository on this machine when that does not answer (or has
 * nothing). What it hears becomes an immutable snapshot. A check is a look-up in that: no request ever waits for a forge or for git. When every source fails the last good window stays, and its age
 * is shown. Before the first good one nothing is let in, and it is said why.
 *
 *	gates_start() .. gate_check() from any thread .. gates_stop(), gates_free()
 *
 * A repository that stands in for another source and does not have the head that is known is passed over: it is behind, or has another history, and would shut out what was let in a moment ago.
 * While nothing is known it is taken as it is. The first source that is configured is followed wherever it goes.
 *
 * Which gates there are, is the configuration's; one whose sources have not changed keeps its window when the settings are read again. One that is not enabled is not asked about.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "service/config.h"

struct gates;
MUST_CHECK enum err_code gates_start(
	struct config_box *box, const struct clock *clock, struct gates **ret, struct err *e);
void gates_stop(struct gates *g); /* NULL is fine, twice too */
void gates_free(struct gates *g); /* stops it first. NULL is fine */
/* Settings were read again, or somebody pushed to owner/name (empty: to any): ask now. Waits for nothing. */
void gates_wake(struct gates *g, struct str repo);

enum gate_answer {
	GATE_ADMITTED,
	GATE_NOT_READY, /* no source has been heard yet: ERR_UNAVAILABLE, 503 */
	GATE_MALFORMED, /* missing, not hex, too short, or of several commits of the window: 400 */
	GATE_OUTSIDE,   /* not in the window: 412 */
};

struct gate_verdict {
	enum gate_answer answer;
	struct str gate; /* its name */
	struct str
		commit; /* of what is admitted: whole, lower case, when it is known whole; else as it was told */
	struct str head;        /* the newest of the window; empty: not known */
	int64_t behind, window; /* commits behind head; -1: not known */
	struct str why;         /* one sentence */
	struct str
		remediation; /* how to mend it; may have several lines. The configured text is for GATE_OUTSIDE alone */
};

enum gate_guards { GATE_GUARDS_EPISODES, GATE_GUARDS_STEPS };

/*
 * Of the gates that guard this, one has to let it in; with none, or with one that is not enabled, it is in. repo: of steps, whose gate is that of owner/repo; else empty. commit may be empty.
 * *ret in the arena; strings of it too. Never waits. Of several that refuse, one that is GATE_NOT_READY is told, for it may let this in yet; else one that is GATE_OUTSIDE,
 * which says more than that digits are missing; of those alike the first in the configuration. What is no commit is GATE_MALFORMED for all of them.
 */
void gate_check(struct gates *g, const struct config *cfg, enum gate_guards what, struct str repo,
	struct str commit, struct str host, struct arena *a, struct gate_verdict *ret);
/* The same of one gate by its name. ERR_NOT_FOUND. */
MUST_CHECK enum err_code gate_check_one(struct gates *g, const struct config *cfg, struct str name,
	struct str commit, struct str host, struct arena *a, struct gate_verdict *ret, struct err *e);

enum gate_source { GATE_SOURCE_NONE, GATE_SOURCE_FORGE, GATE_SOURCE_GIT, GATE_SOURCE_GIT_FALLBACK };
const char *gate_source_name(enum gate_source s); /* "none", "forge", "git", "git-fallback" */

struct gate_status {
	struct str name, branch, repo; /* repo: owner/name, may be empty */
	bool enabled, guards_episodes, guards_steps;
	int64_t window, n_commits; /* how many may send; how many of these are known */
	enum gate_source source;   /* of the window that is in force */
	struct str from;           /* which: URL, path; without secrets */
	struct str head;
	int64_t heard_at;   /* wall ms: when a source last said so; 0: never */
	int64_t changed_at; /* when the window last changed; 0: never */
	struct str error;   /* of the last question that failed since; empty: none */
	int64_t error_at;
};
/* All, in the order of the configuration. */
void gates_status(
	struct gates *g, const struct config *cfg, struct arena *a, struct gate_status **ret, size_t *ret_n);
/* How far this commit is behind the head of the first gate that guards episodes; -1: not known. For lists of hosts. */
int64_t gates_behind(struct gates *g, const struct config *cfg, struct str commit);

#endif
