/*
 * ship: see the header.
 *
 *	options -> folder, lock -> a scan -> a thread for each upload -> told that we are ready
 *	until a signal (with --once: until nothing is left that could go on): scans, the state, the watchdog, the bar
 *	what is under way is left, and found again by the next shipper
 *
 * A scan holds the lock: so what it sees of the disk and what the hands have in hand agree. It takes milliseconds, and the hands want the lock between two episodes only.
 */
#include "agent/ship.h"

#include "agent/agent.h"
#include "agent/ship_scan.h"
#include "agent/ship_settle.h"
#include "agent/ship_watch.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/notify.h"
#include "model/episode.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SCAN_GAP_MS 100   /* between two scans that inotify asks for */
#define STATE_GAP_MS 1000 /* between two writings of the state */
#define BAR_MS 200
#define STATE_MAX ((size_t)4 << 20)

struct pace { /* of the looking-after thread; steady ms */
	int64_t scan_at, scanned_at, state_at, watchdog_at, bar_at;
	int64_t watchdog_ms;
};

static int64_t now_ms(void)
{
	return clock_steady_ms(&clock_system);
}

/* ---- a scan, with the lock held ---- */

struct scan {
	struct ship *s;
	struct ship_watch *watch;
};

static bool is_live(void *arg, const char *id)
{
	const struct scan *scan = arg;
	const struct ship_item *item = ship_queue_find(&scan->s->queue, id);

	return item && item->under_way;
}

static enum err_code may_ship(struct ship *s, struct ship_item *item, struct err *e)
{
	TRY(episode_id_check(str_z(item->id), e));
	if (ship_is_there(s->folder.quarantine, item->id))
		return err_set(e, ERR_CONFLICT,
			"one of its name is in quarantine; move that away, or back with `sluice ship "
			"--requeue`");
	return ship_meta_read(&s->folder, item->id, &item->meta, e);
}

static void ready(void *arg, const char *name, int64_t done_ms)
{
	struct ship *s = ((struct scan *)arg)->s;
	bool is_new;
	struct ship_item *item = ship_queue_add(&s->queue, name, done_ms, &is_new);
	struct err e;

	if (!item || !(is_new || item->barred))
		return;
	item->barred = may_ship(s, item, &e) != ERR_OK;
	if (ship_item_hold(item, item->barred ? e.text : NULL))
		ship_tell(s, DIAG_ERROR, "%s is held back: %s", name, e.text);
	if (is_new)
		item->bytes = ship_bytes_below(&s->folder, name);
	s->changed = true;
}

static void shipped(void *arg, const char *id)
{
	struct ship *s = ((struct scan *)arg)->s;
	struct err e;

	if (strcmp(s->options.keep, "remove") == 0 && !is_live(arg, id) &&
		ship_settle_remove(&s->folder, id, &e) != ERR_OK)
		ship_trouble(s, SHIP_DISK, id, e.text);
}

static void unfinished(void *arg, const char *name)
{
	ship_watch_episode(((struct scan *)arg)->watch, name);
}

static void expired(void *arg, const char *id)
{
	struct ship *s = arg;

	ship_tell(s, DIAG_WARNING, "%s: removed from quarantine after %" PRId64 " days", id,
		s->options.quarantine_days);
}

static bool count_one(void *arg, const char *id)
{
	(void)id;
	++*(int64_t *)arg;
	return true;
}

static enum err_code look_at_quarantine(struct ship *s, struct err *e)
{
	int64_t n = 0, days = s->options.quarantine_days;

	if (days > 0)
		TRY(ship_settle_expire(
			&s->folder, clock_wall_ms(&clock_system) - days * DAY_MS, expired, s, e));
	TRY(ship_quarantined_each(&s->folder, count_one, &n, e));
	s->changed = s->changed || n != s->n_quarantined;
	s->n_quarantined = n;
	return ERR_OK;
}

static enum err_code scan_all(struct ship *s, struct ship_watch *watch, struct err *e)
{
	struct scan scan = { s, watch };
	const struct ship_seen seen = { &scan, is_live, ready, shipped, watch ? unfinished : NULL };
	size_t before = s->queue.n;
	enum err_code code;
	int n_swept;

