/*
 * mask_shape: secrets known by their looks.
 *
 * All prefixes of mask_shapes.tbl, and the base64 of each, are needles: one pass finds where a token may
 * begin, and a matcher for each kind looks whether one does.
 *
 * What is found in base64 is decoded again and judged by the same matchers, because four characters alone are
 * found in any picture; then the whole run of base64 goes, since what stands around the token in it (a user's
 * name, a JSON document) belongs to it. Not found is base64 whose lines were wrapped inside the token.
 *
 * What is escaped for JSON or a URL, and what has a terminal's escape sequences inside, is looked at as it will be
 * read (mask_view.h).
 */
#include "base/arena.h"
#include "text/escape.h"
#include "text/mask_encode.h"
#include "text/mask_header.h"
#include "text/mask_match.h"
#include "text/mask_named.h"
#include "text/mask_names.h"
#include "text/mask_view.h"
#include "text/needles.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define DECODED_MAX 384     /* of a run of base64 is looked at for a token */
#define BASE64_PREFIX_MIN 4 /* shorter ones leave too few characters to look for */

static const struct shape shapes[] = {
#define SHAPE(prefix, kind, class, min, max) { prefix, kind, class, min, max },
#include "text/mask_shapes.tbl"
#undef SHAPE
	{ "", HEADER, TOKEN, 0, 0 },
	{ "", COMMAND, TOKEN, 0, 0 },
};

#define N_SHAPES (sizeof shapes / sizeof shapes[0])
#define TAG_HEADER ((int)N_SHAPES - 2)
#define TAG_COMMAND ((int)N_SHAPES - 1)
#define TAG_SHIFT 256       /* tag = 1 + shape + TAG_SHIFT * (1 + base64 shift), or 1 + shape alone, */
#define TAG_VALUE (1 << 16) /* and that, where the needle is a known value too; a value alone has only that */
#define TAG_OF_SHAPE 0xffff

static_assert(N_SHAPES + 1 < TAG_SHIFT, "the number of a shape has to fit below TAG_SHIFT");

static struct needles *needles;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void add_needle(struct str bytes, int tag)
{
	enum err_code code = needles_add(needles, bytes, tag, NULL);

	assert(code == ERR_OK);
	(void)code;
}

static void add_shape(int tag, struct str prefix)
{
	AUTO_BUF b;

	buf_init(&b, 256);
	add_needle(prefix, 1 + tag);
	if (prefix.len < BASE64_PREFIX_MIN || shapes[tag].kind == BEHIND || shapes[tag].kind == KEYED)
		return;

	for (unsigned i = 0; i < 6; i++) {
		encode_base64_inside(prefix, i / 2, i % 2 ? base64_url : base64_std, &b);
		add_needle(buf_view(&b), 1 + tag + TAG_SHIFT * (1 + (int)i / 2));
		buf_reset(&b);
	}
}

static void add_header_needle(struct str bytes)
{
	add_needle(bytes, 1 + TAG_HEADER);
}

static void add_command_needle(struct str bytes)
{
	add_needle(bytes, 1 + TAG_COMMAND);
}

static void build(void)
{
	scan_init();
	needles = needles_new();
	for (int i = 0; i < TAG_HEADER; i++)
		add_shape(i, str_z(shapes[i].prefix));
	header_needles_each(add_header_needle);
	needle_cases_each("-mas", add_command_needle);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* As many whole bytes as there are, at most max. */
static size_t base64_decode(struct str s, size_t max, char out[DECODED_MAX])
{
	uint32_t bits = 0;
	size_t n = 0;
	unsigned n_bits = 0;

	for (size_t i = 0; i < s.len && n < max; i++) {
		int v = base64_value(s.p[i]);
		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (char)(uint8_t)(bits >> n_bits);
		}
	}
	return n;
}

