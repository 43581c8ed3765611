/* mask: whatever stands around them, planted secrets do not come out: a value in four spellings, a value that
 * the text itself names, and a shape; also when they have colours inside that are taken out afterwards. What is valid stays valid, nothing grows, and skipping never shows
 * more. The first byte says where they are planted. */
#include "base/digest.h"
#include "base/utf8.h"
#include "text/mask.h"
#include "text/visible.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "S3ntinel \"Value\"/\n2nd-line-of-it"
#define NAMED "named-by-the-text-itself"
#define SHAPE                                                                                                \
	"ghp_"                                                                                               \
	"aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"

static size_t count(struct str text, struct str word)
{
	size_t n = 0, at;

	while ((at = str_find_str(text, word)) < text.len) {
		text = str_from(text, at + 1);
		n++;
	}
	return n;
}

/* What the input itself holds of it, a part of a secret and no secret, may stay. */
static void assert_hidden(const struct buf *out, const struct buf *input, struct str secret)
{
	assert(count(buf_view(out), secret) <= count(buf_view(input), secret));
}

static void plant(struct str text, size_t at, struct buf *out)
{
	buf_add(out, text.p, at);
	buf_z(out, VALUE "S3ntinel%20%22Value%22/%0A2nd-line-of-it");
	buf_z(out, "\"S3ntinel \\\"Value\\\"/\\n2nd-line-of-it ");
	base64_encode(STR("u:" VALUE), out);
	buf_z(out, "\n::add-mask::" NAMED "\n" NAMED "\n" SHAPE "\n");
	buf_z(out, "\x1b[1mS3nt\x1b[minel \"Value\"/ named-\x1b[31mby-the-text-itself ghp_\x1b[K");
	buf_str(out, str_from(STR(SHAPE), 4));
	buf_str(out, str_from(text, at));
}

/* Nor does it when escape sequences are taken out. */
static void assert_hidden_when_shown(const struct buf *out, const struct buf *input, struct str secret)
{
	AUTO_BUF shown;
	AUTO_BUF shown_input;

	buf_init(&shown, 8 * out->len + 16);
	buf_init(&shown_input, 8 * input->len + 16);
	text_visible(buf_view(out), &shown);
	text_visible(buf_view(input), &shown_input);
	assert_hidden(&shown, &shown_input, secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mask *m = mask_new();
	enum err_code code = mask_add(m, STR(VALUE), NULL);
	AUTO_BUF clean;
	AUTO_BUF text;
	AUTO_BUF out;
	AUTO_BUF end;

	assert(code == ERR_OK);
	buf_init(&clean, 3 * size + 4);
	buf_init(&text, 3 * size + 1024);
	utf8_clean((struct str){ (const char *)data, size }, &clean);
	plant(buf_view(&clean), utf8_floor(buf_view(&clean), size > 0 ? data[0] : 0), &text);

	buf_init(&out, text.len);
	mask_all(m, buf_view(&text), &out);
	assert(!out.full && utf8_valid(buf_view(&out)) == out.len);
	assert_hidden(&out, &clean, STR("S3ntinel"));
	assert_hidden(&out, &clean, STR("2nd-line-of-it"));
	assert_hidden(&out, &clean, STR("UzNudGluZWwg")); /* S3ntinel in base64 */
	assert_hidden(&out, &clean, STR("TM250aW5lbC"));
	assert_hidden(&out, &clean, STR(NAMED));
	assert_hidden(&out, &clean, STR(SHAPE));
	assert_hidden_when_shown(&out, &clean, STR("S3ntinel \"Value"));
	assert_hidden_when_shown(&out, &clean, STR(NAMED));
	assert_hidden_when_shown(&out, &clean, STR(SHAPE));

	buf_init(&end, text.len);
	mask_literals(m, buf_view(&text), size / 2, &end);
	assert_hidden(&end, &clean, STR("2nd-line-of-it"));
	mask_free(m);
	return 0;
}
