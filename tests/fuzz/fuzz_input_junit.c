/* input_junit: whatever XML says, findings are sound and few, and the end is within the text. */
#include "explain/input_junit.h"
#include "tests/fuzz/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct input in = { 0 };
	size_t end = 0;
	AUTO_FINDINGS f;

	findings_init(&f);
	in.out = &f;
	if (input_junit(&in, text, &end, NULL) == ERR_OK)
		assert(end > 0);
	assert(f.n <= INPUT_FINDINGS_MAX && end <= size + 1);
	assert_sound(&f, 0, 0);
	return 0;
}
