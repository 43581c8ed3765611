/*
 * rule_load: from YAML to rules. What is not known is refused, so that a word that was spelled wrong does
 * not silently do nothing.
 *
 * The document is kept: all strings of the rules are views of it.
 */
#include "explain/rule.h"

#include "base/file.h"
#include "base/yaml.h"
#include "explain/matcher.h"
#include "explain/rule_default.h"
#include "text/search_limit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/*
 * Unless a rule says otherwise. What is a consequence is said by more exact words than what is an error; what is
 * nothing stands above the rules that know no tool, and below all others.
 */
#define PRECEDENCE 50
#define PRECEDENCE_CONSEQUENCE 60
#define PRECEDENCE_IGNORE 20

/* What is being read, for messages. */
struct source {
	struct rules *rules;
	const char *name;
	struct str file; /* the same without its folder, as long as the rules live */
	bool built_in;
};

static enum err_code refuse(
	const struct source *s, const struct yaml *n, const char *what, struct str which, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s:%zu: %s \"%.*s\"", s->name, yaml_line(n), what, STR_FMT(which));
}

static enum err_code check_keys(
	const struct source *s, const struct yaml *n, const char *const *known, struct err *e)
{
	if (yaml_kind(n) != YAML_MAPPING)
		return refuse(s, n, "a mapping is to stand here, not", yaml_str(n), e);
	for (size_t i = 0; i < yaml_len(n); i++) {
		size_t k = 0;

		while (known[k] && !str_eq(yaml_key(n, i), str_z(known[k])))
			k++;
		if (!known[k])
			return refuse(s, yaml_at(n, i), "there is no key", yaml_key(n, i), e);
	}
	return ERR_OK;
}

static enum err_code read_number(
	const struct source *s, const struct yaml *n, int64_t min, int64_t max, int64_t *ret, struct err *e)
{
	int64_t value;

	if (!n)
		return ERR_OK;
	if (!str_to_int(yaml_str(n), &value) || value < min || value > max)
		return err_set(e, ERR_INVALID, "%s:%zu: is to be a number from %lld to %lld", s->name,
			yaml_line(n), (long long)min, (long long)max);
	*ret = value;
	return ERR_OK;
}

static enum err_code read_bool(const struct source *s, const struct yaml *n, bool *ret, struct err *e)
{
	if (!n)
		return ERR_OK;
	if (!str_eq(yaml_str(n), STR("true")) && !str_eq(yaml_str(n), STR("false")))
		return refuse(s, n, "is to be true or false, not", yaml_str(n), e);
	*ret = str_eq(yaml_str(n), STR("true"));
	return ERR_OK;
}

static enum err_code read_regex(
	const struct source *s, const struct yaml *n, struct rule_regex *ret, struct err *e)
{
	if (!n)
		return ERR_OK;
	if (yaml_str(n).len == 0 || yaml_str(n).len > REGEX_PATTERN_MAX)
		return refuse(s, n, "a pattern is to stand here, not", yaml_str(n), e);
	*ret = (struct rule_regex){ .text = yaml_str(n) };
	return ERR_OK;
}

/* One, or a list of them. */
static enum err_code read_regexes(
	const struct source *s, const struct yaml *n, struct rule_regex **ret, size_t *ret_n, struct err *e)
{
	size_t count = yaml_kind(n) == YAML_SEQUENCE ? yaml_len(n) : n ? 1 : 0;

	*ret = arena_array(&s->rules->arena, count, sizeof **ret);
	*ret_n = count;
	for (size_t i = 0; i < count; i++)
		TRY(read_regex(s, yaml_kind(n) == YAML_SEQUENCE ? yaml_at(n, i) : n, &(*ret)[i], e));
	return ERR_OK;
}

static void read_list(const struct source *s, const struct yaml *n, struct str **ret, size_t *ret_n)
{
	*ret = arena_array(&s->rules->arena, yaml_len(n), sizeof **ret);
	*ret_n = yaml_len(n);
	for (size_t i = 0; i < yaml_len(n); i++)
		(*ret)[i] = yaml_str(yaml_at(n, i));
}

