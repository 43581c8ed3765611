/* input_sarif and input_rdjson: whatever JSON says to both, findings are sound. */
#include "explain/input_rdjson.h"
#include "explain/input_sarif.h"
#include "tests/fuzz/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct input in = { 0 };
	struct json_doc *doc;
	AUTO_FINDINGS f;

	findings_init(&f);
	in.out = &f;
	(void)input_rdjsonl_line(&in, text, 0);
	if (json_parse(text, JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return 0;
	bool sarif = input_sarif(&in, json_root(doc), NULL) == ERR_OK;
	bool rdjson = input_rdjson(&in, json_root(doc), NULL) == ERR_OK;
	assert(sarif || rdjson || f.n <= 1);
	assert_sound(&f, 0, 0);
	json_free(doc);
	return 0;
}
