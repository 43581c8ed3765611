/*
 * search: Hyperscan says where the next match ends; the line it ends in is a candidate, and the search goes
 * on behind it.
 *
 * Left to run, it reports every end of every match: one a byte for `.*`, and the time would depend on the
 * pattern. So a scan is stopped at its first match, for about 100 ns a candidate. But before it reports
 * that match it may have passed the rest of the text with another of its engines: begun again behind each
 * line, a text would be passed once a line (1 MB/s was measured). Hence windows: the first scan behind a
 * match is of WINDOW_MIN bytes, and each that finds nothing is followed by one of twice as many, so that no
 * more than three times the text is passed in all. Where few lines match (nearly always) it is once, at
 * many GB/s.
 *
 * Over many lines at once [^x] and \s also match line ends, so what is found may reach over more than one
 * line. Hence a candidate is looked at once more, alone: whatever a line matches by itself is also found
 * over the whole text with ^ and $ at line ends, and no later than where it ends in the line. The few
 * patterns of which this is not true, those that match nothing at all (`^$`) and those that name the ends
 * of the text (\A, \z), are looked for line by line; 100 ns a line as well.
 *
 * One literal is not looked for in another way, because nothing simple is faster: 8-22 GB/s in any case of
 * letters, in the same runs as 6 of memmem() in one case, and 2-5 of two memchr() for both cases of a first
 * letter.
 *
 * Two libraries have this interface: Hyperscan (x86), and vectorscan, which has other processors too. Which
 * one is tools/deps' choice; on x86 it is not vectorscan 5.4.9: with AVX-512 it misses what matches in the
 * last bytes of a text (its pull request 378), 375 of 60,000 random texts against none of Hyperscan 5.4.0.
 *
 * What a reader would get wrong: scratch memory is for one thread at a time. There is a list of idle ones
 * in the search, each made when a thread finds none there.
 */
#include "text/search.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "text/escape.h"
#include "text/search_limit.h"

#include <assert.h>
#include <hs/hs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MIN 512 /* bytes; then up to a line end */

struct matcher {
	hs_database_t *db; /* NULL: everything matches */
	bool by_line;      /* over many lines at once it may miss some */
};

/* What a thread needs while it searches. */
struct worker {
	struct worker *next;
	hs_scratch_t *scratch;
	struct buf plain; /* the text without escapes */
};

struct pool {
	pthread_mutex_t lock; /* guards idle */
	struct worker *idle;
};

struct search {
	struct matcher contains, regex;
	char *literal; /* NULL: none */
	size_t literal_len;
	hs_scratch_t *scratch; /* never used, only cloned */
	struct pool *pool;
};

/* ---- making one ---- */

static enum err_code compile(
	const char *pattern, const char *field, struct matcher *m, hs_scratch_t **scratch, struct err *e)
{
	unsigned flags = HS_FLAG_MULTILINE | HS_FLAG_UTF8 | HS_FLAG_ALLOWEMPTY;
	hs_compile_error_t *wrong = NULL;
	hs_expr_info_t *info = NULL;

	if (hs_expression_info(pattern, flags, &info, &wrong) == HS_SUCCESS)
		m->by_line = m->by_line || info->min_width == 0;
	free(info);
	if (wrong || hs_compile(pattern, flags, HS_MODE_BLOCK, NULL, &m->db, &wrong) != HS_SUCCESS) {
		err_field(e, field, "is not supported: %s", wrong->message);
		hs_free_compile_error(wrong);
		return ERR_INVALID;
	}
	if (hs_alloc_scratch(m->db, scratch) != HS_SUCCESS)
		return err_set(e, ERR_INTERNAL, "search: no scratch memory");
	return ERR_OK;
}

/*
 * Letters of ASCII as a class, so that no other character is folded to one (the Kelvin sign is a k to
 * Unicode); all else as its code, so that nothing in it is syntax.
 */
static void add_literal(struct str text, struct buf *pattern)
{
	for (size_t i = 0; i < text.len;) {
		uint32_t c, lower;
		size_t n = utf8_decode(text.p + i, text.len - i, &c);

		lower = c | 0x20;
		if (lower >= 'a' && lower <= 'z')
			buf_fmt(pattern, "[\\x{%x}\\x{%x}]", (unsigned)lower, (unsigned)lower & ~0x20u);
		else
			buf_fmt(pattern, c < 0x80 ? "\\x{%x}" : "(?i:\\x{%x})", (unsigned)c);
		i += n;
	}
}

static size_t count_characters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* The longest run of ASCII, in lower case. */
static void set_literal(struct search *s, struct str contains)
{
	struct str best = { NULL, 0 }, run = { contains.p, 0 };

	for (size_t i = 0; i < contains.len; i++) {
		if ((uint8_t)contains.p[i] < 0x80)
			run.len++;
		else
			run = (struct str){ contains.p + i + 1, 0 };
		if (run.len > best.len)
			best = run;
	}
	s->literal = mem_dup(best);
	s->literal_len = best.len;
	for (size_t i = 0; i < best.len; i++)
		if (best.p[i] >= 'A' && best.p[i] <= 'Z')
			s->literal[i] = (char)(best.p[i] | 0x20);
}

