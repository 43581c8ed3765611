/* frame: whatever a sealed file, a piece of an index or a frame is made of, it is read or refused, and what was read
 * can be used. The first byte says which; the rest is the file, of which a sealed one also has to be sound. */
#include "base/file.h"
#include "base/zst.h"
#include "text/frame.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct frame *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert(frame_of_byte(f, n, f[i].text_at) == i && f[i].text_len <= FRAME_TEXT_MAX);
		assert(frame_of_line(f, n, f[i].line_at) <= i && frame_time_of(&f[i], 7) >= 0);
		frame_may_contain(&f[i], STR("needle"));
	}
	assert(frame_of_line(f, n, INT64_MAX) == n);
}

static void ignore(void *arg, size_t frame, const char *what)
{
	(void)arg, (void)frame, (void)what;
}

static void sealed(struct str bytes)
{
	struct frame_file f;
	bool *may;
	AUTO_ARENA a;
	AUTO_BUF out;
	AUTO_FD fd = memfd_create("sealed", MFD_CLOEXEC);

	arena_init(&a);
	buf_init(&out, 4 * FRAME_TEXT_MAX);
	assert(fd >= 0 && fd_write_all(fd, bytes, NULL) == ERR_OK);
	if (frame_file_open(fd, &a, &f, NULL) != ERR_OK)
		return;
	for (size_t i = 0; i < f.n; i++)
		assert(frame_file_read(&f, i, &out, NULL) == ERR_OK && out.len == f.frames[i].zstd_len),
			buf_reset(&out);
	if (frame_file_may_contain(&f, STR("needle"), &a, &may, NULL) == ERR_OK &&
		frame_file_grams(&f, &a, NULL) == ERR_OK)
		for (size_t i = 0; i < f.n; i++)
			assert(may[i] == frame_may_contain(&f.frames[i], STR("needle")));
	use(f.frames, f.n);
	assert(frame_file_verify(&f, ignore, NULL, NULL) == ERR_OK);
}

static void piece(struct str bytes)
{
	struct frame *f = NULL, *again = NULL;
	size_t n = 0, n_again = 0;
	AUTO_ARENA a;
	AUTO_BUF out;

	arena_init(&a);
	buf_init(&out, SIZE_MAX);
	if (frame_index_decode(bytes, &a, &f, &n, NULL) != ERR_OK || n == 0)
		return;
	use(f, n);
	assert(frame_index_encode(f, n, &out, NULL) == ERR_OK);
	assert(frame_index_decode(buf_view(&out), &a, &again, &n_again, NULL) == ERR_OK && n_again == n);
}

static void put_u32(struct buf *out, size_t v)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		buf_char(out, (char)(v >> shift));
}

/* The entries of a piece, in front of which the checksum of zstd would let no fuzzer come. */
static void entries(struct str bytes)
{
	AUTO_BUF zstd;
	AUTO_BUF whole;

	buf_init(&zstd, SIZE_MAX);
	buf_init(&whole, SIZE_MAX);
	if (bytes.len == 0)
		return;
	assert(zst_compress(str_from(bytes, 1), 1, &zstd, NULL) == ERR_OK);
	buf_z(&whole, "slx1");
	put_u32(&whole, (uint8_t)bytes.p[0]);
	put_u32(&whole, zstd.len);
	put_u32(&whole, 0);
	buf_str(&whole, buf_view(&zstd));
	piece(buf_view(&whole));
}

static void text(struct str bytes)
{
	struct frame f;
	AUTO_ARENA a;
	AUTO_BUF zstd;
	AUTO_BUF out;

	arena_init(&a);
	buf_init(&zstd, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	if (bytes.len == 0 || frame_make(bytes, &a, &f, &zstd, NULL) != ERR_OK)
		return;
	assert(frame_text(&f, buf_view(&zstd), &out, NULL) == ERR_OK && str_eq(buf_view(&out), bytes));
	for (size_t i = 0; i + 8 < bytes.len && !f.has_escapes; i += 5)
		assert(frame_may_contain(&f, (struct str){ bytes.p + i, 8 }));
	f.zstd_len = (uint32_t)bytes.len; /* and as if it were a frame itself */
	(void)!frame_text(&f, bytes, &out, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const of[])(struct str) = { sealed, piece, text, entries };

	if (size > 0)
		of[data[0] % 4]((struct str){ (const char *)data + 1, size - 1 });
	return 0;
}
