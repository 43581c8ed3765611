/*
 * input_tap: a line at a time, with a level for each depth of subtests.
 *
 * A level knows the first finding since its last test point. When the next point comes, what was found below since
 * then are its children: they get its name in front, and it is itself told only when it has none. That works
 * whether a writer names a subtest before ("# Subtest: x") or only after.
 *
 * The finding of a point stays open for what follows it: comments, a YAML block. Of YAML a handful of keys are read,
 * by line and indentation, with text blocks ("|-"); it is as much as any writer uses, and what it reads is bounded.
 */
#include "explain/input_tap.h"

#include "base/utf8.h"
#include "explain/input_case.h"
#include "explain/place.h"

#include <string.h>

#define MESSAGE_ROOM ((size_t)4096)
#define NAME_ROOM 500
#define GAP_MAX 5 /* lines of other output between a test and what is said of it */

struct level {
	size_t first;      /* finding since the last point */
	size_t first_case; /* likewise */
	int64_t planned, seen;
	size_t plan_line;
	bool has_plan, skips_all;
};

struct reader {
	struct input *in;
	const struct lines *l;
	size_t n_points;
	struct level levels[TAP_MAX_DEPTH];
	size_t depth;     /* of the last point or plan */
	size_t last_case; /* of the last finding */
	bool open;        /* the last finding takes what follows */
	size_t open_at;   /* its index */
	size_t last_line; /* of a point, or of what followed it */
	struct buf notes; /* comments behind it */
	struct buf told;  /* message of its YAML block */
	struct buf trace; /* whatever may hold its place */
	bool in_yaml;
	size_t yaml_indent, block_indent;
	struct buf *block; /* the text block that is being read; NULL: none */
};

struct point {
	bool ok, todo, skip, numbered;
	struct str name;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t indent_of(struct str s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] == ' ')
		n++;
	return n;
}

/* The directive behind an unescaped " # "; s loses it. */
static void take_directive(struct str *s, struct point *p)
{
	for (size_t i = 0; i + 1 < s->len; i++) {
		struct str word = str_trim(str_from(*s, i + 1));

		if (s->p[i] != '#' || (i > 0 && s->p[i - 1] == '\\'))
			continue;
		p->todo = word.len >= 4 && str_eq_nocase((struct str){ word.p, 4 }, STR("TODO"));
		p->skip = word.len >= 4 && str_eq_nocase((struct str){ word.p, 4 }, STR("SKIP"));
		if (p->todo || p->skip) {
			s->len = i;
			return;
		}
	}
}

/* "not ok 3 - name # TODO x", without its indentation. */
static bool read_point(struct str s, struct point *ret)
{
	struct point p = { .ok = true };

	if (str_starts(s, STR("not "))) {
		p.ok = false;
		s = str_from(s, 4);
	}
	if (!str_starts(s, STR("ok")) || (s.len > 2 && s.p[2] != ' '))
		return false;
	s = str_trim(str_from(s, 2));
	while (s.len > 0 && is_digit(s.p[0])) {
		p.numbered = true;
		s = str_from(s, 1);
	}
	if (p.numbered && s.len > 0 && s.p[0] != ' ' && s.p[0] != '#')
		return false; /* "ok 2.5s" */
	s = str_trim(s);
	if (str_starts(s, STR("- ")))
		s = str_from(s, 2);
	take_directive(&s, &p);
	s = str_trim(s);
	if (str_ends(s, STR("{")))
		s = str_trim((struct str){ s.p, s.len - 1 });
	p.name = (struct str){ s.p, s.len < NAME_ROOM ? s.len : utf8_floor(s, NAME_ROOM) };
	*ret = p;
	return true;
}

/* "1..5", "1..0 # SKIP why" */
static bool read_plan(struct str s, struct level *ret)
{
	size_t end;

	if (!str_starts(s, STR("1..")) || s.len < 4 || !is_digit(s.p[3]))
		return false;
	s = str_from(s, 3);
	for (end = 0; end < s.len && is_digit(s.p[end]); end++)
		;
	struct str rest = str_trim(str_from(s, end));
	if (end > 9 || (rest.len > 0 && rest.p[0] != '#'))
		return false;
	str_to_int((struct str){ s.p, end }, &ret->planned);
	ret->has_plan = true;
	ret->skips_all = ret->planned == 0;
	return true;
}

/* ---- what follows a point ---- */

