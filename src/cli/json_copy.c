/* json_copy: as deep as the reader lets it be (JSON_MAX_DEPTH). */
#include "cli/json_copy.h"

static bool copy_member(void *arg, struct str key, struct json *value)
{
	AUTO_BUF name;

	buf_init(&name, SIZE_MAX);
	buf_str(&name, key); /* without NULs, as json_parse() takes none in keys */
	json_copy(arg, buf_cstr(&name), value);
	return true;
}

void json_copy(struct json_out *j, const char *key, struct json *node)
{
	int64_t n;

	switch (json_kind(node)) {
	case JSON_OBJECT:
		json_open_object(j, key);
		json_each(node, copy_member, j);
		json_close_object(j);
		break;
	case JSON_ARRAY:
		json_open_array(j, key);
		for (size_t i = 0; i < json_len(node); i++)
			json_copy(j, NULL, json_at(node, i));
		json_close_array(j);
		break;
	case JSON_STRING:
		json_put_str(j, key, json_str(node));
		break;
	case JSON_BOOL:
		json_put_bool(j, key, json_is_true(node));
		break;
	case JSON_NUMBER:
		if (json_int(node, &n))
			json_put_int(j, key, n);
		else
			json_put_null(j, key);
		break;
	case JSON_NULL:
	case JSON_NONE:
		json_put_null(j, key);
		break;
	}
}
