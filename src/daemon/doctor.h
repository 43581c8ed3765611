#ifndef DAEMON_DOCTOR_H
#define DAEMON_DOCTOR_H
/*
 * doctor: `sluice doctor`, which looks at one thing after the other and says of each that it is well, or what is wrong and what mends it.
 *
 *	doctor.c		the command, and how it is told
 *	doctor_server.c		the checks of a server, from its settings
 *	doctor_host.c		the checks of a host that ships (`sluice doctor --ship`)
 *
 * A check is a row of a table and a function that tells any number of findings. It changes nothing, and whatever it waits for has a limit. One that others depend upon says so in its
 * row: when it finds a problem the others would say the same again, so they are left out.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define DOCTOR_LOW ((uint64_t)1 << 30)   /* bytes free on a disk, below which it is said */
#define DOCTOR_NONE ((uint64_t)64 << 20) /* and below which it is a problem */
#define DOCTOR_CLOCK_MS 5000             /* clocks differ: it is said */
#define DOCTOR_CLOCK_BAD_MS 60000        /* and is a problem */
#define DOCTOR_WAIT_MS 10000             /* for any answer */

struct doctor {
	bool json;
	const char *check; /* whose findings these are */
	int n_warnings, n_problems;
	struct arena arena; /* of the command */
	struct buf out;
	struct json_out j;
};

struct doctor_check {
	const char *name;
	void (*look)(void *subject, struct doctor *d);
	bool first; /* after a problem here nothing else is looked at */
};

/* What is printed is made harmless. remedy: the command or the setting that mends it. */
void doctor_ok(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor *d, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void doctor_problem(struct doctor *d, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A text of the arena. */
const char *doctor_text(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room on the disk of that folder, at least `least` bytes. */
void doctor_room(struct doctor *d, const char *folder, uint64_t least, const char *remedy);
/* ours_ms, theirs_ms: wall. whose: "the server's". */
void doctor_clock(struct doctor *d, int64_t ours_ms, int64_t theirs_ms, const char *whose);

/* Looks at all, prints, and returns the exit code. */
int doctor_run(struct doctor *d, const struct doctor_check *checks, size_t n, void *subject);

/* ---- doctor_server.c, doctor_host.c ---- */

int doctor_server(int argc, char **argv);
int doctor_host(int argc, char **argv);

#endif
