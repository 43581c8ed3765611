/*
 * Episodes as they come in: file, row and line of the index appear together; whatever breaks off between them is mended by the next start, or by the same episode sent again; and nothing that was
 * acknowledged is overwritten or lost.
 */
#include "tests/test.h"

#include "base/file.h"
#include "base/json.h"
#include "service/arrival.h"
#include "service/episode_verify.h"
#include "store/episode_file.h"
#include "store/episode_index.h"
#include "tests/service/an_episode.h"
#include "tests/service/fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define META                                                                                                 \
	"{\"code_version\": {\"commit\": \"ABCDEF0123456789\", \"branch\": \"main\"}, \"schema_version\": "  \
	"3, \"robot\": \"arm-2\"}"
#define PIECE 1000

static struct err e;
static struct episodes *episodes;
static struct arena a;

/* ---- calls to files that fail ---- */

static struct {
	atomic_bool armed;
	atomic_int at, n;
} disk;

static bool disk_fails(void)
{
	if (!atomic_load(&disk.armed) || atomic_fetch_add(&disk.n, 1) + 1 != atomic_load(&disk.at))
		return false;
	errno = atomic_load(&disk.at) % 2 ? ENOSPC : EIO;
	return true;
}

#define WRAP(type, name, args, pass)                                                                         \
	type __real_##name args;                                                                             \
	type __wrap_##name args;                                                                             \
	type __wrap_##name args                                                                              \
	{                                                                                                    \
		return disk_fails() ? -1 : __real_##name pass;                                               \
	}
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, renameat2, (int d, const char *from, int to_d, const char *to, unsigned flags),
	(d, from, to_d, to, flags))

static void arm(int at)
{
	atomic_store(&disk.at, at);
	atomic_store(&disk.n, 0);
	atomic_store(&disk.armed, true);
}

static bool disarm(void)
{
	atomic_store(&disk.armed, false);
	return atomic_load(&disk.n) >= atomic_load(&disk.at);
}

/* ---- sending ---- */

static struct episode_offer offer_of(const char *id, struct str bytes)
{
	return (struct episode_offer){ .host = STR("lab-1"),
		.id = str_z(id),
		.sha256 = hex_digest(&a, bytes),
		.commit = STR(""),
		.schema_version = STR(""),
		.n_bytes = (int64_t)bytes.len };
}

static enum err_code feed(struct arrival *v, struct str bytes)
{
	for (size_t at = 0; at < bytes.len; at += PIECE) {
		struct str rest = str_from(bytes, at);

		rest.len = rest.len < PIECE ? rest.len : PIECE;
		TRY(arrival_add(v, rest, &e));
	}
	return ERR_OK;
}

static enum err_code send_offer(const struct episode_offer *o, struct str bytes, bool *ret_new)
{
	struct gate_verdict verdict;
	struct arrival *v = NULL;
	enum err_code code = arrival_begin(episodes, NULL, fx.cfg, o, &a, &verdict, &v, &e);

	if (code == ERR_OK)
		code = feed(v, bytes);
	if (code == ERR_OK)
		code = arrival_finish(v, NOW, ret_new, &e);
	arrival_end(v);
	return code;
}

static enum err_code send(const char *id, struct str bytes, bool *ret_new)
{
	struct episode_offer o = offer_of(id, bytes);

	return send_offer(&o, bytes, ret_new);
}

