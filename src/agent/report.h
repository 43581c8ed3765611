#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H
/*
 * report: a file that a tool wrote for machines (JUnit XML, SARIF, TAP, rdjson), sent beside the log of a step; `sluice report FILE`, `sluice run
 * --report GLOB`. What it is says the server.
 *
 * It is masked before it leaves this machine, as logs are, and goes under its path as it was named, so that the same file again replaces what was
 * sent before. It is not kept for another call when the server is away: the file is still there.
 */
#include "agent/sending.h"

#include <time.h>

/* More is not sent: no server can be set to take it ([limits] report-bytes). */
#define REPORT_MAX ((size_t)64 * 1024 * 1024)

struct report_call { /* one connection, for one thread */
	const struct peer *peer;
	struct http_client *http;
	const struct mask *mask;
	int64_t step_id;
	int64_t until; /* steady ms: no request goes on for longer */
};

/* What the server says of one. */
struct report_answer {
	struct str kind;
	int64_t n_findings, n_failures;
	struct str problem; /* why it was not read to its end; empty: it was */
};

/* A token that has to be there, and a server: what a step that is named by its number needs. */
MUST_CHECK enum err_code report_check(const struct sending *to, struct err *e);
/* The step of these facts, if the server knows it. ERR_NOT_FOUND; what the server or the network says. */
MUST_CHECK enum err_code report_find_step(
	struct report_call *c, const struct step_facts *facts, int64_t *ret_step_id, struct err *e);
/*
 * One file. An error names it, unless it is about the server: ERR_NOT_FOUND, ERR_INVALID (a folder), ERR_TOO_LARGE, ERR_MEDIA (no report that is read),
 * ERR_GONE; and what the server or the network says. Strings live in a.
 */
MUST_CHECK enum err_code report_send(
	struct report_call *c, const char *path, struct arena *a, struct report_answer *ret, struct err *e);
/* Would the next file fail in the same way? */
bool report_is_of_server(enum err_code code);

/*
 * What `run` does when its command has ended and its log was sent: files that match its patterns (--report, $SLUICE_REPORT) and were modified since
 * `since`, those that tell of a failure first, for at most REPORT_RUN_MS in all. One line on stderr when not all were taken. step_id 0: the log
 * was not sent, or the server hangs, so reports are not sent either.
 */
#define REPORT_RUN_MS 15000
#define REPORT_RUN_MAX 1000 /* files */
void report_of_run(struct sending *to, int64_t step_id, struct timespec since);
/* Now, as files are stamped. */
struct timespec report_now(void);

#endif
