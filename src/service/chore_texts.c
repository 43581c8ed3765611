/*
 * chore_texts: log_retention, green_logs and log_bytes: text that is too old, of too many green runs, or too much.
 *
 * All three are a question to the database (store/keeping.c) and the same answer to it: what was found loses its text, in small
 * transactions, and then the files of those that were logs are removed. The commit comes first: a crash in between leaves a file that no row knows, which
 * log_files takes, and never a row without its file.
 *
 * What is pinned, or still streams, counts in a budget and does not go. When that alone is too much, the report says so.
 */
#include "service/chore.h"
#include "service/log_stray.h"

#include <stdio.h>
#include <string.h>

struct expire_op {
	struct store_op op;
	struct text *texts;
	size_t n;
	int64_t now;
};

static enum err_code apply_expire(struct store_op *op, struct db *db, struct err *e)
{
	struct expire_op *w = (struct expire_op *)(void *)op;

	return texts_expire(db, w->texts, w->n, w->now, e);
}

static enum err_code remove_files(
	const struct chore_call *c, const struct text *texts, size_t n, struct err *e)
{
	struct log_stray files[CHORE_BATCH];
	int64_t bytes = 0;
	size_t n_files = 0, n_gone = 0;

	for (size_t i = 0; i < n; i++)
		if (texts[i].expired && texts[i].had_log)
			files[n_files++] = (struct log_stray){ texts[i].step_id, true, texts[i].bytes };
	return log_stray_remove(c->store, files, n_files, INT64_MAX, &n_gone, &bytes, e);
}

static enum err_code expire_batch(
	const struct chore_call *c, struct text *texts, size_t n, struct chore_report *r, struct err *e)
{
	struct expire_op w = {
		.op = { .apply = apply_expire, .bytes = sizeof w }, .texts = texts, .n = n, .now = c->now
	};

	TRY(store_write(c->store, &w.op, e));
	for (size_t i = 0; i < n; i++) {
		if (!texts[i].expired)
			continue;
		r->rows++;
		r->bytes += texts[i].bytes;
	}
	return remove_files(c, texts, n, e);
}

/* Looks once and deletes what it found. *ret_again: there may be more, and looking again would not find the same. */
static enum err_code expire_some(const struct chore_call *c, enum texts which, int64_t number,
	struct chore_report *r, bool *ret_again, struct err *e)
{
	struct text *texts = NULL;
	struct db *db = NULL;
	int64_t before = r->rows;
	enum err_code code;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(c->store, &db, e));
	code = texts_find(db, &a, which, number, CHORE_FOUND, &texts, &n, e);
	store_reader_put(c->store, db);
	TRY(code);
	for (size_t i = 0; i < n && !chore_stopped(c); i += CHORE_BATCH)
		TRY(expire_batch(c, texts + i, n - i < CHORE_BATCH ? n - i : CHORE_BATCH, r, e));
	*ret_again = n == CHORE_FOUND && r->rows > before && !chore_stopped(c);
	return ERR_OK;
}

static enum err_code count(
	const struct chore_call *c, enum texts which, int64_t number, struct chore_report *r, struct err *e)
{
	int64_t rows = 0, bytes = 0;
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(c->store, &db, e));
	code = texts_count(db, which, number, &rows, &bytes, e);
	store_reader_put(c->store, db);
	TRY(code);
	r->rows += rows;
	r->bytes += bytes;
	return ERR_OK;
}

static enum err_code count_or_expire(
	const struct chore_call *c, enum texts which, int64_t number, struct chore_report *r, struct err *e)
{
	bool again = true;

	if (c->dry)
		return count(c, which, number, r, e);
	while (again)
		TRY(expire_some(c, which, number, r, &again, e));
	return ERR_OK;
}

static const char *done_or_would(const struct chore_call *c)
{
	return c->dry ? "would delete" : "deleted";
}

enum err_code chore_log_retention(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	int64_t before = c->now - c->cfg->log_days * DAY_MS;
	char date[CLOCK_DATE_LEN];

	if (c->cfg->log_days == 0) {
		snprintf(r->message, sizeof r->message, "log-days is 0: logs are kept for ever");
		return ERR_OK;
	}
	TRY(count_or_expire(c, TEXTS_OLD, before, r, e));
	snprintf(r->message, sizeof r->message, "%s the text of %lld steps (%lld bytes) received before %s",
		done_or_would(c), (long long)r->rows, (long long)r->bytes, clock_date(before, date));
	return ERR_OK;
}

enum err_code chore_green_logs(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	if (c->cfg->green_logs == 0) {
		snprintf(r->message, sizeof r->message, "green-logs is 0: their number has no limit");
		return ERR_OK;
	}
	TRY(count_or_expire(c, TEXTS_SURPLUS_GREEN, c->cfg->green_logs, r, e));
	snprintf(r->message, sizeof r->message,
		"%s the text of %lld steps (%lld bytes) that succeeded, beyond the newest %lld of each",
		done_or_would(c), (long long)r->rows, (long long)r->bytes, (long long)c->cfg->green_logs);
	return ERR_OK;
}

/* ---- budgets ---- */

struct budget {
	const char *name;
	enum texts which;
	int64_t limit; /* 0: none */
	int64_t bytes; /* there are */
	int64_t fixed; /* of them may not go */
};

static enum err_code read_budget(const struct chore_call *c, bool green, struct budget *ret, struct err *e)
{
	struct text_totals t;
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(c->store, &db, e));
	code = texts_total(db, &t, e);
	store_reader_put(c->store, db);
	TRY(code);
	if (green)
		*ret = (struct budget){ "green-bytes", TEXTS_OVER_GREEN, c->cfg->green_bytes, t.green.bytes,
			t.green.pinned };
	else
		*ret = (struct budget){ "log-bytes", TEXTS_OVER, c->cfg->log_bytes,
			t.other.bytes + t.unsealed, t.other.pinned + t.unsealed };
	return ERR_OK;
}

static int64_t excess(const struct budget *b)
{
	return b->limit > 0 && b->bytes > b->limit ? b->bytes - b->limit : 0;
}

/* *ret: as it is afterwards. */
static enum err_code hold_to_budget(
	const struct chore_call *c, bool green, struct budget *ret, struct chore_report *r, struct err *e)
{
	bool again = true;

	TRY(read_budget(c, green, ret, e));
	if (c->dry && excess(ret) > 0)
		return count(c, ret->which, excess(ret), r, e);
	while (again && excess(ret) > 0) {
		TRY(expire_some(c, ret->which, excess(ret), r, &again, e));
		TRY(read_budget(c, green, ret, e));
	}
	return ERR_OK;
}

static void tell_budget(const struct budget *b, struct chore_report *r)
{
	size_t at = strlen(r->message);

	if (b->limit > 0 && b->fixed > b->limit)
		snprintf(r->message + at, sizeof r->message - at,
			"; what is pinned or still streams is over %s alone (%lld bytes)", b->name,
			(long long)b->fixed);
}

enum err_code chore_log_bytes(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	struct budget other, green;

	if (c->cfg->log_bytes == 0 && c->cfg->green_bytes == 0) {
		snprintf(r->message, sizeof r->message, "log-bytes and green-bytes are 0: there is no limit");
		return ERR_OK;
	}
	TRY(hold_to_budget(c, false, &other, r, e));
	TRY(hold_to_budget(c, true, &green, r, e));
	snprintf(r->message, sizeof r->message, "%s the text of %lld steps (%lld bytes)", done_or_would(c),
		(long long)r->rows, (long long)r->bytes);
	tell_budget(&other, r);
	tell_budget(&green, r);
	return ERR_OK;
}