static void must_send(const char *id, struct str bytes, bool new)
{
	bool is_new = !new;

	if (send(id, bytes, &is_new) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(is_new, new);
}

/* ---- what there is ---- */

static void start(void)
{
	if (episodes_start(fx.store, &episodes, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void restart(void)
{
	episodes_free(episodes);
	start();
}

static int set_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	arena_init(&a);
	fx.cfg->fleet = (struct fleet_config){ .check = true,
		.episode_bytes = INT64_C(1) << 30,
		.unpacked_bytes = INT64_C(1) << 30,
		.ratio = 1000,
		.entries = 1000,
		.file_bytes = 1 << 20,
		.uploads = 2,
		.hosts = 3 };
	start();
	return 0;
}

static int tear_down(void **state)
{
	episodes_free(episodes);
	episodes = NULL;
	arena_done(&a);
	return fixture_down(state);
}

static const char *path_of(const char *name)
{
	return arena_fmt(&a, "%s/episodes/%s", fx.folder, name).p;
}

static bool is_here(const char *id)
{
	struct episode x;

	return episodes_one(fx.store, STR("lab-1"), str_z(id), &a, &x, &e) == ERR_OK;
}

static enum err_code count_line(void *arg, struct str line, int64_t at, struct err *err)
{
	(void)line;
	(void)at;
	(void)err;
	++*(int *)arg;
	return ERR_OK;
}

static int n_lines(void)
{
	int n = 0;

	assert_int_equal(episode_index_each(fx.store, 0, count_line, &n, &e), ERR_OK);
	return n;
}

static void tell(void *arg, enum verify_kind kind, const char *of, int64_t id, const char *what)
{
	(void)kind;
	(void)of;
	(void)id;
	buf_fmt(arg, "%s\n", what);
}

/* n episodes are there, each whole, with one line, and nothing else. */
static void assert_well(int64_t n)
{
	struct episode_sum sum;
	AUTO_BUF told;

	buf_init(&told, 100000);
	assert_int_equal(episode_verify(fx.store, tell, &told, &sum, &e), ERR_OK);
	if (sum.n_wrong > 0 || sum.n_strays > 0 || sum.n_episodes != n || n_lines() != n)
		fail_msg("%lld episodes, %lld strays, %d lines\n%s", (long long)sum.n_episodes,
			(long long)sum.n_strays, n_lines(), buf_cstr(&told));
}

static bool incoming_is_empty(void)
{
	return access(path_of(".incoming"), F_OK) != 0 || rmdir(path_of(".incoming")) == 0;
}

/* ---- one that comes ---- */

static void what_came_is_here_with_what_its_meta_says(void **state)
{
	struct str names[] = { STR("robot"), STR("code_version.branch"), STR("nothing") };
	struct str bytes = an_episode(&a, "ep-1", META, 5000);
	struct fleet_host *hosts = NULL;
	struct episode x;
	int64_t total = 0;
	size_t n = 0;
	AUTO_BUF file, index;
	(void)state;

	buf_init(&file, 100000);
	buf_init(&index, 100000);
	fx.cfg->fleet.meta = names;
	fx.cfg->fleet.n_meta = 3;
	must_send("ep-1", bytes, true);
	assert_int_equal(episodes_one(fx.store, STR("lab-1"), STR("ep-1"), &a, &x, &e), ERR_OK);
	assert_true(str_eq(x.code_commit, STR("abcdef0123456789")));
	assert_true(str_eq(x.schema_version, STR("3")));
	assert_true(str_eq(x.meta, STR("{\"robot\":\"arm-2\",\"code_version.branch\":\"main\"}")));
	assert_int_equal(x.n_entries, 2);
	assert_int_equal(x.received_at, NOW);
	assert_int_equal(file_read(path_of("lab-1/ep-1.tar.zst"), 100000, &file, &e), ERR_OK);
	assert_true(str_eq(buf_view(&file), bytes));
	assert_int_equal(file_read(path_of("index.jsonl"), 100000, &index, &e), ERR_OK);
	assert_string_equal(buf_cstr(&index),
		arena_fmt(&a,
			"{\"host\":\"lab-1\",\"id\":\"ep-1\",\"sha256\":\"%s\",\"bytes\":%zu,"
			"\"received_at\":\"2026-09-21T14:13:20.000Z\",\"commit\":\"abcdef0123456789\","
			"\"schema_version\":\"3\",\"meta\":{\"robot\":\"arm-2\",\"code_version.branch\":"
			"\"main\"}}\n",
			x.sha256.p, bytes.len)
			.p);
	assert_int_equal(episodes_hosts(fx.store, STR(""), 10, 0, &a, &hosts, &n, &total, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(hosts[0].n_accepted, 1);
	assert_int_equal(hosts[0].bytes, (int64_t)bytes.len);
	assert_well(1);
	assert_true(incoming_is_empty());
}

static void the_same_again_is_here_and_other_bytes_never_overwrite(void **state)
{
	struct str bytes = an_episode(&a, "ep-1", META, 5000), other = an_episode(&a, "ep-1", META, 5001);
	bool is_new;
	(void)state;

	must_send("ep-1", bytes, true);
	must_send("ep-1", bytes, false);
	assert_int_equal(send("ep-1", other, &is_new), ERR_CONFLICT);
	assert_well(1);
	must_send("ep-2", other, true);
	assert_well(2);
}

static void what_is_not_what_was_announced_leaves_nothing(void **state)
{
	struct str bytes = an_episode(&a, "ep-1", META, 5000);
	struct episode_offer o = offer_of("ep-1", bytes);
	bool is_new;
	(void)state;

	o.sha256 = hex_digest(&a, STR("something else"));
	assert_int_equal(send_offer(&o, bytes, &is_new), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "X-Content-SHA256"));
	assert_false(is_here("ep-1"));
	bytes.len -= 10; /* cut on the way: that is told, not that it is no archive */
	o.sha256 = hex_digest(&a, an_episode(&a, "ep-1", META, 5000));
	assert_int_equal(send_offer(&o, bytes, &is_new), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "X-Content-SHA256"));
	assert_well(0);
	assert_true(incoming_is_empty());
}

static void what_is_no_archive_is_refused_unless_nobody_looks(void **state)
{
	struct str bytes = STR("this is no archive, whatever its name says");
	bool is_new;
	(void)state;

	assert_int_equal(send("ep-1", bytes, &is_new), ERR_UNPROCESSABLE);
	assert_well(0);
	assert_true(incoming_is_empty());
	fx.cfg->fleet.check = false;
	must_send("ep-1", bytes, true);
	assert_well(1);
}

static void one_name_comes_in_once_at_a_time_and_so_many_at_once(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 5000);
	struct episode_offer o = offer_of("ep-1", bytes);
	struct gate_verdict verdict;
	struct arrival *first = NULL, *second = NULL, *third = NULL;
	bool is_new;
	(void)state;

	assert_int_equal(arrival_begin(episodes, NULL, fx.cfg, &o, &a, &verdict, &first, &e), ERR_OK);
	assert_int_equal(send("ep-1", bytes, &is_new), ERR_UNAVAILABLE);
	o = offer_of("ep-2", bytes);
	assert_int_equal(arrival_begin(episodes, NULL, fx.cfg, &o, &a, &verdict, &second, &e), ERR_OK);
	o = offer_of("ep-3", bytes);
	assert_int_equal(
		arrival_begin(episodes, NULL, fx.cfg, &o, &a, &verdict, &third, &e), ERR_UNAVAILABLE);
	assert_non_null(strstr(e.text, "[fleet] uploads"));
	arrival_end(second); /* given up: it makes room, and leaves nothing */
	must_send("ep-3", bytes, true);
	assert_int_equal(feed(first, bytes), ERR_OK);
	assert_int_equal(arrival_finish(first, NOW, &is_new, &e), ERR_OK);
	arrival_end(first);
	assert_well(2);
	assert_true(incoming_is_empty());
}

static void there_has_to_be_room_before_it_is_sent(void **state)
{
	struct str bytes = an_episode(&a, "ep-1", META, 5000);
	struct episode_offer o = offer_of("ep-1", bytes);
	bool is_new;
	(void)state;

	o.n_bytes = INT64_C(1) << 60;
	assert_int_equal(send_offer(&o, bytes, &is_new), ERR_FULL);
	assert_non_null(strstr(e.text, "free-bytes"));
	must_send("ep-1", bytes, true);
}

static void hosts_are_so_many_and_what_was_refused_is_told_of_them(void **state)
{
	struct str bytes = an_episode(&a, "ep-1", META, 500);
	struct episode_offer o = offer_of("ep-1", bytes);
	struct fleet_host *hosts = NULL;
	int64_t total = 0;
	bool is_new;
	size_t n = 0;
	(void)state;

	for (int i = 0; i < 4; i++) {
		o.host = arena_fmt(&a, "lab-%d", i);
		assert_int_equal(send_offer(&o, bytes, &is_new), i < 3 ? ERR_OK : ERR_FORBIDDEN);
	}
	assert_non_null(strstr(e.text, "[fleet] hosts"));
	episodes_note(episodes, fx.cfg, STR("lab-1"), STR("ABCDEFABCDEF0"), NOW + 5, 412, STR("too old"));
	must_send("ep-9", bytes, true); /* behind it in the writer's queue */
	assert_int_equal(episodes_hosts(fx.store, STR("lab-1"), 10, 0, &a, &hosts, &n, &total, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(hosts[0].n_refused, 1);
	assert_int_equal(hosts[0].refused_status, 412);
	assert_true(str_eq(hosts[0].refused_why, STR("too old")));
	assert_true(
		str_eq(hosts[0].code_commit, STR("abcdef0123456789"))); /* what came after it tells that */
	assert_well(4);
}

static void a_list_is_read_in_pages_by_any_filter(void **state)
{
	struct episode_query q = { .host = STR("lab-1"), .limit = 2 };
	struct episode *rows = NULL;
	size_t n = 0;
	(void)state;

	for (int i = 0; i < 5; i++)
		must_send(arena_fmt(&a, "ep-%d", i).p,
			an_episode(&a, "ep",
				arena_fmt(&a, "{\"code_version\": {\"commit\": \"%012d\"}}", i).p, 10),
			true);
	assert_int_equal(episodes_of_query(fx.store, &q, &a, &rows, &n, &e), ERR_OK);
	assert_int_equal(n, 2);
	assert_true(str_eq(rows[0].name, STR("ep-4")));
	q.before_at = rows[1].received_at;
	q.before_id = rows[1].id;
	assert_int_equal(episodes_of_query(fx.store, &q, &a, &rows, &n, &e), ERR_OK);
	assert_true(n == 2 && str_eq(rows[0].name, STR("ep-2")));
	q = (struct episode_query){
		.code_commit = STR("000000000003"), .since = NOW, .until = NOW + 1, .limit = 9
	};
	assert_int_equal(episodes_of_query(fx.store, &q, &a, &rows, &n, &e), ERR_OK);
	assert_true(n == 1 && str_eq(rows[0].name, STR("ep-3")));
	q.schema_version = STR("4");
	assert_int_equal(episodes_of_query(fx.store, &q, &a, &rows, &n, &e), ERR_OK);
	assert_int_equal(n, 0);
}

/* ---- what breaks off ---- */

static void a_line_that_could_not_be_written_is_written_by_the_retry(void **state)
{
	struct str bytes = an_episode(&a, "ep-1", META, 500);
	bool is_new;
	int n = 0;
	(void)state;

	must_send("ep-0", bytes, true); /* so that folders are there */
	/* The last write is that of the line: whatever comes before it did not fail. */
	do {
		arm(++n);
		if (send("ep-1", bytes, &is_new) == ERR_OK)
			fail_msg("no call failed with the file in its place");
		disarm();
	} while (!file_exists(path_of("lab-1/ep-1.tar.zst")));
	assert_false(is_here("ep-1"));
	must_send("ep-1", bytes, false);
	assert_well(2);
}

static void each_call_fails_once_and_the_retry_mends(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000);
	bool is_new, fired = true;
	int n = 0;
	(void)state;

	for (; fired; n++) {
		const char *id = arena_fmt(&a, "ep-%d", n).p;
		enum err_code code;

		arm(n + 1);
		code = send(id, bytes, &is_new);
		fired = disarm();
		if (fired && code == ERR_OK)
			fail_msg("call %d failed, and it was acknowledged", n + 1);
		if (code != ERR_OK && code != ERR_FULL && code != ERR_STORAGE)
			fail_msg("call %d: %s", n + 1, e.text);
		if (code != ERR_OK)
			assert_false(is_here(id));
		if (n % 2)
			restart();
		if (send(id, bytes, &is_new) != ERR_OK)
			fail_msg("call %d, again: %s", n + 1, e.text);
		assert_true(is_here(id));
		assert_well(n + 1);
	}
	assert_true(n >= 7);
}

/* As a crash would leave it: the row, and so much of the rest. */
enum left { LEFT_ROW, LEFT_INCOMING, LEFT_PLACED, LEFT_LINE, N_LEFT };

struct announce_op {
	struct store_op op;
	struct episode row;
};

static enum err_code apply_announce(struct store_op *op, struct db *db, struct err *err)
{
	struct announce_op *w = (struct announce_op *)(void *)op;

	TRY(hosts_seen(db, w->row.host, STR(""), 10, NOW, err));
	return episodes_announce(db, &w->row, &w->row.id, err);
}

static void leave(const char *id, struct str bytes, enum left left)
{
	struct announce_op w = { .op = { .apply = apply_announce, .bytes = sizeof w },
		.row = { .host = STR("lab-1"),
			.name = str_z(id),
			.sha256 = hex_digest(&a, bytes),
			.code_commit = STR(""),
			.schema_version = STR(""),
			.meta = STR("{}"),
			.n_bytes = (int64_t)bytes.len,
			.received_at = NOW,
			.index_from = episode_index_len(episodes_index(episodes)) } };
	struct episode_file *f = NULL;

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	if (left >= LEFT_INCOMING) {
		assert_int_equal(episode_file_begin(fx.store, STR("lab-1"), str_z(id), &f, &e), ERR_OK);
		assert_int_equal(episode_file_add(f, bytes, &e), ERR_OK);
		episode_file_leave(f);
		episode_file_end(f);
	}
	if (left >= LEFT_PLACED)
		assert_int_equal(
			episode_file_place(fx.store, STR("lab-1"), str_z(id), (int64_t)bytes.len, &e),
			ERR_OK);
	if (left >= LEFT_LINE)
		assert_int_equal(episode_index_add(episodes_index(episodes),
					 arena_fmt(&a, "{\"host\":\"lab-1\",\"id\":\"%s\",\"sha256\":\"%s\"}",
						 id, w.row.sha256.p),
					 &e),
			ERR_OK);
}

static void what_a_crash_left_is_completed_by_the_next_start(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000);
	(void)state;

	must_send("ep-0", bytes, true);
	for (int left = LEFT_ROW; left < N_LEFT; left++)
		leave(arena_fmt(&a, "left-%d", left).p, bytes, (enum left)left);
	assert_false(is_here("left-3"));
	restart();
	assert_false(is_here("left-0")); /* of this nothing was there but its row */
	assert_well(4);
	must_send("left-0", bytes, true);
	must_send("left-3", bytes, false);
	assert_well(5);
	assert_true(incoming_is_empty());
}

static void what_a_crash_left_is_completed_by_the_same_request_too(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000);
	bool is_new;
	(void)state;

	for (int left = LEFT_INCOMING; left < N_LEFT; left++) {
		const char *id = arena_fmt(&a, "left-%d", left).p;

		leave(id, bytes, (enum left)left);
		must_send(id, bytes, false);
		assert_true(is_here(id));
	}
	leave("left-0", bytes, LEFT_ROW);
	assert_int_equal(send("left-0", bytes, &is_new), ERR_UNAVAILABLE); /* which is tried again */
	must_send("left-0", bytes, true);
	assert_well(N_LEFT);
}

static void other_bytes_may_come_where_nothing_was_acknowledged(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000), other = an_episode(&a, "ep", META, 3001);
	bool is_new;
	(void)state;

	leave("ep-1", bytes, LEFT_INCOMING);
	must_send("ep-1", other, true);
	leave("ep-2", bytes, LEFT_PLACED); /* this one the next start acknowledges */
	assert_int_equal(send("ep-2", other, &is_new), ERR_CONFLICT);
	restart();
	assert_true(is_here("ep-2"));
	assert_well(2);
}

