/*
 * tar_read: see the header.
 *
 * libarchive gets the bytes of the tar, unpacked here: so that the limits hold while they come, and so that there is something to go on with behind the end of the archive, where it stops
 * to read. Blocks are as large as its buffers would be, and are read where they lie.
 *
 * The bytes of each header are looked at again (tar_head.h). They lie in the block that libarchive has now, but for headers that begin in one block and end in another: those are
 * copied. So no header is longer than two blocks, which also bounds how deep libarchive calls itself for headers in front of headers.
 */
#include "pack/tar_read.h"

#include "base/zst_stream.h"
#include "pack/tar_head.h"
#include "pack/tar_name.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BLOCK ((size_t)512 * 1024)
#define PACKED ((size_t)128 * 1024)
#define END_LEN ((int64_t)2 * TAR_BLOCK) /* of zeros, with which an archive ends */

struct tar_read {
	tarball_read_fn *read;
	void *arg;
	struct tarball_limits limits;
	bool named;
	struct archive *archive;
	struct zst_unpacker *z;
	char *packed, *block;
	struct str in; /* what of packed is to be unpacked */
	bool in_ended, ended;
	size_t block_len;
	int64_t block_at; /* where in the tar it begins */
	struct tar_totals totals;
	bool in_head, in_data;
	int64_t head_at, data_at; /* in the tar; in the data of the entry */
	struct buf head;          /* of one that began in an earlier block */
	enum err_code failed;     /* of our part, which libarchive passes on as a failure of its own */
	struct err failure;
	struct tar_head strict;
	struct tar_entry entry;
};

/* ---- the bytes of the tar ---- */

static enum err_code check_totals(const struct tar_read *r, struct err *e)
{
	const struct tar_totals *t = &r->totals;
	const struct tarball_limits *l = &r->limits;

	if (t->unpacked_bytes > l->unpacked_bytes)
		return err_set(e, ERR_TOO_LARGE, "the archive unpacks to more than %lld bytes%s",
			(long long)l->unpacked_bytes, r->named ? " ([fleet] unpacked-bytes)" : "");
	if (t->unpacked_bytes > l->free_bytes &&
		(t->unpacked_bytes - l->free_bytes) / l->ratio > t->packed_bytes)
		return err_set(e, ERR_TOO_LARGE, "the archive unpacks to more than %lld times its size%s",
			(long long)l->ratio, r->named ? " ([fleet] ratio)" : "");
	return ERR_OK;
}

static enum err_code more_packed(struct tar_read *r, struct err *e)
{
	size_t n = 0;

	if (r->in.len > 0 || r->in_ended)
		return ERR_OK;
	TRY(r->read(r->arg, r->packed, PACKED, &n, e));
	r->in = (struct str){ r->packed, n };
	r->in_ended = n == 0;
	r->totals.packed_bytes += (int64_t)n;
	return ERR_OK;
}

/* The next block, as full as can be. */
static enum err_code fill(struct tar_read *r, struct err *e)
{
	struct zst_room room = { r->block, BLOCK, 0 };

	r->block_at += (int64_t)r->block_len;
	r->block_len = 0;
	while (room.len < room.size && !r->ended) {
		TRY(more_packed(r, e));
		TRY(zst_unpack(r->z, &r->in, &room, e));
		r->ended = r->in_ended && r->in.len == 0 && room.len < room.size;
	}
	if (r->ended && !zst_unpacked_whole(r->z))
		return err_set(e, ERR_UNPROCESSABLE, "the archive breaks off: its zstd stream is not whole");
	r->block_len = room.len;
	r->totals.unpacked_bytes += (int64_t)room.len;
	return check_totals(r, e);
}

/* What of the block belongs to the header that is read; later ones are all of it. */
static struct str head_in_block(const struct tar_read *r)
{
	size_t from = r->head_at > r->block_at ? (size_t)(r->head_at - r->block_at) : 0;

	return str_from((struct str){ r->block, r->block_len }, from);
}

static enum err_code next_block(struct tar_read *r, struct err *e)
{
	bool first = r->head.len == 0;

