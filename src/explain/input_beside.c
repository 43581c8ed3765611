/* input_beside: by name of the test, else by place in a file. */
#include "explain/input_beside.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MAX 200 /* findings with one name or place: so that what is hostile does not stall it */

#define JEST "\xe2\x80\xba" /* "a âº b" */

/* Between the parts of a test's name, in whatever tool: a.b, a::b, a#b, a/b, "a > b"; "a b" is one part. How many bytes of it end at i. */
static size_t separator_before(struct str s, size_t i)
{
	size_t jest = sizeof JEST - 1;

	if (i >= jest && memcmp(s.p + i - jest, JEST, jest) == 0)
		return jest;
	return i > 0 && s.p[i - 1] != '\0' && strchr(".:#/\\>$", s.p[i - 1]) ? 1 : 0;
}

/* What is in brackets at the end, a parameter, belongs to the last part whatever it has in it. */
static size_t start_of_last_part(struct str s)
{
	size_t i = s.len;

	if (i > 0 && s.p[i - 1] == ']')
		while (i > 0 && s.p[i - 1] != '[')
			i--;
	while (i > 0 && separator_before(s, i) == 0)
		i--;
	return i;
}

static struct str take_any_part(struct str *s)
{
	size_t at = start_of_last_part(*s);
	struct str part = str_trim(str_from(*s, at));

	for (size_t n = 1; n > 0; at -= n)
		n = at > 0 && s->p[at - 1] == ' ' ? 1 : separator_before(*s, at);
	s->len = at;
	return part;
}

static bool is_one_of(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(s, str_z(words[i])))
			return true;
	return false;
}

/* The last part that is not empty, and s becomes what is in front of it: of a whole name, what the test is called. */
static struct str take_name(struct str *s)
{
	struct str part;

	do
		part = take_any_part(s);
	while (part.len == 0 && s->len > 0);
	return part;
}

/* The same of what is in front of that: names of files and folders, classes, suites. Endings of files are no parts: ".py", ".test.ts". */
static struct str take_part_in_front(struct str *s)
{
	static const char *const endings[] = { "py", "js", "ts", "rb", "go", "rs", "c", "cc", "cpp", "java",
		"jsx", "tsx", "mjs", "mts" };
	static const char *const behind_names[] = { "test", "spec" };
	struct str part = take_name(s), rest;

	if (s->len == 0 || !is_one_of(part, endings, sizeof endings / sizeof *endings))
		return part;
	part = take_any_part(s);
	rest = *s;
	if (s->len > 0 && is_one_of(part, behind_names, sizeof behind_names / sizeof *behind_names)) {
		part = take_any_part(&rest);
		*s = rest;
	}
	return part;
}

/* Behind blanks and separators from i on. */
static size_t behind_gap(struct str s, size_t i)
{
	size_t jest = sizeof JEST - 1;

	for (;;) {
		if (i + jest <= s.len && memcmp(s.p + i, JEST, jest) == 0)
			i += jest;
		else if (i < s.len && (s.p[i] == ' ' || separator_before(s, i + 1) > 0))
			i++;
		else
			return i;
	}
}

/* "math âº adds two" and "math adds two": the same words. */
static bool has_same_words(struct str a, struct str b)
{
	size_t i = behind_gap(a, 0), k = behind_gap(b, 0);

	while (i < a.len && k < b.len) {
		size_t next_i = behind_gap(a, i), next_k = behind_gap(b, k);

		if ((next_i > i) != (next_k > k) || (next_i == i && a.p[i] != b.p[k]))
			return false;
		i = next_i > i ? next_i : i + 1;
		k = next_k > k ? next_k : k + 1;
	}
	return behind_gap(a, i) == a.len && behind_gap(b, k) == b.len;
}

static bool has_same_parts(struct str a, struct str b)
{
	struct str name = take_name(&a);

	if (name.len == 0 || !str_eq(name, take_name(&b)))
		return false;
	while (a.len > 0 && b.len > 0)
		if (!str_eq(take_part_in_front(&a), take_part_in_front(&b)))
			return false;
	return true;
}

