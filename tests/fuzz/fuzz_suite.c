/* suite: any bytes are a suite or an error with a text; a suite is written as it is read, and no path in it leads out of its folder. */
#include "model/suite.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err_code look(void *arg, struct str *file, struct err *e)
{
	(void)arg;
	(void)e;
	assert(file->len > 0 && file->p[0] != '/');
	assert(str_find_str(*file, STR("../")) == file->len || str_find_str(*file, STR("/../")) == file->len);
	assert(!str_eq(*file, STR("..")) && !str_starts(*file, STR("../")) && !str_ends(*file, STR("/..")));
	assert(memchr(file->p, '\n', file->len) == NULL);
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suite s = { 0 }, again = { 0 };
	struct err e = { .text = "" };
	AUTO_ARENA a;
	AUTO_BUF once;
	AUTO_BUF twice;

	arena_init(&a);
	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	if (suite_parse((struct str){ (const char *)data, size }, &a, &s, &e) != ERR_OK) {
		assert(e.code == ERR_INVALID && e.text[0] != '\0');
		return 0;
	}
	assert(suite_each_file(&s, look, NULL, &e) == ERR_OK);
	suite_write(&s, &once);
	assert(suite_parse(buf_view(&once), &a, &again, &e) == ERR_OK);
	suite_write(&again, &twice);
	assert(str_eq(buf_view(&once), buf_view(&twice)));
	return 0;
}
