/*
 * contexts: see the header. How a context is asked for, and what a reader of Markdown makes of it.
 */
#include "tests/unit/help/contexts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "text/tail.h"

#include <stdlib.h>
#include <string.h>

struct step step_of(const char *text)
{
	struct step s = {
		.id = 31,
		.run_id = 7,
		.facts = { .repo = STR("acme/widget"),
			.forge = STR("default"),
			.head_sha = STR(SHA),
			.external_run_id = STR("871"),
			.attempt = 1,
			.job_name = STR("build"),
			.step_name = STR("Compile"),
			.step_index = 3,
			.workflow = STR("ci"),
			.branch = STR("main"),
			.platform = STR("linux"),
			.url = STR("https://forge.example/acme/widget/actions/runs/871"),
			.pull_request = 12,
			.conclusion = CONCLUSION_FAILURE,
			.has_exit_code = true,
			.exit_code = 2 },
		.text = str_z(text),
		.has_text = true,
		.received_at = NOW,
	};

	s.size.n_lines = text_count_lines(s.text);
	s.size.n_bytes = (int64_t)s.text.len;
	return s;
}

struct context_input input_of(const struct step *steps, size_t n)
{
	return (struct context_input){
		.query = { .repo = STR("acme/widget"), .head_sha = STR(SHA) },
		.steps = steps,
		.n_steps = n,
		.status = n > 0 ? RUN_FAIL : RUN_RUNNING,
		.log_days = 14,
		.budget = CONTEXT_BUDGET_DEFAULT,
	};
}

void markdown(const struct context_input *in, struct buf *out)
{
	buf_init(out, CEILING);
	buf_z(out, "(before)");
	context_markdown(in, out);
	assert_false(out->full);
	assert_true(out->len - 8 <= in->budget);
	buf_drop(out, 8);
	assert_true(str_starts(buf_view(out), STR("## CI failure context\n")));
	assert_int_equal(utf8_valid(buf_view(out)), out->len);
}

struct json_doc *json(const struct context_input *in)
{
	struct json_doc *doc = NULL;
	struct err e;
	AUTO_BUF out;

	buf_init(&out, CEILING);
	context_json(in, &out);
	assert_true(out.len <= in->budget);
	if (json_parse(buf_view(&out), 0, &doc, &e) != ERR_OK)
		fail_msg("%s: %s", e.text, buf_cstr(&out));
	return doc;
}

void assert_has(const struct buf *out, const char *part)
{
	if (!strstr(buf_cstr(out), part))
		fail_msg("no \"%s\" in\n%s", part, buf_cstr(out));
}

void assert_has_not(const struct buf *out, const char *part)
{
	if (strstr(buf_cstr(out), part))
		fail_msg("\"%s\" is in\n%s", part, buf_cstr(out));
}

static size_t backticks_at(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.p[n] == '`')
		n++;
	return n;
}

static struct str next_line(struct str *rest)
{
	size_t len = str_find(*rest, '\n');
	struct str line = { rest->p, len };

	*rest = str_from(*rest, len + 1);
	return line;
}

/* What a reader of Markdown sees outside of fences, and how many fences there are. Each has to be closed. */
size_t outside_fences(const struct buf *md, struct buf *out)
{
	struct str rest = buf_view(md);
	size_t fence = 0, n = 0;

	while (rest.len > 0) {
		struct str line = next_line(&rest);
		size_t ticks = backticks_at(line);

		if (fence == 0 && ticks >= 3) {
			assert_true(str_eq(str_from(line, ticks), STR("text")));
			fence = ticks;
			n++;
		} else if (fence > 0 && ticks >= fence && ticks == line.len) {
			fence = 0;
		} else if (fence == 0) {
			buf_str(out, line);
			buf_char(out, '\n');
		}
	}
	assert_int_equal(fence, 0);
	return n;
}

/* n steps with texts of different sizes and kinds; freed by free(steps[0].text.p of the pool). */
char *fill_pool(size_t len)
{
	char *pool = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		pool[i] = i % 61 == 60 ? '\n' : i % 7 == 0 ? ' ' : (char)('a' + i * i % 26);
	pool[len] = '\0';
	return pool;
}

struct step big_step(const char *pool, size_t len, size_t i)
{
	struct step s = step_of("");

	s.id = (int64_t)i + 1;
	s.run_id = 7 + (int64_t)i / 3;
	s.text = (struct str){ pool, len };
	s.size.n_lines = text_count_lines(s.text);
	s.size.n_bytes = (int64_t)len;
	s.size.n_dropped_lines = (int64_t)i * 1000;
	s.has_text = i % 11 != 10;
	return s;
}

/* ---- errors ---- */

struct error error_of(
	const struct step *s, enum error_role role, int64_t from, int64_t to, const char *message)
{
	return (struct error){ .step_id = s->id,
		.run_id = s->run_id,
		.from_line = from,
		.to_line = to,
		.head_line = from,
		.role = role,
		.class = CLASS_COMPILE,
		.severity = SEVERITY_ERROR,
		.tool = STR("gcc"),
		.message = str_z(message) };
}

/* Lines [from, to) of text, on the heap. */
static struct str lines_of(struct str text, int64_t from, int64_t to)
{
	struct str rest = text;
	AUTO_BUF lines;

	buf_init(&lines, CEILING);
	for (int64_t i = 0; i < to && rest.len > 0; i++) {
		struct str line = next_line(&rest);

		if (i < from)
			continue;
		buf_z(&lines, i > from ? "\n" : "");
		buf_str(&lines, line);
	}
	return (struct str){ buf_cstr(&lines)[0] ? strndup(lines.p, lines.len) : NULL, lines.len };
}

struct context_error found_error(const struct step *s, const struct error *error, const struct group *group)
{
	int64_t from = error->from_line, to = error->to_line;
	bool is_long = to - from > CONTEXT_BLOCK_HEAD + CONTEXT_BLOCK_END;
	struct context_error x = { .error = error, .group = group };

	x.n_head = is_long ? CONTEXT_BLOCK_HEAD : to - from;
	x.n_end = is_long ? CONTEXT_BLOCK_END : 0;
	x.head = lines_of(s->text, from, from + x.n_head);
	x.end = lines_of(s->text, to - x.n_end, to);
	return x;
}

void done_errors(struct context_error *errors, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)errors[i].head.p);
		free((char *)(uintptr_t)errors[i].end.p);
	}
}

struct context_found found_of(struct context_error *errors, size_t n)
{
	return (struct context_found){
		.explained = CONTEXT_EXPLAINED, .errors = errors, .n = n, .total = (int64_t)n
	};
}

struct group group_of(int64_t id)
{
	return (struct group){ .id = id,
		.first_seen_at = NOW,
		.new_in_sha = STR(SHA),
		.counts = { .all = 1, .runs = 1, .branches = 1 } };
}
