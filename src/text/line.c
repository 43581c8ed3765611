/*
 * line: from the left, part by part, as a person skims a log.
 *
 * What stands in front of a message are time stamps, brackets, names of threads and loggers, and sooner or
 * later a level, a known start (line_starts.tbl) or a place in a file with a level behind it. Parts are
 * passed over as long as they are of such kinds; the first that is none ends the head, and in what follows
 * an "error" is prose. Some say how it went at the end ("... FAILED"), and records in logfmt or JSON say it
 * by name.
 *
 * What a reader would get wrong: names and numbers are passed over only in a record, that is behind a time
 * stamp or a level. Without one a line of prose would do ("Use flag ERROR to ..").
 */
#include "text/line.h"

#include "text/escape.h"
#include "text/line_head.h"
#include "text/line_mark.h"
#include "text/line_rest.h"
#include "text/line_word.h"

#include <pthread.h>
#include <string.h>

#define PARTS_MAX 12 /* of a head */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
	line_word_init();
	line_head_init();
}

#define LINE_NAME(name, slug) slug,
static const char *const level_names[] = { LINE_LEVELS(LINE_NAME) };
static const char *const source_names[] = { LINE_SOURCES(LINE_NAME) };
#undef LINE_NAME

const char *line_level_name(enum line_level l)
{
	return level_names[l];
}

const char *line_source_name(enum line_source s)
{
	return source_names[s];
}

bool line_level_find(struct str name, enum line_level *ret)
{
	for (unsigned i = 0; i < LINE_N_LEVELS; i++) {
		if (str_eq(str_z(level_names[i]), name)) {
			*ret = (enum line_level)i;
			return true;
		}
	}
	return false;
}

bool line_source_find(struct str name, enum line_source *ret)
{
	for (unsigned i = 0; i < LINE_N_SOURCES; i++) {
		if (str_eq(str_z(source_names[i]), name)) {
			*ret = (enum line_source)i;
			return true;
		}
	}
	return false;
}

/* from: where each byte of h->s stands in text; NULL: at the same place. */
static void set_mark(
	const struct line_head *h, const struct line_mark_found *found, const uint32_t *from, struct str text)
{
	size_t at = h->i + found->title, end = h->i + found->title_end;
	size_t begin = from ? from[at] : at;
	struct str title = str_from(text, begin);

	/* A title that ends where the front ends goes on to the end of the line. */
	if (end < h->s.len)
		title.len = (from ? from[end] : end) - begin;
	h->line->mark = found->mark;
	h->line->level = found->level;
	h->line->source = LINE_ORCHESTRATOR;
	h->line->title = str_trim(title);
}

static void look(struct line_head *h, const uint32_t *from, struct str text)
{
	struct line_mark_found found;

	line_head_skip_blanks(h);
	for (int k = 0; k < PARTS_MAX && h->i < h->s.len; k++) {
		if (line_mark_begins(h->s.p[h->i]) && line_mark_read(line_head_rest(h), &found)) {
			set_mark(h, &found, from, text);
			return;
		}
		if (!line_head_part(h))
			break;
		line_head_skip_blanks(h);
	}
	if (!h->settled && h->i < h->s.len)
		line_rest_look(h);
}

/*
 * text without escapes, as far as it is looked at; from: where each byte comes from, and behind the last
 * where the rest begins.
 */
static size_t without_escapes(struct str text, char *plain, uint32_t *from)
{
	size_t n = 0, i = 0;

	while (i < text.len && n < LINE_LOOK) {
		bool may = text.p[i] == ESCAPE_FIRST || text.p[i] == ESCAPE_FIRST_C1;
		size_t end = may ? escape_end(text, i) : i;

		if (end > i) {
			i = end;
			continue;
		}
		from[n] = (uint32_t)i;
		plain[n++] = text.p[i++];
	}
	from[n] = (uint32_t)i;
	return n;
}

static bool has_escapes(struct str s)
{
	return s.len > 0 && (memchr(s.p, ESCAPE_FIRST, s.len) || memchr(s.p, ESCAPE_FIRST_C1, s.len));
}

static void look_at_plain(struct str plain, const uint32_t *from, struct str text, struct line *ret)
{
	struct line_head h = { .s = plain, .line = ret };

	pthread_once(&once, make_tables);
	*ret = (struct line){ .level = LINE_INFO, .source = LINE_BUILD };
	if (str_starts(h.s, STR("\xef\xbb\xbf")))
		h.i = 3;
	look(&h, from, text);
}

static struct str front_of(struct str text)
{
	return (struct str){ text.p, text.len < LINE_LOOK ? text.len : LINE_LOOK };
}

void line_look_plain(struct str text, struct line *ret)
{
	look_at_plain(front_of(text), NULL, text, ret);
}

void line_look(struct str text, struct line *ret)
{
	char plain[LINE_LOOK];
	uint32_t from[LINE_LOOK + 1];

	if (!has_escapes(front_of(text)))
		line_look_plain(text, ret);
	else
		look_at_plain((struct str){ plain, without_escapes(text, plain, from) }, from, text, ret);
}