	TRY(ship_sweep(&s->folder, &seen, &n_swept, e));
	TRY(look_at_quarantine(s, e));
	ship_queue_scan_begin(&s->queue);
	code = ship_scan(&s->folder, &seen, e);
	if (code == ERR_OK) /* else nobody knows who is gone */
		ship_queue_scan_end(&s->queue);
	s->changed = s->changed || s->queue.n != before;
	return code;
}

static void scan(struct ship *s, struct ship_watch *watch, struct pace *p)
{
	struct err e;

	pthread_mutex_lock(&s->lock);
	if (scan_all(s, watch, &e) != ERR_OK)
		ship_trouble(s, SHIP_DISK, "", e.text);
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->lock);
	p->scanned_at = now_ms();
	p->scan_at = p->scanned_at + s->options.interval_s * 1000;
}

/* ---- what is told of us ---- */

static void write_state(struct ship *s)
{
	char status[600] = "STATUS=";
	size_t begin = strlen(status);
	struct err e;
	AUTO_BUF text;

	buf_init(&text, STATE_MAX);
	pthread_mutex_lock(&s->lock);
	ship_state_make(s, &text);
	ship_state_summary(s, status + begin, sizeof status - begin);
	pthread_mutex_unlock(&s->lock);
	status[strcspn(status, "\n")] = '\0'; /* what somebody else said must not say more */
	notify(status);
	if (buf_check(&text, SHIP_STATE, &e) == ERR_OK &&
		ship_put(&s->folder, "ship.state" SHIP_PARTIAL, s->folder.root, SHIP_STATE, buf_view(&text),
			false, &e) == ERR_OK)
		return;
	pthread_mutex_lock(&s->lock);
	ship_trouble(s, SHIP_DISK, "", e.text);
	pthread_mutex_unlock(&s->lock);
}

static bool has_changed(struct ship *s)
{
	bool changed;

	pthread_mutex_lock(&s->lock);
	changed = s->changed;
	pthread_mutex_unlock(&s->lock);
	return changed;
}

/* What is due; p says when the next is. */
static void do_due(struct ship *s, struct ship_watch *watch, struct pace *p)
{
	int64_t now = now_ms();

	if (now >= p->scan_at)
		scan(s, watch, p);
	if (now >= p->state_at && has_changed(s)) {
		write_state(s);
		p->state_at = now + STATE_GAP_MS;
	}
	if (p->watchdog_ms > 0 && now >= p->watchdog_at) {
		notify("WATCHDOG=1");
		p->watchdog_at = now + p->watchdog_ms / 3;
	}
	if (s->bar && now >= p->bar_at) {
		ship_bar_draw(s);
		p->bar_at = now + BAR_MS;
	}
}

static int64_t next_due(struct ship *s, const struct pace *p)
{
	int64_t at = p->scan_at;

	if (has_changed(s) && p->state_at < at)
		at = p->state_at;
	if (p->watchdog_ms > 0 && p->watchdog_at < at)
		at = p->watchdog_at;
	if (s->bar && p->bar_at < at)
		at = p->bar_at;
	return at;
}

/* ---- looking after ---- */

static bool is_over(struct ship *s)
{
	bool idle;

	if (work_stop_is_ending(&s->signals))
		return true;
	if (!s->once)
		return false;
	pthread_mutex_lock(&s->lock);
	idle = ship_queue_is_idle(&s->queue) && s->queue.n_beyond == 0;
	pthread_mutex_unlock(&s->lock);
	return idle;
}

/* Those for which there was no room have to be found when there is. */
static bool wants_more(struct ship *s)
{
	bool wants;

	pthread_mutex_lock(&s->lock);
	wants = s->queue.n_beyond > 0 && s->queue.n < SHIP_QUEUE_MAX / 2;
	pthread_mutex_unlock(&s->lock);
	return wants;
}