static void put_file(const char *name, struct str bytes)
{
	assert_int_equal(file_write_atomic(path_of(name), bytes, 0600, &e), ERR_OK);
}

static void a_file_without_a_row_is_taken_in_by_the_same_bytes_alone(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000), other = an_episode(&a, "ep", META, 3001);
	bool is_new;
	(void)state;

	must_send("ep-0", bytes, true);
	put_file("lab-1/ep-1.tar.zst", bytes);
	assert_int_equal(send("ep-1", other, &is_new), ERR_CONFLICT);
	must_send("ep-1", bytes, false);
	assert_well(2);
	put_file("lab-1/ep-2.tar.zst", bytes); /* and one whose line is there already */
	assert_int_equal(episode_index_add(episodes_index(episodes),
				 arena_fmt(&a, "{\"host\":\"lab-1\",\"id\":\"ep-2\",\"sha256\":\"%s\"}",
					 hex_digest(&a, bytes).p),
				 &e),
		ERR_OK);
	must_send("ep-3", bytes, true);
	must_send("ep-2", bytes, false);
	assert_well(4);
}

static void a_line_that_was_lost_is_written_again_by_the_same_request(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 300);
	(void)state;

	must_send("ep-1", bytes, true);
	must_send("ep-2", bytes, true);
	assert_int_equal(truncate(path_of("index.jsonl"), 10), 0); /* in the middle of a line */
	must_send("ep-1", bytes, false);
	must_send("ep-2", bytes, false);
	must_send("ep-2", bytes, false);
	assert_well(2);
	assert_int_equal(rename(path_of("index.jsonl"), path_of("index.jsonl.old")), 0);
	must_send("ep-3", bytes, true);
	assert_int_equal(n_lines(), 1);
	must_send("ep-2", bytes, false);
	must_send("ep-1", bytes, false);
	assert_well(3);
}