static void add_line(struct buf *b, struct str line)
{
	if (b->len + line.len + 1 > MESSAGE_ROOM)
		return;
	if (b->len > 0)
		buf_char(b, '\n');
	buf_str(b, line);
}

static void set_where(struct reader *r, struct finding *f)
{
	struct place p;

	if (f->file.len > 0 && f->line > 0)
		return;
	if (!place_in_trace(buf_view(&r->trace), f->test, &p) &&
		!place_in_trace(buf_view(&r->notes), f->test, &p))
		return;
	f->file = input_keep_path(r->in, p.file);
	f->line = p.line;
	f->col = p.col;
}

/* The last finding has all it gets. */
static void close_finding(struct reader *r)
{
	if (r->open) {
		struct finding *f = &r->in->out->v[r->open_at];
		struct str message = buf_view(r->told.len > 0 ? &r->told : &r->notes);

		f->message = input_keep(r->in, message.len > 0 ? message : f->test);
		set_where(r, f);
		input_case_say(r->in->cases, r->last_case, message);
	}
	r->open = r->in_yaml = false;
	r->block = NULL;
	buf_reset(&r->notes);
	buf_reset(&r->told);
	buf_reset(&r->trace);
}

/* Without the quotes of YAML. */
static struct str unquoted(struct str s)
{
	if (s.len >= 2 && (s.p[0] == '\'' || s.p[0] == '"') && s.p[s.len - 1] == s.p[0])
		return (struct str){ s.p + 1, s.len - 2 };
	return s;
}

enum yaml_use {
	YAML_MESSAGE,
	YAML_TRACE,
	YAML_FILE,
	YAML_LINE,
	YAML_COL,
	YAML_CODE,
	YAML_SEVERITY,
	YAML_COMPARED
};
static const struct {
	struct str key;
	enum yaml_use use;
} yaml_keys[] = {
	{ { "message", 7 }, YAML_MESSAGE },
	{ { "error", 5 }, YAML_MESSAGE },
	{ { "stack", 5 }, YAML_TRACE },
	{ { "location", 8 }, YAML_TRACE },
	{ { "at", 2 }, YAML_TRACE },
	{ { "file", 4 }, YAML_FILE },
	{ { "fileName", 8 }, YAML_FILE },
	{ { "line", 4 }, YAML_LINE },
	{ { "lineNumber", 10 }, YAML_LINE },
	{ { "column", 6 }, YAML_COL },
	{ { "columnNumber", 12 }, YAML_COL },
	{ { "code", 4 }, YAML_CODE },
	{ { "severity", 8 }, YAML_SEVERITY },
	{ { "expected", 8 }, YAML_COMPARED },
	{ { "actual", 6 }, YAML_COMPARED },
	{ { "wanted", 6 }, YAML_COMPARED },
	{ { "found", 5 }, YAML_COMPARED },
	{ { "got", 3 }, YAML_COMPARED },
};

/* "key: value", or the "key: |-" that a text block follows. */
static void use_pair(struct reader *r, struct str key, struct str value, size_t indent, enum yaml_use use)
{
	struct finding *f = &r->in->out->v[r->open_at];
	struct buf *into = use == YAML_MESSAGE ? &r->told : &r->trace;
	struct str plain = unquoted(value);

	if (use <= YAML_TRACE && value.len > 0 && strchr("|>", value.p[0])) {
		r->block = into;
		r->block_indent = indent;
	} else if (use <= YAML_TRACE) {
		add_line(into, plain);
	} else if (use == YAML_FILE && f->file.len == 0) {
		f->file = input_keep_path(r->in, plain);
	} else if (use == YAML_LINE && f->line == 0) {
		f->line = input_number(plain);
	} else if (use == YAML_COL && f->col == 0) {
		f->col = input_number(plain);
	} else if (use == YAML_CODE) {
		f->code = input_keep(r->in, plain);
		if (str_find_str(plain, STR("ASSERT")) < plain.len)
			f->class = CLASS_ASSERTION;
	} else if (use == YAML_COMPARED) {
		f->class = CLASS_ASSERTION;
		if (value.len > 0 && !strchr("|>", value.p[0])) {
			AUTO_BUF line;

			buf_init(&line, SIZE_MAX);
			buf_fmt(&line, "%.*s: %.*s", STR_FMT(key), STR_FMT(plain));
			add_line(&r->notes, buf_view(&line));
		}
	}
}