static enum err_code set_contains(struct search *s, struct str contains, struct err *e)
{
	AUTO_BUF pattern;

	buf_init(&pattern, SIZE_MAX);
	if (utf8_valid(contains) < contains.len)
		return err_field(e, "contains", "must be UTF-8");
	if (count_characters(contains) > SEARCH_CONTAINS_MAX)
		return err_field(e, "contains", "must have at most %d characters", SEARCH_CONTAINS_MAX);
	if (str_find(contains, '\n') < contains.len)
		return err_field(e, "contains", "is looked for in single lines and must not have a line end");
	add_literal(contains, &pattern);
	set_literal(s, contains);
	return compile(buf_cstr(&pattern), "contains", &s->contains, &s->scratch, e);
}

static enum err_code set_regex(struct search *s, struct str regex, struct err *e)
{
	AUTO_BUF pattern;

	buf_init(&pattern, SIZE_MAX);
	TRY(search_limit_check(regex, &s->regex.by_line, e));
	buf_str(&pattern, regex);
	return compile(buf_cstr(&pattern), "regex", &s->regex, &s->scratch, e);
}

enum err_code search_new(struct str contains, struct str regex, struct search **ret, struct err *e)
{
	struct search *s = mem_alloc(sizeof *s);
	enum err_code code = ERR_OK;

	if (hs_valid_platform() != HS_SUCCESS)
		code = err_set(
			e, ERR_INTERNAL, "search: this processor is too old for Hyperscan (it needs SSE4.2)");
	s->pool = mem_alloc(sizeof *s->pool);
	pthread_mutex_init(&s->pool->lock, NULL);
	if (code == ERR_OK && contains.len > 0)
		code = set_contains(s, contains, e);
	if (code == ERR_OK && regex.len > 0)
		code = set_regex(s, regex, e);
	if (code == ERR_OK)
		*ret = s;
	else
		search_free(s);
	return code;
}

static void worker_free(struct worker *w)
{
	hs_free_scratch(w->scratch);
	buf_done(&w->plain);
	free(w);
}

void search_free(struct search *s)
{
	if (!s)
		return;
	while (s->pool->idle) {
		struct worker *w = s->pool->idle;

		s->pool->idle = w->next;
		worker_free(w);
	}
	hs_free_database(s->contains.db);
	hs_free_database(s->regex.db);
	hs_free_scratch(s->scratch);
	pthread_mutex_destroy(&s->pool->lock);
	free(s->pool);
	free(s->literal);
	free(s);
}

struct str search_literal(const struct search *s)
{
	return (struct str){ s->literal, s->literal_len };
}

/* ---- searching ---- */

static enum err_code worker_take(const struct search *s, struct worker **ret, struct err *e)
{
	pthread_mutex_lock(&s->pool->lock);
	struct worker *w = s->pool->idle;
	if (w)
		s->pool->idle = w->next;
	pthread_mutex_unlock(&s->pool->lock);

	if (!w) {
		w = mem_alloc(sizeof *w);
		buf_init(&w->plain, SEARCH_TEXT_MAX);
		if (s->scratch && hs_clone_scratch(s->scratch, &w->scratch) != HS_SUCCESS) {
			worker_free(w);
			return err_set(e, ERR_INTERNAL, "search: no scratch memory");
		}
	}
	*ret = w;
	return ERR_OK;
}

static void worker_put_back(const struct search *s, struct worker *w)
{
	pthread_mutex_lock(&s->pool->lock);
	w->next = s->pool->idle;
	s->pool->idle = w;
	pthread_mutex_unlock(&s->pool->lock);
}

/* Offset of the first `byte` at or behind `from`; text.len when there is none. */
static size_t find_from(struct str text, size_t from, char byte)
{
	return from + str_find(str_from(text, from), byte);
}

static struct str without_escapes(struct str text, struct buf *out)
{
	buf_reset(out);
	escape_take_out(text, out);
	return buf_view(out);
}

static int stop_at_first(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ret_end)
{
	(void)id;
	(void)from;
	(void)flags;
	*(size_t *)ret_end = (size_t)to;
	return 1;
}

/* Where the first match ends. */
static enum err_code scan(const struct matcher *m, const struct worker *w, struct str text, bool *ret_found,
	size_t *ret_end, struct err *e)
{
	hs_error_t got = hs_scan(
		m->db, text.p ? text.p : "", (unsigned)text.len, 0, w->scratch, stop_at_first, ret_end);

	if (got != HS_SUCCESS && got != HS_SCAN_TERMINATED)
		return err_set(e, ERR_INTERNAL, "search: Hyperscan failed with %d", got);
	*ret_found = got == HS_SCAN_TERMINATED;
	return ERR_OK;
}

