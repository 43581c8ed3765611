/* tar_meta: see the header. */
#include "pack/tar_meta.h"

#include "base/buf.h"

static struct str name_of(struct str path)
{
	for (size_t at = path.len; at > 0; at--)
		if (path.p[at - 1] == '/')
			return str_from(path, at);
	return path;
}

static void remember_top(struct tar_meta *m, struct str path)
{
	size_t len = str_find(path, '/');

	if (m->begun || path.len == 0 || len > sizeof m->top)
		return;
	m->begun = true;
	m->top_len = len;
	memcpy(m->top, path.p, len);
}

static bool is_it(const struct tar_meta *m, const struct tar_entry *x, struct str path)
{
	struct str name = name_of(path);

	if (x->kind != TARBALL_FILE || !str_eq(name, STR(TARBALL_META)))
		return false;
	if (name.len == path.len)
		return true;
	path.len -= name.len + 1;
	return str_eq(path, (struct str){ m->top, m->top_len });
}

enum err_code tar_meta_look(struct tar_meta *m, struct tar_read *r, const struct tar_entry *x,
	struct str path, struct arena *a, struct err *e)
{
	struct str piece = { 0 };
	AUTO_BUF all;

	buf_init(&all, TARBALL_META_MAX);
	remember_top(m, path);
	if (!is_it(m, x, path))
		return ERR_OK;
	m->seen = true;
	if (x->bytes > TARBALL_META_MAX)
		return ERR_OK;
	do {
		TRY(tar_read_data(r, &piece, e));
		buf_str(&all, piece);
	} while (piece.len > 0);
	TRY(buf_check(&all, TARBALL_META, e));
	m->bytes = arena_str(a, buf_view(&all));
	m->has = true;
	return ERR_OK;
}
