#include "duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
	char letter;
	int64_t seconds;
	const char *word;
} units[] = {
	{ 'h', 3600, "hour" },
	{ 'm', 60, "minute" },
	{ 's', 1, "second" },
};
#define N_UNITS (sizeof units / sizeof *units)

/* A number of at most nine digits at *p, which is moved behind it. */
static bool take_number(const char **p, int64_t *ret)
{
	int64_t n = 0;
	int digits = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		if (++digits > 9)
			return false;
		n = n * 10 + (**p - '0');
	}
	*ret = n;
	return digits > 0;
}

bool duration_parse(const char *text, int64_t *ret_seconds)
{
	const char *p = text;
	int64_t sum = 0, n;
	size_t next = 0;

	if (*p == '\0')
		return false;
	while (*p) {
		if (!take_number(&p, &n))
			return false;
		if (*p == '\0' && p != text && next == 0) {
			sum = n;
			break;
		}
		while (next < N_UNITS && units[next].letter != *p)
			next++;
		if (next == N_UNITS)
			return false;
		sum += n * units[next++].seconds;
		p++;
	}
	*ret_seconds = sum;
	return true;
}

const char *duration_format(int64_t seconds, char text[DURATION_TEXT_MAX])
{
	size_t at = 0;

	if (seconds == 0)
		return strcpy(text, "0s");
	for (size_t i = 0; i < N_UNITS; i++) {
		int64_t n = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		if (n > 0)
			at += (size_t)snprintf(
				text + at, DURATION_TEXT_MAX - at, "%" PRId64 "%c", n, units[i].letter);
	}
	return text;
}

const char *duration_ago(int64_t seconds, char text[DURATION_TEXT_MAX])
{
	for (size_t i = 0; i < N_UNITS - 1; i++) {
		int64_t n = seconds / units[i].seconds;

		if (n == 0)
			continue;
		snprintf(
			text, DURATION_TEXT_MAX, "%" PRId64 " %s%s ago", n, units[i].word, n == 1 ? "" : "s");
		return text;
	}
	return strcpy(text, "a moment ago");
}
