/*
 * tarball_check: see the header.
 *
 * The format and the limits are held by tar_read.c while it reads; names by themselves are judged by tar_name.c, and among each other by tar_names.c. Here is what an entry may be.
 */
#include "pack/tarball_check.h"

#include "pack/tar_meta.h"
#include "pack/tar_name.h"
#include "pack/tar_names.h"
#include "pack/tar_read.h"

struct checking {
	struct tar_read *r;
	struct tar_names names;
	struct tar_meta meta;
	struct arena *arena;
};

static const char *hard_link_wrong(const struct checking *c, struct str target)
{
	char room[TAR_PATH_MAX];

	if (tar_path_wrong(target))
		return "is a hard link to a name that cannot be";
	return tar_names_get(&c->names, tar_path_plain(target, room)) == NAME_FILE
		       ? NULL
		       : "is a hard link to what is no file that came before";
}

/* By itself, and with what came before; not yet whether its name is a new one. */
static const char *entry_wrong(const struct checking *c, const struct tar_entry *x)
{
	const char *wrong = x->odd;

	if (!wrong && x->kind == TARBALL_OTHER)
		wrong = "is no file, folder or link";
	if (!wrong)
		wrong = tar_path_wrong(x->path);
	if (!wrong && x->kind != TARBALL_FOLDER && str_ends(x->path, STR("/")))
		wrong = "is no folder, and has a '/' at its end";
	if (!wrong && x->kind == TARBALL_LINK)
		wrong = x->hard ? hard_link_wrong(c, x->target) : tar_target_wrong(x->path, x->target);
	return wrong;
}

static enum tar_name_is name_is(const struct tar_entry *x)
{
	if (x->kind == TARBALL_FOLDER)
		return NAME_FOLDER;
	return x->kind == TARBALL_FILE || x->hard ? NAME_FILE : NAME_LINK;
}

/* The top itself, "./", is a folder that is always there. */
static enum err_code add_name(
	struct checking *c, const struct tar_entry *x, struct str path, const char **ret_wrong, struct err *e)
{
	if (path.len > 0)
		return tar_names_add(&c->names, path, name_is(x), ret_wrong, e);
	*ret_wrong = x->kind == TARBALL_FOLDER ? NULL : "is no folder, and stands where the top is";
	return ERR_OK;
}

static enum err_code check_entry(struct checking *c, const struct tar_entry *x, struct err *e)
{
	const char *wrong = entry_wrong(c, x);
	char room[TAR_PATH_MAX], shown[2][TAR_SHOWN_SIZE];
	struct str path = STR("");

	if (!wrong) {
		path = tar_path_plain(x->path, room);
		TRY(add_name(c, x, path, &wrong, e));
	}
	if (wrong && x->kind == TARBALL_LINK)
		return err_set(e, ERR_UNPROCESSABLE, "the entry %s (a link to %s) %s",
			tar_shown(x->path, shown[0]), tar_shown(x->target, shown[1]), wrong);
	if (wrong)
		return err_set(e, ERR_UNPROCESSABLE, "the entry %s %s", tar_shown(x->path, shown[0]), wrong);
	return c->meta.seen ? ERR_OK : tar_meta_look(&c->meta, c->r, x, path, c->arena, e);
}

static enum err_code check_all(struct checking *c, struct err *e)
{
	const struct tar_entry *x;

	do {
		TRY(tar_read_next(c->r, &x, e));
		if (x)
			TRY(check_entry(c, x, e));
	} while (x);
	return ERR_OK;
}

enum err_code tarball_check(tarball_read_fn *read, void *arg, const struct tarball_limits *limits,
	struct arena *a, struct tarball_found *ret, struct err *e)
{
	struct checking c = { .arena = a, .r = tar_read_open(read, arg, limits, true) };
	enum err_code code;

	tar_names_init(&c.names, (size_t)limits->entries);
	code = check_all(&c, e);
	if (code == ERR_OK) {
		struct tar_totals t = tar_read_totals(c.r);

		*ret = (struct tarball_found){ .n_entries = t.entries,
			.packed_bytes = t.packed_bytes,
			.unpacked_bytes = t.unpacked_bytes,
			.has_meta = c.meta.has,
			.meta = c.meta.bytes };
	}
	tar_names_done(&c.names);
	tar_read_close(c.r);
	return code;
}