/* The base64 of shape x's prefix is at `at`. Is what it stands for a token? */
static bool match_base64(struct scan *s, const struct shape *x, unsigned shift, size_t at, struct span *ret)
{
	char decoded[DECODED_MAX];
	size_t back = base64_first_char(shift), prefix_at = shift, from;

	for (from = at; at - from < back + 4 && from > 0 && base64_value(s->text.p[from - 1]) >= 0;)
		from--;
	if (at - from < back)
		return false;
	if (at - from == back + 4)
		prefix_at += 3; /* a group more in front, to see whether a word goes on there */
	else
		from = at - back;

	/* Nearly all are settled by their prefix. */
	struct str encoded = str_from(s->text, from), prefix = str_z(x->prefix);
	if (base64_decode(encoded, prefix_at + prefix.len, decoded) < prefix_at + prefix.len ||
		memcmp(decoded + prefix_at, prefix.p, prefix.len) != 0)
		return false;

	struct scan inner = { .text = { decoded, base64_decode(encoded, DECODED_MAX, decoded) } };
	if (!match_shape(&inner, x, prefix_at, ret))
		return false;

	size_t end = scan_run_end(s, BASE64, at);
	while (from > 0 && base64_value(s->text.p[from - 1]) >= 0)
		from--;
	*ret = (struct span){ from, end };
	return true;
}

/* What a text is looked through for shapes with. */
struct shape_scan {
	struct scan s;
	bool values;      /* there are needles of values, too */
	bool cut;         /* the beginning of the text may have been cut off, and with it that of a key */
	bool may_command; /* there may be one: a key is passed over unread, so it may hold one as well */
	size_t from;      /* where shapes are looked for: behind those that were found */
};

/* A needle of the shapes is at `at`: is a secret there? */
static void look_at_shape(struct shape_scan *k, int tag, size_t at, struct spans *ret_spans)
{
	const struct shape *x = &shapes[tag % TAG_SHIFT - 1];
	struct span found;

	if (at < k->from)
		return;
	k->may_command |= x->kind == COMMAND || x->kind == PEM;
	if (x->kind == PEM_END && !k->cut)
		return;
	if (!(tag < TAG_SHIFT ? match_shape(&k->s, x, at, &found)
			      : match_base64(&k->s, x, (unsigned)(tag / TAG_SHIFT - 1), at, &found)))
		return;
	spans_add(ret_spans, found.at, found.end);
	/* Nothing new inside; but between a URL's :// and its password there may be a token. */
	if (found.at <= at)
		k->from = found.end;
}

/* The longest value and the longest needle of a shape that begin at hit, which is the longest of all. */
static void look_at_hit(
	struct shape_scan *k, const struct needles *n, struct needle_hit hit, struct spans *ret_spans)
{
	bool value = !k->values, shape = false;

	do {
		int tag = hit.tag & TAG_OF_SHAPE;

		if ((hit.tag & TAG_VALUE) && !value) {
			spans_add(ret_spans, hit.at, hit.at + hit.len);
			value = true;
		}
		if (tag != 0 && !shape) {
			look_at_shape(k, tag, hit.at, ret_spans);
			shape = true;
		}
	} while (!(value && shape) && needles_shorter(n, k->s.text, &hit));
}

/* The values of m, which may be NULL, and shapes. Returns whether there may be a command in text. cut: see shape_scan. */
static bool find_as_written(const struct mask *m, struct str text, bool cut, struct spans *ret_spans)
{
	struct shape_scan k = { .s = { .text = text }, .cut = cut };
	const struct needles *n;
	struct needle_hit hit;

	pthread_once(&once, build);
	n = m ? mask_needles_and(m, needles, TAG_VALUE) : needles;
	k.values = m && n;
	if (!n) {
		mask_find(m, text, ret_spans);
		n = needles;
	}
	for (size_t from = 0; needles_next(n, text, from, &hit); from = hit.at + 1)
		look_at_hit(&k, n, hit, ret_spans);
	return k.may_command;
}

static bool find_shapes(const struct mask *m, struct str text, bool cut, struct spans *ret_spans)
{
	bool may_command = find_as_written(m, text, cut, ret_spans);
	AUTO_SPANS seen = { 0 };
	AUTO_VIEW unescaped;

	view_init(&unescaped, text);
	if (view_unescaped(&unescaped, text)) {
		find_as_written(NULL, buf_view(&unescaped.text), cut, &seen);
		view_add_spans(&unescaped, &seen, ret_spans);
	}
	return may_command;
}

static void find_all(const struct mask *m, struct str text, struct spans *ret_spans)
{
	if (find_shapes(m, text, true, ret_spans) && text_has_mask_command(text))
		mask_find_named(text, ret_spans);
}

