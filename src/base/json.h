#ifndef BASE_JSON_H
#define BASE_JSON_H
/*
 * json: read and write JSON (RFC 8259). The only file that knows json-c.
 *
 * Reading is strict. The bytes are walked by the grammar of the RFC here, because json-c's strict mode still
 * takes single quotes, NaN, comments, duplicate keys and NULs in keys and clamps large integers (measured).
 * Refused, with the byte offset: anything outside the grammar, duplicate keys, NUL in a key, invalid UTF-8,
 * more than JSON_MAX_DEPTH levels or JSON_MAX_CONTAINERS objects and arrays (an empty one of 2 bytes takes
 * 780 in the tree). Numbers that do not fit int64 are numbers, but no integers.
 *
 * JSON_REPAIR_TEXT (for bodies that carry program output): invalid bytes and lone surrogates in string
 * values, not in keys, become U+FFFD instead of being refused; without it a lone surrogate is refused too.
 *
 * Nodes are borrowed from the document and die with it. A NULL node is allowed everywhere and reads as
 * JSON_NONE.
 */
#include "base/buf.h"

#define JSON_MAX_DEPTH 32
#define JSON_MAX_CONTAINERS 50000
enum { JSON_REPAIR_TEXT = 1 };

enum json_kind { JSON_NONE, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_doc;
struct json; /* a node: json-c's object, never dereferenced outside json.c */

/* ERR_INVALID with the offset and what is wrong. Free with json_free. */
MUST_CHECK enum err_code json_parse(
	struct str text, unsigned flags, struct json_doc **ret_doc, struct err *e);
void json_free(struct json_doc *doc); /* NULL is fine */
struct json *json_root(struct json_doc *doc);

enum json_kind json_kind(const struct json *n);
struct json *json_get(const struct json *object, const char *key); /* NULL when absent or not an object */
struct str json_str(const struct json *n);                         /* empty when not a string */
/* False when not an integer that fits; 1.0 and 1e2 are no integers. */
bool json_int(const struct json *n, int64_t *ret_value);
bool json_is_true(const struct json *n); /* false for all but the boolean true */
size_t json_len(const struct json *n);   /* of an array or object, else 0 */
struct json *json_at(const struct json *array, size_t i);
/* Calls back for each member in document order until it returns false. */
void json_each(
	const struct json *object, bool (*each)(void *arg, struct str key, struct json *value), void *arg);

/* As JSON again, without blanks; appended. */
void json_write(const struct json *n, struct buf *out);

/*
 * Writing: straight into a buf, commas by themselves. Strings are escaped so that the result is pure
 * valid JSON whatever the bytes (invalid UTF-8 becomes U+FFFD; < > & and U+2028/9 stay as they are).
 */
struct json_out {
	struct buf *out;
	uint64_t has_member; /* a bit a level */
	unsigned depth;      /* < 64, asserted */
};

void json_out_init(struct json_out *j, struct buf *out);
void json_open_object(struct json_out *j, const char *key); /* key NULL inside arrays and at the top */
void json_close_object(struct json_out *j);
void json_open_array(struct json_out *j, const char *key);
void json_close_array(struct json_out *j);
void json_put_str(struct json_out *j, const char *key, struct str value);
void json_put_z(struct json_out *j, const char *key, const char *value); /* NULL value: null */
/* A value that was written before, as JSON. */
void json_put_json(struct json_out *j, const char *key, struct str json);
void json_put_int(struct json_out *j, const char *key, int64_t value);
void json_put_bool(struct json_out *j, const char *key, bool value);
void json_put_null(struct json_out *j, const char *key);
/* What is not told is null: an empty text, a number of which told is false. */
void json_put_told(struct json_out *j, const char *key, struct str value);
void json_put_number(struct json_out *j, const char *key, bool told, int64_t value);
void json_put_time(struct json_out *j, const char *key, int64_t ms); /* RFC 3339; 0: null */
/* The bytes that json_put_str would write for value, quotes included: for callers that must fit a limit. */
size_t json_str_size(struct str value);

#endif
