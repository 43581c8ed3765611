/*
 * search_limit: a walk over the syntax of a regex that knows no more than it needs: what is escaped, where
 * classes and groups begin and end, and the counts of {n,m}.
 *
 * What makes an automaton large, and compiling it slow, is repetition that is written out: {64} copies what
 * it repeats 64 times, and nested counts multiply. So three things are limited: a count over something that
 * has one already is refused, the counts may sum to SEARCH_COUNT_MAX, and what is left when all are written
 * out, in characters, to SEARCH_SIZE_MAX. A class of Unicode (\p{L}) is hundreds of ranges of bytes, each
 * 10-25 ms: it counts for UNICODE_SIZE. Measured (CPU time, vectorscan 5.4.9):
 * (.a|.b|..){64} of 58 characters 1.1 s, (a.?b.?..){64} of 74 16 s, \p{L}{64} 6 s; within the limits about
 * 90 ms, for x.{0,32}y.{0,32}z and \P{L}\p{L}; of 675 random ones that were accepted one took 106.
 */
#include "text/search_limit.h"

#include "base/utf8.h"
#include "text/search.h"

#include <string.h>

#define DEPTH_MAX 16
#define UNICODE_SIZE 100

/* A group, or a single thing that a quantifier may follow. */
struct part {
	int64_t size;  /* characters, counts written out */
	int64_t loose; /* of them those that may be nothing, and assertions */
	bool counted;  /* has a {n,m} in it */
};

struct walk {
	struct str s;
	const struct search_limits *limits;
	size_t i;
	struct part last;                /* what a quantifier would repeat */
	struct part open[1 + DEPTH_MAX]; /* the whole, and the groups around us */
	size_t depth;
	int64_t counts; /* sum so far */
	bool by_line;
};

static char char_at(const struct walk *w, size_t i)
{
	return i < w->s.len ? w->s.p[i] : '\0';
}

/* Length of [:digit:] at i, inside a class; 0: it is something else. */
static size_t posix_len(const struct walk *w, size_t i)
{
	size_t n = 2;

	if (char_at(w, i) != '[' || char_at(w, i + 1) != ':')
		return 0;
	while (char_at(w, i + n) == '^' || (char_at(w, i + n) >= 'a' && char_at(w, i + n) <= 'z'))
		n++;
	return char_at(w, i + n) == ':' && char_at(w, i + n + 1) == ']' ? n + 2 : 0;
}

/* Behind the class that begins at i: a ] that is first is a member. */
static size_t class_end(const struct walk *w, size_t i)
{
	i += char_at(w, i + 1) == '^' ? 2 : 1;
	for (size_t first = i; i < w->s.len; i++) {
		if (char_at(w, i) == '\\')
			i++;
		else if (posix_len(w, i) > 0)
			i += posix_len(w, i) - 1;
		else if (char_at(w, i) == ']' && i > first)
			return i + 1;
	}
	return w->s.len;
}

/*
 * {n}, {n,} and {n,m} at i: the end of it and the larger count; 0 when it is something else (then { is a
 * character).
 */
static size_t count_end(const struct walk *w, size_t i, int64_t *ret_count)
{
	struct str inside = str_from(w->s, i + 1);
	size_t len = str_find(inside, '}'), comma = str_find(inside, ',');
	int64_t least, most;

	if (len == inside.len)
		return 0;
	if (comma > len)
		comma = len;
	if (!str_to_int((struct str){ inside.p, comma }, &least))
		return 0;
	most = least;
	if (comma + 1 < len && !str_to_int((struct str){ inside.p + comma + 1, len - comma - 1 }, &most))
		return 0;
	*ret_count = most > least ? most : least;
	return i + 1 + len + 1;
}

static void add(struct walk *w, struct part p)
{
	w->last = p;
	w->open[w->depth].size += p.size;
	w->open[w->depth].loose += p.loose;
	w->open[w->depth].counted = w->open[w->depth].counted || p.counted;
}

static enum err_code take_count(struct walk *w, struct err *e)
{
	struct part *around = &w->open[w->depth];
	int64_t count;
	size_t end = count_end(w, w->i, &count);

	if (end == 0) {
		add(w, (struct part){ .size = 1 });
		w->i++;
		return ERR_OK;
	}
	if (w->last.counted)
		return err_field(
			e, "regex", "a counted repeat of something that has a counted repeat is not taken");
	if (count < 0 || count > w->limits->counts - w->counts)
		return err_field(e, "regex", "the counts of all repeats together must be at most %lld",
			(long long)w->limits->counts);
	around->size += w->last.size * (count > 1 ? count - 1 : 0);
	around->loose += w->last.loose * (count > 1 ? count - 1 : 0) + 1;
	around->counted = w->last.counted = true;
	w->counts += count;
	w->i = end;
	return ERR_OK;
}

