/*
 * input_rdjson: one diagnostic, from an array or from a line.
 */
#include "explain/input_rdjson.h"

/* A diagnostic may carry the suggested new text; longer ones are none. */
#define LINE_MAX_BYTES ((size_t)256 * 1024)

/* "ERROR" or 1; UNKNOWN or absent: what stands in for it. */
static enum error_severity severity_of(const struct json *n, enum error_severity otherwise)
{
	static const enum error_severity numbers[] = { SEVERITY_ERROR, SEVERITY_ERROR, SEVERITY_WARNING,
		SEVERITY_NOTE };
	enum error_severity s = otherwise;
	int64_t i;

	if (json_int(n, &i) && i > 0 && i < 4)
		return numbers[i];
	input_severity(json_str(n), &s);
	return s;
}

/* "source" is an object with a name; some write the name alone. */
static struct str source_of(const struct json *holder)
{
	const struct json *source = json_get(holder, "source");
	struct str name = json_str(json_get(source, "name"));

	return name.len > 0 ? name : json_str(source);
}

static void tell(struct input *in, const struct json *d, enum error_severity otherwise, struct str source,
	size_t from, size_t to)
{
	const struct json *location = json_get(d, "location"), *code = json_get(d, "code");
	const struct json *start = json_get(json_get(location, "range"), "start");
	struct finding *f = input_add(in, severity_of(json_get(d, "severity"), otherwise), from, to);
	struct str own = source_of(d), value = json_str(json_get(code, "value"));
	int64_t n;

	if (!f)
		return;
	f->class = CLASS_LINT;
	f->tool = input_keep(in, own.len > 0 ? own : source);
	f->code = input_keep(in, value.len > 0 ? value : json_str(code));
	f->message = input_keep(in, json_str(json_get(d, "message")));
	f->file = input_keep_path(in, json_str(json_get(location, "path")));
	if (json_int(json_get(start, "line"), &n) && n > 0)
		f->line = n;
	if (json_int(json_get(start, "column"), &n) && n > 0)
		f->col = n;
}

static bool is_diagnostic(const struct json *d)
{
	return json_kind(json_get(d, "message")) == JSON_STRING &&
	       json_kind(json_get(d, "location")) == JSON_OBJECT;
}

enum err_code input_rdjson(struct input *in, const struct json *root, struct err *e)
{
	const struct json *list = json_get(root, "diagnostics");
	enum error_severity otherwise = severity_of(json_get(root, "severity"), SEVERITY_ERROR);
	struct str source = source_of(root);

	in->name = STR("rdjson");
	if (json_kind(list) != JSON_ARRAY)
		return err_set(e, ERR_MEDIA, "is JSON, but not rdjson: no \"diagnostics\"");
	for (size_t i = 0; i < json_len(list); i++)
		if (is_diagnostic(json_at(list, i)))
			tell(in, json_at(list, i), otherwise, source, 0, 0);
	return ERR_OK;
}

bool input_rdjsonl_looks(struct str line)
{
	return line.len > 2 && line.len <= LINE_MAX_BYTES && line.p[0] == '{' &&
	       str_find_str(line, STR("\"location\"")) < line.len &&
	       str_find_str(line, STR("\"message\"")) < line.len;
}

bool input_rdjsonl_line(struct input *in, struct str line, size_t at)
{
	struct json_doc *doc;
	bool is;

	in->name = STR("rdjsonl");
	if (!input_rdjsonl_looks(line) || json_parse(line, JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return false;
	is = is_diagnostic(json_root(doc));
	if (is)
		tell(in, json_root(doc), SEVERITY_ERROR, STR(""), at, at + 1);
	json_free(doc);
	return is;
}
