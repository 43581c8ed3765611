/* json: what is taken can be written and is then taken again, strictly; and repairing takes all that
 * strictness takes. */
#include "base/json.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_node(struct json_out *out, const struct json *n);

static bool write_member(void *arg, struct str key, struct json *value)
{
	json_put_str(arg, NULL, key);
	write_node(arg, value);
	return true;
}

/* An object as an array of its keys and values, a word as a number: strings and nesting are what can break.
 */
static void write_node(struct json_out *out, const struct json *n)
{
	int64_t v;

	if (json_kind(n) == JSON_STRING) {
		json_put_str(out, NULL, json_str(n));
	} else if (json_kind(n) != JSON_ARRAY && json_kind(n) != JSON_OBJECT) {
		json_put_int(out, NULL, json_int(n, &v) ? v : json_is_true(n));
	} else {
		json_open_array(out, NULL);
		for (size_t i = 0; json_at(n, i); i++)
			write_node(out, json_at(n, i));
		json_each(n, write_member, out);
		json_close_array(out);
	}
}

static bool round_trip(struct str text, unsigned flags)
{
	struct json_doc *doc, *again;
	struct json_out out;
	AUTO_BUF written;

	buf_init(&written, SIZE_MAX);
	if (json_parse(text, flags, &doc, NULL) != ERR_OK)
		return false;
	json_out_init(&out, &written);
	write_node(&out, json_root(doc));
	assert(json_parse(buf_view(&written), 0, &again, NULL) == ERR_OK);
	json_free(again);
	json_free(doc);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	bool strict = round_trip(text, 0), repaired = round_trip(text, JSON_REPAIR_TEXT);

	assert(repaired || !strict);
	return 0;
}
