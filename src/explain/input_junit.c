/*
 * input_junit: one testcase at a time.
 *
 * A failure is told when its element ends, and gets what the testcase alone knows (reruns) when that ends. Names of
 * tests that failed are in a small table by their digest, for those that pass later. What is remembered of texts is
 * bounded: a trace is read for its place and its first lines only.
 */
#include "explain/input_junit.h"

#include "base/xml.h"
#include "explain/input_case.h"
#include "explain/place.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 500
#define TRACE_MAX ((size_t)16 * 1024)
#define MESSAGE_LINES 12  /* of the text, when no attribute says it */
#define WORD_LOOK 500     /* bytes in which a class is looked for */
#define FAILED_SLOTS 4096 /* a power of two, over twice INPUT_FINDINGS_MAX */

/* What the elements within a testcase mean. */
enum part { PART_NONE, PART_FAILURE, PART_ERROR, PART_FLAKY, PART_RERUN, PART_SKIPPED };
static const struct {
	const char *name;
	enum part part;
} parts[] = {
	{ "failure", PART_FAILURE },
	{ "error", PART_ERROR },
	{ "flakyFailure", PART_FLAKY },
	{ "flakyError", PART_FLAKY },
	{ "rerunFailure", PART_RERUN },
	{ "rerunError", PART_RERUN },
	{ "rerun", PART_RERUN },
	{ "skipped", PART_SKIPPED },
};

/* What the type or message of a failure says about its kind. In order; in lower case. */
static const struct {
	const char *word;
	enum error_class class;
} classes[] = {
	{ "timeoutexception", CLASS_TIMEOUT },
	{ "testtimedout", CLASS_TIMEOUT },
	{ "timed out", CLASS_TIMEOUT },
	{ "timeout of ", CLASS_TIMEOUT },
	{ "exceeded timeout", CLASS_TIMEOUT },
	{ "outofmemory", CLASS_OUT_OF_MEMORY },
	{ "segfault", CLASS_CRASH },
	{ "segmentation fault", CLASS_CRASH },
	{ "sigabrt", CLASS_CRASH },
	{ "panicked at", CLASS_CRASH },
	{ "assert", CLASS_ASSERTION },
	{ "expected", CLASS_ASSERTION },
	{ "comparisonfailure", CLASS_ASSERTION },
};

/* A test that could not run is "skipped" to CTest, though it fails by it. */
static const struct {
	const char *message;
	enum error_class class;
} could_not_run[] = {
	{ "Unable to find executable", CLASS_DEPENDENCY },
	{ "Required Files Missing", CLASS_DEPENDENCY },
	{ "Fixture dependency failed", CLASS_TEST },
};

/* Suites that bear the name of their tool. */
static const struct {
	const char *suite, *tool;
} tools[] = {
	{ "pytest", "pytest" },
	{ "jest tests", "jest" },
	{ "vitest tests", "vitest" },
	{ "nextest-run", "nextest" },
	{ "Mocha Tests", "mocha" },
	{ "AllTests", "gtest" },
};

/* Messages that say nothing but that it failed. */
static const char *const empty_words[] = { "failed", "failure", "error", "test failed", "test failure",
	"assertion failed", "failed assertion", "null" };

struct failed {
	uint64_t digest; /* of a test's full name; 0: nobody */
	size_t finding;
};

struct reader {
	struct input *in;
	struct buf suites;                /* names of those that are open, one behind the other */
	size_t suite_from[XML_MAX_DEPTH]; /* where each begins there */
	size_t n_suites;
	struct arena names; /* of the current testcase */
	struct str class_name, name, file;
	int64_t line, runtime_ms;
	bool in_case, skipped, failed_for_good;
	size_t case_depth, case_line;
	size_t first; /* finding of this testcase */
	int reruns;
	enum part part; /* whose element is open */
	size_t part_depth, part_line;
	struct str message, type; /* its attributes */
	struct buf text;
	bool is_other; /* the root is no suite of tests */
	bool closed;   /* it has ended */
	size_t end;    /* the line behind what was read */
	struct failed failed[FAILED_SLOTS];
};

static enum part part_of(struct str name)
{
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (str_eq(name, str_z(parts[i].name)))
			return parts[i].part;
	return PART_NONE;
}

static struct str suite_name(const struct reader *r)
{
	return str_from(buf_view(&r->suites), r->n_suites > 0 ? r->suite_from[r->n_suites - 1] : 0);
}

static struct str keep_name(struct reader *r, struct str s)
{
	s = str_trim(s);
	if (s.len > NAME_MAX_BYTES)
		s.len = NAME_MAX_BYTES;
	return arena_str(&r->names, s);
}

/*
 * "com.example.FooTest.testBar", "tests.test_a.test_x[1]". Writers of JavaScript repeat one in the other, or write
 * sentences: "math adds" is not put behind "math" again.
 */
static struct str full_name(struct reader *r)
{
	struct str a = r->class_name, b = r->name;

	if (!r->in_case || b.len == 0)
		return a.len > 0 && r->in_case ? a : suite_name(r);
	if (a.len == 0 || str_starts(b, a))
		return b;
	return arena_fmt(
		&r->names, str_find(a, ' ') < a.len ? "%.*s > %.*s" : "%.*s.%.*s", STR_FMT(a), STR_FMT(b));
}

