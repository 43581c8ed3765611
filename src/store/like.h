#ifndef STORE_LIKE_H
#define STORE_LIKE_H
/* like: what is looked for with LIKE: a part of a text without regard to case (ESCAPE '!'), a word of a set. Internal to the files of nouns. */
#include "base/buf.h"
#include "model/error.h"
#include "store/rows.h"

/* For lower(column) LIKE it ESCAPE '!'. */
static inline struct str like_text(struct str part, const char *behind, struct arena *a)
{
	struct str pattern;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_char(&out, '%');
	for (size_t i = 0; i < part.len; i++) {
		char c = part.p[i];

		if (c == '%' || c == '_' || c == '!')
			buf_char(&out, '!');
		buf_char(&out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_z(&out, behind);
	pattern = arena_str(a, buf_view(&out));
	return pattern;
}

/* Wherever it stands. Empty: whatever. */
static inline struct str like_part(struct str part, struct arena *a)
{
	return part.len > 0 ? like_text(part, "%", a) : STR("");
}

/* At the end. */
static inline struct str like_end(struct str end, struct arena *a)
{
	return like_text(end, "", a);
}

/* Types of errors as ",worker,queue,", in which one of them is looked for; of an empty set nothing is among. */
static inline void like_types(unsigned set, struct buf *out)
{
	buf_char(out, ',');
	for (unsigned i = 0; i < ERROR_N_TYPES; i++)
		if (set >> i & 1)
			buf_fmt(out, "%s,", error_type_name((enum error_type)i));
}

#endif