	if (r->in_head && first)
		buf_str(&r->head, head_in_block(r));
	TRY(fill(r, e));
	if (r->in_head)
		buf_add(&r->head, r->block, r->block_len);
	return r->head.full ? err_set(e, ERR_UNPROCESSABLE,
				      "an entry of the archive has over %zu KiB of headers", BLOCK >> 10)
			    : ERR_OK;
}

static la_ssize_t give(struct archive *archive, void *arg, const void **ret)
{
	struct tar_read *r = arg;

	r->failed = next_block(r, &r->failure);
	*ret = r->block;
	if (r->failed == ERR_OK)
		return (la_ssize_t)r->block_len;
	archive_set_error(archive, EIO, "not given");
	return -1;
}

/* Of a call of libarchive that failed: why, if it was we. */
static enum err_code failed(struct tar_read *r, struct err *e)
{
	const char *text = archive_error_string(r->archive);
	char shown[TAR_SHOWN_SIZE];

	if (r->failed != ERR_OK) {
		if (e)
			*e = r->failure;
		return r->failed;
	}
	return err_set(e, ERR_UNPROCESSABLE, "it is no tar that can be read: %s",
		tar_shown(str_z(text ? text : "its headers are of no known kind"), shown));
}

/* ---- open and close ---- */

struct tar_read *tar_read_open(
	tarball_read_fn *read, void *arg, const struct tarball_limits *limits, bool named)
{
	struct tar_read *r = mem_alloc(sizeof *r);

	r->read = read;
	r->arg = arg;
	r->limits = *limits;
	r->named = named;
	r->z = zst_unpacker_new();
	r->packed = mem_must(malloc(PACKED));
	r->block = mem_must(malloc(BLOCK));
	buf_init(&r->head, 2 * BLOCK);
	return r;
}

void tar_read_close(struct tar_read *r)
{
	if (!r)
		return;
	if (r->archive)
		archive_read_free(r->archive);
	zst_unpacker_free(r->z);
	buf_done(&r->head);
	free(r->packed);
	free(r->block);
	free(r);
}

/* The first block is read then already, to find out what it is: as a part of the first header. */
static enum err_code begin(struct tar_read *r, struct err *e)
{
	r->archive = mem_must(archive_read_new());
	r->in_head = true;
	if (archive_read_support_format_tar(r->archive) != ARCHIVE_OK)
		return failed(r, e);
	return archive_read_open(r->archive, r, NULL, give, NULL) == ARCHIVE_OK ? ERR_OK : failed(r, e);
}

struct tar_totals tar_read_totals(const struct tar_read *r)
{
	return r->totals;
}

/* ---- entries ---- */

static bool all_zeros(struct str s)
{
	return s.len == 0 || (s.p[0] == '\0' && memcmp(s.p, s.p + 1, s.len - 1) == 0);
}

/* From where libarchive saw the end, or the end of what there is, on. */
static enum err_code check_end(struct tar_read *r, struct err *e)
{
	struct str rest = r->head.len > 0 ? buf_view(&r->head) : head_in_block(r);
	bool zeros = all_zeros(rest);
	int64_t n = (int64_t)rest.len;

	while (zeros && !r->ended) {
		TRY(fill(r, e));
		zeros = all_zeros((struct str){ r->block, r->block_len });
		n += (int64_t)r->block_len;
	}
	if (!zeros)
		return err_set(e, ERR_UNPROCESSABLE, "something follows the end of the archive");
	if (n < END_LEN)
		return err_set(e, ERR_UNPROCESSABLE,
			"the archive breaks off: it does not end with two blocks of zeros");
	return ERR_OK;
}

static enum tarball_kind kind_of(struct archive_entry *x)
{
	if (archive_entry_hardlink(x))
		return TARBALL_LINK;
	switch (archive_entry_filetype(x)) {
	case AE_IFREG:
		return archive_entry_sparse_count(x) > 0 ? TARBALL_OTHER : TARBALL_FILE;
	case AE_IFDIR:
		return TARBALL_FOLDER;
	case AE_IFLNK:
		return TARBALL_LINK;
	default:
		return TARBALL_OTHER;
	}
}

