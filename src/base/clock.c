/* clock: the system's two clocks, and times as people and RFC 3339 write and read them. */
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

/* ---- reading ---- */

/* n digits off the front of s, within bounds. */
static bool take_number(struct str *s, size_t n, int min, int max, int *ret)
{
	int value = 0;

	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		value = 10 * value + (s->p[i] - '0');
	}
	*s = str_from(*s, n);
	*ret = value;
	return value >= min && value <= max;
}

static bool take_char(struct str *s, char c)
{
	if (s->len == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/* ".123456"; the first three digits count. */
static bool take_fraction(struct str *s, int *ret_ms)
{
	int digit = 0, ms = 0, unit = 100;

	*ret_ms = 0;
	if (!take_char(s, '.'))
		return true;
	if (!take_number(s, 1, 0, 9, &digit))
		return false;
	for (ms = digit * unit; take_number(s, 1, 0, 9, &digit); ms += digit * unit)
		unit /= 10;
	*ret_ms = ms;
	return true;
}

/* "Z", "+02:00". */
static bool take_offset(struct str *s, int *ret_minutes)
{
	int hours = 0, minutes = 0, sign = 0;

	*ret_minutes = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (s->len > 0 && (s->p[0] == '+' || s->p[0] == '-'))
		sign = s->p[0] == '+' ? 1 : -1;
	*s = str_from(*s, 1);
	if (sign == 0 || !take_number(s, 2, 0, 23, &hours) || !take_char(s, ':') ||
		!take_number(s, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = sign * (60 * hours + minutes);
	return true;
}

static bool take_day(struct str *s, struct tm *ret)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = 0, month = 0, day = 0;
	bool leap;

	if (!take_number(s, 4, 0, 9999, &year) || !take_char(s, '-') || !take_number(s, 2, 1, 12, &month) ||
		!take_char(s, '-') || !take_number(s, 2, 1, 31, &day))
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	ret->tm_year = year - 1900;
	ret->tm_mon = month - 1;
	ret->tm_mday = day;
	return day <= days[month - 1] + (month == 2 && leap);
}

/* A leap second is the first of the next minute. */
static bool take_time(struct str *s, struct tm *ret)
{
	return take_number(s, 2, 0, 23, &ret->tm_hour) && take_char(s, ':') &&
	       take_number(s, 2, 0, 59, &ret->tm_min) && take_char(s, ':') &&
	       take_number(s, 2, 0, 60, &ret->tm_sec);
}

bool clock_parse(struct str s, int64_t *ret_ms)
{
	struct tm tm = { 0 };
	int ms = 0, minutes = 0;

	if (!take_day(&s, &tm) || (!take_char(&s, 'T') && !take_char(&s, 't')) || !take_time(&s, &tm) ||
		!take_fraction(&s, &ms) || !take_offset(&s, &minutes) || s.len > 0)
		return false;
	*ret_ms = ((int64_t)timegm(&tm) - 60 * (int64_t)minutes) * 1000 + ms;
	return true;
}