/* Of the first only its row and its file beside its place are there; the second is on its way when the server stops. */
static void half_of_another_is_never_taken_for_what_had_come(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000), other = an_episode(&a, "ep", META, 300001);
	struct episode_offer o = offer_of("ep-1", other);
	struct gate_verdict verdict;
	struct arrival *v = NULL;
	struct str half = { other.p, bytes.len }; /* as long as what was to come */
	struct episode_file *f = NULL;
	(void)state;

	leave("ep-1", bytes, LEFT_INCOMING);
	assert_int_equal(arrival_begin(episodes, NULL, fx.cfg, &o, &a, &verdict, &v, &e), ERR_OK);
	assert_int_equal(feed(v, half), ERR_OK);
	arrival_end(v); /* a kill would leave the half: */
	assert_int_equal(episode_file_begin(fx.store, STR("lab-1"), STR("ep-1"), &f, &e), ERR_OK);
	assert_int_equal(episode_file_add(f, half, &e), ERR_OK);
	episode_file_leave(f);
	episode_file_end(f);
	restart();
	assert_false(is_here("ep-1"));
	assert_well(0);
	must_send("ep-1", other, true);
	assert_well(1);
}

static void what_came_in_part_is_not_put_in_its_place(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000);
	(void)state;

	leave("ep-1", bytes, LEFT_INCOMING);
	assert_int_equal(truncate(path_of(".incoming/lab-1@ep-1"), 100), 0);
	restart();
	assert_false(is_here("ep-1"));
	assert_well(0);
}

