/* fingerprint: the parts, each ended by a NUL, digested; 16 digits are enough to tell millions apart. */
#include "explain/fingerprint.h"

#include "base/digest.h"
#include "explain/template.h"

#define DIGEST_BYTES 8

static struct str file_name(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/' && path.p[at - 1] != '\\')
		at--;
	return str_from(path, at);
}

static void add(struct buf *out, struct str part)
{
	char text[TEMPLATE_MAX];
	size_t n = template_write(part, text);

	buf_add(out, text, n);
	buf_char(out, '\0');
}

static void add_exactly(struct buf *out, struct str part)
{
	buf_str(out, part);
	buf_char(out, '\0');
}

void fingerprint_set(struct findings *list, struct finding *f)
{
	AUTO_BUF parts, text;

	buf_init(&parts, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	add_exactly(&parts, f->tool);
	add_exactly(&parts, f->code);
	add_exactly(&parts, file_name(f->file));
	add(&parts, f->test);
	add(&parts, f->message);
	struct sha256 digest = sha256_of(buf_view(&parts));
	buf_z(&text, FINGERPRINT_VERSION ":");
	hex_encode(digest.b, DIGEST_BYTES, &text);
	f->fingerprint = findings_keep(list, buf_view(&text));
}
