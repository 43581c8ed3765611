/*
 * suite: the document, read and written. What is not known is refused, so that a word that was spelled wrong does not silently do nothing; what is
 * wrong is told with its line.
 */
#include "model/suite.h"

#include "base/digest.h"
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_PREFIX "sha256:"
#define DIGEST_LEN 64
#define TIMEOUT_MAX_S (24 * 3600)

struct reader {
	struct arena *a;
	struct suite suite;
};

static enum err_code wrong(const struct yaml *n, struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "line %zu: %s", yaml_line(n), what);
}

/* ---- words ---- */

struct str suite_digest(struct str file)
{
	struct str hex = str_from(file, strlen(DIGEST_PREFIX));

	if (!str_starts(file, STR(DIGEST_PREFIX)) || hex.len != DIGEST_LEN || !is_hex(hex))
		return STR("");
	for (size_t i = 0; i < hex.len; i++)
		if (hex.p[i] >= 'A' && hex.p[i] <= 'F')
			return STR("");
	return hex;
}

struct str suite_base_name(struct str path)
{
	const char *slash = path.len > 0 ? memrchr(path.p, '/', path.len) : NULL;

	return slash ? str_from(path, (size_t)(slash - path.p) + 1) : path;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_extension(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.p[i]))
			return false;
	return s.len <= SUITE_EXTENSION_MAX;
}

struct str suite_extension(struct str name)
{
	const char *point = name.len > 0 ? memrchr(name.p, '.', name.len) : NULL;
	struct str end = point ? str_from(name, (size_t)(point - name.p) + 1) : STR("");

	return point && point > name.p && is_extension(end) ? end : STR("");
}