static void what_was_lost_in_part_comes_back_in_one_request(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000);
	(void)state;

	must_send("ep-1", bytes, true);
	assert_int_equal(unlink(path_of("lab-1/ep-1.tar.zst")), 0);
	assert_int_equal(truncate(path_of("index.jsonl"), 0), 0);
	must_send("ep-1", bytes, true);
	assert_well(1);
	assert_int_equal(truncate(path_of("lab-1/ep-1.tar.zst"), 100), 0);
	must_send("ep-1", bytes, true);
	assert_well(1);
	assert_true(file_exists(path_of("lab-1/ep-1.tar.zst.damaged")));
}

static void an_episode_whose_file_was_lost_is_taken_again(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 3000), other = an_episode(&a, "ep", META, 3001);
	bool is_new;
	(void)state;

	must_send("ep-1", bytes, true);
	assert_int_equal(unlink(path_of("lab-1/ep-1.tar.zst")), 0);
	assert_int_equal(send("ep-1", other, &is_new), ERR_CONFLICT);
	must_send("ep-1", bytes, true);
	assert_well(1);
}

static void a_line_that_a_crash_tore_is_cut_off(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 300);
	FILE *f;
	(void)state;

	must_send("ep-1", bytes, true);
	f = fopen(path_of("index.jsonl"), "ae");
	assert_non_null(f);
	fputs("{\"host\":\"lab-1\",\"id\":\"e", f);
	assert_int_equal(fclose(f), 0);
	restart();
	must_send("ep-2", bytes, true);
	assert_well(2);
}

