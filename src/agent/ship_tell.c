/*
 * ship_tell: what people are told. A shipper whose receiver is away for a night must not write the same line a thousand times: trouble that is not of one episode is told
 * when it begins and when it is over. What is counted and shown by `sluice ship status` goes on being counted.
 *
 * The bar is one line on a terminal, drawn over itself; a line of diag takes its place for a moment. Widths are in bytes, for ids are ASCII.
 */
#include "agent/ship.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_PART 900 /* bytes of a remediation in one line of diag */
#define LINE_WIDTH 80

const char *const ship_trouble_names[SHIP_N_TROUBLES] = { "network", "server", "configuration", "disk",
	"packing", "quarantined" };

static const char clear_line[] = "\r\033[K";

static void put(const char *p, size_t n)
{
	(void)!write(STDERR_FILENO, p, n); /* there is nobody to tell */
}

void ship_bar_clear(struct ship *s)
{
	pthread_mutex_lock(&s->telling);
	if (s->bar_shown)
		put(clear_line, sizeof clear_line - 1);
	s->bar_shown = false;
	pthread_mutex_unlock(&s->telling);
}

void ship_tell(struct ship *s, enum diag_level level, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	if (s->bar && level >= DIAG_INFO)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&s->telling);
	if (s->bar_shown)
		put(clear_line, sizeof clear_line - 1);
	s->bar_shown = false;
	diag(level, "%s", text);
	pthread_mutex_unlock(&s->telling);
}

/* ---- trouble ---- */

static bool is_of_one(enum ship_trouble kind)
{
	return kind == SHIP_PACKING || kind == SHIP_QUARANTINED;
}

void ship_trouble(struct ship *s, enum ship_trouble kind, const char *about, const char *text)
{
	bool told = s->troubles[kind].told;

	snprintf(s->troubles[kind].text, sizeof s->troubles[kind].text, "%s%s%s", about, *about ? ": " : "",
		text);
	s->troubles[kind].at_ms = clock_wall_ms(&clock_system);
	s->troubles[kind].n++;
	s->troubles[kind].told = !is_of_one(kind);
	s->changed = true;
	if (is_of_one(kind))
		ship_tell(s, DIAG_ERROR, "%s: %s", about, text);
	else if (!told)
		ship_tell(s, kind == SHIP_CONFIGURATION ? DIAG_ERROR : DIAG_WARNING, "%s; it is tried again",
			text);
}

void ship_over(struct ship *s)
{
	bool was = false;

	for (size_t i = 0; i < SHIP_N_TROUBLES; i++) {
		was = was || s->troubles[i].told;
		s->troubles[i].told = false;
	}
	if (was)
		ship_tell(s, DIAG_WARNING, "it goes on");
}

/* ---- the way out ---- */

static bool is_known(struct ship *s, const char *commit)
{
	size_t n = s->n_commits < SHIP_COMMITS_TOLD ? s->n_commits : SHIP_COMMITS_TOLD;

	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(str_z(s->commits[i]), str_z(commit)))
			return true;
	snprintf(s->commits[s->n_commits % SHIP_COMMITS_TOLD], sizeof s->commits[0], "%s", commit);
	s->n_commits++;
	return false;
}

void ship_remedy(struct ship *s, const char *commit, struct str text)
{
	if (is_known(s, commit))
		return;
	ship_tell(s, DIAG_ERROR, "what was made by %s is not taken. The receiver says:", commit);
	while (text.len > 0) {
		struct str line = { text.p, str_find(text, '\n') };
		size_t n = line.len;

		if (line.len > LINE_PART)
			line.len = n = LINE_PART;
		else if (line.len < text.len)
			n++; /* the end of the line */
		while (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		ship_tell(s, DIAG_ERROR, "  %.*s", STR_FMT(line));
		text = str_from(text, n);
	}
}

/* ---- the bar ---- */

static void add_hand(const struct ship_hand *h, struct buf *out)
{
	int64_t sent = atomic_load(&h->sent);

	if (h->id[0] == '\0')
		return;
	buf_fmt(out, "  %.40s ", h->id);
	if (h->total == 0)
		buf_z(out, "packing");
	else
		buf_fmt(out, "%" PRId64 "%%", sent * 100 / h->total);
}

static size_t width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u
									       : LINE_WIDTH - 1;
}

void ship_bar_draw(struct ship *s)
{
	size_t cols;
	AUTO_BUF line;

	buf_init(&line, 8192);
	if (!s->bar)
		return;
	buf_z(&line, clear_line);
	cols = width() + line.len;
	pthread_mutex_lock(&s->lock);
	buf_fmt(&line, "%zu to ship, %" PRId64 " shipped", s->queue.n + s->queue.n_beyond, s->n_shipped);
	if (s->n_quarantined > 0)
		buf_fmt(&line, ", %" PRId64 " in quarantine", s->n_quarantined);
	for (size_t i = 0; i < SHIP_HANDS_MAX; i++)
		add_hand(&s->hands[i], &line);
	pthread_mutex_unlock(&s->lock);
	if (line.len > cols)
		buf_cut(&line, cols);
	pthread_mutex_lock(&s->telling);
	put(line.p, line.len);
	s->bar_shown = true;
	pthread_mutex_unlock(&s->telling);
}
