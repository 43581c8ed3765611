/*
 * matcher: the states of GitHub's runner (src/Runner.Worker/IssueMatcher.cs), one for each pattern of a matcher.
 *
 * A pattern i is tried when i is 0 or pattern i - 1 matched the line before; the last ones first, so that a line moves
 * a matcher on before it may begin anew. What a pattern captured is carried to the next. A last pattern that loops
 * leaves the state in front of it as it is, until a line does not match.
 */
#include "explain/matcher.h"

#include "base/json.h"
#include "base/regex.h"

#include <stdlib.h>
#include <string.h>

enum prop { PROP_FILE, PROP_FROM_PATH, PROP_LINE, PROP_COL, PROP_SEVERITY, PROP_CODE, PROP_MESSAGE, N_PROPS };
static const char *const prop_names[N_PROPS] = {
	[PROP_FILE] = "file",
	[PROP_FROM_PATH] = "fromPath",
	[PROP_LINE] = "line",
	[PROP_COL] = "column",
	[PROP_SEVERITY] = "severity",
	[PROP_CODE] = "code",
	[PROP_MESSAGE] = "message",
};

/* Owners whose matchers are of compilers; of the others it is taken that they lint. */
static const char *const compilers[] = { "tsc", "go", "gcc", "clang", "msvc", "csc", "csharp", "rustc",
	"cargo", "javac", "dotnet", "gcc-problem-matcher", "cpp", "swift", "ghc", "vue-tsc" };

struct pattern {
	struct regex *regex;
	size_t group[N_PROPS]; /* 0: it has none */
	bool loop;
};

/* What the patterns so far have captured; the line of the first. */
struct state {
	bool set;
	size_t from;
	struct str values[N_PROPS]; /* views of the log */
};

struct matcher {
	struct str owner, rule; /* owned: rule is "matcher:OWNER", owner a view of it */
	enum error_severity severity;
	enum error_class class;
	struct pattern patterns[MATCHER_PATTERNS_MAX];
	size_t n;
	struct state states[MATCHER_PATTERNS_MAX];
	uint64_t n_given_up; /* before this run */
	bool aside;
};

struct matchers {
	struct matcher *v[MATCHERS_MAX];
	size_t n;
};

struct matchers *matchers_new(void)
{
	return mem_alloc(sizeof(struct matchers));
}

static void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		regex_free(m->patterns[i].regex);
	free((char *)m->rule.p);
	free(m);
}

static void free_from(struct matchers *m, size_t n)
{
	while (m->n > n)
		matcher_free(m->v[--m->n]);
}

void matchers_free(struct matchers *m)
{
	if (!m)
		return;
	free_from(m, 0);
	free(m);
}

size_t matchers_count(const struct matchers *m)
{
	return m->n;
}

/* ---- reading ---- */

static enum err_code read_pattern(const struct json *node, bool last, struct pattern *p, struct err *e)
{
	TRY(regex_new(json_str(json_get(node, "regexp")), REGEX_ECMASCRIPT, &p->regex, e));
	for (size_t i = 0; i < N_PROPS; i++) {
		const struct json *n = json_get(node, prop_names[i]);
		int64_t group;

		if (json_kind(n) == JSON_NONE || json_kind(n) == JSON_NULL)
			continue;
		if (!json_int(n, &group) || group < 0 || (uint64_t)group > regex_n_groups(p->regex))
			return err_set(e, ERR_INVALID, "\"%s\" must be the number of a group of its regexp",
				prop_names[i]);
		p->group[i] = (size_t)group;
	}
	p->loop = json_is_true(json_get(node, "loop"));
	if (p->loop && !last)
		return err_set(e, ERR_INVALID, "\"loop\" is for the last pattern");
	return ERR_OK;
}

static enum err_code read_patterns(const struct json *node, struct matcher *m, struct err *e)
{
	const struct json *list = json_get(node, "pattern");
	bool single = json_kind(list) == JSON_OBJECT;
	size_t n = single ? 1 : json_len(list);

