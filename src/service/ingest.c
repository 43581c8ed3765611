/*
 * ingest: the life of one post between the edge and the store.
 *
 *	bytes as sent -> valid UTF-8 -> line ends settled -> masked -> cut -> compressed -> one operation of
 *	the writer
 *
 * Masking comes before cutting, so that a secret across the cut is still found. Names are masked as the text is
 * (a step is often called by its command), but for ids, by which the forge is to be found again. All but the last
 * step is done on the worker's thread: the writer only applies statements.
 */
#include "service/ingest.h"

#include "base/metric.h"
#include "base/utf8.h"
#include "base/zst.h"
#include "store/access_nouns.h"
#include "text/mask.h"
#include "text/tail.h"

#include <stdlib.h>

struct ingest {
	struct store_op op; /* first: the writer hands it back */
	int64_t repo_id, now;
	struct step_facts facts; /* views of the sender's memory, or of arena */
	struct arena arena;
	struct tail_size size;
	struct buf frame;
	int64_t sent_bytes;
	void (*done)(void *arg, const struct err *result);
	void *arg;
};

/* The url of a run begins with the url of its forge: so a post tells its forge without naming it. */
static const struct forge_config *forge_of_url(const struct config *cfg, struct str url)
{
	const struct forge_config *best = NULL;

	for (size_t i = 0; i < cfg->n_forges; i++) {
		const struct forge_config *f = &cfg->forges[i];

		if (f->url.len == 0 || !str_starts(url, f->url))
			continue;
		if (url.len > f->url.len && url.p[f->url.len] != '/')
			continue;
		if (!best || f->url.len > best->url.len)
			best = f;
	}
	return best;
}

static enum err_code pick_forge(
	const struct config *cfg, struct str name, struct str url, struct str *ret, struct err *e)
{
	const struct forge_config *by_url = name.len > 0 ? NULL : forge_of_url(cfg, url);

	if (!by_url)
		return config_forge(cfg, name, ret, e);
	*ret = by_url->name;
	return ERR_OK;
}

enum err_code ingest_find_repo(struct store *store, const struct config *cfg, const struct identity *id,
	struct str forge, struct str repo, struct str url, struct arena *a, struct repo *ret, struct err *e)
{
	struct repo found = { 0 };
	bool visible = false;
	struct db *db = NULL;
	struct str name;
	enum err_code code;

	TRY(pick_forge(cfg, forge, url, &name, e));
	TRY(store_reader_get(store, &db, e));
	code = repos_find(db, a, name, repo, &found, e);
	if (code == ERR_OK)
		code = repo_is_visible(db, found.id, access_viewer(id), &visible, e);
	store_reader_put(store, db);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND || !visible || (id->token.repo_id != 0 && id->token.repo_id != found.id))
		return err_set(e, ERR_NOT_FOUND,
			"this repo is not watched on that forge, or the token is not for it; "
			"`sluice repo add OWNER/NAME` watches one");
	*ret = found;
	return ERR_OK;
}

void ingest_mask_text(const struct mask *mask, struct arena *a, struct str *name)
{
	size_t n;
	AUTO_BUF masked;

	buf_init(&masked, 4 * name->len + 64);
	n = mask_all(mask, *name, &masked);
	if (n == 0)
		return;
	metric_add(METRIC_SECRETS_MASKED, (int64_t)n);
	*name = arena_str(a, buf_view(&masked));
}

void ingest_mask_names(struct step_facts *f, const struct mask *mask, struct arena *a)
{
	struct str *const names[] = { &f->step_name, &f->job_name, &f->leg, &f->workflow, &f->branch,
		&f->target_branch, &f->platform, &f->url };

	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
		ingest_mask_text(mask, a, names[k]);
}

/* What is kept of a text, as one frame; and what was cut. */
static enum err_code prepare(
	struct ingest *i, const struct config *cfg, const struct ingest_post *post, struct err *e)
{
	size_t ceiling = 4 * post->log_tail.len + 4096; /* U+FFFD is three bytes for one */
	AUTO_BUF clean, lines, masked;
	struct tail tail;

	buf_init(&clean, ceiling);
	buf_init(&lines, ceiling);
	buf_init(&masked, ceiling);
	utf8_clean(post->log_tail, &clean);
	text_settle_line_ends(buf_view(&clean), &lines);
	metric_add(METRIC_SECRETS_MASKED, (int64_t)mask_all(cfg->mask, buf_view(&lines), &masked));
	TRY(buf_check(&masked, "log_tail", e));
	tail = text_tail(
		text_without_final_line_end(buf_view(&masked)), cfg->tail_lines, (size_t)cfg->tail_bytes);
	i->size = (struct tail_size){
		.n_lines = tail.n_lines,
		.n_bytes = (int64_t)tail.text.len,
		.n_dropped_lines = tail.dropped_lines + post->dropped_lines,
		.n_dropped_bytes = tail.dropped_bytes + post->dropped_bytes,
	};
	return zst_compress(tail.text, 1, &i->frame, e);
}

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct ingest *i = (struct ingest *)(void *)op;
	int64_t step_id;

	return steps_put(db, i->repo_id, &i->facts, &i->size, buf_view(&i->frame), i->now, &step_id, e);
}

static void stored(struct store_op *op, const struct err *result)
{
	struct ingest *i = (struct ingest *)(void *)op;

	if (result->code == ERR_OK) {
		metric_add(METRIC_POSTS, 1);
		metric_add(METRIC_POST_BYTES, i->sent_bytes);
	}
	i->done(i->arg, result);
}

enum err_code ingest_start(struct store *store, const struct config *cfg, int64_t repo_id,
	const struct ingest_post *post, int64_t now, void (*done)(void *arg, const struct err *result),
	void *arg, struct ingest **ret, struct err *e)
{
	struct ingest *i = mem_alloc(sizeof *i);
	enum err_code code;

	*i = (struct ingest){ .op = { .apply = apply, .done = stored },
		.repo_id = repo_id,
		.now = now,
		.facts = post->facts,
		.sent_bytes = (int64_t)post->log_tail.len,
		.done = done,
		.arg = arg };
	arena_init(&i->arena);
	buf_init(&i->frame, 4 * post->log_tail.len + 4096);
	ingest_mask_names(&i->facts, cfg->mask, &i->arena);
	code = prepare(i, cfg, post, e);
	if (code == ERR_OK) {
		i->op.bytes = sizeof *i + i->frame.len;
		*ret = i; /* before the submit: done may be called before it returns */
		code = store_submit(store, &i->op, e);
	}
	if (code != ERR_OK) {
		*ret = NULL;
		ingest_free(i);
	}
	return code;
}

void ingest_free(struct ingest *i)
{
	if (!i)
		return;
	buf_done(&i->frame);
	arena_done(&i->arena);
	free(i);
}