static enum err_code open_group(struct walk *w, struct err *e)
{
	if (char_at(w, w->i + 1) == '*')
		return err_field(e, "regex", "(* is not taken");
	if (w->depth == DEPTH_MAX)
		return err_field(e, "regex", "groups must not be more than %d deep", DEPTH_MAX);
	w->open[++w->depth] = (struct part){ 0 };
	w->last = (struct part){ 0 };
	if (char_at(w, ++w->i) != '?')
		return ERR_OK;

	/* (?flags) or (?flags:...). */
	for (w->i++; w->i < w->s.len && strchr("imsx-", char_at(w, w->i)); w->i++) {
		if (char_at(w, w->i) == 'x')
			return err_field(e, "regex", "(?x) is not taken");
		if (char_at(w, w->i) == '-')
			w->by_line = true;
	}
	return ERR_OK;
}

static enum err_code close_group(struct walk *w, struct err *e)
{
	if (w->depth == 0)
		return err_field(e, "regex", "has a ) too many");

	struct part group = w->open[w->depth--];
	add(w, group);
	w->i++;
	return ERR_OK;
}

static bool is_unicode_class(const struct walk *w, size_t i)
{
	return char_at(w, i) == '\\' && (char_at(w, i + 1) == 'p' || char_at(w, i + 1) == 'P');
}

static void take_escape(struct walk *w)
{
	char c = char_at(w, w->i + 1);

	w->by_line = w->by_line || c == 'A' || c == 'z' || c == 'Z';
	add(w, (struct part){ .size = is_unicode_class(w, w->i) ? UNICODE_SIZE : 1,
		       .loose = c != '\0' && strchr("bBAzZ", c) ? 1 : 0 });
	w->i += 2;
	if (c == 'Q') {
		size_t len = str_find_str(str_from(w->s, w->i), STR("\\E"));
		w->open[w->depth].size += (int64_t)len;
		w->i += len + 2;
	} else if (c != '\0' && strchr("xpPogk", c) && char_at(w, w->i) == '{') {
		w->i += str_find(str_from(w->s, w->i), '}') + 1;
	}
}

static void take_class(struct walk *w)
{
	size_t end = class_end(w, w->i);
	struct part p = { .size = 1 };

	for (; w->i < end; w->i++)
		p.size += is_unicode_class(w, w->i) ? UNICODE_SIZE : 0;
	add(w, p);
}

static enum err_code step(struct walk *w, struct err *e)
{
	switch (char_at(w, w->i)) {
	case '\\':
		take_escape(w);
		return ERR_OK;
	case '[':
		take_class(w);
		return ERR_OK;
	case '(':
		return open_group(w, e);
	case ')':
		return close_group(w, e);
	case '{':
		return take_count(w, e);
	case '*':
	case '?':
		w->open[w->depth].loose++;
		w->last.loose++;
		w->i++;
		return ERR_OK;
	case '+':
		w->i++;
		return ERR_OK;
	case '^':
	case '$':
		add(w, (struct part){ .size = 1, .loose = 1 });
		w->i++;
		return ERR_OK;
	default:
		add(w, (struct part){ .size = 1 });
		w->i++;
		return ERR_OK;
	}
}

static enum err_code check(struct walk *w, struct err *e)
{
	const struct search_limits *limits = w->limits;

	if (w->s.len > limits->bytes)
		return err_field(e, "regex", "must have at most %zu bytes", limits->bytes);
	if (utf8_valid(w->s) < w->s.len || str_find(w->s, '\0') < w->s.len)
		return err_field(e, "regex", "must be UTF-8 without NUL");
	while (w->i < w->s.len)
		TRY(step(w, e));
	if (w->depth > 0)
		return err_field(e, "regex", "a group is not closed");
	if (w->open[0].loose > limits->loose)
		return err_field(e, "regex",
			"must have at most %lld of *, ?, {..}, ^, $ and \\b once counts are written out",
			(long long)limits->loose);
	if (w->open[0].size > limits->size)
		return err_field(e, "regex",
			"must have at most %lld characters once counts are written out; a \\p{..} counts for "
			"%d",
			(long long)limits->size, UNICODE_SIZE);
	return ERR_OK;
}

enum err_code search_limit_check(struct str regex, bool *ret_by_line, struct err *e)
{
	static const struct search_limits limits = { SEARCH_REGEX_MAX, SEARCH_COUNT_MAX, SEARCH_SIZE_MAX,
		INT64_MAX };
	struct walk w = { .s = regex, .limits = &limits };

	TRY(check(&w, e));
	*ret_by_line = w.by_line;
	return ERR_OK;
}

enum err_code search_limit_size(
	struct str regex, const struct search_limits *limits, struct search_size *ret, struct err *e)
{
	struct walk w = { .s = regex, .limits = limits };

	TRY(check(&w, e));
	*ret = (struct search_size){ w.open[0].size, w.open[0].loose };
	return ERR_OK;
}