bool test_is_same(struct str a, struct str b)
{
	if (a.len == 0 || b.len == 0)
		return false;
	return has_same_parts(a, b) || has_same_words(a, b);
}

static bool is_same(const struct finding *f, const struct finding *x)
{
	if (x->test.len > 0 && f->test.len > 0)
		return test_is_same(f->test, x->test);
	return x->file.len > 0 && x->line > 0 && f->line == x->line && str_eq(f->file, x->file);
}

/* ---- which may be the same ---- */

/* A finding of the log under what it has in common with the same one in a report: the last part of its test, or its place. */
struct key {
	uint64_t digest;
	size_t finding;
};

struct keys {
	struct key *v; /* by digest, then by finding */
	size_t n;
};

/* FNV-1a. */
static uint64_t digest_of(struct str s, uint64_t number)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ number;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* The last word: the same in all spellings of a test. */
static uint64_t test_digest(struct str test)
{
	struct str part = take_name(&test);
	size_t i = part.len;

	if (i > 0 && part.p[i - 1] == ']')
		return digest_of(part, 0);
	while (i > 0 && part.p[i - 1] != ' ')
		i--;
	return digest_of(str_from(part, i), 0);
}

static uint64_t place_digest(const struct finding *f)
{
	return digest_of(f->file, (uint64_t)f->line);
}

static int by_digest(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->digest != y->digest)
		return x->digest < y->digest ? -1 : 1;
	return (x->finding > y->finding) - (x->finding < y->finding);
}

static struct keys keys_of(const struct findings *ranked)
{
	struct keys k = { .v = mem_alloc(2 * (ranked->n + 1) * sizeof *k.v) };

	for (size_t i = 0; i < ranked->n; i++) {
		const struct finding *f = &ranked->v[i];

		if (f->role == ERROR_CONTEXT)
			continue;
		if (f->test.len > 0)
			k.v[k.n++] = (struct key){ test_digest(f->test), i };
		if (f->file.len > 0 && f->line > 0)
			k.v[k.n++] = (struct key){ place_digest(f), i };
	}
	qsort(k.v, k.n, sizeof *k.v, by_digest);
	return k;
}

static size_t first_at(const struct keys *k, uint64_t digest)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->v[middle].digest < digest)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first of those under this digest that is the same as x; at most LOOK_MAX are looked at. */
static struct finding *find_under(
	const struct keys *k, uint64_t digest, const struct findings *ranked, const struct finding *x)
{
	size_t from = first_at(k, digest);

	for (size_t i = from; i < k->n && i < from + LOOK_MAX && k->v[i].digest == digest; i++)
		if (is_same(&ranked->v[k->v[i].finding], x))
			return &ranked->v[k->v[i].finding];
	return NULL;
}

static struct finding *find_same(const struct keys *k, const struct findings *ranked, const struct finding *x)
{
	struct finding *f = NULL;

	if (x->test.len > 0)
		f = find_under(k, test_digest(x->test), ranked, x);
	if (!f && x->file.len > 0 && x->line > 0)
		f = find_under(k, place_digest(x), ranked, x);
	return f;
}

/* Two reports, or two suites of one, that tell of the same. */
static bool is_among(const struct finding *const *v, size_t n, const struct finding *x)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(v[i], x) && str_eq(v[i]->message, x->message))
			return true;
	return false;
}

void input_beside(const struct findings *reports, struct findings *ranked)
{
	const struct finding *unknown[INPUT_MERGE_MAX];
	struct keys keys = keys_of(ranked);
	size_t n = 0;

	for (size_t i = 0; i < reports->n; i++) {
		const struct finding *x = &reports->v[i];
		struct finding *f = find_same(&keys, ranked, x);

		if (f)
			input_enrich(ranked, f, x);
		else if (x->role == ERROR_CAUSE && !x->flaky && n < INPUT_MERGE_MAX &&
			 !is_among(unknown, n, x))
			unknown[n++] = x;
	}
	free(keys.v);
	input_put_in(ranked, unknown, n);
}
