#include "tests/unit/help/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void put_message(struct str s, struct buf *out)
{
	buf_char(out, ' ');
	for (size_t i = 0; i < s.len; i++)
		buf_char(out, s.p[i] == '\n' ? '/' : s.p[i]);
}

static void put(const struct finding *f, struct buf *out)
{
	buf_fmt(out, "%s %s", error_severity_name(f->severity), error_class_name(f->class));
	if (f->file.len > 0)
		buf_fmt(out, " %.*s", STR_FMT(f->file));
	if (f->line > 0)
		buf_fmt(out, ":%lld", (long long)f->line);
	if (f->col > 0)
		buf_fmt(out, ":%lld", (long long)f->col);
	if (f->code.len > 0)
		buf_fmt(out, " [%.*s]", STR_FMT(f->code));
	if (f->test.len > 0)
		buf_fmt(out, " {%.*s}", STR_FMT(f->test));
	put_message(f->message, out);
	if (f->to > f->from)
		buf_fmt(out, " @%zu-%zu", f->from, f->to);
	if (f->flaky)
		buf_z(out, " flaky");
	if (f->reruns > 0)
		buf_fmt(out, " reruns=%d", f->reruns);
	if (f->role == ERROR_CONSEQUENCE)
		buf_z(out, " consequence");
	buf_char(out, '\n');
}

void told(const struct findings *f, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++)
		put(&f->v[i], out);
}

void assert_findings_told(const struct findings *f, const char *want)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	told(f, &out);
	assert_string_equal(buf_cstr(&out), want);
}

void assert_report_told(const char *text, const char *want)
{
	struct err e = { 0 };
	AUTO_FINDINGS f;

	findings_init(&f);
	if (input_report(str_z(text), &f, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_findings_told(&f, want);
}

void assert_log_told(const char *text, const char *want)
{
	struct err e;
	AUTO_FINDINGS f;
	AUTO_LINES l = { 0 };

	findings_init(&f);
	assert_int_equal(lines_init(&l, str_z(text), &e), ERR_OK);
	input_log(&l, &f);
	assert_findings_told(&f, want);
}
