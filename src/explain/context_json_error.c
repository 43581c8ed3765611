/* context_json_error: see the header. */
#include "explain/context_json_error.h"

#include "explain/context_part.h"

#include "text/visible.h"

void json_put_name(struct json_out *j, const char *key, struct str name, size_t max)
{
	AUTO_BUF shown;

	buf_init(&shown, 8 * name.len + 16);
	text_visible_name(name, max, &shown);
	if (shown.len > 0)
		json_put_str(j, key, buf_view(&shown));
	else
		json_put_null(j, key);
}

static void put_number(struct json_out *j, const char *key, int64_t n)
{
	if (n > 0)
		json_put_int(j, key, n);
	else
		json_put_null(j, key);
}

static void put_what(struct json_out *j, const struct error *f)
{
	json_put_z(j, "role", error_role_name(f->role));
	json_put_z(j, "class", error_class_name(f->class));
	json_put_z(j, "severity", error_severity_name(f->severity));
	json_put_name(j, "tool", f->tool, PART_WORD_MAX);
	json_put_name(j, "code", f->code, PART_WORD_MAX);
	json_put_name(j, "file", f->file, PART_FILE_MAX);
	put_number(j, "line", f->line);
	put_number(j, "col", f->col);
	json_put_name(j, "test", f->test, PART_FILE_MAX);
	json_put_name(j, "message", f->message, PART_MESSAGE_MAX);
	put_number(j, "start_line", part_has_lines(f) ? f->from_line + 1 : 0);
	put_number(j, "end_line", part_has_lines(f) ? f->to_line : 0);
}

static void put_group(struct json_out *j, const struct context_error *x, const struct step *s)
{
	const struct group *g = x->group;

	if (!g) {
		json_put_null(j, "group");
		return;
	}
	json_open_object(j, "group");
	json_put_int(j, "id", g->id);
	json_put_time(j, "first_seen_at", g->first_seen_at);
	json_put_int(j, "runs", g->counts.runs);
	json_put_int(j, "branches", g->counts.branches);
	json_put_bool(j, "more", g->counts.more);
	json_put_bool(j, "new", part_is_new(x, s));
	json_put_bool(j, "flaky", g->flaky_at > 0);
	json_put_name(j, "flaky_sha", g->flaky_sha, PART_NAME_MAX);
	json_put_name(j, "fixed_in", g->fixed_in, PART_NAME_MAX);
	json_put_time(j, "fixed_at", g->fixed_at);
	json_put_z(j, "state", group_state_name(g->state));
	json_put_time(j, "snoozed_until", g->snoozed_until);
	json_put_name(j, "issue", g->issue, PART_URL_MAX);
	json_close_object(j);
}

static void put_links(struct json_out *j, const struct error *f)
{
	AUTO_BUF link;

	buf_init(&link, 256);
	json_open_object(j, "links");
	part_page_link(f, &link);
	json_put_str(j, "page", buf_view(&link));
	buf_reset(&link);
	part_lines_link(f, &link);
	json_put_str(j, "request", buf_view(&link));
	json_close_object(j);
}

void json_put_error(struct json_out *j, const struct context_input *in, const struct piece *x,
	const struct plan_shown *shown)
{
	const struct error *f = x->error->error;

	json_open_object(j, NULL);
	put_what(j, f);
	json_put_bool(j, "flaky", f->flaky);
	put_group(j, x->error, &in->steps[x->step]);
	json_put_name(j, "advice", f->advice, PART_MESSAGE_MAX);
	json_put_name(j, "why", f->why, PART_MESSAGE_MAX);
	put_number(j, "same_as_step_id", x->same ? in->steps[x->same->step].id : 0);
	put_links(j, f);
	json_put_bool(j, "truncated", !shown->all);
	if (x->same || context_block_lines(x->error) == 0)
		json_put_null(j, "text");
	else
		json_put_str(j, "text", shown->text);
	json_close_object(j);
}