/* ---- made anew ---- */

static void reindex(int64_t lines, int64_t adopted, int64_t lost)
{
	struct reindex_sum sum;

	episodes_free(episodes);
	episodes = NULL;
	if (episode_reindex(fx.store, &fx.cfg->fleet, 10, &sum, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(sum.n_lines, lines);
	assert_int_equal(sum.n_adopted, adopted);
	assert_int_equal(sum.n_lost, lost);
	start();
}

static void the_index_is_made_anew_from_the_rows(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 300);
	AUTO_BUF before, after;
	(void)state;

	buf_init(&before, 100000);
	buf_init(&after, 100000);
	must_send("ep-1", bytes, true);
	must_send("ep-2", bytes, true);
	assert_int_equal(file_read(path_of("index.jsonl"), 100000, &before, &e), ERR_OK);
	assert_int_equal(unlink(path_of("index.jsonl")), 0);
	reindex(2, 0, 0);
	assert_int_equal(file_read(path_of("index.jsonl"), 100000, &after, &e), ERR_OK);
	assert_true(str_eq(buf_view(&before), buf_view(&after)));
	assert_int_equal(unlink(path_of("lab-1/ep-1.tar.zst")), 0);
	reindex(2, 0, 1);
}

static void rows_come_back_from_files_and_what_an_old_index_says(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 300), plain = an_episode(&a, "ep", "{}", 300);
	struct episode x;
	(void)state;

	assert_int_equal(dir_make(path_of("lab-1"), 0700, &e), ERR_OK);
	put_file("lab-1/ep-1.tar.zst", bytes);
	put_file("lab-1/ep-2.tar.zst", plain);
	put_file("lab-1/not an episode", plain);
	put_file("index.jsonl",
		arena_fmt(&a,
			"{\"host\":\"lab-1\",\"id\":\"ep-2\",\"sha256\":\"%s\",\"received_at\":\"2026-01-"
			"02T03:04:05Z\"}\n"
			"{\"host\":\"lab-1\",\"id\":\"ep-1\",\"sha256\":\"%s\",\"received_at\":\"2026-01-"
			"02T03:04:05Z\"}\n"
			"{\"host\":\"lab-1\",\"id\":\"gone\",\"sha256\":\"%s\"}\nrubbish\n",
			hex_digest(&a, plain).p, hex_digest(&a, plain).p, hex_digest(&a, plain).p));
	reindex(2, 2, 0);
	assert_int_equal(episodes_one(fx.store, STR("lab-1"), STR("ep-1"), &a, &x, &e), ERR_OK);
	assert_true(str_eq(
		x.code_commit, STR("abcdef0123456789"))); /* of meta.json: the line was of other bytes */
	assert_true(x.received_at > NOW - 365 * DAY_MS);
	assert_int_equal(episodes_one(fx.store, STR("lab-1"), STR("ep-2"), &a, &x, &e), ERR_OK);
	assert_int_equal(x.code_commit.len, 0);
	assert_int_equal(x.received_at, INT64_C(1767323045000));
	assert_well(2);
}