/* FNV-1a, with all its suites in front: never 0. */
static uint64_t digest_of(const struct reader *r, struct str name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < r->suites.len; i++)
		h = (h ^ (uint8_t)r->suites.p[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.p[i]) * UINT64_C(0x100000001b3);
	return h ? h : 1;
}

/* Where it is, or the empty slot where it would be. There always is one: findings are fewer than slots. */
static struct failed *failed_slot(struct reader *r, uint64_t digest)
{
	size_t i = digest % FAILED_SLOTS;

	while (r->failed[i].digest != 0 && r->failed[i].digest != digest)
		i = (i + 1) % FAILED_SLOTS;
	return &r->failed[i];
}

static bool says_nothing(struct str message)
{
	while (message.len > 0 && (message.p[message.len - 1] == '.' || message.p[message.len - 1] == ':'))
		message.len--;
	for (size_t i = 0; i < sizeof empty_words / sizeof empty_words[0]; i++)
		if (str_eq_nocase(message, str_z(empty_words[i])))
			return true;
	return message.len == 0;
}

/* The first lines of a text, at most n. */
static struct str first_lines(struct str s, size_t n)
{
	size_t end = 0;

	s = str_trim(s);
	for (; n > 0 && end < s.len; n--)
		end += str_find(str_from(s, end), '\n') + 1;
	return (struct str){ s.p, end < s.len ? end : s.len };
}

static bool has_word(struct str s, const char *word)
{
	size_t n = strlen(word);

	if (s.len > WORD_LOOK)
		s.len = WORD_LOOK;
	for (size_t i = 0; i + n <= s.len; i++)
		if (str_eq_nocase((struct str){ s.p + i, n }, (struct str){ word, n }))
			return true;
	return false;
}

static enum error_class class_of(const struct reader *r)
{
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (has_word(r->type, classes[i].word) || has_word(r->message, classes[i].word) ||
			(r->message.len == 0 && has_word(buf_view(&r->text), classes[i].word)))
			return classes[i].class;
	return CLASS_TEST;
}

static void set_where(struct reader *r, struct finding *f)
{
	struct place p;

	f->file = input_keep_path(r->in, r->file);
	f->line = r->line;
	/* An attribute with the file alone is completed by the trace, if that is of the same file. */
	if (f->line > 0 || !place_in_trace(buf_view(&r->text), f->test, &p))
		return;
	struct str traced = input_keep_path(r->in, p.file);
	if (f->file.len > 0 && !str_ends(f->file, traced) && !str_ends(traced, f->file))
		return;
	if (f->file.len == 0)
		f->file = traced;
	f->line = p.line;
	f->col = p.col;
}

static void tell(struct reader *r, size_t end_line)
{
	bool flaky = r->part == PART_FLAKY;
	struct finding *f =
		input_add(r->in, flaky ? SEVERITY_WARNING : SEVERITY_ERROR, r->part_line, end_line + 1);
	struct str text = buf_view(&r->text);

	r->failed_for_good = r->failed_for_good || !flaky;
	if (!f)
		return;
	f->flaky = flaky;
	f->class = class_of(r);
	f->test = input_keep(r->in, full_name(r));
	f->message = input_keep(r->in, says_nothing(r->message) && str_trim(text).len > 0
					       ? first_lines(text, MESSAGE_LINES)
					       : r->message);
	if (f->message.len == 0)
		f->message = r->type.len > 0 ? input_keep(r->in, r->type) : STR("failed");
	set_where(r, f);
	if (!flaky)
		*failed_slot(r, digest_of(r, f->test)) =
			(struct failed){ digest_of(r, f->test), (size_t)(f - r->in->out->v) };
}

/* What fails as well is expected to ("todo" of node:test), and is not told. But one that could not run is. */
static void tell_skipped(struct reader *r, size_t end_line)
{
	for (size_t i = 0; i < sizeof could_not_run / sizeof could_not_run[0]; i++) {
		if (!str_eq(r->message, str_z(could_not_run[i].message)))
			continue;
		struct finding *f = input_add(r->in, SEVERITY_ERROR, r->part_line, end_line + 1);
		r->failed_for_good = true;
		if (!f)
			return;
		f->class = could_not_run[i].class;
		f->test = input_keep(r->in, full_name(r));
		f->message = input_keep(r->in, r->message);
	}
	r->skipped = r->in_case;
}

static void open_case(struct reader *r, const struct xml_event *ev)
{
	arena_done(&r->names);
	r->class_name = keep_name(r, xml_attr(ev, "classname"));
	if (r->class_name.len == 0)
		r->class_name = keep_name(r, xml_attr(ev, "class"));
	r->name = keep_name(r, xml_attr(ev, "name"));
	r->file = xml_attr(ev, "file").len <= NAME_MAX_BYTES ? keep_name(r, xml_attr(ev, "file")) : STR("");
	r->line = input_number(xml_attr(ev, "line"));
	r->runtime_ms = input_seconds_ms(str_trim(xml_attr(ev, "time")));
	r->in_case = true;
	r->skipped = r->failed_for_good = false;
	r->message = STR("");
	r->case_depth = ev->depth;
	r->case_line = ev->line;
	r->first = r->in->out->n;
	r->reruns = 0;
}

