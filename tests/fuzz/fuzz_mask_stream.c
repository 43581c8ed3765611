/* mask_stream: however a text is cut on its way, the same bytes come out, and no planted secret in them. Every byte of
 * the input that is 0 to 31 is taken for one of the secrets, or for what looks like one for a while; its first byte
 * says how long the pieces are. */
#include "agent/mask_stream.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (1024 * 1024)
#define VALUE "S3ntinel-of-one-line"
#define LINE_1 "first-of-the-S3ntinel"
#define LINE_2 "second-of-the-S3ntinel"
#define SHAPE                                                                                                \
	"ghp_"                                                                                               \
	"aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"
#define KEY_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n"

static const char *const parts[] = { "\n", VALUE, LINE_1 "\n", LINE_1 "\n" LINE_2, SHAPE,
	"-----BEGIN PRIVATE KEY-----\n", KEY_LINE, KEY_LINE KEY_LINE, "-----END PRIVATE KEY-----\n", "\n",
	"::add-mask::", "\x1b[31m", "\r\n", "\t", "Authorization: Bearer ", "https://u:p4ssw0rd@h/" };
#define N_PARTS (sizeof parts / sizeof *parts)

static void build(const uint8_t *data, size_t size, struct buf *text)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] < 2 * N_PARTS)
			buf_z(text, parts[data[i] % N_PARTS]);
		else
			buf_char(text, (char)data[i]);
	}
}

static void through(struct str text, size_t piece, struct buf *out)
{
	struct mask *mask = mask_new();
	struct mask_stream s;
	enum err_code code = mask_add(mask, STR(VALUE), NULL);

	if (code == ERR_OK)
		code = mask_add(mask, STR(LINE_1 "\n" LINE_2), NULL);
	assert(code == ERR_OK);
	mask_stream_init(&s, mask);
	for (size_t at = 0; at < text.len; at += piece) {
		size_t left = text.len - at;

		mask_stream_add(&s, 0, (struct str){ text.p + at, left < piece ? left : piece }, out);
	}
	mask_stream_end(&s, out);
	mask_stream_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 0 ? 1 + data[0] : 1;
	AUTO_BUF text, whole, pieces;

	buf_init(&text, TEXT_MAX);
	buf_init(&whole, 2 * TEXT_MAX);
	buf_init(&pieces, 2 * TEXT_MAX);
	build(data, size, &text);
	through(buf_view(&text), TEXT_MAX, &whole);
	through(buf_view(&text), piece, &pieces);
	assert(str_eq(buf_view(&whole), buf_view(&pieces)));
	assert(str_find_str(buf_view(&whole), STR(VALUE)) == whole.len);
	assert(str_find_str(buf_view(&whole), STR(LINE_1)) == whole.len);
	return 0;
}
