/*
 * zip_read: see the header. Each call reads the directory at the end of the zip anew: it is short, and nothing has to be kept between.
 */
#include "pack/zip_read.h"

#include <archive.h>
#include <archive_entry.h>

static enum err_code failed(struct archive *z, struct err *e)
{
	const char *text = archive_error_string(z);

	return err_set(
		e, ERR_UNPROCESSABLE, "it is no zip that can be read: %.200s", text ? text : "it breaks off");
}

bool zip_is_one(struct str bytes)
{
	return str_starts(bytes, STR("PK\x03\x04")) || str_starts(bytes, STR("PK\x05\x06"));
}

static enum err_code open_zip(struct archive *z, struct str bytes, struct err *e)
{
	if (archive_read_support_format_zip_seekable(z) != ARCHIVE_OK ||
		archive_read_open_memory(z, bytes.p, bytes.len) != ARCHIVE_OK)
		return failed(z, e);
	return ERR_OK;
}

/* *ret NULL: there are no more. */
static enum err_code next(struct archive *z, struct archive_entry **ret, struct err *e)
{
	int how = archive_read_next_header(z, ret);

	if (how == ARCHIVE_EOF)
		*ret = NULL;
	else if (how != ARCHIVE_OK && how != ARCHIVE_WARN)
		return failed(z, e);
	return ERR_OK;
}

static struct str name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);

	if (!name)
		name = archive_entry_pathname(entry);
	return archive_entry_filetype(entry) == AE_IFREG ? str_z(name) : STR("");
}

/* ---- */

static enum err_code list(struct archive *z, struct arena *a, struct str *v, size_t *n, struct err *e)
{
	struct archive_entry *entry = NULL;

	for (size_t i = 0;; i++) {
		struct str name;

		TRY(next(z, &entry, e));
		if (!entry)
			return ERR_OK;
		if (i == ZIP_ENTRIES_MAX)
			return err_set(e, ERR_TOO_LARGE, "the zip has over %d entries", ZIP_ENTRIES_MAX);
		name = name_of(entry);
		if (name.len > 0 && name.len <= ZIP_NAME_MAX)
			v[(*n)++] = arena_str(a, name);
	}
}

enum err_code zip_list(struct str bytes, struct arena *a, struct str **ret, size_t *ret_n, struct err *e)
{
	struct archive *z = mem_must(archive_read_new());
	struct str *v = arena_array(a, ZIP_ENTRIES_MAX, sizeof *v);
	enum err_code code = open_zip(z, bytes, e);
	size_t n = 0;

	if (code == ERR_OK)
		code = list(z, a, v, &n, e);
	archive_read_free(z);
	TRY(code);
	*ret = v;
	*ret_n = n;
	return ERR_OK;
}

static enum err_code read_data(struct archive *z, struct buf *out, struct err *e)
{
	for (;;) {
		const void *p = NULL;
		size_t len = 0;
		la_int64_t at = 0;
		int how = archive_read_data_block(z, &p, &len, &at);

		if (how == ARCHIVE_EOF)
			return ERR_OK;
		if (how != ARCHIVE_OK && how != ARCHIVE_WARN)
			return failed(z, e);
		buf_add(out, p, len);
		TRY(buf_check(out, "a file of the zip", e));
	}
}

static enum err_code find(struct archive *z, struct str name, struct err *e)
{
	struct archive_entry *entry = NULL;

	do {
		TRY(next(z, &entry, e));
		if (!entry)
			return err_set(e, ERR_NOT_FOUND, "the zip has no such file");
	} while (!str_eq(name_of(entry), name));
	return ERR_OK;
}

enum err_code zip_read(struct str bytes, struct str name, struct buf *out, struct err *e)
{
	struct archive *z = mem_must(archive_read_new());
	enum err_code code = open_zip(z, bytes, e);

	if (code == ERR_OK)
		code = find(z, name, e);
	if (code == ERR_OK)
		code = read_data(z, out, e);
	archive_read_free(z);
	return code;
}
