/*
 * pack: a folder as an archive, as a host of a fleet makes one before it ships it.
 *
 *	pack FOLDER OUT
 *
 * OUT is written and not synced: that is the caller's, as it is of the rival. Prints one line: packed= and unpacked= (bytes), entries=.
 */
#include "base/file.h"
#include "pack/tarball_make.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct tarball_source from = { .level = 1 };
	struct tarball_made made;
	struct err e;
	AUTO_FD out = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: pack FOLDER OUT\n");
		return 2;
	}
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0) {
		fprintf(stderr, "pack: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	from.folder = argv[1];
	from.prefix = str_z(basename(argv[1]));
	if (tarball_make(&from, out, &made, &e) != ERR_OK) {
		fprintf(stderr, "pack: %s\n", e.text);
		return 1;
	}
	printf("packed=%lld unpacked=%lld entries=%lld\n", (long long)made.packed_bytes,
		(long long)made.unpacked_bytes, (long long)made.n_entries);
	return 0;
}