/* A text as it is walked through. */
struct walk {
	struct str text;
	size_t at;     /* start of the first line that has not been looked at */
	size_t window; /* how much to scan next */
};

/* The line that byte `at` is in, or that it ends. It begins at or behind the walk's. */
static struct str line_at(const struct walk *k, size_t at)
{
	const char *before = memrchr(k->text.p + k->at, '\n', at - k->at);
	size_t begin = before ? (size_t)(before - k->text.p) + 1 : k->at;

	return (struct str){ k->text.p + begin, find_from(k->text, at, '\n') - begin };
}

/* The next line that may match, and the walk is behind it. */
static enum err_code next_candidate(const struct matcher *m, const struct worker *w, struct walk *k,
	bool *ret_found, struct str *ret_line, struct err *e)
{
	bool found = false, each = !m->db || m->by_line;

	while (!found && k->at < k->text.len) {
		size_t end = 1, behind = k->text.len;

		if (each) {
			found = true;
		} else {
			if (k->window < behind - k->at)
				behind = find_from(k->text, k->at + k->window - 1, '\n');
			TRY(scan(m, w, (struct str){ k->text.p + k->at, behind - k->at }, &found, &end, e));
			assert(end > 0); /* or else it is by_line */
		}
		if (found) {
			*ret_line = line_at(k, k->at + end - 1);
			behind = (size_t)(ret_line->p - k->text.p) + ret_line->len;
		}
		k->window = found ? WINDOW_MIN : 2 * k->window;
		k->at = behind + 1;
	}
	*ret_found = found;
	return ERR_OK;
}

/* The next line that matches. */
static enum err_code next_line(const struct search *s, const struct worker *w, struct walk *k,
	bool *ret_found, struct str *ret_line, struct err *e)
{
	const struct matcher *first = s->contains.db ? &s->contains : &s->regex;
	bool found = true, matches = false;

	while (found && !matches) {
		size_t end;

		TRY(next_candidate(first, w, k, &found, ret_line, e));
		matches = found;
		if (found && s->regex.db)
			TRY(scan(&s->regex, w, *ret_line, &matches, &end, e));
	}
	*ret_found = matches;
	return ERR_OK;
}

/*
 * Where the caller's text is while its plain form is searched: line for line, for no escape reaches over a
 * line end.
 */
struct place {
	struct str plain, text;
	size_t plain_at, text_at; /* starts of the same line */
	size_t line;              /* its number */
};

static void move_to(struct place *p, size_t plain_at)
{
	for (; p->plain_at < plain_at; p->line++) {
		p->plain_at = find_from(p->plain, p->plain_at, '\n') + 1;
		if (p->plain.p != p->text.p)
			p->text_at = find_from(p->text, p->text_at, '\n') + 1;
	}
	if (p->plain.p == p->text.p)
		p->text_at = p->plain_at;
}

static enum err_code each_line(const struct search *s, struct worker *w, struct place *p,
	search_line_fn *each, void *arg, struct err *e)
{
	struct walk k = { .text = p->plain, .window = WINDOW_MIN };

	for (;;) {
		struct str line;
		bool found;

		TRY(next_line(s, w, &k, &found, &line, e));
		if (!found)
			return ERR_OK;
		move_to(p, (size_t)(line.p - p->plain.p));

		size_t end = find_from(p->text, p->text_at, '\n');
		struct str own = { p->text.p + p->text_at, end - p->text_at };
		if (!each(arg, p->line, own))
			return ERR_OK;
	}
}

static enum err_code count_lines(
	const struct search *s, const struct worker *w, struct str text, int64_t *ret_n, struct err *e)
{
	struct walk k = { .text = text, .window = WINDOW_MIN };
	int64_t n = 0;

	for (;;) {
		struct str line;
		bool found;

		TRY(next_line(s, w, &k, &found, &line, e));
		if (!found)
			break;
		n++;
	}
	*ret_n = n;
	return ERR_OK;
}

enum err_code search_lines(const struct search *s, struct str text, bool has_escapes, search_line_fn *each,
	void *arg, struct err *e)
{
	struct worker *w;

	assert(text.len <= SEARCH_TEXT_MAX);
	TRY(worker_take(s, &w, e));

	struct str plain = has_escapes ? without_escapes(text, &w->plain) : text;
	struct place p = { .plain = plain, .text = text };
	enum err_code code = each_line(s, w, &p, each, arg, e);
	worker_put_back(s, w);
	return code;
}

enum err_code search_count(
	const struct search *s, struct str text, bool has_escapes, int64_t *ret_n, struct err *e)
{
	struct worker *w;

	assert(text.len <= SEARCH_TEXT_MAX);
	TRY(worker_take(s, &w, e));

	struct str plain = has_escapes ? without_escapes(text, &w->plain) : text;
	enum err_code code = count_lines(s, w, plain, ret_n, e);
	worker_put_back(s, w);
	return code;
}
