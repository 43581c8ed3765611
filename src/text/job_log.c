/*
 * job_log: from the first line to the last, a new part where the runner says that it begins something.
 *
 * Where act's star stands, GitHub's groups are what a step prints: act has none of its own. The other way round nobody prints stars with "Run Main" behind.
 *
 * Gitea's runner says what it begins as a group too, but writes that as steps write theirs. So its groups are known by what stands in them: the shell, the inputs, the environment.
 *
 * What goes wrong: an action made of several (composite) shows a group of each, so there are more parts than steps. Then the names are the titles of the groups, which say at least what
 * was run, and no harm is done: the part that failed is still the one with the runner's last words.
 */
#include "text/job_log.h"

#include "base/utf8.h"
#include "text/line_time.h"

#include <string.h>

#define BOM STR("\xef\xbb\xbf")
#define STAR "\xe2\xad\x90 Run "
#define HEADER_LINES 1000 /* a script stands in it */
#define CROSS "\xe2\x9d\x8c"

enum mark {
	MARK_NONE,
	MARK_GROUP,
	MARK_HEADER, /* perhaps */
	MARK_STAR,
	MARK_CLEANUP,
	MARK_EXIT,
	MARK_ERROR,
	MARK_CROSS,
	MARK_ACT_EXIT
};

struct splitting {
	struct arena *a;
	struct job_log_part *v;
	size_t n;
	bool by_stars;
	bool one;  /* nothing begins a part */
	int depth; /* groups that are open within an action's; 0: there is none */
};

/* A line as the step printed it: without BOM, stamp and the one blank behind it. */
static struct str without_front(struct str line)
{
	int64_t at;
	size_t n;

	if (str_starts(line, BOM))
		line = str_from(line, 3);
	n = line_time(line, &at);
	if (n > 0 && n < line.len && line.p[n] == ' ')
		line = str_from(line, n + 1);
	while (line.len > 0 && strchr("\r\n ", line.p[line.len - 1]))
		line.len--;
	return line;
}

/* The number that ends a text, before `behind`. */
static bool number_in(struct str s, struct str behind, int64_t *ret)
{
	if (!str_ends(s, behind))
		return false;
	s.len -= behind.len;
	return s.len > 0 && s.len < 12 && str_to_int(s, ret);
}

static struct str behind_blanks(struct str s)
{
	while (s.len > 0 && s.p[0] == ' ')
		s = str_from(s, 1);
	return s;
}

/* *ret: the title of what begins. */
static enum mark mark_of(struct str line, struct str *ret, int64_t *ret_exit)
{
	static const struct {
		const char *begins;
		enum mark mark;
		size_t title;      /* in front of it, so many bytes */
		const char *named; /* NULL: the rest of the line */
	} marks[] = { { "##[group]Run ", MARK_GROUP, 9, NULL }, { "::group::Run ", MARK_HEADER, 9, NULL },
		{ STAR "Main ", MARK_STAR, sizeof STAR + 4, NULL },
		{ STAR, MARK_STAR, sizeof STAR - 1, NULL },
		{ "Post job cleanup.", MARK_CLEANUP, 0, "Post job cleanup" },
		{ "Cleaning up container for job ", MARK_CLEANUP, 0, "Complete job" } };
	struct str s;

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (str_starts(line, str_z(marks[i].begins))) {
			*ret = marks[i].named ? str_z(marks[i].named) : str_from(line, marks[i].title);
			return marks[i].mark;
		}
	if (str_starts(line, STR("##[error]Process completed with exit code ")))
		return number_in(str_from(line, 42), STR("."), ret_exit) ? MARK_EXIT : MARK_ERROR;
	if (str_starts(line, STR("##[error]")))
		return MARK_ERROR;
	s = behind_blanks(line);
	if (str_starts(s, STR("exitcode '")))
		return number_in(str_from(s, 10), STR("': failure"), ret_exit) ? MARK_ACT_EXIT : MARK_NONE;
	if (str_starts(s, STR(CROSS)) && str_starts(behind_blanks(str_from(s, 3)), STR("Failure - ")))
		return MARK_CROSS;
	return MARK_NONE;
}

static struct str name_of(struct str title, struct arena *a)
{
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	utf8_clean(title, &clean);
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.p[i] < ' ' || clean.p[i] == 127)
			clean.p[i] = ' ';
	if (clean.len > JOB_LOG_NAME_MAX)
		buf_cut(&clean, utf8_floor(buf_view(&clean), JOB_LOG_NAME_MAX));
	return arena_str(a, str_trim(buf_view(&clean)));
}

