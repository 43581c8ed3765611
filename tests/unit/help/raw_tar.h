#ifndef TESTS_UNIT_HELP_RAW_TAR_H
#define TESTS_UNIT_HELP_RAW_TAR_H
/*
 * raw_tar: archives that no program would write, block by block. Source: POSIX.1-2017 pax, "ustar Interchange Format".
 */
#include "base/buf.h"

struct raw_head {
	const char *name;
	char type; /* 0: a file, '0' */
	const char *target;
	int64_t bytes;
	const char *size;  /* 12 bytes for its field, in place of bytes */
	const char *magic; /* 8 bytes; NULL: ustar's */
	const char *prefix;
	bool bad_sum;
};

void raw_tar_head(struct buf *tar, const struct raw_head *h);
void raw_tar_data(struct buf *tar, struct str bytes); /* filled up with zeros */
void raw_tar_end(struct buf *tar);
/* What is made of these. */
void raw_tar_file(struct buf *tar, const char *name, struct str bytes);
void raw_tar_link(struct buf *tar, char type, const char *name, const char *target);
/* In front of a header; type: 'x', 'g', 'L', 'K'. */
void raw_tar_extra(struct buf *tar, char type, struct str body);
void raw_tar_record(struct buf *records, const char *key, struct str value); /* of a pax header */

#endif
