/*
 * logs_follow: the lines of a step while it runs, until it ends.
 *
 * They come as events (net/sse.h), each with the number of its line as id. A connection that is cut, by a proxy that is tired of it or a server
 * that starts anew, is made again behind the last line that came. A line that the program wrote over after it had come (a progress bar)
 * comes again, and is printed again.
 *
 * What is looked for is looked for here: the server sends every line.
 */
#include "cli/logs_reader.h"

#include "net/sse.h"
#include "text/line.h"
#include "text/search.h"

#include <stdio.h>

#define SILENCE_MS 45000 /* three signs of life of the server */

struct following {
	struct logs_reader *r;
	struct search *search;
	enum line_level least;
	struct sse sse;
	struct buf id; /* of the last event; empty: none came */
	struct buf shown;
	bool has_ended;
};

static enum err_code is_wanted(struct following *f, const struct logs_line *line, bool *ret, struct err *e)
{
	enum line_level level = LINE_INFO;
	int64_t n = 0;

	line_level_find(line->level, &level);
	*ret = false;
	if (level < f->least)
		return ERR_OK;
	/* With a line end: an empty line is one by that alone. */
	buf_reset(&f->shown);
	buf_str(&f->shown, line->text);
	buf_char(&f->shown, '\n');
	TRY(search_count(f->search, buf_view(&f->shown), true, &n, e));
	*ret = n > 0;
	return ERR_OK;
}

static enum err_code take_line(struct following *f, struct json *node, struct err *e)
{
	struct logs_line line;
	bool wanted;

	TRY(logs_line_read(node, &line, e));
	TRY(is_wanted(f, &line, &wanted, e));
	if (!wanted)
		return ERR_OK;
	line.match = true;
	buf_reset(&f->shown);
	logs_line_print(&line, f->r->step->id, &f->r->want->style, &f->shown);
	TRY(buf_check(&f->shown, "line", e));
	return reader_put(f->r, buf_view(&f->shown), e);
}

static void take_end(struct following *f, struct json *node)
{
	int64_t exit_code = 0;
	bool has_exit_code = json_int(json_get(node, "exit_code"), &exit_code);
	AUTO_BUF outcome;

	buf_init(&outcome, 4096);
	logs_step_outcome(json_str(json_get(node, "conclusion")), has_exit_code, exit_code, &outcome);
	f->has_ended = true;
	fflush(stdout);
	command_say("logs", "step %lld has ended: %s", (long long)f->r->step->id, buf_cstr(&outcome));
}

static enum err_code take_event(void *arg, const struct sse_event *event, struct err *e)
{
	struct following *f = arg;
	struct json_doc *doc = NULL;
	enum err_code code = ERR_OK;

	TRY(json_parse(event->data, JSON_REPAIR_TEXT, &doc, e));
	if (str_eq(event->name, STR("end"))) {
		code = pager_flush(&f->r->out, e);
		take_end(f, json_root(doc));
	} else if (str_eq(event->name, STR("message")) || str_eq(event->name, STR("line"))) {
		code = take_line(f, json_root(doc), e);
	}
	json_free(doc);
	if (code == ERR_OK) {
		buf_reset(&f->id);
		buf_str(&f->id, event->id);
	}
	return code;
}

static enum err_code take(void *arg, struct str bytes, struct err *e)
{
	struct following *f = arg;

	patience_reset(&f->r->patience);
	TRY(sse_feed(&f->sse, bytes, e));
	if (f->has_ended)
		return err_set(e, ERR_CONFLICT, "the step has ended"); /* nothing more is to be waited for */
	return pager_flush(&f->r->out, e);
}

static enum err_code connect_once(struct following *f, int64_t from, struct err *e)
{
	struct http_header last = { "Last-Event-ID", buf_cstr(&f->id) };
	enum err_code code;
	AUTO_BUF path;

	buf_init(&path, 200);
	buf_fmt(&path, "/api/v1/steps/%lld/tail", (long long)f->r->step->id);
	if (from > 0)
		query_add_int(&path, "from", from);
	sse_reset(&f->sse);
	code = client_fetch(f->r->client, buf_cstr(&path), &last, f->id.len > 0, 200, SILENCE_MS, take, f, e);
	if (f->has_ended)
		return ERR_OK;
	if (code == ERR_OK)
		return err_set(e, ERR_NETWORK, "the server ended the connection");
	return code;
}

static enum err_code follow(struct following *f, struct err *e)
{
	struct err own = { 0 };
	enum err_code code;
	int64_t from = 0;

	TRY(reader_find_from(f->r, &from, e));
	do {
		code = connect_once(f, from, &own);
	} while (code != ERR_OK && reader_wait(f->r, &own, code));
	if (code != ERR_OK && e)
		*e = own;
	return code;
}

enum err_code logs_follow_read(struct logs_reader *r, struct err *e)
{
	struct following f = { .r = r };
	enum err_code code;

	if (r->want->level)
		line_level_find(str_z(r->want->level), &f.least);
	TRY(search_new(str_z(r->want->contains), str_z(r->want->grep), &f.search, e));
	buf_init(&f.id, SSE_ID_MAX);
	buf_init(&f.shown, 1024 * 1024);
	sse_init(&f.sse, take_event, &f);
	code = follow(&f, e);
	sse_done(&f.sse);
	buf_done(&f.shown);
	buf_done(&f.id);
	search_free(f.search);
	return code;
}
