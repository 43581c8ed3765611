/*
 * route: from a path and a method to an operation.
 *
 * The table is walked from its top and the first path that matches is taken: the generator puts literal
 * segments before {names}, so that /tokens/current is not somebody's id. A walk over some dozens of short
 * strings costs less than the hash of a long one. A literal is compared as it was sent: a path that spells
 * its letters as %XX is nobody's. What stands for a {name} is decoded later, with the other parameters.
 */
#include "http/edge.h"

#include <string.h>

/* "http://host/path", which a client may send to a server too (RFC 9112, 3.2.2). */
static struct str origin_form(struct str target)
{
	size_t at;

	if (target.len > 0 && target.p[0] == '/')
		return target;
	if (!str_starts(target, STR("http://")) && !str_starts(target, STR("https://")))
		return target;
	at = str_find_str(target, STR("://")) + 3;
	at += str_find(str_from(target, at), '/');
	return at < target.len ? str_from(target, at) : STR("/");
}

static struct str next_segment(struct str *path)
{
	struct str segment = { path->p, str_find(*path, '/') };

	*path = str_from(*path, segment.len + 1);
	return segment;
}

/* One pass over both. Both begin with '/'; a trailing slash is a segment of its own, and an empty segment is
 * no id. */
static bool match(const char *pattern, struct str path, struct str *args, size_t max)
{
	struct str want = str_z(pattern + 1);
	size_t n_want = 1, n_path = 1, n = 0;

	for (size_t i = 0; i < want.len; i++)
		n_want += want.p[i] == '/';
	for (size_t i = 1; i < path.len; i++)
		n_path += path.p[i] == '/';
	if (n_want != n_path)
		return false;
	path = str_from(path, 1);
	for (; n_want > 0; n_want--) {
		struct str w = next_segment(&want), p = next_segment(&path);

		if (w.len > 0 && w.p[0] == '{') {
			if (p.len == 0 || n == max)
				return false;
			args[n++] = p;
		} else if (!str_eq(w, p)) {
			return false;
		}
	}
	return true;
}

static bool serves(const struct op *op, struct str method)
{
	if (str_eq(method, str_z(op->method)))
		return true;
	return str_eq(method, STR("HEAD")) && strcmp(op->method, "GET") == 0;
}

static void add_method(struct buf *allow, const char *method)
{
	buf_fmt(allow, "%s%s", allow->len ? ", " : "", method);
	if (strcmp(method, "GET") == 0)
		buf_z(allow, ", HEAD");
}

/* Of a path that there is not: a browser that was led astray is shown a page, programs are not. */
static bool wants_page(const struct call *c)
{
	static const struct str for_programs[] = { { "/api/", 5 }, { "/internal/", 10 } };
	struct str accept = call_header(c, "Accept");

	for (size_t i = 0; i < sizeof for_programs / sizeof *for_programs; i++)
		if (str_starts(edge_of(c)->head.path, for_programs[i]))
			return false;
	return str_find_str(accept, STR("text/html")) < accept.len;
}

enum err_code route_find(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);
	struct str path = origin_form(x->head.path);
	const char *taken = NULL; /* the path that matched; its other methods may follow */
	AUTO_BUF allow;

	buf_init(&allow, 200);
	for (size_t i = 0; i < x->table->n && path.len > 0 && path.p[0] == '/'; i++) {
		const struct op *op = &x->table->ops[i];

		if (taken ? strcmp(taken, op->path) != 0
			  : !match(op->path, path, x->path_args,
				    sizeof x->path_args / sizeof x->path_args[0]))
			continue;
		taken = op->path;
		x->is_page = op->page;
		if (serves(op, x->head.method)) {
			c->op = op;
			return ERR_OK;
		}
		add_method(&allow, op->method);
	}
	x->is_page |= !taken && wants_page(c);
	if (!taken)
		return err_set(e, ERR_NOT_FOUND, "there is no such path; /docs lists what there is");
	x->allow = arena_cstr(&c->arena, buf_view(&allow));
	return err_set(e, ERR_METHOD, "this path has other methods: %s", x->allow);
}
