/* left: each stream that was left is sent as it would have been by its own call, by the same thread with the same file. */
#include "agent/left.h"

#include "agent/deliver.h"
#include "agent/sender.h"
#include "base/command.h"
#include "base/json.h"

#include <string.h>

static bool is_of_other_repo(const struct sending *to, struct str open)
{
	struct json_doc *doc = NULL;
	bool other;

	if (json_parse(open, 0, &doc, NULL) != ERR_OK)
		return false;
	other = !str_eq_nocase(json_str(json_get(json_root(doc), "repo")), to->facts.repo);
	json_free(doc);
	return other;
}

struct tally {
	int n_refused, n_broken;
	struct err refused;
};

static void settle(struct sending *to, struct stream_file *f, struct sender_result *got, struct tally *tally)
{
	if (got->end == SENDER_REFUSED && got->why.code == ERR_NOT_FOUND && is_of_other_repo(to, f->open)) {
		got->end = SENDER_SENT; /* of no concern to the others */
		stream_file_leave(f);
		return;
	}
	if (got->end == SENDER_REFUSED && tally->n_refused++ == 0)
		tally->refused = got->why;
	if (got->end == SENDER_KEEP)
		stream_file_leave(f);
	else
		stream_file_remove(f);
}

/* One of them. False: it is no use to go on. */
static bool send_one(struct sending *to, struct stream_file *f, int64_t limit, int ms, struct tally *tally,
	bool *ret_running)
{
	struct sender_wait wait = { .total_ms = ms, .quiet_ms = ms };
	struct sender_job job = { .peer = &to->peer, .file = f, .limit = limit, .pace = SENDER_PACE };
	struct sender_result got;
	struct sender *s;
	int64_t total;
	struct err e;

	if (sender_start(&job, &s, &e) != ERR_OK) {
		stream_file_leave(f);
		return false;
	}
	if (sender_close(s, &total, &e) != ERR_OK)
		return false; /* only of what was added, and nothing was */
	sender_finish(s, f->finish, wait, &got);
	settle(to, f, &got, tally);
	*ret_running = !sender_free(s, false);
	return got.end != SENDER_KEEP && !*ret_running;
}

static const char *name_of(const struct stream_file *f)
{
	return strrchr(f->path.p, '/') + 1;
}

bool left_send(struct sending *to, int64_t limit)
{
	int64_t until = clock_steady_ms(&clock_system) + DELIVER_OLD_MS, ms = DELIVER_OLD_MS;
	struct tally tally = { 0 };
	const char *after = NULL;
	bool running = false;

	if (spool_is_empty(&to->spool))
		return false;
	deliver_old(&(struct deliver){ to->command, &to->peer, &to->spool, &clock_system, to->facts.repo });
	while ((ms = until - clock_steady_ms(&clock_system)) > 0) {
		/* For as long as the process lives: a thread may hold on to it. */
		struct stream_file *f = arena_alloc(&to->arena, sizeof *f);

		if (!stream_file_next(&to->spool, buf_view(&to->peer.shown), after, f, &tally.n_broken))
			break;
		after = name_of(f);
		if (!send_one(to, f, limit, (int)ms, &tally, &running))
			break;
	}
	if (tally.n_refused > 0)
		command_say(to->command, "%d kept log%s not taken by the server and dropped: %s",
			tally.n_refused, tally.n_refused == 1 ? " was" : "s were", tally.refused.text);
	if (tally.n_broken > 0)
		command_say(to->command, "%d damaged file%s in %s removed", tally.n_broken,
			tally.n_broken == 1 ? " was" : "s were", to->spool.folder.p);
	return running;
}