/* What a reader of the line would see, and what it says in JSON or a URL. plain: for its memory. */
static void find_in_views(const struct mask *m, const struct mask_names *names, struct str line,
	struct view *plain, struct spans *ret_spans)
{
	AUTO_SPANS seen = { 0 };
	AUTO_SPANS read = { 0 };
	AUTO_VIEW unescaped;

	view_reset(plain);
	view_init(&unescaped, line);
	if (view_unescaped(&unescaped, line)) {
		find_as_written(NULL, buf_view(&unescaped.text), false, &read);
		view_add_spans(&unescaped, &read, ret_spans);
	}
	if (view_plain(plain, line)) {
		mask_names_find(names, buf_view(&plain->text), &seen);
		find_shapes(m, buf_view(&plain->text), false, &seen);
		view_add_spans(plain, &seen, ret_spans);
	}
}

/* Where the next of the bytes is that a line may have another view for; each is looked for only once. */
struct viewed {
	struct str text;
	size_t at[4];
};

static size_t next_viewed(struct viewed *v, size_t from)
{
	static const char firsts[4] = { ESCAPE_FIRST, ESCAPE_FIRST_C1, '%', '\\' };
	size_t next = v->text.len;

	for (size_t k = 0; k < sizeof firsts; k++) {
		if (v->at[k] < from || from == 0)
			v->at[k] = from + str_find(str_from(v->text, from), firsts[k]);
		next = v->at[k] < next ? v->at[k] : next;
	}
	return next;
}

static struct str line_around(struct str text, size_t at)
{
	const char *lf = at > 0 ? memrchr(text.p, '\n', at) : NULL;
	size_t from = lf ? (size_t)(lf - text.p) + 1 : 0;
	struct str rest = str_from(text, from);

	return (struct str){ rest.p, str_find(rest, '\n') };
}

/*
 * Each line is viewed by itself: what an escape sequence swallows ends with its line, whatever comes after. So the markers of a
 * private key are found over lines only as they are written, and a value of several lines too, else line by line.
 */
void mask_find_flow(
	const struct mask *m, const struct mask_names *names, struct str text, struct spans *ret_spans)
{
	struct viewed v = { .text = text };
	AUTO_VIEW plain;

	view_init(&plain, text);
	mask_names_find(names, text, ret_spans);
	find_as_written(m, text, false, ret_spans);
	for (size_t at = next_viewed(&v, 0); at < text.len; at = next_viewed(&v, at)) {
		struct str line = line_around(text, at);
		size_t start = (size_t)(line.p - text.p);
		AUTO_SPANS found = { 0 };

		find_in_views(m, names, line, &plain, &found);
		for (size_t i = 0; i < found.n; i++)
			spans_add(ret_spans, start + found.p[i].at, start + found.p[i].end);
		at = start + line.len + 1;
	}
}

size_t mask_shapes(struct str text, struct buf *out)
{
	AUTO_SPANS spans = { 0 };
	AUTO_SPANS seen = { 0 };
	AUTO_VIEW plain;

	view_init(&plain, text);
	find_shapes(NULL, text, true, &spans);
	if (view_plain(&plain, text)) {
		find_shapes(NULL, buf_view(&plain.text), true, &seen);
		view_add_spans(&plain, &seen, &spans);
	}
	return spans_write(&spans, text, 0, out);
}

static size_t mask_once(const struct mask *m, struct str text, struct buf *out)
{
	AUTO_SPANS spans = { 0 };
	AUTO_SPANS seen = { 0 };
	AUTO_VIEW plain;

	view_init(&plain, text);
	find_all(m, text, &spans);
	if (view_plain(&plain, text)) {
		find_all(m, buf_view(&plain.text), &seen);
		view_add_spans(&plain, &seen, &spans);
	}
	return spans_write(&spans, text, 0, out);
}

size_t mask_all(const struct mask *m, struct str text, struct buf *out)
{
	size_t start = out->len, n = mask_once(m, text, out), more = n;
	AUTO_BUF before;

	buf_init(&before, SIZE_MAX);
	for (int round = 1; more > 0 && round < MASK_ROUNDS; round++) {
		buf_reset(&before);
		buf_str(&before, str_from(buf_view(out), start));
		buf_cut(out, start);
		more = mask_once(m, buf_view(&before), out);
		n += more;
	}
	return n;
}
