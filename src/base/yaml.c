/*
 * yaml: libyaml's events, made a tree of our own in one arena.
 *
 * libyaml can load a document itself, but resolves aliases while it does: a file of a kilobyte then means as
 * much as one wants it to. The events are few, and nothing here needs more.
 *
 * Names: libyaml exports yaml_free() and calls it by that name, so a function of ours that is called so would
 * be called in its place.
 */
#include "base/yaml.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <yaml.h>

struct yaml {
	enum yaml_kind kind;
	size_t line;
	struct str text;           /* of a scalar */
	struct str key;            /* as a member of a mapping */
	struct yaml *first, *last; /* what is in it */
	struct yaml *next;         /* what is behind it, in the same */
	struct yaml **members;     /* the same as the list, once it is whole */
	size_t n;
};

struct yaml_doc {
	struct arena arena;
	struct yaml *root;
	size_t n_nodes;
};

struct reading {
	yaml_parser_t parser;
	struct yaml_doc *doc;
	yaml_event_t event;
	bool has_event;
};

static enum err_code wrong(size_t line, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "line %zu: %s", line, what);
}

static enum err_code next(struct reading *r, struct err *e)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event) != 0;
	if (r->has_event)
		return ERR_OK;
	return wrong(
		r->parser.problem_mark.line + 1, r->parser.problem ? r->parser.problem : "is no YAML", e);
}

static enum err_code node_new(struct reading *r, enum yaml_kind kind, struct yaml **ret, struct err *e)
{
	size_t line = r->event.start_mark.line + 1;

	if (++r->doc->n_nodes > YAML_MAX_NODES)
		return wrong(line, "too many nodes", e);
	*ret = arena_alloc(&r->doc->arena, sizeof **ret);
	**ret = (struct yaml){ .kind = kind, .line = line };
	return ERR_OK;
}

static enum err_code scalar(struct reading *r, struct str *ret, struct err *e)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return wrong(r->event.start_mark.line + 1, "a key is to be a word", e);
	*ret = arena_str(&r->doc->arena,
		(struct str){ (const char *)r->event.data.scalar.value, r->event.data.scalar.length });
	return ERR_OK;
}

static void append(struct yaml *parent, struct yaml *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->n++;
}

/* The list as an array, so that asking for the i-th is no walk. */
static void settle(struct reading *r, struct yaml *parent)
{
	size_t i = 0;

	parent->members = arena_array(&r->doc->arena, parent->n, sizeof *parent->members);
	for (struct yaml *c = parent->first; c; c = c->next)
		parent->members[i++] = c;
}

static enum err_code value(struct reading *r, unsigned depth, struct yaml **ret, struct err *e);

static enum err_code members(struct reading *r, unsigned depth, struct yaml *parent, struct err *e)
{
	bool mapping = parent->kind == YAML_MAPPING;
	yaml_event_type_t end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

	for (;;) {
		struct str key = { 0 };
		struct yaml *child;

		TRY(next(r, e));
		if (r->event.type == end)
			break;
		if (mapping) {
			TRY(scalar(r, &key, e));
			for (const struct yaml *c = parent->first; c; c = c->next)
				if (str_eq(c->key, key))
					return wrong(
						r->event.start_mark.line + 1, "this key stands twice", e);
			TRY(next(r, e));
		}
		TRY(value(r, depth + 1, &child, e));
		child->key = key;
		append(parent, child);
	}
	settle(r, parent);
	return ERR_OK;
}

static bool is_decorated(const yaml_event_t *v)
{
	switch ((int)v->type) {
	case YAML_SCALAR_EVENT:
		return v->data.scalar.anchor || v->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return v->data.sequence_start.anchor || v->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return v->data.mapping_start.anchor || v->data.mapping_start.tag;
	default:
		return v->type == YAML_ALIAS_EVENT;
	}
}

/* The value that the event at hand begins. */
static enum err_code value(struct reading *r, unsigned depth, struct yaml **ret, struct err *e)
{
	size_t line = r->event.start_mark.line + 1;

	if (depth > YAML_MAX_DEPTH)
		return wrong(line, "nested too deeply", e);
	if (is_decorated(&r->event))
		return wrong(line, "anchors, aliases and tags are not used here", e);
	switch ((int)r->event.type) {
	case YAML_SCALAR_EVENT:
		TRY(node_new(r, YAML_SCALAR, ret, e));
		return scalar(r, &(*ret)->text, e);
	case YAML_SEQUENCE_START_EVENT:
		TRY(node_new(r, YAML_SEQUENCE, ret, e));
		return members(r, depth, *ret, e);
	case YAML_MAPPING_START_EVENT:
		TRY(node_new(r, YAML_MAPPING, ret, e));
		return members(r, depth, *ret, e);
	default:
		return wrong(line, "a value is missing", e);
	}
}

static enum err_code document(struct reading *r, struct err *e)
{
	TRY(next(r, e)); /* the start of the stream */
	TRY(next(r, e));
	if (r->event.type == YAML_STREAM_END_EVENT)
		return ERR_OK;
	TRY(next(r, e));
	TRY(value(r, 1, &r->doc->root, e));
	TRY(next(r, e)); /* the end of the document */
	TRY(next(r, e));
	if (r->event.type != YAML_STREAM_END_EVENT)
		return wrong(r->event.start_mark.line + 1, "a second document; one is enough", e);
	return ERR_OK;
}

enum err_code yaml_doc_parse(struct str text, struct yaml_doc **ret, struct err *e)
{
	struct reading r = { .doc = mem_alloc(sizeof *r.doc) };
	enum err_code code;

	if (utf8_valid(text) < text.len) {
		free(r.doc);
		return err_set(e, ERR_INVALID, "is not UTF-8 at byte %zu", utf8_valid(text));
	}
	arena_init(&r.doc->arena);
	if (!yaml_parser_initialize(&r.parser))
		mem_must(NULL);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.len);
	code = document(&r, e);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (code == ERR_OK)
		*ret = r.doc;
	else
		yaml_doc_free(r.doc);
	return code;
}

void yaml_doc_free(struct yaml_doc *doc)
{
	if (!doc)
		return;
	arena_done(&doc->arena);
	free(doc);
}

struct yaml *yaml_doc_root(const struct yaml_doc *d)
{
	return d->root;
}

enum yaml_kind yaml_kind(const struct yaml *n)
{
	return n ? n->kind : YAML_NONE;
}

size_t yaml_line(const struct yaml *n)
{
	return n ? n->line : 0;
}

struct str yaml_str(const struct yaml *n)
{
	return n && n->kind == YAML_SCALAR ? n->text : STR("");
}

size_t yaml_len(const struct yaml *n)
{
	return n ? n->n : 0;
}

struct yaml *yaml_at(const struct yaml *n, size_t i)
{
	return i < yaml_len(n) ? n->members[i] : NULL;
}

struct str yaml_key(const struct yaml *n, size_t i)
{
	return i < yaml_len(n) ? n->members[i]->key : STR("");
}

struct yaml *yaml_get(const struct yaml *mapping, const char *key)
{
	if (yaml_kind(mapping) != YAML_MAPPING)
		return NULL;
	for (struct yaml *c = mapping->first; c; c = c->next)
		if (str_eq(c->key, str_z(key)))
			return c;
	return NULL;
}
