/* mask_document: whatever a document is, a secret planted in it does not come out in any of its spellings in XML; what is valid stays valid, and what has no
 * secret stays as it is. The first byte says where it is planted. */
#include "base/utf8.h"
#include "text/mask_document.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "S3ntinel&<Value>"

static size_t count(struct str text, struct str word)
{
	size_t n = 0, at;

	while ((at = str_find_str(text, word)) < text.len) {
		text = str_from(text, at + 1);
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const spellings[] = { VALUE, "S3ntinel&amp;&lt;Value&gt;",
		"S3ntinel&#38;&#x3C;Value>", "&#83;3ntinel&#x26;&lt;Value&#62;" };
	struct mask *m = mask_new();
	AUTO_BUF clean;
	AUTO_BUF text;
	AUTO_BUF out;
	size_t at;

	buf_init(&clean, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	if (mask_add(m, STR(VALUE), NULL) != ERR_OK)
		return 0;
	buf_char(&clean, '<');
	utf8_clean((struct str){ (const char *)data, size }, &clean);
	at = utf8_floor(buf_view(&clean), size > 0 ? 1 + (size_t)data[0] : 1);
	buf_add(&text, clean.p, at);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		buf_fmt(&text, " %s ", spellings[i]);
	buf_str(&text, str_from(buf_view(&clean), at));
	mask_document(m, NULL, buf_view(&text), &out);
	assert(utf8_valid(buf_view(&out)) == out.len);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		assert(count(buf_view(&out), str_z(spellings[i])) <=
			count(buf_view(&clean), str_z(spellings[i])));
	mask_free(m);
	return 0;
}