static enum err_code read_extent(
	const struct source *s, const struct yaml *n, struct extent *x, struct err *e)
{
	static const char *const known[] = { "while", "until", "through", "before", "max", "blanks", "bridge",
		"indented", "context", NULL };

	TRY(check_keys(s, n, known, e));
	x->max = RULE_EXTENT_DEFAULT;
	TRY(read_regex(s, yaml_get(n, "while"), &x->goes_on, e));
	TRY(read_regex(s, yaml_get(n, "until"), &x->until, e));
	TRY(read_regex(s, yaml_get(n, "through"), &x->through, e));
	TRY(read_regex(s, yaml_get(n, "before"), &x->before, e));
	TRY(read_number(s, yaml_get(n, "max"), 0, RULE_EXTENT_MAX, &x->max, e));
	TRY(read_number(s, yaml_get(n, "blanks"), 0, RULE_EXTENT_MAX, &x->blanks, e));
	TRY(read_number(s, yaml_get(n, "bridge"), 0, RULE_BRIDGE_MAX, &x->bridge, e));
	TRY(read_bool(s, yaml_get(n, "indented"), &x->indented, e));
	return read_bool(s, yaml_get(n, "context"), &x->context, e);
}

/* Absent: the head alone. A word: an extent that has a name. A mapping: one of its own. */
static enum err_code rule_extent(
	const struct source *s, const struct yaml *n, struct extent **ret, struct err *e)
{
	struct rules *r = s->rules;

	if (!n || yaml_kind(n) == YAML_MAPPING) {
		*ret = arena_alloc(&r->arena, sizeof **ret);
		(*ret)->none = !n;
		return n ? read_extent(s, n, *ret, e) : ERR_OK;
	}
	for (size_t i = 0; i < r->n_extents; i++)
		if (str_eq(r->extents[i]->name, yaml_str(n))) {
			*ret = r->extents[i];
			return ERR_OK;
		}
	return refuse(s, n, "there is no extent", yaml_str(n), e);
}

static enum err_code add_extents(const struct source *s, const struct yaml *n, struct err *e)
{
	struct rules *r = s->rules;

	for (size_t i = 0; i < yaml_len(n); i++) {
		struct extent *x = arena_alloc(&r->arena, sizeof *x);

		TRY(read_extent(s, yaml_at(n, i), x, e));
		x->name = yaml_key(n, i);
		r->extents = mem_grow(r->extents, (r->n_extents + 1) * sizeof(struct extent *));
		r->extents[r->n_extents++] = x;
	}
	return ERR_OK;
}

static enum err_code read_words(
	const struct source *s, const struct yaml *n, struct rule *rule, struct err *e)
{
	const struct yaml *class = yaml_get(n, "class"), *severity = yaml_get(n, "severity"),
			  *role = yaml_get(n, "role");

	rule->role = ERROR_CAUSE;
	rule->severity = SEVERITY_ERROR;
	rule->class = CLASS_UNKNOWN;
	if (class && !error_class_find(yaml_str(class), &rule->class))
		return refuse(s, class, "there is no class", yaml_str(class), e);
	if (severity && !error_severity_find(yaml_str(severity), &rule->severity))
		return refuse(s, severity, "there is no severity", yaml_str(severity), e);
	if (role && !error_role_find(yaml_str(role), &rule->role))
		return refuse(s, role, "there is no role", yaml_str(role), e);
	return ERR_OK;
}

static enum err_code add_patterns(
	const struct source *s, const struct yaml *n, struct rule *rule, struct err *e)
{
	struct rules *r = s->rules;
	struct rule_regex *v;
	size_t count;

	TRY(read_regexes(s, n, &v, &count, e));
	rule->first_pattern = r->n_patterns;
	rule->n_patterns = count;
	if (r->n_patterns + count > RULES_PATTERNS_MAX)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %d patterns", s->name, RULES_PATTERNS_MAX);
	r->patterns = mem_grow(r->patterns, (r->n_patterns + count) * sizeof *r->patterns);
	r->rule_of = mem_grow(r->rule_of, (r->n_patterns + count) * sizeof *r->rule_of);
	for (size_t i = 0; i < count; i++) {
		r->patterns[r->n_patterns] = v[i];
		r->rule_of[r->n_patterns++] = r->n;
	}
	return ERR_OK;
}