static void wait_for_something(struct ship *s, struct ship_watch *watch, struct pace *p)
{
	int64_t now = now_ms(), left = next_due(s, p) - now;
	struct pollfd fds[] = { { .fd = work_stop_fd(&s->signals), .events = POLLIN },
		{ .fd = s->bell, .events = POLLIN }, { .fd = ship_watch_fd(watch), .events = POLLIN } };
	bool more = false;
	uint64_t n;

	if (poll(fds, 3, left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX) <= 0)
		return;
	if (fds[1].revents && read(s->bell, &n, sizeof n) > 0)
		more = wants_more(s);
	if (fds[2].revents)
		more = ship_watch_read(watch) || more;
	if (more && p->scanned_at + SCAN_GAP_MS < p->scan_at)
		p->scan_at = p->scanned_at + SCAN_GAP_MS;
}

static struct ship_watch *open_watch(struct ship *s)
{
	struct ship_watch *watch = NULL;
	struct err e;
	AUTO_BUF path;

	buf_init(&path, 64 * 1024);
	buf_fmt(&path, "%s/episodes", s->folder.path);
	if (!s->once && ship_watch_open(buf_cstr(&path), &watch, &e) != ERR_OK)
		ship_tell(s, DIAG_WARNING, "%s; episodes are found every %" PRId64 " seconds", e.text,
			s->options.interval_s);
	return watch;
}

static enum err_code go(struct ship *s, struct err *e)
{
	struct pace p = { .watchdog_ms = notify_watchdog_ms() };
	struct ship_watch *watch = open_watch(s);
	enum err_code code;

	scan(s, watch, &p);
	code = ship_hands_start(s, e);
	if (code == ERR_OK) {
		ship_tell(s, DIAG_INFO, "ships from %s to %s as %s", s->folder.path, buf_cstr(&s->peer.shown),
			s->options.host);
		notify("READY=1");
		while (do_due(s, watch, &p), !is_over(s))
			wait_for_something(s, watch, &p);
		notify("STOPPING=1");
	}
	ship_hands_stop(s);
	ship_bar_clear(s);
	write_state(s);
	ship_watch_free(watch);
	return code;
}

/* ---- beginning and end ---- */

static const enum err_code codes[SHIP_N_TROUBLES] = { ERR_NETWORK, ERR_UNAVAILABLE, ERR_CONFIG, ERR_STORAGE,
	ERR_INVALID, ERR_PRECONDITION };

/* With --once: what is left, and why. */
static int say_left(const struct ship *s)
{
	size_t n = s->queue.n + s->queue.n_beyond;
	enum err_code code = n > 0 ? ERR_INVALID : ERR_PRECONDITION;
	int64_t n_refused = s->troubles[SHIP_QUARANTINED].n;

	if (n == 0 && n_refused == 0)
		return 0;
	for (size_t i = 0; n > 0 && i < SHIP_N_TROUBLES; i++)
		if (s->troubles[i].told) {
			code = codes[i];
			break;
		}
	command_say("ship",
		"%zu episodes are left, %" PRId64 " were refused; `sluice ship status %s` says why", n,
		n_refused, s->folder.path);
	return err_exit(code);
}

static void init_lock(struct ship *s)
{
	pthread_condattr_t steady;

	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->telling, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&s->news, &steady);
	pthread_condattr_destroy(&steady);
}

static enum err_code begin(struct ship *s, const char *folder, struct err *e)
{
	const struct ship_options *o = &s->options;

	TRY(peer_init(&s->peer, o->url, o->token_file, e));
	if (s->peer.token.len == 0 && !o->certificate)
		return err_set(e, ERR_UNAUTHORIZED,
			"no token is known and no certificate; give --token-file FILE, --certificate FILE, "
			"or set SLUICE_TOKEN");
	TRY(ship_folder_open(folder, &s->folder, e));
	TRY(ship_folder_take(&s->folder, e));
	s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->bell < 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no descriptor to be had");
	ship_queue_init(&s->queue, o->retry_first_ms, o->retry_most_ms, (size_t)o->uploads,
		s->once ? (unsigned)o->tries : 0);
	s->since_ms = clock_wall_ms(&clock_system);
	s->changed = true;
	s->bar = command_colour(STDERR_FILENO) && !getenv("JOURNAL_STREAM");
	return work_stop_init(&s->signals, e);
}

static int ship(struct ship *s, const char *folder)
{
	enum err_code code;
	struct err e;
	int exit_code;

	init_lock(s);
	code = begin(s, folder, &e);
	if (code == ERR_OK) {
		code = go(s, &e);
		work_stop_done(&s->signals);
	}
	exit_code = code != ERR_OK ? command_fail("ship", &e) : s->once ? say_left(s) : 0;
	ship_queue_done(&s->queue);
	fd_close(&s->bell);
	ship_folder_close(&s->folder);
	peer_done(&s->peer);
	return exit_code;
}

