/* job_log: whatever a job printed, its parts are the log again, one behind the other, with names that are short. */
#include "base/utf8.h"
#include "text/job_log.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str log = { (const char *)data, size };
	const struct job_log_step known[] = { { STR("a"), true, CONCLUSION_SUCCESS },
		{ STR("b"), false, CONCLUSION_FAILURE } };
	struct job_log_part *parts, one;
	size_t n, at = 0;
	AUTO_ARENA a;
	AUTO_BUF clean;

	arena_init(&a);
	buf_init(&clean, SIZE_MAX);
	job_log_split(log, known, size % 3, size % 2, &a, &parts, &n);
	for (size_t i = 0; i < n; i++) {
		assert(parts[i].text.p == log.p + at);
		at += parts[i].text.len;
		assert(parts[i].name.len <= JOB_LOG_NAME_MAX &&
			utf8_valid(parts[i].name) == parts[i].name.len);
	}
	assert(at == size && n <= JOB_LOG_PARTS_MAX);
	job_log_one(log, &a, &one);
	job_log_clean(log, &clean);
	assert(clean.len <= size);
	return 0;
}
