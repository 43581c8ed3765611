/* clock: the system's two clocks, and times as people and RFC 3339 write them. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_REALTIME);
}

static int64_t system_steady(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_MONOTONIC);
}

const struct clock clock_system = { .wall_ms = system_wall, .steady_ms = system_steady };

int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->arg);
}

int64_t clock_steady_ms(const struct clock *c)
{
	return c->steady_ms(c->arg);
}

/* Floors, so that times before 1970 are right too. */
static void split(int64_t ms, struct tm *ret_tm, int *ret_ms)
{
	int rest = (int)(ms % 1000);
	time_t t = (time_t)(ms / 1000 - (rest < 0));

	gmtime_r(&t, ret_tm);
	*ret_ms = rest < 0 ? rest + 1000 : rest;
}

/* Digits by hand: the compiler cannot know that a year has four, and warns about snprintf. */
static char *digits(char *p, int value, int n)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + n;
}

static char *date(char *p, const struct tm *tm)
{
	p = digits(p, tm->tm_year + 1900, 4);
	*p++ = '-';
	p = digits(p, tm->tm_mon + 1, 2);
	*p++ = '-';
	return digits(p, tm->tm_mday, 2);
}

const char *clock_date(int64_t ms, char out[CLOCK_DATE_LEN])
{
	struct tm tm = { 0 };
	int rest;

	split(ms, &tm, &rest);
	*date(out, &tm) = '\0';
	return out;
}

const char *clock_rfc3339(int64_t ms, char out[CLOCK_RFC3339_LEN])
{
	struct tm tm = { 0 };
	char *p;
	int rest;

	split(ms, &tm, &rest);
	p = date(out, &tm);
	*p++ = 'T';
	p = digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = digits(p, tm.tm_sec, 2);
	*p++ = '.';
	p = digits(p, rest, 3);
	*p++ = 'Z';
	*p = '\0';
	return out;
}
