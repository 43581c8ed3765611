/*
 * verify_cmd: `sluice verify`, all stored text against the rows that speak of it, and what is kept of runs against their steps.
 *
 * It opens the store itself: for reading only, so that the server may go on; with --repair for writing, which takes the lock that a
 * server holds, so that nobody works on the files meanwhile.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/json.h"
#include "daemon/settings.h"
#include "service/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verify_cmd {
	struct settings_source from;
	bool repair, json;
	struct arena arena;
	struct buf out; /* with json: all of it */
	struct json_out j;
	struct verify_sum sum;
};

static const char *const kind_names[] = {
	[VERIFY_WRONG] = "wrong",
	[VERIFY_MENDED] = "mended",
	[VERIFY_LEFT] = "left",
};

static void tell(void *arg, enum verify_kind kind, const char *of, int64_t id, const char *what)
{
	struct verify_cmd *v = arg;

	if (!v->json) {
		printf("%s %lld: %s%s%s\n", of, (long long)id, kind == VERIFY_WRONG ? "" : kind_names[kind],
			kind == VERIFY_WRONG ? "" : ": ", what);
		return;
	}
	json_open_object(&v->j, NULL);
	json_put_int(&v->j, arena_fmt(&v->arena, "%s_id", of).p, id);
	json_put_z(&v->j, "kind", kind_names[kind]);
	json_put_z(&v->j, "what", what);
	json_close_object(&v->j);
}

static enum err_code open_store(
	const struct verify_cmd *v, struct arena *a, struct store **ret, struct err *e)
{
	struct store_options o = { .read_only = !v->repair };
	struct settings *s = NULL;
	enum err_code code;
	struct str data;

	TRY(settings_load(&v->from, &s, e));
	code = settings_data(s, a, &data, e);
	settings_free(s);
	TRY(code);
	o.data = data.p;
	return store_open(&o, ret, e);
}

static enum err_code verify(struct verify_cmd *v, struct err *e)
{
	struct store *store = NULL;
	enum err_code code;

	TRY(open_store(v, &v->arena, &store, e));
	code = verify_all(store, v->repair, clock_wall_ms(&clock_system), tell, v, &v->sum, e);
	store_close(store);
	return code;
}

static int64_t n_left(const struct verify_sum *s)
{
	return s->n_wrong - s->n_mended;
}

static void print_summary(const struct verify_cmd *v)
{
	const struct verify_sum *s = &v->sum;

	printf("%lld logs, %lld tails and %lld episodes, %lld bytes: ", (long long)s->n_logs,
		(long long)s->n_tails, (long long)s->n_episodes, (long long)s->bytes);
	if (s->n_wrong == 0)
		printf("all is well\n");
	else
		printf("%lld are damaged, %lld of them were mended\n", (long long)s->n_wrong,
			(long long)s->n_mended);
	if (s->n_ended > 0)
		printf("%lld logs have ended and are not sealed yet; the server does that when it runs\n",
			(long long)s->n_ended);
	if (s->n_strays > 0)
		printf(v->repair ? "%lld files that no log counts were removed\n"
				 : "%lld files are counted by no log; the janitor removes them\n",
			(long long)s->n_strays);
	if (s->n_stray_episodes > 0)
		printf("%lld files of episodes are unknown to the database; `sluice reindex` takes them in\n",
			(long long)s->n_stray_episodes);
	if (n_left(s) > 0 && !v->repair)
		printf("`sluice verify --repair` mends what can be mended, while the server does not run\n");
}

static void end_json(struct verify_cmd *v)
{
	const struct verify_sum *s = &v->sum;

	json_close_array(&v->j);
	json_put_int(&v->j, "logs", s->n_logs);
	json_put_int(&v->j, "tails", s->n_tails);
	json_put_int(&v->j, "runs", s->n_runs);
	json_put_int(&v->j, "episodes", s->n_episodes);
	json_put_int(&v->j, "bytes", s->bytes);
	json_put_int(&v->j, "wrong", s->n_wrong);
	json_put_int(&v->j, "mended", s->n_mended);
	json_put_int(&v->j, "not_sealed", s->n_ended);
	json_put_int(&v->j, "strays", s->n_strays);
	json_put_int(&v->j, "stray_episodes", s->n_stray_episodes);
	json_close_object(&v->j);
	puts(buf_cstr(&v->out));
}

static int run(struct verify_cmd *v)
{
	struct err e;

	if (v->json) {
		json_out_init(&v->j, &v->out);
		json_open_object(&v->j, NULL);
		json_open_array(&v->j, "findings");
	}
	if (verify(v, &e) != ERR_OK)
		return command_fail("verify", &e);
	if (v->json)
		end_json(v);
	else
		print_summary(v);
	return n_left(&v->sum) > 0 ? err_exit(ERR_STORAGE) : 0;
}

int cmd_verify(int argc, char **argv)
{
	struct verify_cmd v = { 0 };
	struct opt_many sets = { 0 };
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"settings (else $SLUICE_CONFIG, else /etc/sluice/sluice.conf)", &v.from.config },
		{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting over the file's, as store.data=/srv/sluice",
			&sets },
		{ "repair", 0, OPT_FLAG, NULL, "mend what can be mended; not while the server runs",
			&v.repair },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &v.json },
		{ 0 },
	};
	const struct command_usage usage = { .name = "verify",
		.synopsis = "[OPTIONS]",
		.prose = "Reads all stored text and compares it with its checksums and with the database:\n"
			 "what is wrong is printed, one line each. So is a run of which the database keeps\n"
			 "something else than its steps say, and an episode that has no line in the index,\n"
			 "or more than one. The server may run meanwhile, unless\n"
			 "something is to be mended. Exits with 8 when something is wrong and was not\n"
			 "mended.",
		.opts = opts };
	int code;

	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	v.from.sets = sets.values;
	v.from.n_sets = sets.n;
	arena_init(&v.arena);
	buf_init(&v.out, (size_t)256 << 20);
	code = run(&v);
	buf_done(&v.out);
	arena_done(&v.arena);
	free(sets.values);
	return code;
}
