/*
 * line_mark: "::" begins a C++ name as well, so the words between colons are a list; "##[" begins nothing
 * else.
 */
#include "text/line_mark.h"

static const struct {
	struct str word;
	enum line_mark mark;
	enum line_level level;
} commands[] = {
	{ { "group", 5 }, LINE_GROUP, LINE_INFO },
	{ { "endgroup", 8 }, LINE_END_GROUP, LINE_INFO },
	{ { "error", 5 }, LINE_COMMAND, LINE_ERROR },
	{ { "warning", 7 }, LINE_COMMAND, LINE_WARNING },
	{ { "notice", 6 }, LINE_COMMAND, LINE_INFO },
	{ { "debug", 5 }, LINE_COMMAND, LINE_DEBUG },
	{ { "command", 7 }, LINE_COMMAND, LINE_INFO },
	{ { "section", 7 }, LINE_COMMAND, LINE_INFO },
	{ { "add-mask", 8 }, LINE_COMMAND, LINE_INFO },
	{ { "add-matcher", 11 }, LINE_COMMAND, LINE_INFO },
	{ { "remove-matcher", 14 }, LINE_COMMAND, LINE_INFO },
	{ { "add-path", 8 }, LINE_COMMAND, LINE_INFO },
	{ { "set-env", 7 }, LINE_COMMAND, LINE_INFO },
	{ { "set-output", 10 }, LINE_COMMAND, LINE_INFO },
	{ { "save-state", 10 }, LINE_COMMAND, LINE_INFO },
	{ { "stop-commands", 13 }, LINE_COMMAND, LINE_INFO },
	{ { "echo", 4 }, LINE_COMMAND, LINE_INFO },
};

/* The command that is called word, with its message from `title` on. */
static bool command(struct str s, struct str word, size_t title, struct line_mark_found *ret)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (str_eq_nocase(commands[i].word, word)) {
			*ret = (struct line_mark_found){
				.mark = commands[i].mark,
				.level = commands[i].level,
				.title = title,
				.title_end = s.len,
			};
			return true;
		}
	}
	return false;
}

/* ##[error]message */
static bool bracketed(struct str s, size_t open, struct line_mark_found *ret)
{
	size_t close = str_find(s, ']');

	if (close == s.len)
		return false;
	return command(s, (struct str){ s.p + open, close - open }, close + 1, ret);
}

/* ::error file=a.c::message */
static bool between_colons(struct str s, struct line_mark_found *ret)
{
	struct str rest = str_from(s, 2);
	size_t close = str_find_str(rest, STR("::")), blank = str_find(rest, ' ');

	if (close == rest.len)
		return false;
	return command(s, (struct str){ rest.p, blank < close ? blank : close }, 2 + close + 2, ret);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

/*
 * What stands behind "section_start:": an epoch, a colon, a name, options. A section without a title is
 * called by its name.
 */
static bool section(struct str s, size_t i, enum line_mark mark, struct line_mark_found *ret)
{
	size_t digits = i, name;

	while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	if (i == digits || i == s.len || s.p[i] != ':')
		return false;
	name = ++i;
	while (i < s.len && is_name(s.p[i]))
		i++;
	if (i == name)
		return false;

	struct line_mark_found found = { .mark = mark, .level = LINE_INFO, .title = name, .title_end = i };
	if (i < s.len && s.p[i] == '[')
		i += str_find(str_from(s, i), ']') + 1;
	while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\r'))
		i++;
	if (i < s.len) {
		found.title = i;
		found.title_end = s.len;
	}
	*ret = found;
	return true;
}

bool line_mark_read(struct str s, struct line_mark_found *ret)
{
	if (s.len < 4)
		return false;
	switch (s.p[0]) { /* line_mark_begins() has these, too */
	case '#':
		return str_starts(s, STR("##[")) && bracketed(s, 3, ret);
	case ':':
		return s.p[1] == ':' && between_colons(s, ret);
	case '[':
		return str_starts(s, STR("[command]")) && bracketed(s, 1, ret);
	case 's':
		if (str_starts(s, STR("section_start:")))
			return section(s, 14, LINE_GROUP, ret);
		return str_starts(s, STR("section_end:")) && section(s, 12, LINE_END_GROUP, ret);
	default:
		return false;
	}
}