/* What YAML takes for the end of a line, or not at all, whoever wrote it with an escape: NEL and the other C1 controls, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. */
static bool is_separator(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (s.len >= 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return true;
	return s.len >= 3 && ((p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) ||
				     (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) ||
				     (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe));
}

/* One line without control characters. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f || is_separator(str_from(s, i)))
			return false;
	return true;
}

static enum err_code read_text(const struct reader *r, const struct yaml *n, const char *what, size_t min,
	size_t max, struct str *ret, struct err *e)
{
	struct str s = yaml_str(n);

	if (yaml_kind(n) != YAML_SCALAR)
		return err_set(e, ERR_INVALID, "line %zu: %s is a text", yaml_line(n), what);
	if (s.len < min || s.len > max || !is_plain(s))
		return err_set(e, ERR_INVALID, "line %zu: %s has %zu to %zu bytes, on one line", yaml_line(n),
			what, min, max);
	*ret = arena_str(r->a, s);
	return ERR_OK;
}

static enum err_code read_switch(const struct yaml *n, const char *what, bool *ret, struct err *e)
{
	struct str s = yaml_str(n);

	if (!str_eq(s, STR("true")) && !str_eq(s, STR("false")))
		return err_set(e, ERR_INVALID, "line %zu: %s is true or false", yaml_line(n), what);
	*ret = str_eq(s, STR("true"));
	return ERR_OK;
}

static enum err_code read_number(
	const struct yaml *n, const char *what, int64_t min, int64_t max, int64_t *ret, struct err *e)
{
	struct str s = yaml_str(n);
	bool minus = s.len > 0 && s.p[0] == '-';
	int64_t value = 0;
	size_t i = minus;

	for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9' && value < INT64_C(1) << 40; i++)
		value = 10 * value + (s.p[i] - '0');
	value = minus ? -value : value;
	if (i == (size_t)minus || i < s.len || value < min || value > max)
		return err_set(e, ERR_INVALID, "line %zu: %s is a whole number from %lld to %lld",
			yaml_line(n), what, (long long)min, (long long)max);
	*ret = value;
	return ERR_OK;
}

/* A path inside of the folder, or a content. */
static enum err_code read_file(
	const struct reader *r, const struct yaml *n, const char *what, struct str *ret, struct err *e)
{
	struct str s;

	TRY(read_text(r, n, what, 1, 1000, &s, e));
	if (str_starts(s, STR(DIGEST_PREFIX)) && suite_digest(s).len == 0)
		return err_set(e, ERR_INVALID,
			"line %zu: %s: behind sha256: stand 64 hex digits in lower case", yaml_line(n), what);
	for (size_t at = 0; at <= s.len;) {
		struct str part = { s.p + at, str_find(str_from(s, at), '/') };

		if (part.len == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return err_set(e, ERR_INVALID,
				"line %zu: %s is a path in the folder of the document, as samples/a.txt",
				yaml_line(n), what);
		at += part.len + 1;
	}
	*ret = s;
	return ERR_OK;
}

static enum err_code read_words(struct reader *r, const struct yaml *n, const char *what, size_t max,
	struct suite_words *ret, struct err *e)
{
	struct suite_words words = { 0 };

	if (yaml_kind(n) != YAML_SEQUENCE || yaml_len(n) > max)
		return err_set(
			e, ERR_INVALID, "line %zu: %s is a list of %zu at most", yaml_line(n), what, max);
	words.v = arena_array(r->a, yaml_len(n) + 1, sizeof *words.v);
	for (; words.n < yaml_len(n); words.n++) {
		struct str *word = &words.v[words.n];

		TRY(read_text(r, yaml_at(n, words.n), what, 1, SUITE_WORD_MAX, word, e));
		for (size_t i = 0; i < words.n; i++)
			if (str_eq(words.v[i], *word))
				return err_set(e, ERR_INVALID, "line %zu: %s has \"%.*s\" twice",
					yaml_line(yaml_at(n, words.n)), what, STR_FMT(*word));
	}
	*ret = words;
	return ERR_OK;
}

/* ---- the keys of a mapping ---- */

struct key {
	const char *name;
	enum err_code (*read)(struct reader *r, void *into, const struct yaml *n, struct err *e);
	bool needed;
};

static enum err_code unknown_key(
	const struct yaml *value, struct str name, const struct key *keys, struct err *e)
{
	AUTO_BUF known;

	buf_init(&known, 400);
	for (; keys->name; keys++)
		buf_fmt(&known, "%s%s", known.len > 0 ? ", " : "", keys->name);
	return err_set(e, ERR_INVALID, "line %zu: there is no key \"%.*s\" here; there are %s",
		yaml_line(value), (int)(name.len < 60 ? name.len : 60), name.p, buf_cstr(&known));
}

static enum err_code read_mapping(
	struct reader *r, const struct yaml *n, const struct key *keys, void *into, struct err *e)
{
	if (yaml_kind(n) != YAML_MAPPING)
		return wrong(n, e, "a mapping is to stand here: key: value");
	for (size_t i = 0; i < yaml_len(n); i++) {
		const struct key *k = keys;

		while (k->name && !str_eq(yaml_key(n, i), str_z(k->name)))
			k++;
		if (!k->name)
			return unknown_key(yaml_at(n, i), yaml_key(n, i), keys, e);
		TRY(k->read(r, into, yaml_at(n, i), e));
	}
	for (const struct key *k = keys; k->name; k++)
		if (k->needed && !yaml_get(n, k->name))
			return err_set(e, ERR_INVALID, "line %zu: %s is missing", yaml_line(n), k->name);
	return ERR_OK;
}

/* ---- samples ---- */

#define READER(name, type, ...)                                                                              \
	static enum err_code name(struct reader *r, void *into, const struct yaml *n, struct err *e)         \
	{                                                                                                    \
		struct type *x = into;                                                                       \
                                                                                                             \
		(void)r;                                                                                     \
		return __VA_ARGS__;                                                                          \
	}

READER(sample_file, suite_sample, read_file(r, n, "file", &x->file, e))
READER(sample_name, suite_sample, read_text(r, n, "name", 1, SUITE_NAME_MAX, &x->name, e))
READER(sample_extension, suite_sample, read_text(r, n, "extension", 0, SUITE_EXTENSION_MAX, &x->extension, e))
READER(sample_tags, suite_sample, read_words(r, n, "tags", SUITE_WORD_MAX, &x->tags, e))
READER(sample_active, suite_sample, read_switch(n, "active", &x->active, e))

static const struct key sample_keys[] = { { "file", sample_file, true }, { "name", sample_name, false },
	{ "extension", sample_extension, false }, { "tags", sample_tags, false },
	{ "active", sample_active, false }, { NULL, NULL, false } };

static enum err_code read_sample(
	struct reader *r, const struct yaml *n, struct suite_sample *ret, struct err *e)
{
	static const char unset[] = "";
	struct suite_sample s = { .active = true, .extension = { unset, 0 }, .line = yaml_line(n) };

	TRY(read_mapping(r, n, sample_keys, &s, e));
	if (s.name.len == 0)
		s.name = suite_digest(s.file).len > 0 ? str_from(s.file, strlen(DIGEST_PREFIX))
						      : suite_base_name(s.file);
	if (s.name.len > SUITE_NAME_MAX)
		return wrong(n, e, "the file's name is too long for a name: give the sample one");
	if (s.extension.p == unset)
		s.extension = suite_extension(s.name);
	if (!is_extension(s.extension))
		return wrong(n, e, "extension is of at most 10 letters and digits");
	*ret = s;
	return ERR_OK;
}

/* ---- tests ---- */

READER(output_file, suite_output, read_text(r, n, "file", 1, SUITE_NAME_MAX, &x->file, e))

static enum err_code output_accepted(struct reader *r, void *into, const struct yaml *n, struct err *e)
{
	struct suite_output *x = into;

	if (yaml_kind(n) != YAML_SEQUENCE || yaml_len(n) > SUITE_BASELINES_MAX)
		return wrong(n, e, "accepted is a list of 20 files at most");
	x->accepted.v = arena_array(r->a, yaml_len(n) + 1, sizeof *x->accepted.v);
	for (x->accepted.n = 0; x->accepted.n < yaml_len(n); x->accepted.n++)
		TRY(read_file(r, yaml_at(n, x->accepted.n), "accepted", &x->accepted.v[x->accepted.n], e));
	return ERR_OK;
}

static const struct key output_keys[] = { { "file", output_file, true },
	{ "accepted", output_accepted, false }, { NULL, NULL, false } };

static enum err_code test_outputs(struct reader *r, void *into, const struct yaml *n, struct err *e)
{
	struct suite_test *x = into;

	if (yaml_kind(n) != YAML_SEQUENCE || yaml_len(n) > SUITE_OUTPUTS_MAX)
		return wrong(n, e, "outputs is a list of 20 at most");
	x->outputs = arena_array(r->a, yaml_len(n) + 1, sizeof *x->outputs);
	for (x->n_outputs = 0; x->n_outputs < yaml_len(n); x->n_outputs++) {
		struct suite_output *o = &x->outputs[x->n_outputs];
		const struct yaml *item = yaml_at(n, x->n_outputs);

		TRY(read_mapping(r, item, output_keys, o, e));
		if (str_find(o->file, '/') < o->file.len || str_eq(o->file, STR(".")) ||
			str_eq(o->file, STR("..")))
			return wrong(item, e, "file is the name of a file in {output}, without a slash");
		for (size_t i = 0; i < x->n_outputs; i++)
			if (str_eq(x->outputs[i].file, o->file))
				return wrong(item, e, "two outputs of the test have this name");
	}
	return ERR_OK;
}

static enum err_code test_timeout(struct reader *r, void *into, const struct yaml *n, struct err *e)
{
	struct suite_test *x = into;
	int64_t seconds;

	(void)r;
	TRY(read_number(n, "timeout_s", 1, TIMEOUT_MAX_S, &seconds, e));
	x->timeout_ms = 1000 * seconds;
	return ERR_OK;
}

READER(test_name, suite_test, read_text(r, n, "name", 1, SUITE_NAME_MAX, &x->name, e))
READER(test_sample, suite_test, read_file(r, n, "sample", &x->sample, e))
READER(test_command, suite_test, read_text(r, n, "command", 1, SUITE_COMMAND_MAX, &x->command, e))
READER(test_shell, suite_test, read_switch(n, "shell", &x->shell, e))
READER(test_active, suite_test, read_switch(n, "active", &x->active, e))
READER(test_input_type, suite_test, read_text(r, n, "input_type", 0, SUITE_WORD_MAX, &x->input_type, e))
READER(test_output_type, suite_test, read_text(r, n, "output_type", 0, SUITE_WORD_MAX, &x->output_type, e))
READER(test_description, suite_test,
	read_text(r, n, "description", 0, SUITE_DESCRIPTION_MAX, &x->description, e))
READER(test_rc, suite_test, read_number(n, "expected_rc", -255, 255, &x->expected_rc, e))
READER(test_categories, suite_test, read_words(r, n, "categories", SUITE_WORD_MAX, &x->categories, e))

static const struct key test_keys[] = { { "name", test_name, true }, { "sample", test_sample, true },
	{ "command", test_command, true }, { "shell", test_shell, false }, { "expected_rc", test_rc, false },
	{ "timeout_s", test_timeout, false }, { "input_type", test_input_type, false },
	{ "output_type", test_output_type, false }, { "categories", test_categories, false },
	{ "description", test_description, false }, { "active", test_active, false },
	{ "outputs", test_outputs, false }, { NULL, NULL, false } };

/* ---- the document ---- */

static enum err_code read_samples(struct reader *r, void *into, const struct yaml *n, struct err *e)
{
	struct suite *s = into;

	if (yaml_kind(n) != YAML_SEQUENCE || yaml_len(n) > SUITE_SAMPLES_MAX)
		return wrong(n, e, "samples is a list of 10000 at most");
	s->samples = arena_array(r->a, yaml_len(n) + 1, sizeof *s->samples);
	for (; s->n_samples < yaml_len(n); s->n_samples++)
		TRY(read_sample(r, yaml_at(n, s->n_samples), &s->samples[s->n_samples], e));
	return ERR_OK;
}

static enum err_code read_tests(struct reader *r, void *into, const struct yaml *n, struct err *e)
{
	struct suite *s = into;

	if (yaml_kind(n) != YAML_SEQUENCE || yaml_len(n) > SUITE_TESTS_MAX)
		return wrong(n, e, "tests is a list of 10000 at most");
	s->tests = arena_array(r->a, yaml_len(n) + 1, sizeof *s->tests);
	for (; s->n_tests < yaml_len(n); s->n_tests++) {
		struct suite_test *t = &s->tests[s->n_tests];

		*t = (struct suite_test){ .active = true, .line = yaml_line(yaml_at(n, s->n_tests)) };
		TRY(read_mapping(r, yaml_at(n, s->n_tests), test_keys, t, e));
	}
	return ERR_OK;
}

static const struct key suite_keys[] = { { "samples", read_samples, false }, { "tests", read_tests, false },
	{ NULL, NULL, false } };

/* Names in order, to find those that stand twice or nowhere. */
struct named {
	struct str name;
	size_t line;
};

static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = memcmp(a->name.p, b->name.p, n);

	if (order == 0 && a->name.len != b->name.len)
		order = a->name.len < b->name.len ? -1 : 1;
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static enum err_code check_once(struct named *v, size_t n, const char *what, struct err *e)
{
	if (n == 0)
		return ERR_OK;
	qsort(v, n, sizeof *v, by_name);
	for (size_t i = 1; i < n; i++)
		if (str_eq(v[i - 1].name, v[i].name))
			return err_set(e, ERR_INVALID, "line %zu: %s \"%.*s\" stands in line %zu already",
				v[i].line, what, (int)(v[i].name.len < 100 ? v[i].name.len : 100),
				v[i].name.p, v[i - 1].line);
	return ERR_OK;
}

static enum err_code check(const struct suite *s, struct arena *a, struct err *e)
{
	struct named *samples = arena_array(a, s->n_samples + 1, sizeof *samples);
	struct named *tests = arena_array(a, s->n_tests + 1, sizeof *tests);

	for (size_t i = 0; i < s->n_samples; i++)
		samples[i] = (struct named){ s->samples[i].file, s->samples[i].line };
	for (size_t i = 0; i < s->n_tests; i++)
		tests[i] = (struct named){ s->tests[i].name, s->tests[i].line };
	TRY(check_once(samples, s->n_samples, "the sample", e));
	TRY(check_once(tests, s->n_tests, "the test", e));
	for (size_t i = 0; i < s->n_tests; i++) {
		struct named key = { s->tests[i].sample, 0 };
		size_t low = 0, high = s->n_samples;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (by_name(&samples[middle], &key) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low == s->n_samples || !str_eq(samples[low].name, key.name))
			return err_set(e, ERR_INVALID, "line %zu: the test's sample is not among the samples",
				s->tests[i].line);
	}
	return ERR_OK;
}

enum err_code suite_parse(struct str yaml, struct arena *a, struct suite *ret, struct err *e)
{
	struct reader r = { .a = a };
	struct yaml_doc *doc = NULL;
	struct suite s = { 0 };
	enum err_code code;

	TRY(yaml_doc_parse(yaml, &doc, e));
	code = read_mapping(&r, yaml_doc_root(doc), suite_keys, &s, e);
	if (code == ERR_OK)
		code = check(&s, a, e);
	if (code == ERR_OK)
		*ret = s;
	yaml_doc_free(doc);
	return code;
}

/* ---- writing ---- */

/* Words that no reader of YAML takes for anything else. */
static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && !(i > 0 && strchr("-./:", s.p[i])))
			return false;
	return s.len > 0 && s.p[s.len - 1] != ':' && !(s.p[0] >= '0' && s.p[0] <= '9') &&
	       !str_eq_nocase(s, STR("true")) && !str_eq_nocase(s, STR("false")) &&
	       !str_eq_nocase(s, STR("null")) && !str_eq_nocase(s, STR("yes")) &&
	       !str_eq_nocase(s, STR("no")) && !str_eq_nocase(s, STR("on")) &&
	       !str_eq_nocase(s, STR("off")) && !str_eq_nocase(s, STR("y")) && !str_eq_nocase(s, STR("n"));
}

