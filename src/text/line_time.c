/*
 * line_time: read from left to right, each part by its fixed width, so that a line that begins otherwise
 * costs a look at its first bytes. What has no zone is passed over but gives no time: a guess that is hours
 * off is worse than none.
 */
#include "text/line_time.h"

#include <string.h>

struct reader {
	struct str s;
	size_t i;
};

static char peek(const struct reader *r, size_t ahead)
{
	return r->i + ahead < r->s.len ? r->s.p[r->i + ahead] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly n digits. */
static bool number(struct reader *r, size_t n, int *ret)
{
	const char *p = r->s.p + r->i;
	int value = 0;

	if (r->s.len - r->i < n)
		return false;
	for (size_t k = 0; k < n; k++) {
		if (!is_digit(p[k]))
			return false;
		value = value * 10 + (p[k] - '0');
	}
	if (is_digit(peek(r, n)))
		return false;
	*ret = value;
	r->i += n;
	return true;
}

/* Not strchr: sets are short, and a call for each of the marks in a time stamp takes longer than all the rest. */
static bool is_one_of(char c, const char *set)
{
	while (*set && *set != c)
		set++;
	return *set;
}

static bool one_of(struct reader *r, const char *set)
{
	bool is = is_one_of(peek(r, 0), set);

	r->i += is;
	return is;
}

/*
 * Days since 1970 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date
 * algorithms").
 */
static int64_t days_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = y / 400, in_era = y % 400;
	int in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (int64_t)era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static bool date(struct reader *r, int64_t *ret_days)
{
	int year, month, day;

	if (!number(r, 4, &year) || !one_of(r, "-/") || !number(r, 2, &month) || !one_of(r, "-/") ||
		!number(r, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*ret_days = days_of(year, month, day);
	return true;
}

/* 15:04:05, with any fraction of a second; a leap second is the second behind it. */
static bool time_of_day(struct reader *r, int64_t *ret_ms)
{
	int hour, minute, second, ms = 0, unit = 100;

	if (!number(r, 2, &hour) || !one_of(r, ":") || !number(r, 2, &minute) || !one_of(r, ":") ||
		!number(r, 2, &second) || hour > 24 || minute > 59 || second > 60)
		return false;
	if ((peek(r, 0) == '.' || peek(r, 0) == ',') && is_digit(peek(r, 1)))
		for (r->i++; is_digit(peek(r, 0)); r->i++, unit /= 10)
			ms += unit * (peek(r, 0) - '0');
	*ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + ms;
	return true;
}

/* Z, UTC, +02:00, +0200, with or without a blank in front. False: there is none, nothing is taken. */
static bool zone(struct reader *r, int64_t *ret_offset_ms)
{
	struct reader ahead = *r;
	int hours, minutes;

	*ret_offset_ms = 0;
	if (one_of(r, "Zz"))
		return true;
	one_of(&ahead, " ");
	if (str_starts(str_from(ahead.s, ahead.i), STR("UTC"))) {
		r->i = ahead.i + 3;
		return true;
	}

	char sign = peek(&ahead, 0);
	if (!one_of(&ahead, "+-"))
		return false;
	if (number(&ahead, 4, &hours)) {
		minutes = hours % 100;
		hours /= 100;
	} else if (!number(&ahead, 2, &hours) || !one_of(&ahead, ":") || !number(&ahead, 2, &minutes)) {
		return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	*ret_offset_ms = (hours * 60 + minutes) * INT64_C(60000) * (sign == '-' ? -1 : 1);
	*r = ahead;
	return true;
}

/* Jan  2 15:04:05. It has no year. */
static bool syslog_time(struct reader *r)
{
	static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
	char word[5] = { peek(r, 0), peek(r, 1), peek(r, 2), peek(r, 3), '\0' };
	int64_t ms;
	int day;

	if (word[3] != ' ' || word[2] == '\0' || !strstr(months, word))
		return false;
	r->i += 4;
	return (number(r, 2, &day) || (one_of(r, " ") && number(r, 1, &day))) && one_of(r, " ") &&
	       time_of_day(r, &ms);
}

/* A word that goes on is no time stamp. */
static bool at_word_end(const struct reader *r)
{
	char c = peek(r, 0);

	return c == '\0' || is_one_of(c, " \t]),;|-\"'");
}

size_t line_time(struct str s, int64_t *ret_ms)
{
	struct reader r = { .s = s }, start = r;
	int64_t days = 0, ms = 0, offset = 0;
	bool known = false;

	*ret_ms = 0;
	if (s.len < 8)
		return 0;
	if (!is_digit(s.p[0]))
		return line_time_begins(s.p[0]) && syslog_time(&r) ? r.i : 0;
	if (date(&r, &days)) {
		if (!one_of(&r, "T t") || !time_of_day(&r, &ms))
			return 0;
		known = zone(&r, &offset);
	} else {
		r = start;
		if (!time_of_day(&r, &ms))
			return 0;
		zone(&r, &offset);
	}
	if (!at_word_end(&r))
		return 0;
	if (known)
		*ret_ms = days * 86400000 + ms - offset;
	return r.i;
}
