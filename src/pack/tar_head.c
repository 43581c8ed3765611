/* tar_head: see the header. */
#include "pack/tar_head.h"

#define EXTRA_MAX 16 /* headers in front of one */

/* Where the fields of a header stand, and how long they are. */
enum {
	NAME_AT = 0,
	NAME_LEN = 100,
	SIZE_AT = 124,
	SIZE_LEN = 12,
	SUM_AT = 148,
	SUM_LEN = 8,
	TYPE_AT = 156,
	TARGET_AT = 157,
	TARGET_LEN = 100,
	MAGIC_AT = 257,
	PREFIX_AT = 345,
	PREFIX_LEN = 155,
};

/* What was said in front of the header, each at most once. */
struct extra {
	bool has_path, has_target, has_bytes;
	struct str path, target;
	int64_t bytes;
};

static struct str field(const char *block, size_t at, size_t len)
{
	struct str s = { block + at, len };

	s.len = str_find(s, '\0');
	return s;
}

/* Octal digits, perhaps with blanks in front, up to a blank or NUL; or, from a first byte 0x80 on, a number of base 256. */
static bool number(const char *p, size_t len, int64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	if ((uint8_t)p[0] == 0x80) {
		for (i = 1; i < len; i++) {
			if (v >> 55)
				return false;
			v = v << 8 | (uint8_t)p[i];
		}
		*ret = (int64_t)v;
		return true;
	}
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0'); /* 12 digits at most */
	for (; i < len; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return false;
	*ret = (int64_t)v;
	return true;
}

static bool sum_is_right(const char *block)
{
	int64_t said, sum = 8 * ' ';

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < SUM_AT || i >= SUM_AT + SUM_LEN)
			sum += (uint8_t)block[i];
	return number(block + SUM_AT, SUM_LEN, &said) && said == sum;
}

/* ---- pax ---- */

/* "LENGTH KEY=VALUE\n" off the front of *rest. */
static bool next_record(struct str *rest, struct str *ret_key, struct str *ret_value)
{
	size_t blank = str_find(*rest, ' '), equals;
	int64_t len = 0;
	struct str record;

	if (blank == 0 || blank > 10 || !str_to_int((struct str){ rest->p, blank }, &len) ||
		len < (int64_t)blank + 4 || len > (int64_t)rest->len)
		return false;
	record = str_from((struct str){ rest->p, (size_t)len }, blank + 1);
	equals = str_find(record, '=');
	if (record.p[record.len - 1] != '\n' || equals == 0 || equals == record.len)
		return false;
	*ret_key = (struct str){ record.p, equals };
	*ret_value = str_from((struct str){ record.p, record.len - 1 }, equals + 1);
	*rest = str_from(*rest, (size_t)len);
	return true;
}

static const char *take_path(struct extra *x, struct str value)
{
	if (x->has_path)
		return "has two names";
	x->has_path = true;
	x->path = value;
	return str_find(value, '\0') < value.len ? "has a NUL in its name" : NULL;
}

static const char *take_target(struct extra *x, struct str value)
{
	if (x->has_target)
		return "has two targets";
	x->has_target = true;
	x->target = value;
	return str_find(value, '\0') < value.len ? "has a NUL in its target" : NULL;
}

static const char *take_bytes(struct extra *x, struct str value)
{
	if (x->has_bytes)
		return "has two sizes";
	x->has_bytes = true;
	return str_to_int(value, &x->bytes) && x->bytes >= 0 ? NULL : "has no size that can be";
}

static const char *take_record(struct extra *x, bool global, struct str key, struct str value)
{
	if (global)
		return str_eq(key, STR("comment")) ? NULL : "is changed by a global header";
	if (str_starts(key, STR("GNU.sparse.")))
		return "is a sparse file";
	if (str_eq(key, STR("path")))
		return take_path(x, value);
	if (str_eq(key, STR("linkpath")))
		return take_target(x, value);
	return str_eq(key, STR("size")) ? take_bytes(x, value) : NULL;
}

static const char *take_pax(struct extra *x, bool global, struct str body)
{
	const char *odd = NULL;
	struct str key, value;

	while (!odd && body.len > 0)
		odd = next_record(&body, &key, &value) ? take_record(x, global, key, value)
						       : "has a pax header that is none";
	return odd;
}

