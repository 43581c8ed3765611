#ifndef EXPLAIN_TEMPLATE_H
#define EXPLAIN_TEMPLATE_H
/*
 * template: a line with what varies from run to run taken out, so that two lines are equal when a person would
 * call them the same line.
 *
 * Taken out: numbers (with what they are of: times, versions, sizes, durations, ports), hexadecimal of 7 digits or
 * more, UUIDs, ids of mixed letters and digits, the folders of absolute paths, how many blanks stand
 * somewhere. Kept: words, names, punctuation, the last part of a path.
 */
#include "base/buf.h"

/* More bytes of a line are not looked at. */
#define TEMPLATE_MAX 1024

/* Writes at most TEMPLATE_MAX bytes; how many. */
size_t template_write(struct str line, char ret[TEMPLATE_MAX]);
/* Two lines of the same template have the same; others all but never. 0: nothing is left of the line. */
uint64_t template_digest(struct str line);

#endif
