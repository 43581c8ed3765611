#include "duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int n_tests, n_failed;

static void verdict(bool good, int line, const char *what, const char *got, const char *want)
{
	n_tests++;
	printf("%s %d - %s\n", good ? "ok" : "not ok", n_tests, what);
	if (good)
		return;
	n_failed++;
	fflush(stdout);
	printf("test_duration.c:%d: assertion failed: %s: got \"%s\", want \"%s\"\n", line, what, got, want);
}

#define TEXT_IS(call, want)                                                                                  \
	do {                                                                                                 \
		const char *got_ = (call);                                                                   \
		verdict(strcmp(got_, want) == 0, __LINE__, #call, got_, want);                               \
	} while (0)

static void seconds_of(int line, const char *text, int64_t want)
{
	char what[80], got[32] = "no duration", wanted[32];
	int64_t seconds = -1;

	if (duration_parse(text, &seconds))
		snprintf(got, sizeof got, "%" PRId64, seconds);
	snprintf(wanted, sizeof wanted, "%" PRId64, want);
	if (want < 0)
		strcpy(wanted, "no duration");
	snprintf(what, sizeof what, "duration_parse(\"%s\")", text);
	verdict(strcmp(got, wanted) == 0, line, what, got, wanted);
}

int main(void)
{
	char t[DURATION_TEXT_MAX];

	seconds_of(__LINE__, "45", 45);
	seconds_of(__LINE__, "90s", 90);
	seconds_of(__LINE__, "1h30m", 5400);
	seconds_of(__LINE__, "2h5s", 7205);
	seconds_of(__LINE__, "", -1);
	seconds_of(__LINE__, "5m1h", -1);
	seconds_of(__LINE__, "1x", -1);
	TEXT_IS(duration_format(0, t), "0s");
	TEXT_IS(duration_format(59, t), "59s");
	TEXT_IS(duration_format(5400, t), "1h30m");
	TEXT_IS(duration_format(7205, t), "2h5s");
	TEXT_IS(duration_ago(30, t), "a moment ago");
	TEXT_IS(duration_ago(60, t), "1 minute ago");
	TEXT_IS(duration_ago(7300, t), "2 hours ago");
	printf("1..%d\n", n_tests);
	if (n_failed > 0)
		printf("%d of %d tests failed\n", n_failed, n_tests);
	return n_failed > 0;
}
