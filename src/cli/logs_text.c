/*
 * logs_text: the text of a log, printed while it comes, in the memory of one line.
 *
 * A log is long, and its reader may be slow: who reads in a pager takes his time, and the server cuts whoever takes too much of it. So a
 * transfer that was cut goes on from the byte behind the last one that came, with a range.
 *
 * A line has no limit. One that is longer than PIECE is printed in pieces, cut where neither a character nor an escape is.
 */
#include "cli/logs_reader.h"

#include "base/utf8.h"
#include "text/escape.h"
#include "text/terminal.h"

#include <stdio.h>

#define PIECE (64 * 1024)
#define ESCAPE_LOOK 4096
#define SILENCE_MS 60000

struct flow {
	struct logs_reader *r;
	int64_t number;   /* of the line that comes */
	int64_t n_taken;  /* bytes */
	bool in_line;     /* a piece of it is printed */
	struct buf line;  /* the rest of what came of it */
	struct buf shown; /* as it is printed */
};

static enum err_code put(struct flow *f, struct str text, bool is_ended, struct err *e)
{
	const struct logs_style *style = &f->r->want->style;

	buf_reset(&f->shown);
	if (style->numbers && !f->in_line)
		logs_line_print_number(f->number, ' ', &f->shown);
	text_terminal(text, style->colours, &f->shown);
	if (is_ended) {
		buf_char(&f->shown, '\n');
		f->number++;
	}
	f->in_line = !is_ended;
	return reader_put(f->r, buf_view(&f->shown), e);
}

/* Is at inside a character, or behind the beginning of an escape that may go on? Then where that begins. */
static size_t before_begun(struct str s, size_t at)
{
	struct str head = { s.p, at };
	uint32_t code;

	for (size_t i = at > 3 ? at - 3 : 0; i < at; i++)
		if ((uint8_t)s.p[i] >= 0xc0 && utf8_decode(s.p + i, at - i, &code) == 0)
			head.len = i;
	for (size_t i = head.len > ESCAPE_LOOK ? head.len - ESCAPE_LOOK : 0; i < head.len; i++)
		if (escape_end(head, i) == head.len)
			return i;
	return head.len;
}

static enum err_code put_piece(struct flow *f, struct err *e)
{
	struct str line = buf_view(&f->line);
	size_t n = before_begun(line, line.len);

	if (n == 0)
		n = line.len;
	TRY(put(f, (struct str){ line.p, n }, false, e));
	buf_drop(&f->line, n);
	return ERR_OK;
}

static enum err_code take_line(struct flow *f, struct str end, struct err *e)
{
	enum err_code code;

	if (f->line.len == 0)
		return put(f, end, true, e);
	buf_str(&f->line, end);
	code = put(f, buf_view(&f->line), true, e);
	buf_reset(&f->line);
	return code;
}

static enum err_code take(void *arg, struct str bytes, struct err *e)
{
	struct flow *f = arg;

	f->n_taken += (int64_t)bytes.len;
	patience_reset(&f->r->patience);
	while (bytes.len > 0) {
		size_t n = str_find(bytes, '\n');

		if (n < bytes.len) {
			TRY(take_line(f, (struct str){ bytes.p, n }, e));
			bytes = str_from(bytes, n + 1);
			continue;
		}
		n = n < PIECE ? n : PIECE;
		buf_add(&f->line, bytes.p, n);
		bytes = str_from(bytes, n);
		if (f->line.len >= PIECE)
			TRY(put_piece(f, e));
	}
	return pager_flush(&f->r->out, e);
}

static enum err_code end(struct flow *f, struct err *e)
{
	if (f->line.len == 0 && !f->in_line)
		return ERR_OK;
	return take_line(f, STR(""), e);
}

static enum err_code fetch(struct flow *f, int64_t from, struct err *e)
{
	bool again = f->n_taken > 0;
	char range[40];
	struct http_header header = { "Range", range };
	AUTO_BUF path;

	buf_init(&path, 200);
	buf_fmt(&path, "/api/v1/steps/%lld/log", (long long)f->r->step->id);
	if (from > 0)
		query_add_int(&path, "from", from);
	snprintf(range, sizeof range, "bytes=%lld-", (long long)f->n_taken);
	return client_fetch(
		f->r->client, buf_cstr(&path), &header, again, again ? 206 : 200, SILENCE_MS, take, f, e);
}

static enum err_code read_all(struct flow *f, struct err *e)
{
	struct err own = { 0 };
	enum err_code code;
	int64_t from = 0;

	TRY(reader_find_from(f->r, &from, e));
	f->number = from > 0 ? from : 1;
	do {
		code = fetch(f, from, &own);
	} while (code != ERR_OK && reader_wait(f->r, &own, code));
	if (code == ERR_RANGE && f->n_taken > 0) /* it was cut behind the last byte */
		code = ERR_OK;
	if (code == ERR_OK)
		return end(f, e);
	if (e)
		*e = own;
	return code;
}

enum err_code logs_text_read(struct logs_reader *r, struct err *e)
{
	struct flow f = { .r = r };
	enum err_code code;

	buf_init(&f.line, 4 * PIECE);
	buf_init(&f.shown, SIZE_MAX);
	code = read_all(&f, e);
	buf_done(&f.line);
	buf_done(&f.shown);
	return code;
}