static void put_word(struct str s, struct buf *out)
{
	if (is_bare(s)) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
	buf_char(out, '"');
}

static void put(const char *lead, struct str s, struct buf *out)
{
	buf_z(out, lead);
	put_word(s, out);
	buf_char(out, '\n');
}

static void put_words(const char *lead, const struct suite_words *w, struct buf *out)
{
	buf_z(out, lead);
	for (size_t i = 0; i < w->n; i++) {
		buf_z(out, i > 0 ? ", " : "");
		put_word(w->v[i], out);
	}
	buf_z(out, "]\n");
}

static void put_sample(const struct suite_sample *s, struct buf *out)
{
	put("  - file: ", s->file, out);
	if (suite_digest(s->file).len > 0 || !str_eq(s->name, suite_base_name(s->file)))
		put("    name: ", s->name, out);
	if (!str_eq(s->extension, suite_extension(s->name)))
		put("    extension: ", s->extension, out);
	if (s->tags.n > 0)
		put_words("    tags: [", &s->tags, out);
	if (!s->active)
		buf_z(out, "    active: false\n");
}

static void put_output(const struct suite_output *o, struct buf *out)
{
	put("      - file: ", o->file, out);
	if (o->accepted.n == 0)
		return;
	buf_z(out, "        accepted:\n");
	for (size_t i = 0; i < o->accepted.n; i++)
		put("          - ", o->accepted.v[i], out);
}