/* ---- --requeue ---- */

struct requeue {
	const struct ship_folder *folder;
	int n, exit_code;
};

static bool requeue_one(void *arg, const char *id)
{
	struct requeue *r = arg;
	struct err e;

	if (ship_settle_requeue(r->folder, id, &e) != ERR_OK) {
		r->exit_code = command_fail("ship", &e);
		return true;
	}
	r->n++;
	return true;
}

static int requeue(const char *path, char **ids)
{
	AUTO_SHIP_FOLDER folder = SHIP_FOLDER_NONE;
	struct requeue r = { .folder = &folder };
	struct err e;

	if (ship_folder_open(path, &folder, &e) != ERR_OK)
		return command_fail("ship", &e);
	for (char **id = ids; *id; id++)
		requeue_one(&r, *id);
	if (!*ids && ship_quarantined_each(&folder, requeue_one, &r, &e) != ERR_OK)
		return command_fail("ship", &e);
	command_say("ship", "%d episodes are to be shipped again", r.n);
	return r.exit_code;
}

/* ---- the command ---- */

struct asked {
	const char *config;
	bool once, requeue;
};

static int do_asked(struct ship *s, const struct asked *asked, int argc, char **argv)
{
	struct arena a;
	const char *folder;
	struct err e;
	int exit_code;

	arena_init(&a);
	if (ship_options_end(&s->options, asked->config, &a, &e) != ERR_OK) {
		exit_code = e.code == ERR_INVALID ? command_usage_fail("ship", "%s", e.text)
						  : command_fail("ship", &e);
		arena_done(&a);
		return exit_code;
	}
	s->once = asked->once;
	folder = argc > 0 ? argv[0] : s->options.folder;
	if (!folder)
		exit_code = command_usage_fail("ship", "name the folder that has episodes/");
	else if (asked->requeue)
		exit_code = requeue(folder, argc > 0 ? argv + 1 : argv);
	else if (argc > 1)
		exit_code = command_usage_fail("ship", "\"%.60s\" is too much", argv[1]);
	else
		exit_code = ship(s, folder);
	arena_done(&a);
	return exit_code;
}

static const char prose[] =
	"Ships the episodes of FOLDER: each folder FOLDER/episodes/ID that has a done.marker is\n"
	"packed to FOLDER/outbox/ID.tar.zst, put to the receiver, and marked with shipped.marker.\n"
	"What the receiver refuses for good goes to FOLDER/quarantine/ with its answer beside it,\n"
	"until `sluice ship --requeue FOLDER [ID ...]` brings it back. A receiver that is away is\n"
	"waited for. Runs until SIGTERM, or with --once until all is shipped or is given up.\n"
	"`sluice ship status FOLDER` says what it does. Needs a token with episodes:write.";

int cmd_ship(int argc, char **argv)
{
	static struct ship s; /* large, and there is one */
	struct asked asked = { 0 };
	struct opt opts[SHIP_N_OPTIONS + 4] = {
		{ "once", 0, OPT_FLAG, NULL,
			"ship all there is and end; the exit code tells whether anything is left",
			&asked.once },
		{ "requeue", 0, OPT_FLAG, NULL, "bring episodes back from quarantine, all or those named",
			&asked.requeue },
		{ "config", 'c', OPT_STRING, "FILE",
			"the options below as keys of [ship], in git-config syntax", &asked.config },
	};
	const struct command_usage usage = {
		.name = "ship", .synopsis = "[OPTIONS] FOLDER", .prose = prose, .opts = opts
	};
	size_t n_opts = 3;
	int exit_code;

	if (argc > 1 && strcmp(argv[1], "status") == 0)
		return ship_status(argc - 1, argv + 1);
	s = (struct ship){ .folder = SHIP_FOLDER_NONE, .bell = -1 };
	ship_options_init(&s.options);
	ship_options_rows(&s.options, opts, &n_opts);
	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	return do_asked(&s, &asked, argc, argv);
}