/* ---- headers ---- */

/* A name that GNU tar writes has a NUL behind it that counts, or none. */
static struct str long_name(struct str body)
{
	return (struct str){ body.p, str_find(body, '\0') };
}

/* The header in front of another that begins at *at: *at is moved behind its body. */
static const char *take_extra(struct extra *x, struct str head, size_t *at)
{
	const char *block = head.p + *at;
	struct str body = str_from(head, *at + TAR_BLOCK);
	int64_t bytes = 0;
	size_t len;

	if (!number(block + SIZE_AT, SIZE_LEN, &bytes) || bytes > (int64_t)body.len)
		return "has a header of no known size";
	len = (size_t)bytes;
	*at += TAR_BLOCK + (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	body.len = len;
	switch (block[TYPE_AT]) {
	case 'x':
		return take_pax(x, false, body);
	case 'g':
		return take_pax(x, true, body);
	case 'L':
		return take_path(x, long_name(body));
	default:
		return take_target(x, long_name(body));
	}
}

/* The name that stands in the header itself; ustar parts one that is long in two. */
static struct str own_name(const char *block, struct tar_head *ret)
{
	struct str name = field(block, NAME_AT, NAME_LEN), prefix = STR("");

	if (memcmp(block + MAGIC_AT, "ustar", 6) == 0)
		prefix = field(block, PREFIX_AT, PREFIX_LEN);
	if (prefix.len == 0)
		return name;
	memcpy(ret->name, prefix.p, prefix.len);
	ret->name[prefix.len] = '/';
	memcpy(ret->name + prefix.len + 1, name.p, name.len);
	return (struct str){ ret->name, prefix.len + 1 + name.len };
}

static bool magic_is_known(const char *block)
{
	const char *p = block + MAGIC_AT;

	return memcmp(p,
		       "ustar\0"
		       "00",
		       8) == 0 ||
	       memcmp(p, "ustar  ", 8) == 0 || memcmp(p, "\0\0\0\0\0\0\0", 8) == 0;
}

/* Old headers have a NUL for a file, and a folder is a file whose name ends in '/'. */
static char type_of(char type, struct str path)
{
	if (type != '0' && type != '\0')
		return type;
	return str_ends(path, STR("/")) ? '5' : '0';
}

static const char *take_header(const struct extra *x, const char *block, struct tar_head *ret)
{
	int64_t bytes = 0;

	ret->path = x->has_path ? x->path : own_name(block, ret);
	ret->target = x->has_target ? x->target : field(block, TARGET_AT, TARGET_LEN);
	ret->type = type_of(block[TYPE_AT], ret->path);
	if (!magic_is_known(block))
		return "has a header of no known kind";
	if (!number(block + SIZE_AT, SIZE_LEN, &bytes))
		return "has no size that can be";
	ret->bytes = x->has_bytes ? x->bytes : bytes;
	if (ret->type == 'S')
		return "is a sparse file";
	if (ret->type != '0' && ret->type != '1' && ret->type != '2' && ret->type != '5')
		return "is no file, folder or link";
	if (ret->type != '0' && (ret->bytes != 0 || bytes != 0))
		return "has data and is no file";
	return NULL;
}

void tar_head_read(struct str head, struct tar_head *ret)
{
	struct extra x = { 0 };
	size_t at = 0;

	*ret = (struct tar_head){ .path = STR(""), .target = STR("") };
	for (int n = 0; !ret->odd; n++) {
		const char *block = head.p + at;

		if (at + TAR_BLOCK > head.len || n > EXTRA_MAX)
			ret->odd = "has too many headers, or parts of one";
		else if (!sum_is_right(block))
			ret->odd = "has a header with a wrong checksum";
		else if (memchr("xgLK", block[TYPE_AT], 4))
			ret->odd = take_extra(&x, head, &at);
		else
			break;
	}
	if (!ret->odd)
		ret->odd = take_header(&x, head.p + at, ret);
	if (!ret->odd && at + TAR_BLOCK != head.len)
		ret->odd = "has a header that is read in two ways";
}
