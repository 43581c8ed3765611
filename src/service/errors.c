/* errors: who may see what broke in a step, its lines, and its groups. Those of a run are run_errors.c. */
#include "service/errors.h"

#include "base/json.h"
#include "base/utf8.h"
#include "service/audit.h"
#include "service/lines.h"
#include "text/escape.h"

/* ---- of a step ---- */

static enum err_code read_step_errors(struct db *db, const struct error_query *q, int64_t now,
	struct arena *a, struct step_errors *ret, struct err *e)
{
	int64_t from = INT64_MAX, to = -1;

	TRY(errors_state(db, a, q->step_id, &ret->state, e));
	TRY(errors_list(db, a, q, &ret->errors, &ret->n, &ret->total, e));
	for (size_t i = 0; i < ret->n; i++) {
		if (ret->errors[i].group_id == 0)
			continue;
		from = ret->errors[i].number < from ? ret->errors[i].number : from;
		to = ret->errors[i].number > to ? ret->errors[i].number : to;
	}
	if (to < 0)
		return ERR_OK;
	return groups_of_step(db, a, q->step_id, from, to, now, &ret->groups, &ret->n_groups, e);
}

enum err_code errors_of_step(struct store *s, const struct identity *id, int64_t step_id,
	const struct error_query *q, int64_t now, struct arena *a, struct step_errors *ret, struct err *e)
{
	struct error_query of_step = *q;
	struct step_errors x = { 0 };
	struct step_view step;
	struct db *db = NULL;
	enum err_code code;

	of_step.step_id = step_id;
	of_step.run_id = of_step.group_id = 0;
	TRY(facts_step(s, id, step_id, a, &step, e));
	TRY(store_reader_get(s, &db, e));
	code = read_step_errors(db, &of_step, now, a, &x, e);
	store_reader_put(s, db);
	TRY(code);
	x.head_sha = step.step.facts.head_sha;
	*ret = x;
	return ERR_OK;
}

const struct group *errors_group_of(const struct step_errors *x, const struct error *f)
{
	for (size_t i = 0; i < x->n_groups; i++)
		if (x->groups[i].id == f->group_id)
			return &x->groups[i];
	return NULL;
}

/* ---- of a run ---- */

/* Each group once. */
static size_t group_ids(const struct error *errors, size_t n, int64_t *ids)
{
	size_t n_ids = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < n_ids && ids[k] != errors[i].group_id)
			k++;
		if (k == n_ids && errors[i].group_id > 0)
			ids[n_ids++] = errors[i].group_id;
	}
	return n_ids;
}

static enum err_code read_run_errors(struct db *db, const struct error_query *q, int64_t now, struct arena *a,
	struct step_errors *ret, struct err *e)
{
	int64_t n_due = 0, *ids;
	size_t n_ids;

	TRY(errors_due(db, q->run_id, &n_due, e));
	ret->state.due = n_due > 0;
	TRY(errors_list(db, a, q, &ret->errors, &ret->n, &ret->total, e));
	ids = arena_array(a, ret->n, sizeof *ids);
	n_ids = group_ids(ret->errors, ret->n, ids);
	return groups_find(db, a, ids, n_ids, now, &ret->groups, &ret->n_groups, e);
}

enum err_code errors_of_run(struct store *s, const struct identity *id, int64_t run_id,
	const struct error_query *q, int64_t now, struct arena *a, struct step_errors *ret, struct err *e)
{
	struct error_query of_run = *q;
	struct step_errors x = { 0 };
	struct db *db = NULL;
	struct run run;
	enum err_code code;

	of_run.run_id = run_id;
	of_run.step_id = of_run.group_id = 0;
	TRY(store_reader_get(s, &db, e));
	code = facts_run_in(db, id, run_id, now, a, &run, e);
	if (code == ERR_OK)
		code = read_run_errors(db, &of_run, now, a, &x, e);
	store_reader_put(s, db);
	TRY(code);
	x.head_sha = run.head_sha;
	*ret = x;
	return ERR_OK;
}

/* ---- the lines of an error ---- */

static struct str cut(struct str text, size_t max_characters)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.p[i] & 0xC0) != 0x80 && n++ == max_characters)
			return (struct str){ text.p, i };
	return text;
}

static bool is_spent(const struct error_stacks *x)
{
	return x->n_bytes >= ERROR_STACKS_BYTES || clock_steady_ms(x->clock) - x->began_ms >= x->cfg->scan_ms;
}

static void keep_lines(struct error_stacks *x, const struct lines_page *page, struct error_stack *ret)
{
	AUTO_BUF plain;

	buf_init(&plain, SIZE_MAX);
	for (size_t i = 0; i < page->n && i < ERROR_STACK_LINES; i++) {
		struct str line;

		buf_reset(&plain);
		escape_take_out(page->lines[i].text, &plain);
		line = arena_str(x->a, cut(buf_view(&plain), ERROR_STACK_CHARACTERS));
		ret->lines[ret->n++] = line;
		x->n_bytes += (int64_t)line.len;
	}
}

