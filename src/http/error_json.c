/*
 * error_json: what is not known is null. Lines are counted from 1 here, both ends included; an error that was told beside the log has none.
 */
#include "http/error_json.h"

#include "base/arena.h"

#include <stdio.h>

#define ITEM_MESSAGE_MAX 1000 /* characters, of the results API */
#define ITEM_FILE_MAX 500

/* At most so many characters of it. */
static struct str cut(struct str text, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.p[i] & 0xC0) != 0x80 && n++ == max)
			return (struct str){ text.p, i };
	return text;
}

static void put_id(struct json_out *j, const struct error *f)
{
	char id[64];

	snprintf(id, sizeof id, "s%lld-%lld", (long long)f->step_id, (long long)f->number);
	json_put_z(j, "error_id", id);
}

static void put_lines(struct json_out *j, const struct error *f)
{
	bool in_log = f->to_line > f->from_line;
	char path[160];

	json_put_number(j, "from_line", in_log, f->from_line + 1);
	json_put_number(j, "to_line", in_log, f->to_line);
	json_put_number(j, "head_line", in_log, f->head_line + 1);
	snprintf(path, sizeof path, "/api/v1/steps/%lld/lines?from=%lld&to=%lld", (long long)f->step_id,
		(long long)f->from_line + 1, (long long)f->to_line);
	json_put_z(j, "lines", in_log ? path : NULL);
}

/* ---- errors ---- */

static void put_group_brief(
	struct json_out *j, const struct group *g, const struct error *f, struct str head_sha)
{
	if (!g) {
		json_put_null(j, "group");
		return;
	}
	json_open_object(j, "group");
	json_put_int(j, "group_id", g->id);
	json_put_z(j, "state", group_state_name(g->state));
	json_put_bool(j, "new", g->first_run_id == f->run_id || str_eq(g->new_in_sha, head_sha));
	json_put_time(j, "first_seen_at", g->first_seen_at);
	json_put_time(j, "last_seen_at", g->last_seen_at);
	json_put_told(j, "new_in_sha", g->new_in_sha);
	json_put_bool(j, "flaky", g->flaky_at > 0);
	json_put_told(j, "fixed_in", g->fixed_in);
	json_put_told(j, "issue", g->issue);
	json_close_object(j);
}

static void put_place_in_text(struct json_out *j, const struct error *f)
{
	bool in_log = f->to_line > f->from_line;

	put_lines(j, f);
	json_put_number(j, "start_byte", in_log, f->start_byte);
	json_put_number(j, "end_byte", in_log, f->end_byte);
}

void error_json(struct json_out *j, const struct error *f, const struct group *group, struct str head_sha)
{
	json_open_object(j, NULL);
	put_id(j, f);
	json_put_int(j, "step_id", f->step_id);
	json_put_int(j, "run_id", f->run_id);
	json_put_int(j, "number", f->number);
	json_put_z(j, "role", error_role_name(f->role));
	json_put_z(j, "class", error_class_name(f->class));
	json_put_z(j, "severity", error_severity_name(f->severity));
	json_put_str(j, "message", f->message);
	json_put_told(j, "tool", f->tool);
	json_put_told(j, "file", f->file);
	json_put_number(j, "line", f->line > 0, f->line);
	json_put_number(j, "column", f->col > 0, f->col);
	json_put_told(j, "code", f->code);
	json_put_told(j, "test", f->test);
	put_place_in_text(j, f);
	json_put_z(j, "found_by", error_by_name(f->by));
	json_put_told(j, "rule", f->rule);
	json_put_told(j, "advice", f->advice);
	json_put_told(j, "why", f->why);
	json_put_told(j, "fingerprint", f->fingerprint);
	json_put_int(j, "score", f->score);
	json_put_bool(j, "flaky", f->flaky);
	json_put_int(j, "reruns", f->reruns);
	json_put_time(j, "occurred_at", f->occurred_at);
	put_group_brief(j, group, f, head_sha);
	json_close_object(j);
}

