#ifndef DURATION_H
#define DURATION_H
/* duration: times as people write them, "1h30m", and as programs count them, in seconds. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DURATION_TEXT_MAX 32

/* "90s", "1h30m", "45": hours, minutes, seconds, in this order, each at most once; a bare number is seconds.
 * False: it is none, or too long. */
bool duration_parse(const char *text, int64_t *ret_seconds);
/* The shortest text that duration_parse takes for it. Returns text. */
const char *duration_format(int64_t seconds, char text[DURATION_TEXT_MAX]);
/* "a moment ago", "5 minutes ago", "2 hours ago": one unit, rounded down. */
const char *duration_ago(int64_t seconds, char text[DURATION_TEXT_MAX]);

#endif