	if (n == 0 || n > MATCHER_PATTERNS_MAX)
		return err_set(e, ERR_INVALID, "needs 1 to %d patterns", MATCHER_PATTERNS_MAX);
	for (size_t i = 0; i < n; i++) {
		enum err_code code =
			read_pattern(single ? list : json_at(list, i), i + 1 == n, &m->patterns[i], e);

		m->n = i + 1;
		if (code != ERR_OK) {
			err_in(e, "pattern %zu", i + 1);
			return code;
		}
	}
	if (n == 1 && m->patterns[0].loop)
		return err_set(e, ERR_INVALID, "\"loop\" needs a pattern in front of it");
	return ERR_OK;
}

static enum err_code read_matcher(const struct json *node, struct matcher *m, struct err *e)
{
	struct str owner = json_str(json_get(node, "owner")), severity = json_str(json_get(node, "severity"));
	char *rule;

	if (owner.len == 0 || owner.len > 100 || memchr(owner.p, '\0', owner.len))
		return err_set(e, ERR_INVALID, "\"owner\" must have 1 to 100 characters");
	rule = mem_alloc(8 + owner.len + 1);
	memcpy(rule, "matcher:", 8);
	memcpy(rule + 8, owner.p, owner.len);
	m->rule = (struct str){ rule, 8 + owner.len };
	m->owner = str_from(m->rule, 8);
	m->severity = SEVERITY_ERROR;
	if (severity.len > 0 && !input_severity(severity, &m->severity))
		return err_set(e, ERR_INVALID, "\"severity\" must be error, warning or notice");
	m->class = CLASS_LINT;
	for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++)
		if (str_eq_nocase(owner, str_z(compilers[i])))
			m->class = CLASS_COMPILE;
	return read_patterns(node, m, e);
}

static enum err_code add_all(struct matchers *m, const struct json *list, struct err *e)
{
	for (size_t i = 0; i < json_len(list); i++) {
		struct matcher *one = mem_alloc(sizeof *one);
		enum err_code code = read_matcher(json_at(list, i), one, e);

		if (code == ERR_OK && m->n == MATCHERS_MAX)
			code = err_set(e, ERR_TOO_LARGE, "more than %d matchers", MATCHERS_MAX);
		if (code != ERR_OK) {
			err_in(e, "problem matcher %zu (%.*s)", i + 1, STR_FMT(one->owner));
			matcher_free(one);
			return code;
		}
		m->v[m->n++] = one;
	}
	return ERR_OK;
}

/* Of two of one owner the later one stays. */
static void drop_replaced(struct matchers *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		bool replaced = false;

		for (size_t k = i + 1; k < m->n; k++)
			replaced = replaced || str_eq(m->v[i]->owner, m->v[k]->owner);
		if (replaced)
			matcher_free(m->v[i]);
		else
			m->v[kept++] = m->v[i];
	}
	m->n = kept;
}

enum err_code matchers_add(struct matchers *m, struct str json, struct err *e)
{
	struct json_doc *doc;
	const struct json *list;
	enum err_code code;
	size_t before = m->n;

	TRY(json_parse(json, 0, &doc, e));
	list = json_get(json_root(doc), "problemMatcher");
	if (json_kind(list) == JSON_ARRAY)
		code = add_all(m, list, e);
	else
		code = err_set(
			e, ERR_INVALID, "has no \"problemMatcher\", so it is no file of problem matchers");
	json_free(doc);
	if (code != ERR_OK)
		free_from(m, before);
	else
		drop_replaced(m);
	return code;
}

/* ---- matching ---- */