const char *error_json_severity(enum error_severity s)
{
	static const char *const names[] = { [SEVERITY_NOTE] = "info",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
		[SEVERITY_FATAL] = "critical" };

	return names[s];
}

static void put_location(struct json_out *j, const struct error *f)
{
	if (f->file.len == 0) {
		json_put_null(j, "location");
		return;
	}
	json_open_object(j, "location");
	json_put_str(j, "file", cut(f->file, ITEM_FILE_MAX));
	json_put_number(j, "line", f->line > 0, f->line);
	json_put_number(j, "column", f->col > 0, f->col);
	json_put_null(j, "sample_name");
	json_close_object(j);
}

void error_json_item(struct json_out *j, const struct error *f, const struct error_stack *stack)
{
	json_open_object(j, NULL);
	put_id(j, f);
	json_put_int(j, "run_id", f->run_id);
	json_put_number(j, "sample_id", f->sample_id > 0, f->sample_id);
	json_put_number(j, "regression_id", f->test_id > 0, f->test_id);
	json_put_z(j, "type", error_type_name(error_type_of(f->class)));
	json_put_z(j, "severity", error_json_severity(f->severity));
	json_put_str(j, "message", cut(f->message, ITEM_MESSAGE_MAX));
	put_location(j, f);
	if (stack) {
		json_open_array(j, "stack");
		for (size_t i = 0; i < stack->n; i++)
			json_put_str(j, NULL, stack->lines[i]);
		json_close_array(j);
	}
	json_put_time(j, "occurred_at", f->occurred_at);
	json_put_int(j, "step_id", f->step_id);
	json_put_number(j, "group_id", f->group_id > 0, f->group_id);
	json_put_z(j, "class", error_class_name(f->class));
	json_put_z(j, "role", error_role_name(f->role));
	json_put_told(j, "tool", f->tool);
	json_put_told(j, "code", f->code);
	json_put_told(j, "test", f->test);
	put_lines(j, f);
	json_close_object(j);
}

/* ---- of a run ---- */

static void put_head(struct json_out *j, const char *id, int64_t run_id, enum error_type type,
	enum error_severity severity)
{
	json_open_object(j, NULL);
	json_put_z(j, "error_id", id);
	json_put_int(j, "run_id", run_id);
	json_put_z(j, "type", error_type_name(type));
	json_put_z(j, "severity", error_json_severity(severity));
}

static void put_of_result(struct json_out *j, int64_t run_id, const struct result_error *r)
{
	char id[100];
	AUTO_BUF message;

	buf_init(&message, SIZE_MAX);
	snprintf(id, sizeof id, "r%lld-%lld-%lld", (long long)run_id, (long long)r->test_id,
		(long long)r->output_id);
	result_error_write(r, &message);
	put_head(j, id, run_id, r->type, run_error_severity(r->type));
	json_put_int(j, "sample_id", r->sample_id);
	json_put_int(j, "regression_id", r->test_id);
	json_put_number(j, "output_id", r->output_id > 0, r->output_id);
	json_put_str(j, "message", cut(buf_view(&message), ITEM_MESSAGE_MAX));
	json_open_object(j, "location");
	json_put_told(j, "file", cut(r->filename, ITEM_FILE_MAX));
	json_put_null(j, "line");
	json_put_null(j, "column");
	json_put_str(j, "sample_name", r->sample_name);
	json_close_object(j);
	json_put_time(j, "occurred_at", r->occurred_at);
	json_put_str(j, "test", r->test_name);
	json_close_object(j);
}

static void put_of_event(struct json_out *j, int64_t run_id, const struct progress *p)
{
	char id[100];

	snprintf(id, sizeof id, "p%lld-%lld", (long long)run_id, (long long)p->number);
	put_head(j, id, run_id, p->type, p->severity);
	json_put_null(j, "sample_id");
	json_put_null(j, "regression_id");
	json_put_str(j, "message", cut(p->message, ITEM_MESSAGE_MAX));
	json_put_null(j, "location");
	json_put_time(j, "occurred_at", p->at);
	json_close_object(j);
}