/* Whether libarchive takes the entry for what its header says to us. */
static bool agree(const struct tar_head *h, const struct tar_entry *x)
{
	static const struct {
		char type;
		enum tarball_kind kind;
		bool hard;
	} same[] = { { '0', TARBALL_FILE, false }, { '1', TARBALL_LINK, true }, { '2', TARBALL_LINK, false },
		{ '5', TARBALL_FOLDER, false } };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (same[i].type == h->type)
			return same[i].kind == x->kind && same[i].hard == x->hard && h->bytes == x->bytes;
	return false;
}

/* Names are taken as they stand in the headers: libarchive knows them in the encoding of the locale. */
static void describe(struct tar_read *r, struct archive_entry *x, struct str head)
{
	struct tar_entry *n = &r->entry;

	tar_head_read(head, &r->strict);
	*n = (struct tar_entry){ .odd = r->strict.odd,
		.kind = kind_of(x),
		.hard = archive_entry_hardlink(x) != NULL,
		.path = r->strict.path,
		.target = r->strict.target,
		.bytes = archive_entry_size(x) };
	if (!n->odd && !agree(&r->strict, n))
		n->odd = "has a header that is read in two ways";
	if (n->path.len == 0)
		n->path = str_z(archive_entry_pathname(x));
	n->path.len = str_find(n->path, '\0');
}

static enum err_code check_entry(struct tar_read *r, struct err *e)
{
	char shown[TAR_SHOWN_SIZE];

	if (++r->totals.entries > r->limits.entries)
		return err_set(e, ERR_TOO_LARGE, "the archive has more than %lld entries%s",
			(long long)r->limits.entries, r->named ? " ([fleet] entries)" : "");
	if (r->entry.bytes < 0 ||
		r->entry.bytes > r->limits.unpacked_bytes - archive_filter_bytes(r->archive, 0))
		return err_set(e, ERR_TOO_LARGE, "%s: with it the archive unpacks to more than %lld bytes%s",
			tar_shown(r->entry.path, shown), (long long)r->limits.unpacked_bytes,
			r->named ? " ([fleet] unpacked-bytes)" : "");
	return ERR_OK;
}

/* What is left of an entry's data is passed over before its place is noted as that of the next header. */
static enum err_code skip(struct tar_read *r, struct err *e)
{
	if (r->in_data && archive_read_data_skip(r->archive) < ARCHIVE_WARN)
		return failed(r, e);
	r->in_data = false;
	r->in_head = true;
	r->head_at = archive_filter_bytes(r->archive, 0);
	buf_reset(&r->head);
	return ERR_OK;
}

enum err_code tar_read_next(struct tar_read *r, const struct tar_entry **ret, struct err *e)
{
	struct archive_entry *x;
	struct str head;
	int code;

	TRY(r->archive ? skip(r, e) : begin(r, e));
	code = archive_read_next_header(r->archive, &x);
	r->in_head = false;
	if (code == ARCHIVE_EOF) {
		TRY(check_end(r, e));
		*ret = NULL;
		return ERR_OK;
	}
	if (code < ARCHIVE_WARN)
		return failed(r, e);
	head = r->head.len > 0 ? buf_view(&r->head) : head_in_block(r);
	assert(archive_filter_bytes(r->archive, 0) - r->head_at <= (int64_t)head.len);
	head.len = (size_t)(archive_filter_bytes(r->archive, 0) - r->head_at);
	describe(r, x, head);
	TRY(check_entry(r, e));
	r->in_data = true;
	r->data_at = 0;
	*ret = &r->entry;
	return ERR_OK;
}

enum err_code tar_read_data(struct tar_read *r, struct str *ret, struct err *e)
{
	const void *p = NULL;
	size_t n = 0;
	la_int64_t at = 0;
	int code = archive_read_data_block(r->archive, &p, &n, &at);

	if (code == ARCHIVE_EOF) {
		*ret = STR("");
		return ERR_OK;
	}
	if (code < ARCHIVE_WARN)
		return failed(r, e);
	if (at != r->data_at)
		return err_set(e, ERR_UNPROCESSABLE, "a file of the archive has holes");
	r->data_at += (int64_t)n;
	*ret = (struct str){ p, n };
	return ERR_OK;
}