static int64_t default_precedence(const struct rule *rule)
{
	if (rule->ignore)
		return PRECEDENCE_IGNORE;
	return rule->role == ERROR_CONSEQUENCE ? PRECEDENCE_CONSEQUENCE : PRECEDENCE;
}

static enum err_code add_rule(const struct source *s, const struct yaml *n, struct err *e)
{
	static const char *const known[] = { "id", "tool", "class", "severity", "role", "weight", "alone",
		"alone_rule", "precedence", "limit", "ignore", "ends", "stated", "match", "not", "within",
		"within_last", "extent", "advice", "examples", NULL };
	struct rules *r = s->rules;
	struct rule rule = { .weight = 50, .file = s->file, .built_in = s->built_in };

	TRY(check_keys(s, n, known, e));
	rule.id = yaml_str(yaml_get(n, "id"));
	rule.tool = yaml_str(yaml_get(n, "tool"));
	rule.advice = yaml_str(yaml_get(n, "advice"));
	rule.examples = yaml_get(n, "examples");
	if (rule.id.len == 0 || rule.id.len > 100 || rules_find(r, rule.id))
		return refuse(s, n, "a rule is to have an id that no other has, not", rule.id, e);
	TRY(read_words(s, n, &rule, e));
	TRY(read_number(s, yaml_get(n, "weight"), 1, 100, &rule.weight, e));
	rule.alone = rule.weight;
	TRY(read_number(s, yaml_get(n, "alone"), 1, 100, &rule.alone, e));
	rule.alone_id = yaml_str(yaml_get(n, "alone_rule"));
	TRY(read_number(s, yaml_get(n, "limit"), 0, FINDINGS_MAX, &rule.limit, e));
	TRY(read_bool(s, yaml_get(n, "ignore"), &rule.ignore, e));
	TRY(read_bool(s, yaml_get(n, "stated"), &rule.stated, e));
	rule.precedence = default_precedence(&rule);
	TRY(read_number(s, yaml_get(n, "precedence"), 0, 100, &rule.precedence, e));
	TRY(read_bool(s, yaml_get(n, "within_last"), &rule.within_last, e));
	read_list(s, yaml_get(n, "ends"), &rule.ends, &rule.n_ends);
	TRY(read_regexes(s, yaml_get(n, "not"), &rule.not, &rule.n_not, e));
	TRY(read_regexes(s, yaml_get(n, "within"), &rule.within, &rule.n_within, e));
	TRY(rule_extent(s, yaml_get(n, "extent"), &rule.extent, e));
	TRY(add_patterns(s, yaml_get(n, "match"), &rule, e));
	if (rule.n_patterns == 0 && !rule.stated)
		return refuse(s, n, "nothing to match in", rule.id, e);
	if (r->n == RULES_MAX)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %d rules", s->name, RULES_MAX);
	r->v = mem_grow(r->v, (r->n + 1) * sizeof *r->v);
	r->v[r->n++] = rule;
	return ERR_OK;
}

/* What a file says is a part of what all say. */
static void note_text(struct rules *r, struct str text)
{
	struct sha256 both[2] = { r->said, sha256_of(text) };

	r->said = sha256_of((struct str){ (const char *)both, sizeof both });
}

static enum err_code add_text(const struct source *s, struct str yaml, bool extents_only, struct err *e)
{
	static const char *const known[] = { "extents", "rules", NULL };
	struct rules *r = s->rules;
	struct yaml_doc *doc;
	enum err_code code;

	if (yaml.len > RULES_FILE_MAX)
		return err_set(e, ERR_TOO_LARGE, "%s: more than %d bytes", s->name, RULES_FILE_MAX);
	code = yaml_doc_parse(yaml, &doc, e);
	if (code != ERR_OK) {
		err_in(e, "%s", s->name);
		return code;
	}
	r->docs = mem_grow(r->docs, (r->n_docs + 1) * sizeof(struct yaml_doc *));
	r->docs[r->n_docs++] = doc;
	note_text(r, yaml);
	const struct yaml *root = yaml_doc_root(doc);