/* A line of the block. Deeper than the key of a text block: a line of that. */
static void yaml_line(struct reader *r, struct str s)
{
	size_t indent = indent_of(s), colon;
	struct str text = str_trim(s);

	if (indent <= r->yaml_indent && str_eq(text, STR("..."))) {
		r->in_yaml = false;
		return;
	}
	if (r->block && (indent > r->block_indent || text.len == 0)) {
		add_line(r->block, text);
		return;
	}
	r->block = NULL;
	colon = str_find(text, ':');
	if (colon == text.len || !r->open)
		return;
	struct str key = { text.p, colon };
	for (size_t i = 0; i < sizeof yaml_keys / sizeof yaml_keys[0]; i++)
		if (str_eq(key, yaml_keys[i].key))
			use_pair(r, key, str_trim(str_from(text, colon + 1)), indent, yaml_keys[i].use);
}

/* ---- points, plans, the end ---- */

/* What was found below since the last point of this depth are children of the test of that name. */
static bool adopt_children(struct reader *r, size_t depth, const struct point *p)
{
	struct findings *out = r->in->out;
	size_t first = r->levels[depth].first;

	if (first >= out->n)
		return false;
	if (p->todo || p->skip) {
		out->n = first; /* expected, so nothing went wrong */
		return true;
	}
	for (size_t i = first; p->name.len > 0 && i < out->n; i++) {
		struct finding *f = &out->v[i];

		if (f->test.len + p->name.len < 2 * NAME_ROOM)
			f->test = f->test.len > 0 ? input_keep_fmt(r->in, "%.*s > %.*s", STR_FMT(p->name),
							    STR_FMT(f->test))
						  : input_keep(r->in, p->name);
	}
	return true;
}

/* Fewer than planned, of a level that ends. */
static void check_plan(struct reader *r, size_t depth)
{
	struct level *v = &r->levels[depth];
	struct finding *f;

	if (v->has_plan && !v->skips_all && v->seen < v->planned) {
		f = input_add(r->in, SEVERITY_ERROR, v->plan_line, v->plan_line + 1);
		if (f) {
			f->class = CLASS_TEST;
			f->message = input_keep_fmt(r->in, "planned %lld tests, but saw only %lld",
				(long long)v->planned, (long long)v->seen);
		}
	}
}

static size_t n_cases(const struct reader *r)
{
	return r->in->cases ? r->in->cases->n : 0;
}

/* A line of this depth: all that is deeper has ended. */
static void go_to_depth(struct reader *r, size_t depth)
{
	for (; r->depth > depth; r->depth--) {
		check_plan(r, r->depth);
		r->levels[r->depth] = (struct level){ 0 };
	}
	for (; r->depth < depth; r->depth++)
		r->levels[r->depth + 1] = (struct level){ .first = r->in->out->n, .first_case = n_cases(r) };
}

/* One that is expected to fail, or was passed by, says nothing of what is tested. */
static void tell_case(struct reader *r, size_t depth, const struct point *p)
{
	bool has_children = r->levels[depth].first_case < n_cases(r);
	enum input_outcome outcome = p->skip || (p->todo && !p->ok) ? CASE_SKIPPED
				     : p->ok                        ? CASE_PASSED
								    : CASE_FAILED;

	if (has_children)
		input_case_adopt(r->in->cases, r->levels[depth].first_case, p->name);
	else
		r->last_case = input_case_add(r->in->cases,
			p->name.len > 0
				? p->name
				: input_keep_fmt(r->in, "test %lld", (long long)r->levels[depth].seen),
			outcome, -1, STR(""));
	r->levels[depth].first_case = n_cases(r);
}

static void take_point(struct reader *r, size_t depth, size_t line, const struct point *p)
{
	bool has_children;
	struct finding *f;

	go_to_depth(r, depth);
	has_children = adopt_children(r, depth, p);
	r->last_line = line;
	r->n_points++;
	r->levels[depth].seen++;
	tell_case(r, depth, p);
	if (!p->ok && !p->todo && !p->skip && !has_children) {
		f = input_add(r->in, SEVERITY_ERROR, line, line + 1);
		if (f) {
			f->class = CLASS_TEST;
			f->test = input_keep(r->in, p->name);
			r->open = true;
			r->open_at = r->in->out->n - 1;
		}
	}
	r->levels[depth].first = r->in->out->n;
}