/* A part that begins where the one before it ends. */
static void begin(struct splitting *s, const char *at, struct str title)
{
	if (s->n == JOB_LOG_PARTS_MAX || s->one)
		return;
	s->v[s->n++] = (struct job_log_part){ .text = { at, 0 }, .name = name_of(title, s->a) };
}

static struct str first_line(struct str log)
{
	size_t len = str_find(log, '\n');

	return (struct str){ log.p, len + (len < log.len) };
}

/* "actions/checkout@v4", "./tools/action": an action that is given nothing. */
static bool is_action(struct str title)
{
	title = str_from(title, sizeof "Run " - 1);
	return str_find(title, ' ') == title.len &&
	       (str_find(title, '@') < title.len || str_starts(title, STR("./")));
}

enum how { HOW_NOT, HOW_SCRIPT, HOW_ACTION };

/* How the step is run whose group begins in front of behind; HOW_NOT: a step printed it. */
static enum how how_of(struct str title, struct str behind)
{
	enum how how = is_action(title) ? HOW_ACTION : HOW_NOT;

	for (int i = 0; i < HEADER_LINES && behind.len > 0; i++) {
		struct str raw = first_line(behind), line = without_front(raw);

		if (str_starts(line, STR("shell: ")))
			return HOW_SCRIPT;
		if (str_eq(line, STR("with:")) || str_eq(line, STR("env:")))
			how = HOW_ACTION;
		if (str_starts(line, STR("::endgroup::")) || str_starts(line, STR("::group::")))
			break;
		behind = str_from(behind, raw.len);
	}
	return how;
}

/* The group of an action ends when the action does, and what it is made of shows groups in it. */
static void count_groups(struct splitting *s, struct str line)
{
	if (s->depth > 0 && str_starts(line, STR("::group::")))
		s->depth++;
	else if (s->depth > 0 && str_starts(line, STR("::endgroup::")))
		s->depth--;
}

static bool begins_part(struct splitting *s, enum mark mark, struct str title, struct str behind)
{
	enum how how;

	if (mark == MARK_STAR || s->by_stars)
		return mark == MARK_STAR;
	if (mark != MARK_HEADER || s->depth > 0)
		return mark == MARK_GROUP || mark == MARK_CLEANUP;
	how = how_of(title, behind);
	s->depth = how == HOW_ACTION;
	return how != HOW_NOT;
}

/* behind: what stands below the line. */
static void look_at(struct splitting *s, struct str raw, struct str behind)
{
	struct str line = without_front(raw), title = STR("");
	int64_t exit_code = 0;
	enum mark mark = mark_of(line, &title, &exit_code);
	struct job_log_part *part;

	count_groups(s, line);
	if (begins_part(s, mark, title, behind)) {
		if (s->one && s->v[0].name.len == 0)
			s->v[0].name = name_of(title, s->a);
		begin(s, raw.p, title);
	}
	part = &s->v[s->n - 1];
	part->text.len = (size_t)(raw.p + raw.len - part->text.p);
	if (mark == MARK_EXIT || mark == MARK_CROSS || mark == MARK_ACT_EXIT)
		part->conclusion = CONCLUSION_FAILURE;
	if (mark == MARK_EXIT || mark == MARK_ACT_EXIT) {
		part->has_exit_code = true;
		part->exit_code = exit_code;
	}
}

static bool has_stars(struct str log)
{
	return str_find_str(log, STR(STAR "Main ")) < log.len;
}

static void walk(struct splitting *s, struct str log)
{
	for (size_t from = 0; from < log.len;) {
		struct str line = first_line(str_from(log, from));

		from += line.len;
		look_at(s, line, str_from(log, from));
	}
}

/* ---- what the forge says ---- */

/* Steps of the runner's own: they have no mark, or one of another kind. */
static bool is_runners(struct str name)
{
	static const char *const names[] = { "Set up job", "Complete job", "Initialize containers",
		"Stop containers", "Set up runner" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(name, str_z(names[i])))
			return true;
	return str_starts(name, STR("Post ")) || str_starts(name, STR("Pre "));
}

static bool is_own(const struct job_log_step *step)
{
	return !(step->has_conclusion && step->conclusion == CONCLUSION_SKIPPED) && !is_runners(step->name);
}