static bool try_pattern(
	const struct pattern *p, struct str line, const struct state *before, struct state *ret)
{
	struct str groups[REGEX_GROUPS_MAX];

	if (!regex_match(p->regex, line, groups, REGEX_GROUPS_MAX))
		return false;
	*ret = before ? *before : (struct state){ 0 };
	ret->set = true;
	for (size_t i = 0; i < N_PROPS; i++)
		if (p->group[i] > 0)
			ret->values[i] = groups[p->group[i]];
	return true;
}

/* The folder that a project file is in, and the file. */
static struct str file_of(struct input *in, const struct state *s)
{
	struct str file = s->values[PROP_FILE], from = s->values[PROP_FROM_PATH];
	const char *slash = from.len > 0 ? memrchr(from.p, '/', from.len) : NULL;
	const char *back = from.len > 0 ? memrchr(from.p, '\\', from.len) : NULL;
	bool absolute = file.len > 0 && (file.p[0] == '/' || (file.len > 1 && file.p[1] == ':'));

	slash = slash && (!back || slash > back) ? slash : back;
	if (file.len == 0 || absolute || !slash)
		return input_keep_path(in, file);
	struct str folder = { from.p, (size_t)(slash - from.p) };
	return input_keep_path(
		in, arena_fmt(&in->out->arena, "%.*s%c%.*s", STR_FMT(folder), *slash, STR_FMT(file)));
}

static void tell(const struct matcher *m, struct input *in, const struct state *s, struct str line, size_t at)
{
	enum error_severity severity = m->severity;
	struct str message = s->values[PROP_MESSAGE];
	struct finding *f;

	if (s->values[PROP_SEVERITY].len > 0)
		input_severity(s->values[PROP_SEVERITY], &severity);
	/* A pattern that loops is told for its own line alone. */
	f = input_add(in, severity, m->patterns[m->n - 1].loop ? at : s->from, at + 1);
	if (!f)
		return;
	f->class = m->class;
	f->rule = findings_keep(in->out, m->rule);
	f->tool = str_from(f->rule, 8);
	f->file = file_of(in, s);
	f->line = input_number(s->values[PROP_LINE]);
	f->col = input_number(s->values[PROP_COL]);
	f->code = input_keep(in, s->values[PROP_CODE]);
	f->message = input_keep(in, message.len > 0 ? message : line);
}

static void take_line(struct matcher *m, struct input *in, struct str line, size_t at)
{
	struct state found;

	for (size_t i = m->n; i-- > 0;) {
		struct state *before = i > 0 ? &m->states[i - 1] : NULL;
		bool last = i + 1 == m->n, loop = m->patterns[i].loop;

		if (before && !before->set)
			continue;
		if (!try_pattern(&m->patterns[i], line, before, &found)) {
			if (before) /* the line that was to follow did not */
				before->set = false;
			continue;
		}
		if (!before)
			found.from = at;
		if (before && !(last && loop))
			before->set = false;
		if (last)
			tell(m, in, &found, line, at);
		else
			m->states[i] = found;
		return;
	}
}

static void check_given_up(struct matcher *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += regex_n_given_up(m->patterns[i].regex);
	m->aside = n - m->n_given_up > MATCHER_GIVE_UPS;
}

static void begin(struct matcher *m)
{
	memset(m->states, 0, sizeof m->states);
	m->aside = false;
	m->n_given_up = 0;
	for (size_t i = 0; i < m->n; i++)
		m->n_given_up += regex_n_given_up(m->patterns[i].regex);
}

void matchers_run(struct matchers *m, struct input *in)
{
	in->name = STR("matcher");
	for (size_t k = 0; k < m->n; k++) {
		begin(m->v[k]);
		for (size_t i = 0; i < in->log->n && !m->v[k]->aside; i++) {
			take_line(m->v[k], in, lines_text(in->log, i), i);
			check_given_up(m->v[k]);
		}
	}
}

struct str matchers_given_up(const struct matchers *m, size_t i)
{
	for (size_t k = 0; k < m->n; k++)
		if (m->v[k]->aside && i-- == 0)
			return m->v[k]->owner;
	return STR("");
}
