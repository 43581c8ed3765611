/*
 * matcher: whatever a file of problem matchers is, it is taken or refused whole, and what was taken finds nothing
 * unsound. The first byte says how much is the file; the rest is a log.
 */
#include "explain/matcher.h"
#include "tests/fuzz/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct matchers *m = matchers_new();
	AUTO_LINES l = { 0 };
	AUTO_FINDINGS f;
	struct input in = { .out = &f, .log = &l };

	findings_init(&f);
	if (size > 0) {
		size_t n = (size - 1) * data[0] / 255;
		struct str json = { (const char *)data + 1, n },
			   log = { (const char *)data + 1 + n, size - 1 - n };
		enum err_code code = matchers_add(m, json, NULL);

		assert((code == ERR_OK && matchers_count(m) <= MATCHERS_MAX) || matchers_count(m) == 0);
		code = lines_init(&l, log, NULL);
		assert(code == ERR_OK);
		matchers_run(m, &in);
		assert_sound(&f, l.n, log.len);
	}
	matchers_free(m);
	return 0;
}
