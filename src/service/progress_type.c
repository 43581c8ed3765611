/* progress_type: see the table. */
#include "service/progress_type.h"

#include <strings.h>

static const struct {
	enum error_type type;
	const char *words[16];
} rows[] = {
#define PROGRESS_TYPE(type, ...) { TYPE_##type, { __VA_ARGS__ } },
#include "service/progress_type.tbl"
#undef PROGRESS_TYPE
};

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "image" is not in "imagemagick", nor "git" in "digit". */
static bool has_word(struct str text, struct str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++) {
		bool begins = i == 0 || !is_word_char(text.p[i - 1]);
		bool ends = i + word.len == text.len || !is_word_char(text.p[i + word.len]);

		if (begins && ends && strncasecmp(text.p + i, word.p, word.len) == 0)
			return true;
	}
	return false;
}

enum error_type progress_type_of(struct str message)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; rows[i].words[k]; k++)
			if (has_word(message, str_z(rows[i].words[k])))
				return rows[i].type;
	return TYPE_WORKER;
}
