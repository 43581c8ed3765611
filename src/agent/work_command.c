/* work_command: see the header. */
#include "agent/work_command.h"

#include "base/buf.h"

#include <string.h>

#define NAME_MAX_BYTES 255

static bool is_harmless(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("._-+@", c));
}

bool work_is_harmless(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (!is_harmless(path.p[i]) && path.p[i] != '/')
			return false;
	return true;
}

static struct str harmless(struct str name, struct arena *a)
{
	char *p = arena_cstr(a, name);

	for (size_t i = 0; i < name.len; i++)
		if (!is_harmless(p[i]))
			p[i] = '_';
	return (struct str){ p, name.len };
}

struct str work_harmless_name(struct str name, struct str extension, struct arena *a)
{
	struct str safe = harmless(name, a), end = STR("");

	if (safe.len == 0 || str_eq(safe, STR(".")) || str_eq(safe, STR("..")))
		safe = STR("sample");
	if (extension.len > 0 && extension.len < NAME_MAX_BYTES / 2)
		end = arena_fmt(a, ".%.*s", STR_FMT(harmless(extension, a)));
	if (str_ends(safe, end))
		safe.len -= end.len;
	if (safe.len > NAME_MAX_BYTES - end.len)
		safe.len = NAME_MAX_BYTES - end.len;
	return arena_fmt(a, "%.*s%.*s", STR_FMT(safe), STR_FMT(end));
}

/* What is put in is not looked at again. */
static char *replace(struct str text, struct str input, struct str output, struct arena *a)
{
	char *made;
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	while (text.len > 0) {
		if (str_starts(text, STR("{input}"))) {
			buf_str(&b, input);
			text = str_from(text, sizeof "{input}" - 1);
		} else if (str_starts(text, STR("{output}"))) {
			buf_str(&b, output);
			text = str_from(text, sizeof "{output}" - 1);
		} else {
			buf_char(&b, text.p[0]);
			text = str_from(text, 1);
		}
	}
	made = arena_cstr(a, buf_view(&b));
	return made;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str next_word(struct str *text)
{
	struct str word;
	size_t n = 0;

	while (text->len > 0 && is_blank(text->p[0]))
		*text = str_from(*text, 1);
	while (n < text->len && !is_blank(text->p[n]))
		n++;
	word = (struct str){ text->p, n };
	*text = str_from(*text, n);
	return word;
}

char **work_argv(struct str command, bool shell, struct str input, struct str output, struct arena *a)
{
	char **argv = arena_array(a, shell ? 4 : command.len / 2 + 2, sizeof *argv);
	struct str word = next_word(&(struct str){ command.p, command.len });
	size_t n = 0;

	if (word.len == 0)
		return argv;
	if (shell) {
		argv[0] = arena_cstr(a, STR("/bin/sh"));
		argv[1] = arena_cstr(a, STR("-c"));
		argv[2] = replace(command, input, output, a);
		return argv;
	}
	while ((word = next_word(&command)).len > 0)
		argv[n++] = replace(word, input, output, a);
	return argv;
}