void error_json_of_run(
	struct json_out *j, int64_t run_id, const struct run_error *x, const struct error_stack *stack)
{
	if (x->result)
		put_of_result(j, run_id, x->result);
	else if (x->event)
		put_of_event(j, run_id, x->event);
	else
		error_json_item(j, x->log, stack);
}

/* ---- groups ---- */

static void put_counts(struct json_out *j, const struct group_counts *c)
{
	json_open_object(j, "counts");
	json_put_int(j, "hours_24", c->hours_24);
	json_put_int(j, "days_7", c->days_7);
	json_put_int(j, "days_30", c->days_30);
	json_put_int(j, "all", c->all);
	json_close_object(j);
	json_put_int(j, "runs", c->runs);
	json_put_int(j, "branches", c->branches);
}

void group_json(struct json_out *j, const struct group *g)
{
	json_put_int(j, "group_id", g->id);
	json_put_str(j, "repo", g->repo);
	json_put_str(j, "forge", g->forge);
	json_put_z(j, "state", group_state_name(g->state));
	json_put_z(j, "class", error_class_name(g->class));
	json_put_str(j, "message", g->message);
	put_counts(j, &g->counts);
	json_put_time(j, "first_seen_at", g->first_seen_at);
	json_put_time(j, "last_seen_at", g->last_seen_at);
	json_put_told(j, "new_in_sha", g->new_in_sha);
	json_put_number(j, "first_run_id", g->first_run_id > 0, g->first_run_id);
	json_put_number(j, "last_step_id", g->last_step_id > 0, g->last_step_id);
	json_put_bool(j, "flaky", g->flaky_at > 0);
	json_put_time(j, "flaky_at", g->flaky_at);
	json_put_told(j, "flaky_sha", g->flaky_sha);
	json_put_told(j, "fixed_in", g->fixed_in);
	json_put_time(j, "fixed_at", g->fixed_in.len > 0 ? g->fixed_at : 0);
	json_put_time(j, "snoozed_until", g->state == GROUP_SNOOZED ? g->snoozed_until : 0);
	json_put_time(j, "reopened_at", g->reopened_at);
	json_put_told(j, "issue", g->issue);
	json_put_str(j, "fingerprint", g->fingerprint);
}

static void put_reason(struct json_out *j, const char *what, struct str part)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	if (part.len == 0)
		return;
	buf_fmt(&text, "%s: %.*s", what, STR_FMT(part));
	json_put_str(j, NULL, buf_view(&text));
}

/* The file's name counts without its folders, as fingerprints are made. */
static struct str file_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/' && path.p[at - 1] != '\\')
		at--;
	return str_from(path, at);
}

static void put_why(struct json_out *j, const struct group *g)
{
	json_open_array(j, "why");
	put_reason(j, "the same tool", g->tool);
	put_reason(j, "the same code", g->code);
	put_reason(j, "a file of the same name, in whatever folder and line", file_name(g->file));
	put_reason(j, "the same test, but for what varies in its name", g->test);
	put_reason(j, "the same message, but for what varies in it", g->template);
	json_close_array(j);
	json_open_object(j, "parts");
	json_put_told(j, "tool", g->tool);
	json_put_told(j, "code", g->code);
	json_put_told(j, "file", g->file);
	json_put_told(j, "test", g->test);
	json_put_told(j, "template", g->template);
	json_close_object(j);
}

void group_json_detail(struct json_out *j, const struct group *g, const struct error *newest, size_t n_newest)
{
	group_json(j, g);
	put_why(j, g);
	json_open_array(j, "errors");
	for (size_t i = 0; i < n_newest; i++)
		error_json_item(j, &newest[i], NULL);
	json_close_array(j);
}
