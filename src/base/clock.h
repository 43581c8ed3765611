#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/*
 * clock: time as milliseconds since 1970 in UTC (wall) or since some start (steady).
 * Code that depends on the time takes it as an argument or takes a struct clock; tests set it.
 */
#include "base/str.h"

struct clock {
	int64_t (*wall_ms)(void *arg);   /* may jump; for what is stored and shown */
	int64_t (*steady_ms)(void *arg); /* never goes back; for waits and windows */
	void *arg;
};

extern const struct clock clock_system;

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_steady_ms(const struct clock *c);

#define CLOCK_RFC3339_LEN sizeof("2026-01-02T15:04:05.000Z")
/* RFC 3339 in UTC with milliseconds; the date 0000-9999 is the caller's to keep. Returns out. */
const char *clock_rfc3339(int64_t ms, char out[CLOCK_RFC3339_LEN]);
/* RFC 3339, with any offset, to the millisecond. False: it is none, or a day or time that there is not; ret untouched. */
bool clock_parse(struct str s, int64_t *ret_ms);
#define CLOCK_DATE_LEN sizeof("2026-01-02")
const char *clock_date(int64_t ms, char out[CLOCK_DATE_LEN]);
#define DAY_MS (INT64_C(24) * 3600 * 1000)

#endif
