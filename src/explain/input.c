/*
 * input: what the readers of reports have in common.
 *
 * Errors take the room of others, never the other way round: a linter that warns ten thousand times and then finds
 * an error must not lose it. So what is no error may fill a quarter.
 */
#include "explain/input.h"

#include "explain/repo_path.h"

#include <stdarg.h>

static const struct {
	struct str word;
	enum error_severity severity;
} severities[] = {
	{ { "fatal", 5 }, SEVERITY_FATAL },
	{ { "critical", 8 }, SEVERITY_ERROR },
	{ { "blocker", 7 }, SEVERITY_ERROR },
	{ { "major", 5 }, SEVERITY_ERROR },
	{ { "error", 5 }, SEVERITY_ERROR },
	{ { "err", 3 }, SEVERITY_ERROR },
	{ { "failure", 7 }, SEVERITY_ERROR },
	{ { "warning", 7 }, SEVERITY_WARNING },
	{ { "warn", 4 }, SEVERITY_WARNING },
	{ { "minor", 5 }, SEVERITY_WARNING },
	{ { "weak warning", 12 }, SEVERITY_NOTE },
	{ { "info", 4 }, SEVERITY_NOTE },
	{ { "information", 11 }, SEVERITY_NOTE },
	{ { "note", 4 }, SEVERITY_NOTE },
	{ { "notice", 6 }, SEVERITY_NOTE },
	{ { "hint", 4 }, SEVERITY_NOTE },
};

bool input_severity(struct str word, enum error_severity *ret)
{
	for (size_t i = 0; i < sizeof severities / sizeof severities[0]; i++) {
		if (str_eq_nocase(word, severities[i].word)) {
			*ret = severities[i].severity;
			return true;
		}
	}
	return false;
}

/* Lines from..to of the input as lines and bytes of the log. */
static void set_place(const struct input *in, struct finding *f, size_t from, size_t to)
{
	const struct lines *l = in->log;

	if (!l || from >= to || in->line_at + from >= l->n)
		return;
	f->from = f->head = in->line_at + from;
	f->to = in->line_at + to < l->n ? in->line_at + to : l->n;
	f->start_byte = l->v[f->from].start;
	f->end_byte = (size_t)l->v[f->to - 1].start + l->v[f->to - 1].len;
}

struct finding *input_add(struct input *in, enum error_severity severity, size_t from, size_t to)
{
	bool is_error = severity >= SEVERITY_ERROR;
	struct finding *f;

	if (in->n_errors + in->n_others >= INPUT_FINDINGS_MAX ||
		(!is_error && in->n_others >= INPUT_FINDINGS_MAX / 4))
		return NULL;
	f = findings_add(in->out);
	if (!f)
		return NULL;
	in->n_errors += is_error;
	in->n_others += !is_error;
	f->severity = severity;
	f->role = is_error ? ERROR_CAUSE : ERROR_CONTEXT;
	f->by = FOUND_BY_INPUT;
	f->rule = in->name;
	f->tool = in->tool;
	set_place(in, f, from, to);
	return f;
}

void input_extend(const struct input *in, struct finding *f, size_t to)
{
	if (in->log && f->from < f->to && in->line_at + to > f->to)
		set_place(in, f, f->from - in->line_at, to);
}

struct str input_keep(struct input *in, struct str text)
{
	return findings_keep_message(in->out, str_trim(text));
}

struct str input_keep_path(struct input *in, struct str path)
{
	return findings_keep_message(in->out, repo_path(path, &in->out->arena));
}

struct str input_keep_fmt(struct input *in, const char *fmt, ...)
{
	AUTO_BUF b;
	va_list ap;

	buf_init(&b, SIZE_MAX);
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	return input_keep(in, buf_view(&b));
}

int64_t input_number(struct str s)
{
	int64_t value;

	return str_to_int(str_trim(s), &value) && value > 0 && value <= 1000000000 ? value : 0;
}
