/* doctor: see the header. */
#include "daemon/doctor.h"

#include "base/command.h"
#include "daemon/daemon.h"
#include "text/visible.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define TEXT_MAX ((size_t)64 * 1024)
#define OUT_MAX ((size_t)4 << 20)

enum finding { FINDING_OK, FINDING_WARNING, FINDING_PROBLEM };

static const char *const finding_names[] = { "ok", "warning", "problem" };

static __attribute__((format(printf, 2, 0))) const char *text_of(
	struct doctor *d, const char *fmt, va_list args)
{
	char *room = arena_alloc(&d->arena, TEXT_MAX);

	vsnprintf(room, TEXT_MAX, fmt, args);
	return room;
}

const char *doctor_text(struct doctor *d, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = text_of(d, fmt, args);
	va_end(args);
	return text;
}

/* A remedy of many lines stands below, each of them further in. */
static void print_lines(struct buf *out, struct str text, const char *before)
{
	AUTO_BUF seen;

	buf_init(&seen, 8 * TEXT_MAX);
	text_visible(text, &seen);
	for (struct str rest = str_trim(buf_view(&seen)); rest.len > 0;) {
		size_t end = str_find(rest, '\n');

		buf_fmt(out, "%s%.*s\n", before, STR_FMT(((struct str){ rest.p, end })));
		rest = str_from(rest, end < rest.len ? end + 1 : end);
	}
}

static void print(struct doctor *d, enum finding f, const char *what, const char *remedy)
{
	AUTO_BUF seen;

	buf_init(&seen, 8 * TEXT_MAX);
	text_visible_name(str_z(what), 2000, &seen);
	buf_fmt(&d->out, "%-8s %-11s %s\n", finding_names[f], d->check, buf_cstr(&seen));
	if (remedy)
		print_lines(&d->out, str_z(remedy), "                       ");
}

static void tell(struct doctor *d, enum finding f, const char *remedy, const char *what)
{
	d->n_warnings += f == FINDING_WARNING;
	d->n_problems += f == FINDING_PROBLEM;
	if (!d->json) {
		print(d, f, what, remedy);
		return;
	}
	json_open_object(&d->j, NULL);
	json_put_z(&d->j, "check", d->check);
	json_put_z(&d->j, "status", finding_names[f]);
	json_put_z(&d->j, "what", what);
	json_put_z(&d->j, "remedy", remedy);
	json_close_object(&d->j);
}

#define TELL(f, remedy)                                                                                      \
	do {                                                                                                 \
		const char *what;                                                                            \
		va_list args;                                                                                \
                                                                                                             \
		va_start(args, fmt);                                                                         \
		what = text_of(d, fmt, args);                                                                \
		va_end(args);                                                                                \
		tell(d, f, remedy, what);                                                                    \
	} while (0)

void doctor_ok(struct doctor *d, const char *fmt, ...)
{
	TELL(FINDING_OK, NULL);
}

void doctor_warn(struct doctor *d, const char *remedy, const char *fmt, ...)
{
	TELL(FINDING_WARNING, remedy);
}

void doctor_problem(struct doctor *d, const char *remedy, const char *fmt, ...)
{
	TELL(FINDING_PROBLEM, remedy);
}

/* ---- what both look at ---- */

void doctor_room(struct doctor *d, const char *folder, uint64_t least, const char *remedy)
{
	struct statvfs v;
	uint64_t room;

	if (statvfs(folder, &v) != 0) {
		doctor_problem(d, "make the folder, or let this user look into it", "%s: %s", folder,
			strerror(errno));
		return;
	}
	room = (uint64_t)v.f_bavail * v.f_frsize;
	if (v.f_flag & ST_RDONLY)
		doctor_problem(d,
			doctor_text(d, "mount -o remount,rw \"$(findmnt -nT %s -o TARGET)\"", folder),
			"the file system of %s is read-only", folder);
	else if (room < least)
		doctor_problem(d, remedy, "%llu MiB are free at %s; at least %llu are needed",
			(unsigned long long)(room >> 20), folder, (unsigned long long)(least >> 20));
	else if (room < DOCTOR_LOW)
		doctor_warn(d, remedy, "%llu MiB are free at %s", (unsigned long long)(room >> 20), folder);
	else if (v.f_files > 0 && v.f_favail < 1000)
		doctor_problem(d, remedy, "%llu more files can be made at %s", (unsigned long long)v.f_favail,
			folder);
	else
		doctor_ok(d, "%llu MiB are free at %s", (unsigned long long)(room >> 20), folder);
}

void doctor_clock(struct doctor *d, int64_t ours_ms, int64_t theirs_ms, const char *whose)
{
	static const char remedy[] = "timedatectl set-ntp true (on the one that is wrong)";
	int64_t ahead = ours_ms - theirs_ms, off = ahead < 0 ? -ahead : ahead;
	const char *way = ahead < 0 ? "behind" : "ahead of";

	if (off > DOCTOR_CLOCK_BAD_MS)
		doctor_problem(d, remedy, "the clock is %lld s %s %s", (long long)(off / 1000), way, whose);
	else if (off > DOCTOR_CLOCK_MS)
		doctor_warn(d, remedy, "the clock is %lld s %s %s", (long long)(off / 1000), way, whose);
	else
		doctor_ok(d, "agrees with %s", whose);
}

/* ---- the command ---- */

static void look_at_all(struct doctor *d, const struct doctor_check *checks, size_t n, void *subject)
{
	for (size_t i = 0; i < n; i++) {
		int before = d->n_problems;

		d->check = checks[i].name;
		checks[i].look(subject, d);
		if (checks[i].first && d->n_problems > before)
			return;
	}
}

static void begin(struct doctor *d)
{
	arena_init(&d->arena);
	buf_init(&d->out, OUT_MAX);
	if (!d->json)
		return;
	json_out_init(&d->j, &d->out);
	json_open_object(&d->j, NULL);
	json_open_array(&d->j, "checks");
}

static void end(struct doctor *d)
{
	if (d->json) {
		json_close_array(&d->j);
		json_put_int(&d->j, "warnings", d->n_warnings);
		json_put_int(&d->j, "problems", d->n_problems);
		json_close_object(&d->j);
		buf_char(&d->out, '\n');
	} else if (d->n_problems + d->n_warnings == 0) {
		buf_z(&d->out, "all is well\n");
	} else {
		buf_fmt(&d->out, "%d problems, %d warnings\n", d->n_problems, d->n_warnings);
	}
	fputs(buf_cstr(&d->out), stdout);
	buf_done(&d->out);
	arena_done(&d->arena);
}

int doctor_run(struct doctor *d, const struct doctor_check *checks, size_t n, void *subject)
{
	begin(d);
	look_at_all(d, checks, n, subject);
	end(d);
	return d->n_problems > 0 ? err_exit(ERR_CONFIG) : 0;
}

int cmd_doctor(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--ship") == 0)
			return doctor_host(argc, argv);
	return doctor_server(argc, argv);
}