static void what_is_wrong_is_told(void **state)
{
	struct str bytes = an_episode(&a, "ep", META, 300);
	struct episode_sum sum;
	AUTO_BUF told;
	(void)state;

	buf_init(&told, 100000);
	must_send("ep-1", bytes, true);
	must_send("ep-2", bytes, true);
	must_send("ep-3", bytes, true);
	put_file("lab-1/ep-1.tar.zst", STR("spoilt"));
	assert_int_equal(unlink(path_of("lab-1/ep-2.tar.zst")), 0);
	put_file("lab-1/ep-4.tar.zst", bytes);
	put_file("index.jsonl",
		arena_fmt(&a,
			"{\"host\":\"lab-1\",\"id\":\"ep-1\",\"sha256\":\"%s\"}\n{\"host\":\"lab-1\",\"id\":"
			"\"ep-1\",\"sha256\":\"%s\"}\n"
			"{\"host\":\"lab-1\",\"id\":\"ep-9\",\"sha256\":\"%s\"}\nrubbish\n",
			hex_digest(&a, bytes).p, hex_digest(&a, bytes).p, hex_digest(&a, bytes).p));
	assert_int_equal(episode_verify(fx.store, tell, &told, &sum, &e), ERR_OK);
	assert_int_equal(sum.n_strays, 1);
	assert_non_null(strstr(buf_cstr(&told), "lab-1/ep-1: its 6 bytes have the SHA-256"));
	assert_non_null(strstr(buf_cstr(&told), "lab-1/ep-1 has more than one line"));
	assert_non_null(strstr(buf_cstr(&told), "lab-1/ep-2"));
	assert_non_null(strstr(buf_cstr(&told), "lab-1/ep-3 has no line"));
	assert_non_null(strstr(buf_cstr(&told), "tells of lab-1/ep-9, which is not here"));
	assert_non_null(strstr(buf_cstr(&told), "a line that tells of no episode"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_came_is_here_with_what_its_meta_says),
		T(the_same_again_is_here_and_other_bytes_never_overwrite),
		T(what_is_not_what_was_announced_leaves_nothing),
		T(what_is_no_archive_is_refused_unless_nobody_looks),
		T(one_name_comes_in_once_at_a_time_and_so_many_at_once),
		T(there_has_to_be_room_before_it_is_sent),
		T(hosts_are_so_many_and_what_was_refused_is_told_of_them),
		T(a_list_is_read_in_pages_by_any_filter),
		T(a_line_that_could_not_be_written_is_written_by_the_retry),
		T(each_call_fails_once_and_the_retry_mends),
		T(what_a_crash_left_is_completed_by_the_next_start),
		T(what_a_crash_left_is_completed_by_the_same_request_too),
		T(other_bytes_may_come_where_nothing_was_acknowledged),
		T(a_file_without_a_row_is_taken_in_by_the_same_bytes_alone),
		T(a_line_that_was_lost_is_written_again_by_the_same_request),
		T(half_of_another_is_never_taken_for_what_had_come),
		T(what_came_in_part_is_not_put_in_its_place),
		T(what_was_lost_in_part_comes_back_in_one_request),
		T(an_episode_whose_file_was_lost_is_taken_again),
		T(a_line_that_a_crash_tore_is_cut_off),
		T(the_index_is_made_anew_from_the_rows),
		T(rows_come_back_from_files_and_what_an_old_index_says),
		T(what_is_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
