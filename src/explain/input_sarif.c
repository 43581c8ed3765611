/*
 * input_sarif: a result at a time, each looked up in the rules of its run.
 *
 * A result names its rule by index, by id, or both; the rule stands with the driver or with an extension. An index is
 * one look; an id alone would be a search over all rules for every result, so ids are searched in a sorted copy.
 */
#include "explain/input_sarif.h"

#include "explain/input_case.h"

#include <stdlib.h>
#include <string.h>

#define ID_PARTS 4 /* of a hierarchical id, tried from its end */

struct rule {
	struct str id;
	const struct json *node;
};

struct run {
	struct input *in;
	const struct json *node, *driver, *artifacts;
	struct rule *rules; /* of the driver and all extensions, sorted by id */
	size_t n_rules;
	bool compiles; /* the tool is a compiler */
};

static int by_id(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	size_t n = x->id.len < y->id.len ? x->id.len : y->id.len;
	int order = n > 0 ? memcmp(x->id.p, y->id.p, n) : 0;

	return order ? order : (x->id.len > y->id.len) - (x->id.len < y->id.len);
}

static void add_rules(struct run *r, const struct json *component)
{
	const struct json *rules = json_get(component, "rules");

	for (size_t i = 0; i < json_len(rules); i++) {
		const struct json *rule = json_at(rules, i);

		r->rules[r->n_rules++] = (struct rule){ json_str(json_get(rule, "id")), rule };
	}
}

static void collect_rules(struct run *r, struct arena *a)
{
	const struct json *extensions = json_get(json_get(r->node, "tool"), "extensions");
	size_t n = json_len(json_get(r->driver, "rules"));

	for (size_t i = 0; i < json_len(extensions); i++)
		n += json_len(json_get(json_at(extensions, i), "rules"));
	r->rules = arena_array(a, n, sizeof *r->rules);
	add_rules(r, r->driver);
	for (size_t i = 0; i < json_len(extensions); i++)
		add_rules(r, json_at(extensions, i));
	if (r->n_rules > 0)
		qsort(r->rules, r->n_rules, sizeof *r->rules, by_id);
}

/* A node of an array by an index that may be anything. */
static const struct json *at_index(const struct json *array, const struct json *index)
{
	int64_t i;

	if (!json_int(index, &i) || i < 0 || (uint64_t)i >= json_len(array))
		return NULL;
	return json_at(array, (size_t)i);
}

/* A result's "ruleId", and that of its reference to the rule, "rule". */
static struct str rule_id(const struct json *result)
{
	struct str id = json_str(json_get(result, "ruleId"));

	return id.len > 0 ? id : json_str(json_get(json_get(result, "rule"), "id"));
}

/* "CA1000/1" is a kind of CA1000 (3.27.5), so what is not found is looked for without its end. */
static const struct json *rule_by_id(const struct run *r, struct str id)
{
	for (int i = 0; i < ID_PARTS && r->n_rules > 0 && id.len > 0; i++) {
		struct rule key = { id, NULL };
		const struct rule *found = bsearch(&key, r->rules, r->n_rules, sizeof *r->rules, by_id);
		const char *slash = memrchr(id.p, '/', id.len);

		if (found)
			return found->node;
		id.len = slash ? (size_t)(slash - id.p) : 0;
	}
	return NULL;
}

static const struct json *rule_of(const struct run *r, const struct json *result)
{
	const struct json *ref = json_get(result, "rule"), *component = json_get(ref, "toolComponent");
	const struct json *extension =
		at_index(json_get(json_get(r->node, "tool"), "extensions"), json_get(component, "index"));
	const struct json *index =
		json_get(ref, "index") ? json_get(ref, "index") : json_get(result, "ruleIndex");
	const struct json *rule = at_index(json_get(extension ? extension : r->driver, "rules"), index);

	return rule ? rule : rule_by_id(r, rule_id(result));
}

/* False: no problem, as things are now. */
static bool is_problem(const struct json *result)
{
	struct str kind = json_str(json_get(result, "kind")),
		   state = json_str(json_get(result, "baselineState"));
	const struct json *suppressions = json_get(result, "suppressions");

	if ((kind.len > 0 && !str_eq(kind, STR("fail"))) || str_eq(state, STR("absent")))
		return false;
	for (size_t i = 0; i < json_len(suppressions); i++) {
		struct str status = json_str(json_get(json_at(suppressions, i), "status"));

		if (status.len == 0 || str_eq(status, STR("accepted")))
			return false;
	}
	return true;
}

static enum error_severity level_of(const struct json *result, const struct json *rule)
{
	struct str level = json_str(json_get(result, "level"));
	enum error_severity s = SEVERITY_WARNING;

	if (level.len == 0)
		level = json_str(json_get(json_get(rule, "defaultConfiguration"), "level"));
	if (str_eq(level, STR("none")))
		return SEVERITY_NOTE;
	input_severity(level, &s);
	return s;
}

/* {0} in a message is the first argument, {{ and }} are braces. */
static struct str with_arguments(struct input *in, struct str text, const struct json *arguments)
{
	AUTO_BUF out;

	buf_init(&out, FINDING_MESSAGE_MAX);
	for (size_t i = 0; i < text.len && !out.full; i++) {
		struct str rest = str_from(text, i);
		size_t close = str_find(rest, '}');
		int64_t n = 0;

		if (str_starts(rest, STR("{{")) || str_starts(rest, STR("}}"))) {
			buf_char(&out, text.p[i++]);
		} else if (rest.p[0] == '{' && close < 4 &&
			   str_to_int((struct str){ rest.p + 1, close - 1 }, &n) && n >= 0) {
			buf_str(&out, json_str(json_at(arguments, (size_t)n)));
			i += close;
		} else {
			buf_char(&out, text.p[i]);
		}
	}
	return input_keep(in, buf_view(&out));
}

