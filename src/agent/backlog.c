/* backlog: see the header. */
#include "agent/backlog.h"

#include <assert.h>
#include <inttypes.h>

#define GAP_LINE                                                                                             \
	"[sluice: %" PRId64                                                                                  \
	" bytes were dropped here: the server could not be reached and the spool was full]\n"
#define GAP_MAX 200

void backlog_init(struct backlog *b, struct stream_file *file, int64_t limit)
{
	*b = (struct backlog){ .file = file, .front = file->acked, .end = file->length, .limit = limit };
}

void backlog_done(struct backlog *b)
{
	ring_done(&b->ring);
}

static enum err_code write_behind(struct backlog *b, struct str bytes, struct err *e)
{
	enum err_code code = stream_file_write(b->file, b->end, bytes, e);

	if (code != ERR_OK) {
		stream_file_cut(b->file, b->end);
		return code;
	}
	b->end += (int64_t)bytes.len;
	b->in_line = bytes.p[bytes.len - 1] != '\n';
	return ERR_OK;
}

static bool has_room(const struct backlog *b, int64_t more, int64_t limit)
{
	return b->end - b->front + more <= limit;
}

/* From where on the last bytes are shown: from a line's start, if they have one. */
static size_t first_line(const struct ring_view *v)
{
	size_t at = v->gone_bytes > 0 && v->in_line ? str_find(v->text, '\n') + 1 : 0;

	return at < v->text.len ? at : 0;
}

/* What is in memory goes into the file. */
static enum err_code write_last(struct backlog *b, struct err *e)
{
	struct ring_view v = ring_view(&b->ring);
	size_t skip = first_line(&v);
	int64_t n_dropped = v.gone_bytes + (int64_t)skip;
	AUTO_BUF text;

	buf_init(&text, 2 * BACKLOG_LAST + GAP_MAX);
	if (n_dropped > 0 && b->in_line)
		buf_char(&text, '\n');
	if (n_dropped > 0)
		buf_fmt(&text, GAP_LINE, n_dropped);
	buf_str(&text, str_from(v.text, skip));
	if (text.len > 0)
		TRY(write_behind(b, buf_view(&text), e));
	b->n_dropped += n_dropped;
	b->over = false;
	ring_done(&b->ring);
	return ERR_OK;
}

static void try_to_go_on(struct backlog *b)
{
	int64_t limit = b->limit / 2 > 2 * BACKLOG_LAST ? b->limit / 2 : b->limit;

	if (has_room(b, (int64_t)ring_view(&b->ring).text.len + GAP_MAX, limit))
		(void)!write_last(b, NULL);
}

void backlog_add(struct backlog *b, struct str bytes)
{
	if (bytes.len == 0)
		return;
	if (!b->over && has_room(b, (int64_t)bytes.len, b->limit) && write_behind(b, bytes, NULL) == ERR_OK)
		return;
	if (!b->over)
		ring_init(&b->ring, BACKLOG_LAST);
	b->over = true;
	ring_add(&b->ring, bytes);
}

enum err_code backlog_end(struct backlog *b, struct err *e)
{
	return b->over ? write_last(b, e) : ERR_OK;
}

enum err_code backlog_read(const struct backlog *b, int64_t at, char *p, size_t n, struct err *e)
{
	return stream_file_read(b->file, at, p, n, e);
}

void backlog_ack(struct backlog *b, int64_t front)
{
	assert(front >= b->front && front <= b->end);
	b->front = front;
	stream_file_ack(b->file, front, false);
	if (b->over)
		try_to_go_on(b);
}
