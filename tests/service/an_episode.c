/* an_episode: see the header. The layout is that of ustar (POSIX.1-1988). */
#include "tests/service/an_episode.h"

#include "base/digest.h"
#include "base/zst.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 512

static void add_file(struct buf *tar, const char *name, struct str bytes)
{
	char head[BLOCK] = { 0 };
	unsigned sum = 0;

	snprintf(head, 100, "%s", name);
	snprintf(head + 100, 8, "%07o", 0644u);
	snprintf(head + 108, 8, "%07o", 0u);
	snprintf(head + 116, 8, "%07o", 0u);
	snprintf(head + 124, 12, "%011lo", (unsigned long)bytes.len);
	snprintf(head + 136, 12, "%011lo", 0ul);
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	buf_add(tar, head, BLOCK);
	buf_str(tar, bytes);
	while (tar->len % BLOCK != 0)
		buf_char(tar, '\0');
}

struct str an_episode(struct arena *a, const char *id, const char *meta, size_t n_bytes)
{
	char *data = arena_alloc(a, n_bytes + 1);
	const char zeros[2 * BLOCK] = { 0 };
	enum err_code code;
	AUTO_BUF tar, zst;

	for (size_t i = 0; i < n_bytes; i++)
		data[i] = (char)("0123456789abcdef"[(i * 2654435761u >> 7) % 16]);
	buf_init(&tar, SIZE_MAX);
	buf_init(&zst, SIZE_MAX);
	add_file(&tar, arena_fmt(a, "%s/meta.json", id).p, str_z(meta));
	add_file(&tar, arena_fmt(a, "%s/data", id).p, (struct str){ data, n_bytes });
	buf_add(&tar, zeros, sizeof zeros);
	code = zst_compress(buf_view(&tar), 1, &zst, NULL);
	assert(code == ERR_OK);
	return arena_str(a, buf_view(&zst));
}

struct str hex_digest(struct arena *a, struct str bytes)
{
	struct sha256 d = sha256_of(bytes);
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d.b, sizeof d.b, &hex);
	return arena_str(a, buf_view(&hex));
}
