/* input_beside: by name of the test, else by place in a file. */
#include "explain/input_beside.h"

/* Between the parts of a test's name, in whatever tool: a.b, a::b, a#b, a/b, "a > b", "a b" is one part. */
static bool is_separator(char c)
{
	return c == '.' || c == ':' || c == '#' || c == '/' || c == '\\' || c == '>' || c == '$';
}

/* What is in brackets at the end, a parameter, belongs to the last part whatever it has in it. */
static size_t start_of_last_part(struct str s)
{
	size_t i = s.len;

	if (i > 0 && s.p[i - 1] == ']')
		while (i > 0 && s.p[i - 1] != '[')
			i--;
	while (i > 0 && !is_separator(s.p[i - 1]))
		i--;
	return i;
}

/* The last part, and s becomes what is in front of it. Endings of files are no parts. */
static struct str take_last_part(struct str *s)
{
	static const char *const endings[] = { "py", "js", "ts", "rb", "go", "rs", "c", "cc", "cpp", "java",
		"jsx", "tsx" };
	struct str part;

	do {
		size_t at = start_of_last_part(*s);

		part = str_trim(str_from(*s, at));
		s->len = at;
		while (s->len > 0 && (is_separator(s->p[s->len - 1]) || s->p[s->len - 1] == ' '))
			s->len--;
		for (size_t i = 0; i < sizeof endings / sizeof *endings && s->len > 0; i++)
			if (str_eq(part, str_z(endings[i])))
				part.len = 0;
	} while (part.len == 0 && s->len > 0);
	return part;
}

bool test_is_same(struct str a, struct str b)
{
	if (a.len == 0 || b.len == 0)
		return false;
	while (a.len > 0 && b.len > 0) {
		struct str x = take_last_part(&a), y = take_last_part(&b);

		if (!str_eq(x, y))
			return false;
	}
	return true;
}

static bool is_same(const struct finding *f, const struct finding *x)
{
	if (x->test.len > 0 && f->test.len > 0)
		return test_is_same(f->test, x->test);
	return x->file.len > 0 && x->line > 0 && f->line == x->line && str_eq(f->file, x->file);
}

static struct finding *find_same(const struct findings *ranked, size_t n, const struct finding *x)
{
	for (size_t i = 0; i < n; i++)
		if (ranked->v[i].role != ERROR_CONTEXT && is_same(&ranked->v[i], x))
			return &ranked->v[i];
	return NULL;
}

void input_beside(const struct findings *reports, struct findings *ranked)
{
	size_t n_found = ranked->n, n = 0;
	const struct finding *unknown[INPUT_MERGE_MAX];

	for (size_t i = 0; i < reports->n; i++) {
		const struct finding *x = &reports->v[i];
		struct finding *f = find_same(ranked, n_found, x);

		if (f)
			input_enrich(ranked, f, x);
		else if (x->role == ERROR_CAUSE && !x->flaky && n < INPUT_MERGE_MAX)
			unknown[n++] = x;
	}
	input_put_in(ranked, unknown, n);
}