	TRY(check_keys(s, root, known, e));
	TRY(add_extents(s, yaml_get(root, "extents"), e));
	const struct yaml *list = yaml_get(root, "rules");
	for (size_t i = 0; !extents_only && i < yaml_len(list); i++)
		TRY(add_rule(s, yaml_at(list, i), e));
	return ERR_OK;
}

static struct source source_of(struct rules *r, const char *name, bool built_in)
{
	const char *slash = strrchr(name, '/');

	return (struct source){ .rules = r,
		.name = name,
		.file = arena_str(&r->arena, str_z(slash ? slash + 1 : name)),
		.built_in = built_in };
}

enum err_code rules_add(struct rules *r, const char *name, struct str yaml, struct err *e)
{
	struct source s = source_of(r, name, false);

	return add_text(&s, yaml, false, e);
}

static enum err_code add_default(struct rules *r, bool extents_only, struct err *e)
{
	for (size_t i = 0; i < rule_n_defaults; i++) {
		struct source s = source_of(r, rule_defaults[i].name, true);
		struct str text = str_z(rule_defaults[i].text);

		if (!extents_only || str_find_str(text, STR("\nextents:\n")) < text.len)
			TRY(add_text(&s, text, extents_only, e));
	}
	return ERR_OK;
}

enum err_code rules_add_default(struct rules *r, struct err *e)
{
	return add_default(r, false, e);
}

enum err_code rules_add_default_extents(struct rules *r, struct err *e)
{
	return add_default(r, true, e);
}

size_t rule_n_examples(const struct rule *rule)
{
	return yaml_len(yaml_get(rule->examples, "yes")) + yaml_len(yaml_get(rule->examples, "no"));
}

enum err_code rule_patterns_check(
	const struct rules *r, const struct rule *rule, struct search_size *sum, struct err *e)
{
	const struct search_limits limits = { RULE_PATTERN_BYTES, RULE_PATTERN_COUNTS, RULE_PATTERN_SIZE,
		RULE_PATTERN_LOOSE };

	for (size_t i = 0; i < rule->n_patterns; i++) {
		struct str text = r->patterns[rule->first_pattern + i].text;
		struct search_size n = { 0 };

		if (search_limit_size(text, &limits, &n, e) != ERR_OK)
			return err_in(e, "rule %.*s, pattern %zu of match", STR_FMT(rule->id), i + 1);
		if (sum) {
			sum->size += n.size;
			sum->loose += n.loose;
		}
	}
	return ERR_OK;
}

static bool is_matchers(const char *name)
{
	return str_ends(str_z(name), STR(".json"));
}

static int is_rules(const struct dirent *d)
{
	return d->d_name[0] != '.' && (str_ends(str_z(d->d_name), STR(".yaml")) || is_matchers(d->d_name));
}

static enum err_code add_file(struct rules *r, const char *folder, const char *name, struct err *e)
{
	AUTO_BUF path, text;

	buf_init(&path, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	buf_fmt(&path, "%s/%s", folder, name);
	TRY(file_read(buf_cstr(&path), RULES_FILE_MAX, &text, e));
	if (is_matchers(name)) {
		enum err_code code = matchers_add(r->matchers, buf_view(&text), e);

		if (code == ERR_OK)
			note_text(r, buf_view(&text));
		else
			err_in(e, "%s", buf_cstr(&path));
		return code;
	}
	size_t n_before = r->n;
	TRY(rules_add(r, buf_cstr(&path), buf_view(&text), e));
	for (size_t i = n_before; i < r->n; i++)
		if (rule_patterns_check(r, &r->v[i], NULL, e) != ERR_OK)
			return err_in(e, "%s", buf_cstr(&path));
	return ERR_OK;
}

enum err_code rules_add_folder(struct rules *r, const char *path, struct err *e)
{
	struct dirent **v = NULL;
	enum err_code code = ERR_OK;
	int n = scandir(path, &v, is_rules, alphasort);

	if (n < 0)
		return err_set(e, ERR_NOT_FOUND, "rules: the folder \"%s\" cannot be read", path);
	for (int i = 0; i < n; i++) {
		if (code == ERR_OK)
			code = add_file(r, path, v[i]->d_name, e);
		free(v[i]);
	}
	free(v);
	return code;
}