/* One that passes may be the retry of one that failed. */
static void passed(struct reader *r)
{
	struct failed *same = failed_slot(r, digest_of(r, full_name(r)));

	if (same->digest == 0)
		return;
	r->in->out->v[same->finding].flaky = true;
	r->in->out->v[same->finding].reruns++;
}

/* One that failed and then passed, passed. Of very many that fail there is no finding: then the attribute is all that is known. */
static void tell_case(struct reader *r)
{
	const struct findings *out = r->in->out;
	struct str message = r->skipped || r->failed_for_good ? r->message : STR("");

	if (r->failed_for_good && out->n > r->first)
		message = out->v[r->first].message;
	input_case_add(r->in->cases, full_name(r),
		r->failed_for_good ? CASE_FAILED
		: r->skipped       ? CASE_SKIPPED
				   : CASE_PASSED,
		r->runtime_ms, message);
}

static void close_case(struct reader *r)
{
	struct findings *out = r->in->out;

	tell_case(r);

	for (size_t i = r->first; i < out->n; i++)
		out->v[i].reruns = r->reruns;
	if (out->n == r->first && !r->skipped)
		passed(r);
	r->in_case = false;
	r->class_name = r->name = r->file = STR("");
	r->line = 0;
}

static void open_part(struct reader *r, const struct xml_event *ev)
{
	if (!r->in_case)
		arena_done(&r->names);
	r->part = part_of(ev->name);
	r->part_depth = ev->depth;
	r->part_line = ev->line;
	buf_reset(&r->text);
	r->message = str_trim(xml_attr(ev, "message"));
	r->message.len = r->message.len < TRACE_MAX ? r->message.len : TRACE_MAX;
	r->message = arena_str(&r->names, r->message);
	r->type = keep_name(r, xml_attr(ev, "type"));
	r->reruns += r->part == PART_RERUN || r->part == PART_FLAKY;
}

static bool is_suite_name(struct str name)
{
	return str_eq(name, STR("testsuite")) || str_eq(name, STR("testsuites"));
}

static void open_suite(struct reader *r, const struct xml_event *ev)
{
	struct str name = xml_attr(ev, "name");

	for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
		if (str_eq(name, str_z(tools[i].suite)))
			r->in->tool = str_z(tools[i].tool);
	r->suite_from[r->n_suites++] = r->suites.len;
	buf_add(&r->suites, name.p, name.len < NAME_MAX_BYTES ? name.len : NAME_MAX_BYTES);
}

static void on_open(void *arg, const struct xml_event *ev)
{
	struct reader *r = arg;
	bool is_suite = is_suite_name(ev->name);

	if (ev->depth == 0 && !is_suite)
		r->is_other = true;
	if (r->is_other || r->part != PART_NONE)
		return;
	if (part_of(ev->name) != PART_NONE)
		open_part(r, ev);
	else if (r->in_case)
		return;
	else if (is_suite)
		open_suite(r, ev);
	else if (str_eq(ev->name, STR("testcase")))
		open_case(r, ev);
}

static void on_text(void *arg, struct str piece)
{
	struct reader *r = arg;
	size_t room = TRACE_MAX - r->text.len;

	if (r->part != PART_NONE)
		buf_add(&r->text, piece.p, piece.len < room ? piece.len : room);
}

static void on_close(void *arg, const struct xml_event *ev)
{
	struct reader *r = arg;

	if (r->part != PART_NONE && ev->depth == r->part_depth) {
		if (r->part == PART_SKIPPED)
			tell_skipped(r, ev->line);
		else if (r->part != PART_RERUN && !r->skipped)
			tell(r, ev->line);
		r->part = PART_NONE;
	} else if (r->in_case && ev->depth == r->case_depth) {
		close_case(r);
	} else if (!r->in_case && !r->is_other && r->part == PART_NONE && is_suite_name(ev->name)) {
		buf_cut(&r->suites, r->suite_from[--r->n_suites]);
	}
	r->closed = ev->depth == 0;
	r->end = ev->line + 1;
}

enum err_code input_junit(struct input *in, struct str text, size_t *ret_end, struct err *e)
{
	struct reader *r = mem_alloc(sizeof *r);
	struct xml_handler h = { on_open, on_text, on_close, r };
	enum err_code code;

	in->name = STR("junit");
	r->in = in;
	buf_init(&r->suites, SIZE_MAX);
	buf_init(&r->text, TRACE_MAX);
	code = xml_read(text, &h, e);
	if (r->closed) /* what follows is no part of it */
		code = ERR_OK;
	if (r->is_other)
		code = err_set(e, ERR_MEDIA, "is XML, but not of tests: no <testsuites> or <testsuite>");
	if (ret_end)
		*ret_end = r->end;
	buf_done(&r->suites);
	buf_done(&r->text);
	arena_done(&r->names);
	free(r);
	return code;
}
