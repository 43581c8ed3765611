/*
 * replay: a main for a fuzz target without libFuzzer: every file of the folders named is put through it once,
 * and each of its prefixes too while it is short, for truncation is what parsers forget. One line of TAP.
 */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES_UP_TO 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its exact size, so that AddressSanitizer sees a step beyond. */
static void feed(const char *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void replay(const char *path)
{
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 16 * 1024 * 1024);
	if (file_read(path, text.ceiling, &text, &e) != ERR_OK) {
		printf("not ok - %s\n", e.text);
		exit(1);
	}
	for (size_t n = 0; n < text.len && text.len <= PREFIXES_UP_TO; n++)
		feed(text.p, n);
	feed(buf_cstr(&text), text.len);
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **files;
		int count = scandir(argv[i], &files, NULL, alphasort);

		for (int k = 0; k < count; k++) {
			char path[4096];

			snprintf(path, sizeof path, "%s/%s", argv[i], files[k]->d_name);
			if (files[k]->d_name[0] != '.') {
				replay(path);
				n++;
			}
			free(files[k]);
		}
		if (count >= 0)
			free(files);
	}
	printf("%s - a corpus of %d inputs is replayed\n", n > 0 ? "ok" : "not ok", n);
	return n > 0 ? 0 : 1;
}
