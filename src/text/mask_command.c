/*
 * mask_command: `::add-mask::VALUE`, as GitHub, Forgejo and Gitea take it, and the older `##[add-mask]VALUE`.
 *
 * Both may have properties in front of the value (`::add-mask a=b::VALUE`), of which none means anything.
 * Forges take a command only at the start of a line; here it may stand anywhere in it, because `set -x` and
 * time stamps put something in front. The value goes to the end of the line: so a line has one command, the
 * first, and a text cannot name more bytes than it has.
 */
#include "text/mask_command.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

static bool is_at(struct str text, size_t at, const char *lower)
{
	size_t len = strlen(lower);

	return at <= text.len && text.len - at >= len && strncasecmp(text.p + at, lower, len) == 0;
}

/* Behind `close`, which ends the head of a command whose name ends at `at`: at once, or behind properties in the
 * same line. 0: it does not. */
static size_t head_end(struct str text, size_t at, const char *close)
{
	struct str rest = str_from(text, at);
	size_t len;

	if (is_at(text, at, close))
		return at + strlen(close);
	if (rest.len == 0 || rest.p[0] != ' ')
		return 0;
	rest.len = str_find(rest, '\n');
	len = str_find_str(rest, str_z(close));
	return len < rest.len ? at + len + strlen(close) : 0;
}

/* Is there a "-ma" in 64 bytes and the two behind? In a form that compilers turn into vector instructions. */
static inline bool has_candidate(const char *p)
{
	uint8_t found = 0;

	for (size_t i = 0; i < 64; i++)
		found |= (uint8_t)((p[i] == '-') & ((p[i + 1] | 0x20) == 'm') & ((p[i + 2] | 0x20) == 'a'));
	return found;
}

/* The first dash from i on that the name of a command may be around; text.len: there is none. Logs are full of others. */
static size_t find_dash(struct str text, size_t i)
{
	while (i + 66 <= text.len && !has_candidate(text.p + i))
		i += 64;
	return i + str_find(str_from(text, i), '-');
}

/* The first command from *at on. Moves *at behind its head, where the value begins. */
static bool command_next(struct str text, size_t *at)
{
	size_t i = *at;

	while (i < text.len) {
		size_t end = 0;

		i = find_dash(text, i);
		if (i >= 5 && is_at(text, i - 5, "::add-mask"))
			end = head_end(text, i + 5, "::");
		else if (i >= 6 && is_at(text, i - 6, "##[add-mask"))
			end = head_end(text, i + 5, "]");
		if (end > 0) {
			*at = end;
			return true;
		}
		i++;
	}
	return false;
}

bool text_has_mask_command(struct str text)
{
	size_t at = 0;

	return command_next(text, &at);
}

struct str mask_value_start(struct str value)
{
	if (value.len > MASK_VALUE_MAX)
		value.len = utf8_floor(value, MASK_VALUE_MAX);
	return str_trim(value);
}

/* %25 %0D %0A, with which runners write what a command cannot hold. */
static void decode_value(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '%' && value.len - i >= 3) {
			char d = is_at(value, i, "%25")   ? '%'
				 : is_at(value, i, "%0d") ? '\r'
				 : is_at(value, i, "%0a") ? '\n'
							  : 0;
			if (d) {
				c = d;
				i += 2;
			}
		}
		buf_char(out, c);
	}
}

static bool is_value(struct str value)
{
	return value.len >= MASK_VALUE_MIN && value.len <= MASK_VALUE_MAX && !str_eq(value, STR(MASK_TEXT));
}

void mask_commands_each(struct str text, mask_command_fn *each, void *arg)
{
	size_t at = 0;
	AUTO_BUF decoded;

	buf_init(&decoded, 3 * MASK_VALUE_MAX);
	while (command_next(text, &at)) {
		struct str rest = str_from(text, at);
		struct str written = { rest.p, str_find(rest, '\n') }, value;

		at += written.len;
		written = str_trim(written);
		buf_reset(&decoded);
		decode_value((struct str){ written.p,
				     written.len < 3 * MASK_VALUE_MAX ? written.len : 3 * MASK_VALUE_MAX },
			&decoded);
		value = mask_value_start(buf_view(&decoded));
		if (!is_value(written) || str_eq(value, written))
			written = STR("");
		if (is_value(value) && !each(arg, value, written))
			return;
	}
}
