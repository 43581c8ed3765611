/*
 * baseline: `sluice baseline approve|revert RUN TEST [FILE]`: what a test wrote in a run is expected from now on, or that is taken back.
 *
 * The server knows an output by four numbers; a person knows the run and the test, and the file where there are several. The rest is looked up.
 */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/sub.h"

#include <stdio.h>

struct place {
	int64_t run_id, test_id, sample_id, output_id;
	const char *filename; /* NULL: the only one that is not as expected */
};

static bool is_wanted(const struct place *at, const struct json *output, bool only)
{
	struct str name = json_str(json_get(output, "filename"));

	if (at->filename)
		return str_eq(name, str_z(at->filename));
	return only || !str_eq(json_str(json_get(output, "status")), STR("pass"));
}

static enum err_code choose(struct place *at, const struct json *outputs, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < json_len(outputs); i++) {
		const struct json *output = json_at(outputs, i);

		if (!is_wanted(at, output, json_len(outputs) == 1))
			continue;
		json_int(json_get(output, "output_id"), &at->output_id);
		n++;
	}
	if (n == 1)
		return ERR_OK;
	if (at->filename)
		return err_set(e, ERR_NOT_FOUND, "test %lld has no output %s in run %lld",
			(long long)at->test_id, at->filename, (long long)at->run_id);
	return err_set(e, ERR_INVALID, "test %lld has %s: name the file", (long long)at->test_id,
		n == 0 ? "no output that is not as expected" : "several outputs that are not as expected");
}

static enum err_code find(struct client *c, struct place *at, struct err *e)
{
	char path[100];

	snprintf(path, sizeof path, "/api/v1/runs/%lld/samples/%lld", (long long)at->run_id,
		(long long)at->test_id);
	TRY(client_call(c, "GET", path, NULL, e));
	json_int(json_get(client_root(c), "sample_id"), &at->sample_id);
	return choose(at, json_get(client_root(c), "outputs"), e);
}

static enum err_code approve(struct client *c, const struct place *at, bool remove_variants, struct err *e)
{
	struct json_out j;
	char path[120];
	AUTO_BUF body;

	buf_init(&body, 1000);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_int(&j, "regression_id", at->test_id);
	json_put_int(&j, "output_id", at->output_id);
	json_put_bool(&j, "remove_variants", remove_variants);
	json_close_object(&j);
	snprintf(path, sizeof path, "/api/v1/runs/%lld/samples/%lld/baseline-approval", (long long)at->run_id,
		(long long)at->sample_id);
	return client_call(c, "POST", path, &body, e);
}

static enum err_code revert(struct client *c, const struct place *at, struct err *e)
{
	char path[200];

	snprintf(path, sizeof path,
		"/api/v1/runs/%lld/samples/%lld/baseline-approval?regression_id=%lld&output_id=%lld",
		(long long)at->run_id, (long long)at->sample_id, (long long)at->test_id,
		(long long)at->output_id);
	return client_call(c, "DELETE", path, NULL, e);
}

static enum err_code change(const struct client_flags *flags, struct place *at, bool is_revert,
	bool remove_variants, struct err *e)
{
	AUTO_CLIENT c = { 0 };

	TRY(client_init(&c, flags, e));
	TRY(find(&c, at, e));
	TRY(is_revert ? revert(&c, at, e) : approve(&c, at, remove_variants, e));
	printf("output %lld of test %lld: what run %lld wrote is %s\n", (long long)at->output_id,
		(long long)at->test_id, (long long)at->run_id,
		is_revert ? "not expected any more, unless something else accepted it too"
			  : "expected from now on");
	return ERR_OK;
}

static bool read_place(int argc, char **argv, struct place *at)
{
	if (argc < 2 || argc > 3)
		return false;
	at->filename = argc == 3 ? argv[2] : NULL;
	return str_to_int(str_z(argv[0]), &at->run_id) && at->run_id > 0 &&
	       str_to_int(str_z(argv[1]), &at->test_id) && at->test_id > 0;
}

static int run_approve(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	bool remove_variants = false;
	const struct opt opts[] = { { "remove-variants", 0, OPT_FLAG, NULL,
					    "what was accepted before is not expected any more",
					    &remove_variants },
		CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "baseline approve",
		.synopsis = "[OPTIONS] RUN TEST [FILE]",
		.prose = "Accepts what a test wrote in a run: it is expected from now on, beside what was\n"
			 "accepted before. For admins. sluice baseline revert undoes it.",
		.opts = opts };
	struct place at = { 0 };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (!read_place(argc, argv, &at))
		return command_usage_fail("baseline approve",
			"a run and a test are needed, by their numbers: sluice baseline "
			"approve RUN TEST [FILE]");
	return change(&flags, &at, false, remove_variants, &e) == ERR_OK
		       ? 0
		       : command_fail("baseline approve", &e);
}

static int run_revert(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const struct opt opts[] = { CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "baseline revert",
		.synopsis = "[OPTIONS] RUN TEST [FILE]",
		.prose = "Undoes the newest approval of that run: what is expected is as if it had never\n"
			 "been, whatever was accepted since. For admins.",
		.opts = opts };
	struct place at = { 0 };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (!read_place(argc, argv, &at))
		return command_usage_fail("baseline revert", "a run and a test are needed, by their numbers: "
							     "sluice baseline revert RUN TEST [FILE]");
	return change(&flags, &at, true, false, &e) == ERR_OK ? 0 : command_fail("baseline revert", &e);
}

int cmd_baseline(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "approve", run_approve, "accept what a test wrote in a run" },
		{ "revert", run_revert, "undo that" },
	};

	return sub_run("baseline", "What tests of the suite are expected to write.", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
