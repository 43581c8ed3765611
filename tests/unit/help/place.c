/* place: see the header. */
#include "tests/test.h"

#include "base/file.h"
#include "tests/unit/help/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16 * 1024 * 1024)

char place_path[64];

static struct {
	int fd, before, file;
	char text[64 * 1024];
} ear = { .before = -1, .file = -1 };

int place_make(void **state)
{
	(void)state;
	snprintf(place_path, sizeof place_path, "/tmp/sluice-unit-XXXXXX");
	if (!mkdtemp(place_path))
		return -1;
	return chdir(place_path);
}

static void remove_all(const char *path)
{
	char below[600];
	DIR *d = opendir(path);

	for (struct dirent *x; d && (x = readdir(d));) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, x->d_name);
		if (unlink(below) != 0)
			remove_all(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

int place_remove(void **state)
{
	(void)state;
	if (ear.before >= 0)
		place_heard();
	remove_all(place_path);
	return chdir("/");
}

void place_put(const char *path, struct str bytes)
{
	const char *slash = strrchr(path, '/');
	char folder[300];

	if (slash) {
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
		assert_int_equal(dir_make(folder, 0700, NULL), ERR_OK);
	}
	assert_int_equal(file_write_atomic(path, bytes, 0600, NULL), ERR_OK);
}

void place_get(const char *path, struct buf *out)
{
	struct err e = { 0 };

	if (file_read(path, FILE_MAX, out, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* How many; the name of the last one is left in name. */
static size_t look(const char *folder, char *name, size_t size)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	for (struct dirent *x; d && (x = readdir(d));) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		snprintf(name, size, "%s", x->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

size_t place_n_files(const char *folder)
{
	char name[300];

	return look(folder, name, sizeof name);
}

const char *place_only_file(const char *folder)
{
	static char name[300];

	assert_int_equal(look(folder, name, sizeof name), 1);
	return name;
}

void place_listen(int fd)
{
	char name[] = "/tmp/sluice-ear-XXXXXX";

	fflush(NULL);
	ear.fd = fd;
	ear.before = dup(fd);
	ear.file = mkstemp(name);
	unlink(name);
	dup2(ear.file, fd);
}

const char *place_heard(void)
{
	ssize_t n;

	fflush(NULL);
	dup2(ear.before, ear.fd);
	n = pread(ear.file, ear.text, sizeof ear.text - 1, 0);
	ear.text[n > 0 ? n : 0] = '\0';
	fd_close(&ear.before);
	fd_close(&ear.file);
	return ear.text;
}