/* Runners before Gitea's 1.0 show the star of the first step alone: what stands below it is of all of them. */
static void name_first_star(struct splitting *s, struct str log, const struct job_log_step *known, size_t n)
{
	size_t first = str_find_str(log, STR(STAR "Main ")), n_own = 0;

	for (size_t i = 0; i < n; i++)
		n_own += is_own(&known[i]);
	if (n_own == 1 || str_find_str(str_from(log, first + 1), STR(STAR "Main ")) < log.len - first - 1)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (str_find_str(s->v[i].text, STR(STAR "Main ")) < s->v[i].text.len)
			s->v[i].name = STR("job");
}

/* With the names and conclusions of the forge, if its steps are as many as the parts that could be such. */
static void take_known(struct splitting *s, const struct job_log_step *known, size_t n)
{
	size_t n_own = 0, n_parts = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		n_own += is_own(&known[i]);
	for (size_t i = 0; i < s->n; i++)
		n_parts += !is_runners(s->v[i].name);
	if (n_own == 0 || n_own != n_parts)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (is_runners(s->v[i].name))
			continue;
		while (!is_own(&known[k]))
			k++;
		s->v[i].name = name_of(known[k].name, s->a);
		if (known[k].has_conclusion)
			s->v[i].conclusion = known[k].conclusion;
		k++;
	}
}

/* The last, but for what the runner does when all is over. */
static size_t last_own(const struct splitting *s)
{
	for (size_t i = s->n; i-- > 0;)
		if (!is_runners(s->v[i].name))
			return i;
	return s->n - 1;
}

static void settle(struct splitting *s, bool failed)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		any = any || conclusion_failed(s->v[i].conclusion);
	if (!any && failed)
		s->v[last_own(s)].conclusion = CONCLUSION_FAILURE;
	for (size_t i = 0; i < s->n; i++) {
		s->v[i].index = (int64_t)i;
		if (!conclusion_failed(s->v[i].conclusion))
			s->v[i].has_exit_code = false;
	}
}

void job_log_split(struct str log, const struct job_log_step *known, size_t n, bool failed, struct arena *a,
	struct job_log_part **ret, size_t *ret_n)
{
	struct splitting s = { .a = a, .by_stars = has_stars(log) };

	*ret_n = 0;
	*ret = NULL;
	if (log.len == 0)
		return;
	s.v = arena_array(a, JOB_LOG_PARTS_MAX, sizeof *s.v);
	begin(&s, log.p, STR("Set up job"));
	walk(&s, log);
	if (s.n > 1 && s.v[0].text.len == 0) { /* it begins with a mark */
		s.n--;
		memmove(s.v, s.v + 1, s.n * sizeof *s.v);
	} else if (s.n == 1) {
		s.v[0].name = STR("job");
	}
	if (s.by_stars)
		name_first_star(&s, log, known, n);
	take_known(&s, known, n);
	settle(&s, failed);
	*ret = s.v;
	*ret_n = s.n;
}

void job_log_one(struct str log, struct arena *a, struct job_log_part *ret)
{
	struct job_log_part part = { .text = log };
	struct splitting s = { .a = a, .v = &part, .n = 1, .by_stars = has_stars(log), .one = true };

	walk(&s, log);
	part.text = log;
	*ret = part;
}

void job_log_clean(struct str log, struct buf *out)
{
	while (log.len > 0) {
		size_t len = str_find(log, '\n');

		len += len < log.len;
		while (str_starts((struct str){ log.p, len }, BOM)) {
			log = str_from(log, 3);
			len -= 3;
		}
		buf_add(out, log.p, len);
		log = str_from(log, len);
	}
}

/* Of its stamp and the blank behind it; 0: it has none. */
static size_t stamp_of(struct str line)
{
	static const char shape[] = "0000-00-00T00:00:00.0000000Z ";

	if (line.len < sizeof shape - 1)
		return 0;
	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == '0' ? line.p[i] < '0' || line.p[i] > '9' : line.p[i] != shape[i])
			return 0;
	return sizeof shape - 1;
}

void job_log_unstamp(struct str text, struct buf *out)
{
	while (text.len > 0) {
		struct str line = first_line(text);
		size_t stamp = stamp_of(line);

		buf_add(out, line.p + stamp, line.len - stamp);
		text = str_from(text, line.len);
	}
}