static void put_test(const struct suite_test *t, struct buf *out)
{
	put("  - name: ", t->name, out);
	put("    sample: ", t->sample, out);
	put("    command: ", t->command, out);
	if (t->shell)
		buf_z(out, "    shell: true\n");
	if (t->expected_rc != 0)
		buf_fmt(out, "    expected_rc: %lld\n", (long long)t->expected_rc);
	if (t->timeout_ms != 0)
		buf_fmt(out, "    timeout_s: %lld\n", (long long)t->timeout_ms / 1000);
	if (t->input_type.len > 0)
		put("    input_type: ", t->input_type, out);
	if (t->output_type.len > 0)
		put("    output_type: ", t->output_type, out);
	if (t->categories.n > 0)
		put_words("    categories: [", &t->categories, out);
	if (t->description.len > 0)
		put("    description: ", t->description, out);
	if (!t->active)
		buf_z(out, "    active: false\n");
	if (t->n_outputs > 0)
		buf_z(out, "    outputs:\n");
	for (size_t i = 0; i < t->n_outputs; i++)
		put_output(&t->outputs[i], out);
}

void suite_write(const struct suite *s, struct buf *out)
{
	buf_z(out, s->n_samples > 0 ? "samples:\n" : "samples: []\n");
	for (size_t i = 0; i < s->n_samples; i++)
		put_sample(&s->samples[i], out);
	buf_z(out, s->n_tests > 0 ? "tests:\n" : "tests: []\n");
	for (size_t i = 0; i < s->n_tests; i++)
		put_test(&s->tests[i], out);
}

/* ---- files ---- */

static enum err_code each_file_of_test(struct suite_test *t, suite_file_fn *each, void *arg, struct err *e)
{
	TRY(each(arg, &t->sample, e));
	for (size_t i = 0; i < t->n_outputs; i++)
		for (size_t k = 0; k < t->outputs[i].accepted.n; k++)
			TRY(each(arg, &t->outputs[i].accepted.v[k], e));
	return ERR_OK;
}

enum err_code suite_each_file(struct suite *s, suite_file_fn *each, void *arg, struct err *e)
{
	for (size_t i = 0; i < s->n_samples; i++)
		TRY(each(arg, &s->samples[i].file, e));
	for (size_t i = 0; i < s->n_tests; i++)
		TRY(each_file_of_test(&s->tests[i], each, arg, e));
	return ERR_OK;
}
