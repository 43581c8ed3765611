/* tar_name: see the header. */
#include "pack/tar_name.h"

#include "base/utf8.h"

#include <stdio.h>

#define SHOWN_CHARS 70 /* so that a message of two names and a reason has room */

/* The part of path that begins at *at, which is moved behind it. False: there is none. */
static bool next_part(struct str path, size_t *at, struct str *ret)
{
	struct str rest;

	while (*at < path.len && path.p[*at] == '/')
		++*at;
	if (*at == path.len)
		return false;
	rest = str_from(path, *at);
	*ret = (struct str){ rest.p, str_find(rest, '/') };
	*at += ret->len;
	return true;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Of all that is written: names and targets. */
static const char *text_wrong(struct str s)
{
	uint32_t code = 0;

	if (s.len == 0)
		return "is empty";
	if (s.len > TAR_PATH_MAX)
		return "is longer than 4096 bytes";
	for (size_t at = 0; at < s.len;) {
		size_t n = utf8_decode(s.p + at, s.len - at, &code);

		if (n == 0)
			return "is not UTF-8";
		if (is_control(code))
			return "has a control character";
		at += n;
	}
	return s.p[0] == '/' ? "is absolute" : NULL;
}

const char *tar_path_wrong(struct str path)
{
	const char *wrong = text_wrong(path);
	size_t at = 0, depth = 0;
	struct str part;

	while (!wrong && next_part(path, &at, &part)) {
		depth += !str_eq(part, STR("."));
		if (str_eq(part, STR("..")))
			wrong = "has \"..\" in it";
		else if (part.len > TAR_PART_MAX)
			wrong = "has a part of more than 255 bytes";
		else if (depth > TAR_DEPTH_MAX)
			wrong = "is more than 100 folders deep";
	}
	return wrong;
}

/* Folders above path, below the top. */
static size_t folders_above(struct str path)
{
	size_t at = 0, n = 0;
	struct str part;

	while (next_part(path, &at, &part))
		n += !str_eq(part, STR("."));
	return n > 0 ? n - 1 : 0;
}

const char *tar_target_wrong(struct str path, struct str target)
{
	const char *wrong = text_wrong(target);
	size_t at = 0, up = 0;
	bool down = false;
	struct str part;

	while (!wrong && next_part(target, &at, &part)) {
		if (str_eq(part, STR("."))) {
			continue;
		} else if (!str_eq(part, STR(".."))) {
			down = true;
		} else if (down) {
			wrong = "has \"..\" behind a name";
		} else if (++up > folders_above(path)) {
			wrong = "leads out of the archive";
		}
	}
	return wrong;
}

struct str tar_path_plain(struct str path, char room[TAR_PATH_MAX])
{
	size_t at = 0, len = 0;
	struct str part;

	while (next_part(path, &at, &part)) {
		if (str_eq(part, STR(".")))
			continue;
		if (len > 0)
			room[len++] = '/';
		memcpy(room + len, part.p, part.len);
		len += part.len;
	}
	return (struct str){ room, len };
}

/* Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9), and the two separators that are line ends. */
static bool turns_writing(uint32_t code)
{
	return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

const char *tar_shown(struct str text, char room[TAR_SHOWN_SIZE])
{
	size_t len = 0, at = 0;

	for (size_t n_chars = 0; at < text.len && n_chars < SHOWN_CHARS; n_chars++) {
		uint32_t code = 0;
		size_t n = utf8_decode(text.p + at, text.len - at, &code);
		bool harmless = n > 0 && !is_control(code) && !turns_writing(code);
		struct str shown = harmless ? (struct str){ text.p + at, n } : STR("\xEF\xBF\xBD");

		memcpy(room + len, shown.p, shown.len);
		len += shown.len;
		at += n > 0 ? n : utf8_bad_len(str_from(text, at));
	}
	snprintf(room + len, TAR_SHOWN_SIZE - len, "%s", at < text.len ? ".." : "");
	return room;
}
