#ifndef EXPLAIN_INPUT_H
#define EXPLAIN_INPUT_H
/*
 * input: what tools say in a form that is meant for machines: test reports, lint reports, commands to the CI system.
 * It needs no guessing, so its findings (FOUND_BY_INPUT) outrank those of rules.
 *
 * A report stands beside the log, as a file (input_report), or in it, between other lines (input_log). Each format is
 * a file of its own, input_NAME.c; the names here are also what `rule` of a finding says. Whatever comes, time and
 * memory are bounded by the length of the text: no format has a construct that grows (entities, references), and at
 * most INPUT_FINDINGS_MAX are kept of one input, errors before all else.
 */
#include "explain/finding.h"
#include "explain/lines.h"

#define INPUT_REPORT_MAX ((size_t)64 * 1024 * 1024)
#define INPUT_FINDINGS_MAX 2000

enum input_kind {
	INPUT_NONE,
	INPUT_JUNIT,
	INPUT_SARIF,
	INPUT_TAP,
	INPUT_RDJSON,
	INPUT_RDJSONL,
	INPUT_N_KINDS
};
const char *input_kind_name(enum input_kind k);
/* What a whole text is, by its first lines; INPUT_NONE: none of these. */
enum input_kind input_sniff(struct str text);

/*
 * The findings of a report beside the log; they have no place in it (from == to == 0). ERR_MEDIA when it is none that
 * is read here, ERR_TOO_LARGE over INPUT_REPORT_MAX, and what the format's reader says. On an error the findings up to
 * there are there: a report that was cut is better than none. *ret_kind may be NULL.
 */
MUST_CHECK enum err_code input_report(
	struct str text, struct findings *out, enum input_kind *ret_kind, struct err *e);

/* The same, and every test of the report, those that passed too (explain/input_case.h). */
struct input_cases;
MUST_CHECK enum err_code input_report_cases(struct str text, struct findings *out, struct input_cases *cases,
	enum input_kind *ret_kind, struct err *e);

/*
 * What a log has in it: lines that are commands (::error, ##[error], ##vso[..], ##teamcity[..]), a TAP stream, and
 * reports that were printed: XML, JSON, lines of rdjsonl. What turns out to be none, or is cut, is left to the rules.
 */
void input_log(const struct lines *log, struct findings *out);

/* ---- for the readers ---- */

/* How findings of one input are added. Plain data. */
struct input {
	struct findings *out;
	const struct lines *log;   /* that it stands in; NULL: a report beside it */
	size_t line_at;            /* where it begins there */
	struct str name;           /* "junit" */
	struct str tool;           /* what every finding gets */
	struct input_cases *cases; /* NULL: nobody wants to know of tests that passed */
	size_t n_errors, n_others;
};

/*
 * A new finding in lines from..to of the input (counted from where it begins), with what all have in common. NULL when
 * there are too many. Valid until the next.
 */
struct finding *input_add(struct input *in, enum error_severity severity, size_t from, size_t to);
/* A report in a log goes on up to line `to`: of a finding that is there already. */
void input_extend(const struct input *in, struct finding *f, size_t to);
/* Cleaned copies that live as long as the findings: a path in the repo, a text without blanks around it. */
struct str input_keep_path(struct input *in, struct str path);
struct str input_keep(struct input *in, struct str text);
/* ... of a printf; cut like a message. */
struct str input_keep_fmt(struct input *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A number from 1 to 1e9 in decimal; 0 when it is none. */
int64_t input_number(struct str s);
/* By the words that formats use: "error", "ERROR", "fatal", "warning", "note", "info", .. False: none of these. */
bool input_severity(struct str word, enum error_severity *ret);

#endif