static void bail_out(struct reader *r, size_t line, struct str why)
{
	struct finding *f = input_add(r->in, SEVERITY_FATAL, line, line + 1);

	memset(r->levels, 0, sizeof r->levels); /* no plan holds any more */
	r->depth = 0;
	r->levels[0].first = r->in->out->n;
	r->levels[0].first_case = n_cases(r);
	if (!f)
		return;
	f->class = CLASS_TEST;
	f->message = why.len > 0 ? input_keep(r->in, why) : STR("Bail out!");
}

/* The last finding reaches up to this line. */
static void extend(struct reader *r, size_t line)
{
	r->last_line = line;
	if (r->open)
		input_extend(r->in, &r->in->out->v[r->open_at], line + 1);
}

/* "# got: 1", "# Subtest: x" */
static void comment(struct reader *r, struct str s, size_t line)
{
	struct str text = str_trim(str_from(s, 1));

	if (str_starts(text, STR("Subtest"))) {
		close_finding(r);
		return;
	}
	if (!r->open || str_starts(text, STR("Looks like you")))
		return;
	if (text.len > 0)
		add_line(&r->notes, text);
	if (str_starts(text, STR("got:")) || str_starts(text, STR("expected:")))
		r->in->out->v[r->open_at].class = CLASS_ASSERTION;
	extend(r, line);
}

static void take_line(struct reader *r, size_t line)
{
	struct str s = lines_text(r->l, line), text;
	size_t indent = indent_of(s), depth = indent / 4;
	struct level plan = { 0 };
	struct point p;

	text = str_trim(s);
	r->in_yaml = r->in_yaml && (text.len == 0 || indent >= r->yaml_indent); /* one that lacks its end */
	if (r->in_yaml) {
		yaml_line(r, s);
		extend(r, line);
		return;
	}
	if (text.len == 0)
		return;
	if (r->open && line > r->last_line + GAP_MAX)
		close_finding(r);
	if (text.p[0] == '#') {
		comment(r, text, line);
	} else if (str_eq(text, STR("---")) && indent > 0 && r->n_points > 0 && line <= r->last_line + 2) {
		r->in_yaml = true;
		r->yaml_indent = indent;
	} else if (indent % 4 != 0 || depth >= TAP_MAX_DEPTH) {
		return;
	} else if (read_point(text, &p)) {
		close_finding(r);
		take_point(r, depth, line, &p);
	} else if (read_plan(text, &plan)) {
		close_finding(r);
		go_to_depth(r, depth);
		plan.first = r->levels[depth].first;
		plan.first_case = r->levels[depth].first_case;
		plan.seen = r->levels[depth].seen;
		plan.plan_line = line;
		r->levels[depth] = plan;
	} else if (str_starts(text, STR("Bail out!"))) {
		close_finding(r);
		bail_out(r, line, str_trim(str_from(text, 9)));
	}
}

void input_tap(struct input *in, const struct lines *l, size_t from, size_t *ret_n_points)
{
	struct reader r = { .in = in, .l = l };

	in->name = STR("tap");
	in->line_at = 0;
	r.levels[0].first = in->out->n;
	r.levels[0].first_case = n_cases(&r);
	r.last_case = SIZE_MAX;
	buf_init(&r.notes, MESSAGE_ROOM);
	buf_init(&r.told, MESSAGE_ROOM);
	buf_init(&r.trace, MESSAGE_ROOM);
	for (size_t i = from; i < l->n; i++)
		take_line(&r, i);
	close_finding(&r);
	go_to_depth(&r, 0);
	check_plan(&r, 0);
	*ret_n_points = r.n_points;
	buf_done(&r.notes);
	buf_done(&r.told);
	buf_done(&r.trace);
}

bool input_tap_find(const struct lines *log, size_t *ret_from)
{
	size_t first = log->n, plans = 0, points = 0;
	struct level plan;
	struct point p;

	for (size_t i = 0; i < log->n; i++) {
		struct str s = lines_text(log, i);

		if (s.len < 4 || !strchr("T1no", s.p[0]))
			continue;
		if (str_eq(str_trim(s), STR("TAP version 13")) ||
			str_eq(str_trim(s), STR("TAP version 14"))) {
			*ret_from = i;
			return true;
		}
		bool is_plan = read_plan(s, &plan), is_point = read_point(s, &p) && p.numbered;
		plans += is_plan;
		points += is_point;
		if ((is_plan || is_point) && first == log->n)
			first = i;
	}
	*ret_from = first;
	return plans > 0 && points > 0;
}
