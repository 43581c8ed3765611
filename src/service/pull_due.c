/* pull_due: what is to be pulled, and when again. One run after the other; a forge that was asked too often is left alone for as long as it says. */
#include "service/forge_open.h"
#include "service/pull.h"
#include "store/nouns.h"
#include "store/pulled.h"

#define AGAIN_MS (60 * 1000)
#define AGAIN_MAX_MS (60 * 60 * 1000)

struct due_run {
	struct heard_run run;
	struct repo repo;
};

static enum err_code read_due(struct db *db, struct arena *a, struct str forge, int64_t now, int64_t limit,
	struct due_run **ret, size_t *ret_n, struct err *e)
{
	int64_t *ids = NULL;
	size_t n = 0;

	TRY(pulls_due(db, a, forge, now, limit, &ids, &n, e));
	*ret = arena_array(a, n + 1, sizeof **ret);
	for (size_t i = 0; i < n; i++) {
		TRY(forge_runs_get(db, a, ids[i], &(*ret)[i].run, e));
		TRY(repos_get(db, a, (*ret)[i].run.repo_id, &(*ret)[i].repo, e));
	}
	*ret_n = n;
	return ERR_OK;
}

struct note_op {
	struct store_op op; /* first */
	int64_t id, tries, at;
	const char *state;
};

static enum err_code apply_note(struct store_op *op, struct db *db, struct err *e)
{
	struct note_op *n = (struct note_op *)(void *)op;

	return pulls_note(db, n->id, n->state, n->tries, n->at, e);
}

static int64_t again_after(int64_t tries, int64_t told_s)
{
	int64_t ms = AGAIN_MS;

	for (int64_t i = 1; i < tries && ms < AGAIN_MAX_MS; i++)
		ms *= 2;
	if (ms > AGAIN_MAX_MS)
		ms = AGAIN_MAX_MS;
	return told_s * 1000 > ms ? told_s * 1000 : ms;
}

static enum err_code try_one(const struct pull *p, const struct forge_config *forge, const struct due_run *d,
	int64_t *ret_retry_s, enum pull_outcome *ret, struct err *e)
{
	struct forge_api *f = NULL;
	enum err_code code;

	if (!forge->pull) {
		*ret = PULL_NONE;
		return ERR_OK;
	}
	TRY(forge_open(forge, p->clock, &f, e));
	forge_api_watch(f, p->stop);
	code = pull_run(p, f, &d->repo, &d->run, ret, e);
	*ret_retry_s = forge_api_retry_after_s(f);
	forge_api_free(f);
	return code;
}

static enum err_code pull_one(
	const struct pull *p, const struct forge_config *forge, const struct due_run *d, struct err *e)
{
	struct note_op n = { .op = { .apply = apply_note, .bytes = sizeof n },
		.id = d->run.id,
		.tries = d->run.pull_tries + 1,
		.state = "done" };
	enum pull_outcome outcome = PULL_DONE;
	int64_t retry_s = 0;
	struct err why = { 0 };

	if (try_one(p, forge, d, &retry_s, &outcome, &why) != ERR_OK) {
		if (pull_is_stopped(p))
			return ERR_OK; /* which says nothing of the forge */
		n.state = n.tries < PULL_TRIES_MAX ? "wanted" : "failed";
		n.at = clock_wall_ms(p->clock) + again_after(n.tries, retry_s);
	} else if (outcome == PULL_NONE) {
		n.state = "none";
	} else if (outcome == PULL_MORE) { /* it stays the first */
		n.state = "wanted";
		n.tries = d->run.pull_tries;
		n.at = d->run.pull_at;
	}
	return store_write(p->store, &n.op, e);
}

enum err_code pull_due(
	const struct pull *p, const struct forge_config *forge, int64_t limit, size_t *ret_n, struct err *e)
{
	struct due_run *due = NULL;
	struct db *db = NULL;
	size_t n = 0, i = 0;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(p->store, &db, e));
	code = read_due(db, &a, forge->name, clock_wall_ms(p->clock), limit, &due, &n, e);
	store_reader_put(p->store, db);
	for (; i < n && code == ERR_OK && !pull_is_stopped(p) && (i == 0 || !pull_is_late(p)); i++)
		code = pull_one(p, forge, &due[i], e);
	*ret_n = i;
	return code;
}
