#ifndef TESTS_UNIT_HELP_PLACE_H
#define TESTS_UNIT_HELP_PLACE_H
/*
 * place: a folder for one test, and an ear on stderr or stdout.
 *
 * place_make and place_remove are cmocka's setup and teardown; between them the folder is the current one,
 * and its full path is place_path.
 */
#include "base/buf.h"

#include <sys/types.h>

extern char place_path[64];

int place_make(void **state);
int place_remove(void **state);
/* Written as it is; fails the test when that cannot be. Parents are made. */
void place_put(const char *path, struct str bytes);
void place_get(const char *path, struct buf *out);
size_t place_n_files(const char *folder); /* 0 also when it is not there */
/* The name of the only file in folder, relative to it; borrowed until the next call. */
const char *place_only_file(const char *folder);

/* From place_listen on what is written to fd (1 or 2) is kept; place_heard gives it, and fd back. */
void place_listen(int fd);
const char *place_heard(void); /* borrowed until the next place_listen */

#endif
