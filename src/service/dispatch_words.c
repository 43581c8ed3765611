/* dispatch_words: see the header. */
#include "service/dispatch_words.h"

#include "explain/context_part.h"
#include "text/visible.h"

#define TITLE_MAX 120

/* "v1:" and digits, as explain makes them; of another kind none gets into a mark. */
static bool is_plain(struct str fingerprint)
{
	for (size_t i = 0; i < fingerprint.len; i++) {
		char c = fingerprint.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == ':'))
			return false;
	}
	return fingerprint.len > 0;
}

void dispatch_words_mark(const struct dispatch_work *w, struct buf *out)
{
	if (str_eq(w->action, STR("comment")))
		buf_z(out, "<!-- sluice: dispatch -->");
	else if (is_plain(w->fingerprint))
		buf_fmt(out, "<!-- sluice: group %.*s -->", STR_FMT(w->fingerprint));
	else
		buf_fmt(out, "<!-- sluice: dispatch %lld -->", (long long)w->of->id);
}

static void write_mark(const struct dispatch_work *w, struct buf *out)
{
	dispatch_words_mark(w, out);
	buf_char(out, '\n');
}

static void write_link(const struct dispatch_work *w, struct buf *out)
{
	if (w->page.len > 0)
		buf_fmt(out, "\n%.*s\n", STR_FMT(w->page)); /* made here of what is checked */
}

static void write_cause(const struct dispatch_work *w, struct buf *out)
{
	if (w->of->message.len == 0)
		return;
	buf_z(out, "\nFirst cause: ");
	part_code(w->of->message, PART_MESSAGE_MAX, out);
	if (w->of->class.len > 0)
		buf_fmt(out, " (%.*s)", STR_FMT(w->of->class));
	buf_char(out, '\n');
}

static void write_folded(struct str context, struct buf *out)
{
	if (context.len == 0)
		return;
	buf_z(out, "\n<details><summary>What failed</summary>\n\n");
	buf_str(out, context);
	buf_z(out, "\n</details>\n");
}

/* What was refused is told where people have to look instead. */
static void write_fate(const struct dispatch *d, struct buf *out)
{
	if (d->state != DISPATCH_REFUSED) {
		buf_fmt(out, " and was handed over to be fixed (dispatch %lld).\n", (long long)d->id);
		return;
	}
	buf_fmt(out, " and is not handed over to be fixed (dispatch %lld): ", (long long)d->id);
	part_code(d->reason, PART_MESSAGE_MAX, out);
	buf_z(out, "\n");
}

void dispatch_words_comment(const struct dispatch_work *w, struct buf *out)
{
	write_mark(w, out);
	buf_z(out, "CI failed at ");
	part_code(w->of->head_sha, PART_NAME_MAX, out);
	write_fate(w->of, out);
	write_cause(w, out);
	write_link(w, out);
	write_folded(w->context, out);
}

void dispatch_words_title(const struct dispatch_work *w, struct buf *out)
{
	buf_z(out, "CI fails: ");
	text_visible_name(w->of->message.len > 0 ? w->of->message : w->of->workflow, TITLE_MAX, out);
}

void dispatch_words_issue(const struct dispatch_work *w, int64_t after, struct buf *out)
{
	write_mark(w, out);
	buf_z(out, "CI failed at ");
	part_code(w->of->head_sha, PART_NAME_MAX, out);
	if (w->of->branch.len > 0) {
		buf_z(out, " on ");
		part_code(w->of->branch, PART_NAME_MAX, out);
	}
	buf_fmt(out, " (dispatch %lld).\n", (long long)w->of->id);
	if (after > 0)
		buf_fmt(out, "\nAgain after #%lld, which is closed.\n", (long long)after);
	write_cause(w, out);
	write_link(w, out);
	write_folded(w->context, out);
}
