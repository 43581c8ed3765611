/* explain_step: read, explain, and put line numbers of the log in the place of those of what was read. */
#include "service/explain_step.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "base/zst.h"
#include "explain/input.h"
#include "explain/input_beside.h"
#include "explain/outcome.h"
#include "explain/template.h"
#include "service/log_window.h"
#include "store/errors.h"

#define LINE_MAX_TEXT 2000 /* bytes kept of a word that a log told: names of tests may be long */

struct sources {
	struct step step;
	struct report *reports;
	size_t n_reports;
	int64_t baseline_id;
};

static enum err_code read_facts(
	struct db *db, struct arena *a, int64_t step_id, struct sources *ret, struct err *e)
{
	int64_t stored_bytes;

	TRY(steps_get(db, a, step_id, &ret->step, &stored_bytes, e));
	TRY(reports_list(db, a, step_id, &ret->reports, &ret->n_reports, e));
	if (!conclusion_failed(ret->step.facts.conclusion))
		return ERR_OK;
	return explaining_baseline(db, step_id, ret->step.has_log, &ret->baseline_id, e);
}

static enum err_code find_sources(
	struct store *s, struct arena *a, int64_t step_id, struct sources *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = read_facts(db, a, step_id, ret, e);
	store_reader_put(s, db);
	return code;
}

/* No text is no error. What cannot be read now cannot be read later either. */
static enum err_code read_text(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, bool *ret_gone, struct err *e)
{
	struct err why;
	enum err_code code = log_window_read(s, step_id, max_bytes, a, ret, &why);

	*ret_gone = code == ERR_GONE;
	if (code == ERR_OK || code == ERR_GONE || code == ERR_NOT_FOUND)
		return ERR_OK;
	return err_set(
		e, code == ERR_STORAGE ? ERR_UNPROCESSABLE : code, "its log cannot be read: %s", why.text);
}

/* Without one it is explained all the same, only not as well. */
static enum err_code read_baseline(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, bool *ret_has, struct err *e)
{
	struct err why;
	enum err_code code = log_window_read(s, step_id, max_bytes, a, ret, &why);

	*ret_has = code == ERR_OK;
	if (code == ERR_STORAGE)
		diag(DIAG_ERROR, "step %lld cannot be compared with: %s", (long long)step_id, why.text);
	if (code == ERR_OK || code == ERR_GONE || code == ERR_NOT_FOUND || code == ERR_STORAGE)
		return ERR_OK;
	*e = why;
	return code;
}

/* What can be read of them: a report that is cut or wrong in the middle says what it said until there. */
static enum err_code read_reports(const struct sources *src, struct findings *ret, struct err *e)
{
	for (size_t i = 0; i < src->n_reports; i++) {
		struct err why;
		AUTO_BUF text;

		buf_init(&text, INPUT_REPORT_MAX);
		TRY(zst_decompress(src->reports[i].zstd, INPUT_REPORT_MAX, &text, e));
		if (input_report(buf_view(&text), ret, NULL, &why) != ERR_OK)
			continue;
	}
	return ERR_OK;
}

/* Where the last line of a text begins, and how many lines it has. */
static size_t last_line(struct str text, size_t *ret_n_lines)
{
	size_t end = text.len > 0 && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len, at = 0, n = 0;

	for (size_t i = 0; i < end; i++)
		if (text.p[i] == '\n') {
			at = i + 1;
			n++;
		}
	*ret_n_lines = text.len > 0 ? n + 1 : 0;
	return at;
}

static enum err_code explain_window(struct store *s, struct rules *rules, const struct explain_limits *limits,
	const struct sources *src, const struct log_window *w, const struct findings *reports,
	struct findings *ret, struct err *e)
{
	struct explain_input in = { .rules = rules, .log = buf_view(&w->text), .reports = reports };
	size_t n_lines = 0, last = last_line(in.log, &n_lines);
	AUTO_LOG_WINDOW baseline = { 0 };
	AUTO_ARENA a;

