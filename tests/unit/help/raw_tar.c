/* raw_tar: see the header. */
#include "tests/unit/help/raw_tar.h"

#include <stdio.h>
#include <string.h>

static void put(char *block, size_t at, const char *text, size_t max)
{
	size_t n = text ? strlen(text) : 0;

	if (n > 0)
		memcpy(block + at, text, n < max ? n : max);
}

void raw_tar_head(struct buf *tar, const struct raw_head *h)
{
	char block[512] = { 0 }, number[32];
	unsigned sum = 0;

	put(block, 0, h->name, 100);
	memcpy(block + 100, "0000644\0000000000\0000000000\0", 24);
	snprintf(number, sizeof number, "%011llo", (unsigned long long)h->bytes);
	memcpy(block + 124, h->size ? h->size : number, 12);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = h->type ? h->type : '0';
	put(block, 157, h->target, 100);
	memcpy(block + 257, h->magic ? h->magic : "ustar\00000", 8);
	put(block, 345, h->prefix, 155);
	for (size_t i = 0; i < sizeof block; i++)
		sum += (unsigned char)block[i];
	snprintf(number, sizeof number, "%06o", sum + h->bad_sum);
	memcpy(block + 148, number, 7);
	buf_add(tar, block, sizeof block);
}

void raw_tar_data(struct buf *tar, struct str bytes)
{
	static const char zeros[512];

	buf_str(tar, bytes);
	buf_add(tar, zeros, (512 - bytes.len % 512) % 512);
}

void raw_tar_end(struct buf *tar)
{
	static const char zeros[1024];

	buf_add(tar, zeros, sizeof zeros);
}

void raw_tar_file(struct buf *tar, const char *name, struct str bytes)
{
	raw_tar_head(tar, &(struct raw_head){ .name = name, .bytes = (int64_t)bytes.len });
	raw_tar_data(tar, bytes);
}

void raw_tar_link(struct buf *tar, char type, const char *name, const char *target)
{
	raw_tar_head(tar, &(struct raw_head){ .name = name, .type = type, .target = target });
}

void raw_tar_extra(struct buf *tar, char type, struct str body)
{
	raw_tar_head(tar, &(struct raw_head){ .name = "extra", .type = type, .bytes = (int64_t)body.len });
	raw_tar_data(tar, body);
}

void raw_tar_record(struct buf *records, const char *key, struct str value)
{
	size_t rest = 1 + strlen(key) + 1 + value.len + 1, len = rest + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + rest > len)
		len++;
	buf_fmt(records, "%zu %s=", len, key);
	buf_str(records, value);
	buf_char(records, '\n');
}
