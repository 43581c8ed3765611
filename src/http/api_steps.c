/*
 * api_steps: a step, and the text of its log.
 *
 * Of the text a client gets what it asks for: all of it or a piece (Range), with escapes or without, and compressed if it can take that: then the frames
 * go out as they are stored. Pieces are pieces of the text as it is, so who asks for one is given neither of the other two.
 *
 * A log that grows has no tag: what was told of it may change (its last lines), and grows.
 */
#include "api_table.h"

#include "base/diag.h"
#include "http/find_step.h"
#include "http/part.h"
#include "http/step_json.h"
#include "service/log_text.h"

enum err_code api_get_step(struct call *c, struct err *e)
{
	struct step_view v;
	struct json_out j;

	TRY(facts_step(c->app->store, &c->identity, arg_int(c, "step_id"), &c->arena, &v, e));
	j = reply_json(c, 200);
	step_json(&j, &v);
	return ERR_OK;
}

/* ---- the text ---- */

static ssize_t read_text(void *arg, char *room, size_t max)
{
	struct err e = { 0 };
	ssize_t n = log_text_read(arg, room, max, &e);

	if (n < 0) {
		diag(DIAG_WARNING, "step %lld: sending its text ended early: %s",
			(long long)log_text_view(arg)->log.step_id, e.text);
		return REPLY_BROKEN;
	}
	return n > 0 ? n : REPLY_END;
}

static void free_text(void *arg)
{
	log_text_free(arg);
}

/* NULL: it may still change. */
static const char *tag_of(
	struct call *c, const struct log_text *t, const struct step_view *v, enum log_text_form form)
{
	static const char *const forms[] = {
		[LOG_TEXT_PLAIN] = "", [LOG_TEXT_STRIPPED] = "-stripped", [LOG_TEXT_ZSTD] = "-zstd"
	};

	if (!log_text_is_final(t))
		return NULL;
	return arena_fmt(&c->arena, "\"%llx-%llx-%llx-%llx%s\"", (unsigned long long)v->step.id,
		(unsigned long long)v->step.received_at, (unsigned long long)log_text_view(t)->log.file_bytes,
		(unsigned long long)log_text_view(t)->text_bytes, forms[form])
		.p;
}

static enum log_text_form form_of(const struct call *c)
{
	if (str_eq(arg_str(c, "ansi"), STR("strip")))
		return LOG_TEXT_STRIPPED;
	return part_takes_coding(c, "zstd") && call_header(c, "Range").len == 0 ? LOG_TEXT_ZSTD
										: LOG_TEXT_PLAIN;
}

/* What stands in front of the line that is asked for is not there for whoever asks: ranges count from that line on. */
static enum err_code find_start(struct call *c, struct log_text *t, int64_t *ret, struct err *e)
{
	*ret = 0;
	return arg_int(c, "from") > 1 ? log_text_place(t, arg_int(c, "from") - 1, ret, e) : ERR_OK;
}

/* *t is the reply's, if it becomes NULL. */
static enum err_code reply_log(struct call *c, const struct step_view *v, struct log_text **t, struct err *e)
{
	enum log_text_form form = form_of(c);
	const char *tag = tag_of(c, *t, v, form);
	struct reply_source source = { .read = read_text, .free = free_text, .arg = *t };
	struct part_piece p = { 0 };
	int64_t start, size;

	TRY(find_start(c, *t, &start, e));
	size = log_text_view(*t)->text_bytes - start;
	p.len = size;
	if (form == LOG_TEXT_PLAIN)
		TRY(part_choose(c, tag, size, "the log", &p, e));
	reply_header(c, "Vary", "Accept-Encoding");
	reply_header(c, "Accept-Ranges", form == LOG_TEXT_PLAIN ? "bytes" : "none");
	if (form == LOG_TEXT_ZSTD)
		reply_header(c, "Content-Encoding", "zstd");
	if (tag) {
		reply_header(c, "ETag", tag);
		reply_header(c, "Cache-Control", "private, no-cache");
		if (part_is_known(c, tag)) {
			reply_empty(c, 304);
			return ERR_OK;
		}
	}
	source.length = p.ranged ? p.len : start > 0 ? -1 : log_text_size(*t, form);
	log_text_start(*t, form, start + p.from, p.len);
	reply_source(c, p.ranged ? 206 : 200, "text/plain; charset=utf-8", &source);
	*t = NULL;
	return ERR_OK;
}

enum err_code api_get_step_log(struct call *c, struct err *e)
{
	struct log_text *t = NULL;
	struct step_view v;
	enum err_code code;

	TRY(find_step_text(c, &v, e));
	TRY(log_text_open(c->app->store, v.step.id, &t, e));
	code = reply_log(c, &v, &t, e);
	log_text_free(t);
	return code;
}
