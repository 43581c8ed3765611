/*
 * input_log: whatever a log has in it (commands, TAP, reports, diagnostics), findings are sound and within it; and the same text
 * as a report beside a log gives such as have no place.
 */
#include "explain/diagnostic.h"
#include "tests/fuzz/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	enum err_code code;
	AUTO_LINES l = { 0 };
	AUTO_FINDINGS f, beside, rows;
	struct input diagnostics = { .out = &rows, .log = &l };

	findings_init(&f);
	findings_init(&rows);
	findings_init(&beside);
	code = lines_init(&l, text, NULL);
	assert(code == ERR_OK);
	input_log(&l, &f);
	assert_sound(&f, l.n, size);
	diagnostics_find(&diagnostics);
	assert(rows.n <= DIAGNOSTICS_MAX);
	assert_sound(&rows, l.n, size);
	code = input_report(text, &beside, NULL, NULL);
	assert(code == ERR_OK || input_sniff(text) == INPUT_NONE || code != ERR_INTERNAL);
	assert_sound(&beside, 0, 0);
	return 0;
}
