/*
 * sse: lines are gathered until their end (CR, LF or CR LF) and then understood. A CR ends its line at once: the LF that may follow
 * in the next piece is passed over, so that no event waits for the byte behind it.
 */
#include "net/sse.h"

#include <string.h>

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

void sse_init(struct sse *s, sse_fn *each, void *arg)
{
	*s = (struct sse){ .each = each, .arg = arg };
	buf_init(&s->line, SSE_EVENT_MAX);
	buf_init(&s->name, SSE_ID_MAX);
	buf_init(&s->data, SSE_EVENT_MAX);
	buf_init(&s->id, SSE_ID_MAX);
	buf_init(&s->last_id, SSE_ID_MAX);
}

void sse_done(struct sse *s)
{
	buf_done(&s->line);
	buf_done(&s->name);
	buf_done(&s->data);
	buf_done(&s->id);
	buf_done(&s->last_id);
}

static void forget_event(struct sse *s)
{
	buf_reset(&s->name);
	buf_reset(&s->data);
	s->has_data = false;
}

static void set(struct buf *b, struct str value)
{
	buf_reset(b);
	buf_str(b, value);
}

void sse_reset(struct sse *s)
{
	buf_reset(&s->line);
	forget_event(s);
	set(&s->id, buf_view(&s->last_id));
	s->after_cr = s->begun = false;
}

static void take_field(struct sse *s, struct str name, struct str value)
{
	if (str_eq(name, STR("event"))) {
		set(&s->name, value);
	} else if (str_eq(name, STR("data"))) {
		if (s->has_data)
			buf_char(&s->data, '\n');
		buf_str(&s->data, value);
		s->has_data = true;
	} else if (str_eq(name, STR("id")) && str_find(value, '\0') == value.len) {
		set(&s->id, value);
	}
}

/* The end of an event; without data there was none. */
static enum err_code end_event(struct sse *s, struct err *e)
{
	struct sse_event event = {
		.name = s->name.len > 0 ? buf_view(&s->name) : STR("message"),
		.data = buf_view(&s->data),
		.id = buf_view(&s->id),
	};
	enum err_code code = s->has_data ? s->each(s->arg, &event, e) : ERR_OK;

	set(&s->last_id, event.id);
	forget_event(s);
	return code;
}

static enum err_code take_line(struct sse *s, struct str line, struct err *e)
{
	size_t colon = str_find(line, ':');
	struct str value = str_from(line, colon + 1);

	if (line.len == 0)
		return end_event(s, e);
	if (str_starts(value, STR(" ")))
		value = str_from(value, 1);
	if (colon > 0) /* else a comment: a sign of life */
		take_field(s, (struct str){ line.p, colon }, value);
	return buf_check(&s->data, "event", e);
}

static enum err_code end_line(struct sse *s, struct err *e)
{
	struct str line = buf_view(&s->line);
	enum err_code code;

	if (!s->begun && str_starts(line, BYTE_ORDER_MARK))
		line = str_from(line, BYTE_ORDER_MARK.len);
	s->begun = true;
	code = take_line(s, line, e);
	buf_reset(&s->line);
	return code;
}

static size_t line_len(struct str bytes)
{
	size_t n = 0;

	while (n < bytes.len && bytes.p[n] != '\n' && bytes.p[n] != '\r')
		n++;
	return n;
}

enum err_code sse_feed(struct sse *s, struct str bytes, struct err *e)
{
	while (bytes.len > 0) {
		size_t n;

		if (s->after_cr && bytes.p[0] == '\n')
			bytes = str_from(bytes, 1);
		s->after_cr = false;
		n = line_len(bytes);
		buf_add(&s->line, bytes.p, n);
		TRY(buf_check(&s->line, "line of an event", e));
		if (n < bytes.len) {
			s->after_cr = bytes.p[n] == '\r';
			TRY(end_line(s, e));
			n++;
		}
		bytes = str_from(bytes, n);
	}
	return ERR_OK;
}