	arena_init(&a);
	if (src->baseline_id > 0)
		TRY(read_baseline(
			s, src->baseline_id, limits->log_bytes, &a, &baseline, &in.has_baseline, e));
	in.baseline = buf_view(&baseline.text);
	TRY(explain_log(&in, ret, e));
	outcome_add(ret, &src->step.facts, n_lines, last, in.log.len);
	return ERR_OK;
}

static struct str keep(struct explanation *x, struct str s)
{
	if (s.len > LINE_MAX_TEXT)
		s.len = utf8_floor(s, LINE_MAX_TEXT);
	return arena_str(&x->arena, s);
}

static struct str template_of(struct explanation *x, struct str message)
{
	char text[TEMPLATE_MAX];
	size_t n = template_write(message, text);
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	utf8_clean((struct str){ text, n }, &clean);
	return arena_str(&x->arena, buf_view(&clean));
}

/* As it is kept. Of a report it has no place. */
static void add_error(struct explanation *x, const struct finding *f, const struct log_window *w)
{
	struct error *r = &x->errors[x->n];
	bool placed = f->to > f->from;
	size_t last_byte = f->end_byte > f->start_byte ? f->end_byte - 1 : f->start_byte;

	*r = (struct error){
		.from_line = placed ? log_window_line(w, f->start_byte) : 0,
		.to_line = placed ? log_window_line(w, last_byte) + 1 : 0,
		.head_line = placed ? log_window_line(w, f->head_byte) : 0,
		.start_byte = placed ? log_window_byte(w, f->start_byte) : 0,
		.end_byte = placed && f->end_byte > f->start_byte ? log_window_byte(w, last_byte) + 1 : 0,
		.role = f->role,
		.class = f->class,
		.severity = f->severity,
		.by = f->by,
		.rule = keep(x, f->rule),
		.tool = keep(x, f->tool),
		.file = keep(x, f->file),
		.code = keep(x, f->code),
		.test = keep(x, f->test),
		.message = keep(x, f->message),
		.advice = keep(x, f->advice),
		.why = keep(x, f->why),
		.fingerprint = keep(x, f->fingerprint),
		.line = f->line,
		.col = f->col,
		.score = f->score,
		.reruns = f->reruns,
		.flaky = f->flaky,
	};
	x->templates[x->n++] = template_of(x, f->message);
}

static void take_findings(struct explanation *x, const struct log_window *w, int64_t most)
{
	size_t n = x->found.n < (size_t)most ? x->found.n : (size_t)most;

	x->errors = arena_array(&x->arena, n + 1, sizeof *x->errors);
	x->templates = arena_array(&x->arena, n + 1, sizeof *x->templates);
	for (size_t i = 0; i < n; i++)
		add_error(x, &x->found.v[i], w);
}

static enum err_code explain_into(struct store *s, struct rules *rules, const struct explain_limits *limits,
	int64_t step_id, struct explanation *x, struct err *e)
{
	struct sources src = { 0 };
	AUTO_LOG_WINDOW w = { 0 };
	AUTO_FINDINGS reports;
	AUTO_ARENA a;

	arena_init(&a);
	findings_init(&reports);
	TRY(find_sources(s, &a, step_id, &src, e));
	TRY(read_reports(&src, &reports, e));
	if (conclusion_failed(src.step.facts.conclusion)) {
		TRY(read_text(s, step_id, limits->log_bytes, &a, &w, &x->text_gone, e));
		TRY(explain_window(s, rules, limits, &src, &w, &reports, &x->found, e));
	} else if (reports.n > 0) {
		input_beside(&reports, &x->found);
	}
	take_findings(x, &w, limits->errors);
	return ERR_OK;
}

enum err_code explain_step(struct store *s, struct rules *rules, const struct explain_limits *limits,
	int64_t step_id, struct explanation *ret, struct err *e)
{
	struct explanation x = { 0 };
	enum err_code code;

	findings_init(&x.found);
	arena_init(&x.arena);
	code = explain_into(s, rules, limits, step_id, &x, e);
	if (code == ERR_OK)
		*ret = x;
	else
		explanation_done(&x);
	return code;
}

void explanation_done(struct explanation *x)
{
	findings_done(&x->found);
	arena_done(&x->arena);
	*x = (struct explanation){ 0 };
}