static struct str message_of(struct input *in, const struct json *message, const struct json *rule)
{
	struct str text = json_str(json_get(message, "text")), id = json_str(json_get(message, "id"));
	const struct json *arguments = json_get(message, "arguments");
	char key[200];

	if (text.len == 0 && id.len > 0 && id.len < sizeof key) {
		memcpy(key, id.p, id.len);
		key[id.len] = '\0';
		text = json_str(json_get(json_get(json_get(rule, "messageStrings"), key), "text"));
	}
	if (text.len == 0)
		text = json_str(json_get(message, "markdown"));
	if (text.len == 0)
		text = json_str(json_get(json_get(rule, "shortDescription"), "text"));
	if (text.len > FINDING_MESSAGE_MAX)
		text.len = FINDING_MESSAGE_MAX;
	return json_len(arguments) > 0 ? with_arguments(in, text, arguments) : input_keep(in, text);
}

/* The first location: where the problem is; others are where else. */
static void set_where(const struct run *r, const struct json *holder, struct finding *f)
{
	const struct json *location = json_at(json_get(holder, "locations"), 0);
	const struct json *physical = json_get(location, "physicalLocation");
	const struct json *artifact = json_get(physical, "artifactLocation"),
			  *region = json_get(physical, "region");
	struct str uri = json_str(json_get(artifact, "uri"));
	int64_t n;

	if (uri.len == 0)
		uri = json_str(json_get(
			json_get(at_index(r->artifacts, json_get(artifact, "index")), "location"), "uri"));
	f->file = input_keep_path(r->in, uri);
	if (json_int(json_get(region, "startLine"), &n) && n > 0)
		f->line = n;
	if (json_int(json_get(region, "startColumn"), &n) && n > 0)
		f->col = n;
}

/* A rule that is looked for is a test, by its id behind the name of its tool. */
static void tell_case(const struct run *r, struct str id, enum input_outcome outcome, struct str message)
{
	if (r->in->cases && id.len > 0)
		input_case_add(r->in->cases,
			r->in->tool.len > 0
				? input_keep_fmt(r->in, "%.*s %.*s", STR_FMT(r->in->tool), STR_FMT(id))
				: id,
			outcome, -1, message);
}

static void tell_rules(const struct run *r)
{
	for (size_t i = 0; r->in->cases && i < r->n_rules; i++)
		tell_case(r, r->rules[i].id, CASE_PASSED, STR(""));
}

static void tell_result(const struct run *r, const struct json *result)
{
	const struct json *rule = rule_of(r, result);
	struct str code = rule_id(result), message;
	enum error_severity severity = level_of(result, rule);
	struct finding *f;

	if (!is_problem(result))
		return;
	if (code.len == 0)
		code = json_str(json_get(rule, "id"));
	message = message_of(r->in, json_get(result, "message"), rule);
	if (severity > SEVERITY_NOTE)
		tell_case(r, code, CASE_FAILED, message);
	f = input_add(r->in, severity, 0, 0);
	if (!f)
		return;
	f->class = r->compiles ? CLASS_COMPILE : CLASS_LINT;
	f->code = input_keep(r->in, code);
	f->message = message;
	set_where(r, result, f);
}

/* What the tool says of its own failure. */
static void tell_notifications(const struct run *r, const struct json *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *n = json_at(list, i);
		struct finding *f;

		if (!str_eq(json_str(json_get(n, "level")), STR("error")))
			continue;
		f = input_add(r->in, SEVERITY_ERROR, 0, 0);
		if (!f)
			return;
		f->code = input_keep(r->in, json_str(json_get(json_get(n, "descriptor"), "id")));
		f->message = message_of(r->in, json_get(n, "message"), NULL);
		set_where(r, n, f);
	}
}

static bool is_compiler(struct str name)
{
	static const char *const names[] = { "GNU C", "clang", "rustc", "MSVC", "Microsoft (R) Visual C#",
		"tsc" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_eq(name, str_z(names[i])) || (i == 0 && str_starts(name, str_z(names[i]))))
			return true;
	return false;
}

static void tell_run(struct input *in, const struct json *node)
{
	struct run r = { .in = in, .node = node };
	const struct json *results = json_get(node, "results"), *invocations = json_get(node, "invocations");
	AUTO_ARENA a;

	arena_init(&a);
	r.driver = json_get(json_get(node, "tool"), "driver");
	r.artifacts = json_get(node, "artifacts");
	collect_rules(&r, &a);
	in->tool = input_keep(in, json_str(json_get(r.driver, "name")));
	r.compiles = is_compiler(in->tool);
	tell_rules(&r);
	for (size_t i = 0; i < json_len(results); i++)
		tell_result(&r, json_at(results, i));
	for (size_t i = 0; i < json_len(invocations); i++)
		tell_notifications(&r, json_get(json_at(invocations, i), "toolExecutionNotifications"));
}

enum err_code input_sarif(struct input *in, const struct json *root, struct err *e)
{
	const struct json *runs = json_get(root, "runs");

	in->name = STR("sarif");
	if (json_kind(runs) != JSON_ARRAY)
		return err_set(e, ERR_MEDIA, "is JSON, but not SARIF: no \"runs\"");
	for (size_t i = 0; i < json_len(runs); i++)
		tell_run(in, json_at(runs, i));
	return ERR_OK;
}
