/* api_diff: what is in a step's log and not in its baseline. In the document lines count from 1, and so do cursors; in the program from 0. */
#include "api_table.h"

#include "http/find_step.h"
#include "service/step_diff.h"

#define LOOK_MAX                                                                                             \
	(8 << 20) /* bytes of each log: so much is compared in the time that a page of lines may take */

static int64_t look_bytes(const struct config *cfg)
{
	int64_t n = cfg->explain_bytes < cfg->scan_bytes / 2 ? cfg->explain_bytes : cfg->scan_bytes / 2;

	return n < LOOK_MAX ? n : LOOK_MAX;
}

static void put_baseline(struct json_out *j, const struct step *s, const struct step_diff *d)
{
	json_open_object(j, "baseline");
	json_put_int(j, "step_id", s->id);
	json_put_int(j, "run_id", s->run_id);
	json_put_told(j, "head_sha", s->facts.head_sha);
	json_put_told(j, "branch", s->facts.branch);
	json_put_int(j, "skipped_bytes", d->baseline_skipped_bytes);
	json_close_object(j);
}

static void put_line(struct json_out *j, const struct diff_line *l)
{
	json_open_object(j, NULL);
	json_put_int(j, "number", l->number + 1);
	json_put_z(j, "kind", l->kind);
	json_put_str(j, "text", l->text);
	json_put_bool(j, "truncated", l->truncated);
	json_close_object(j);
}

/* Behind the last line of the hunk that begins with line i. */
static size_t hunk_end(const struct step_diff *d, size_t i)
{
	for (i++; i < d->n && d->lines[i].number == d->lines[i - 1].number + 1;)
		i++;
	return i;
}

static void put_hunks(struct json_out *j, const struct step_diff *d)
{
	json_open_array(j, "hunks");
	for (size_t i = 0, end; i < d->n; i = end) {
		end = hunk_end(d, i);
		json_open_object(j, NULL);
		json_put_int(j, "from_line", d->lines[i].number + 1);
		json_put_int(j, "to_line", d->lines[end - 1].number + 1);
		json_open_array(j, "lines");
		for (size_t k = i; k < end; k++)
			put_line(j, &d->lines[k]);
		json_close_array(j);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_diff(struct call *c, const struct step_diff_query *q, const struct step *baseline,
	const struct step_diff *d)
{
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	json_open_object(&j, "pagination");
	json_put_int(&j, "limit", (int64_t)q->limit);
	if (d->next >= 0)
		json_put_int(&j, "next_cursor", d->next + 1);
	else
		json_put_null(&j, "next_cursor");
	json_close_object(&j);
	json_put_int(&j, "step_id", q->step_id);
	put_baseline(&j, baseline, d);
	json_put_bool(&j, "complete", d->skipped_bytes == 0 && d->baseline_skipped_bytes == 0);
	json_put_int(&j, "skipped_bytes", d->skipped_bytes);
	put_hunks(&j, d);
	json_close_object(&j);
}

enum err_code api_get_step_diff(struct call *c, struct err *e)
{
	struct step_diff_query q = {
		.context = (size_t)arg_int(c, "context"),
		.limit = (size_t)arg_int(c, "limit"),
		.cursor = arg_int(c, "cursor") - 1,
		.max_bytes = look_bytes(c->cfg),
	};
	struct step_view step, baseline;
	struct step_diff diff;

	TRY(find_step_text(c, &step, e));
	TRY(step_diff_baseline(c->app->store, &c->identity, &step,
		arg_has(c, "baseline") ? arg_int(c, "baseline") : 0, &c->arena, &baseline, e));
	q.step_id = step.step.id;
	q.baseline_id = baseline.step.id;
	TRY(step_diff_read(c->app->store, &q, &c->arena, &diff, e));
	put_diff(c, &q, &baseline.step, &diff);
	return ERR_OK;
}