enum err_code errors_stack(
	struct error_stacks *x, const struct error *f, struct error_stack *ret, bool *ret_has, struct err *e)
{
	struct lines_query q = { .step_id = f->step_id,
		.from = f->from_line,
		.to = f->to_line - 1,
		.limit = ERROR_STACK_LINES,
		.cursor = -1,
		.scan_bytes = x->cfg->scan_bytes,
		.scan_ms = x->cfg->scan_ms,
		.clock = x->clock };
	struct lines_page page;
	enum err_code code;

	*ret_has = false;
	if (f->from_line == f->to_line || f->step_id == x->gone_step || is_spent(x))
		return ERR_OK;
	code = lines_read(x->store, &q, x->a, &page, e);
	if (code == ERR_GONE || code == ERR_NOT_FOUND) {
		x->gone_step = f->step_id;
		return ERR_OK;
	}
	TRY(code);
	ret->n = 0;
	keep_lines(x, &page, ret);
	*ret_has = ret->n > 0;
	return ERR_OK;
}

/* ---- groups ---- */

enum err_code errors_groups(struct store *s, const struct identity *id, const struct group_query *q,
	struct arena *a, struct group **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct group_query mine = *q;
	struct db *db = NULL;
	enum err_code code;

	mine.repo_id = id->token.repo_id;
	mine.viewer = access_viewer(id);
	TRY(store_reader_get(s, &db, e));
	code = groups_list(db, a, &mine, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code read_group(struct db *db, int64_t group_id, const struct identity *id, int64_t n_newest,
	int64_t now, struct arena *a, struct group *ret, struct error **ret_newest, size_t *ret_n,
	struct err *e)
{
	struct error_query q = { .group_id = group_id, .limit = n_newest };
	int64_t total;

	TRY(groups_get(db, a, group_id, id->token.repo_id, access_viewer(id), now, ret, e));
	return n_newest > 0 ? errors_list(db, a, &q, ret_newest, ret_n, &total, e) : ERR_OK;
}

enum err_code errors_group(struct store *s, const struct identity *id, int64_t group_id, int64_t n_newest,
	int64_t now, struct arena *a, struct group *ret, struct error **ret_newest, size_t *ret_n,
	struct err *e)
{
	struct error *newest = NULL;
	struct db *db = NULL;
	struct group group;
	enum err_code code;
	size_t n = 0;

	TRY(store_reader_get(s, &db, e));
	code = read_group(db, group_id, id, n_newest, now, a, &group, &newest, &n, e);
	store_reader_put(s, db);
	TRY(code);
	*ret = group;
	*ret_newest = newest;
	*ret_n = n;
	return ERR_OK;
}

#define DEED_MESSAGE_MAX 200                 /* bytes of its message in the audit */
#define SNOOZED_MAX INT64_C(253402300799999) /* what is told in four digits */

struct change_op {
	struct store_op op;
	const struct identity *by;
	int64_t group_id, now;
	const struct group_change *change;
};

static void write_detail(const struct group_change *c, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	if (c->has_state)
		json_put_z(&j, "state", group_state_name(c->state));
	if (c->snoozed_until > 0)
		json_put_time(&j, "snoozed_until", c->snoozed_until);
	if (c->has_issue)
		json_put_str(&j, "issue", c->issue);
	json_close_object(&j);
}

static enum err_code apply_change(struct store_op *op, struct db *db, struct err *e)
{
	struct change_op *w = (struct change_op *)(void *)op;
	int64_t repo_id = w->by->token.repo_id;
	struct group group;
	AUTO_BUF detail;
	AUTO_ARENA a;

	buf_init(&detail, 8192);
	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(groups_get(db, &a, w->group_id, repo_id, access_viewer(w->by), w->now, &group, e));
	TRY(groups_change(db, w->group_id, repo_id, w->change, w->now, e));
	write_detail(w->change, &detail);
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_GROUP_CHANGE, w->group_id,
			arena_fmt(&a, "%.*s: %.*s", STR_FMT(group.repo),
				(int)utf8_floor(group.message, DEED_MESSAGE_MAX), group.message.p),
			buf_view(&detail), w->now },
		e);
}

enum err_code errors_group_change(struct store *s, const struct identity *id, int64_t group_id,
	const struct group_change *c, int64_t now, struct err *e)
{
	bool snoozed = c->has_state && c->state == GROUP_SNOOZED;
	struct change_op w = { .op = { .apply = apply_change, .bytes = sizeof w + c->issue.len },
		.by = id,
		.group_id = group_id,
		.now = now,
		.change = c };

	if (snoozed && c->snoozed_until > SNOOZED_MAX)
		return err_field(e, "snoozed_until", "has to be before the year 10000");
	if (snoozed && c->snoozed_until <= now)
		return err_field(
			e, "snoozed_until", "has to be a time in the future, with the state snoozed");
	if (!snoozed && c->snoozed_until != 0)
		return err_field(e, "snoozed_until", "goes with the state snoozed only");
	return store_write(s, &w.op, e);
}
