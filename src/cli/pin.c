/* pin: `sluice pin STEP` and `sluice unpin STEP`: retention passes over the log of a step that is pinned. */
#include "cli/cli.h"

#include "cli/client.h"

#include <stdio.h>

static enum err_code set_pin(
	const struct client_flags *flags, const char *method, int64_t step_id, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	char path[64];

	TRY(client_init(&c, flags, e));
	snprintf(path, sizeof path, "/api/v1/steps/%lld/pin", (long long)step_id);
	return client_call(&c, method, path, NULL, e);
}

static int run(const char *name, const char *method, const char *prose, int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const struct opt opts[] = { CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = {
		.name = name, .synopsis = "[OPTIONS] STEP", .prose = prose, .opts = opts
	};
	int64_t step_id = 0;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1 || !str_to_int(str_z(argv[0]), &step_id) || step_id < 1)
		return command_usage_fail(name, "one step is needed, by its number: sluice %s STEP", name);
	return set_pin(&flags, method, step_id, &e) == ERR_OK ? 0 : command_fail(name, &e);
}

int cmd_pin(int argc, char **argv)
{
	return run("pin", "PUT", "Keeps the log of a step, whatever its age and size. Again is no error.",
		argc, argv);
}

int cmd_unpin(int argc, char **argv)
{
	return run("unpin", "DELETE",
		"Takes a pin away: the log goes when its time comes. Again is no error.", argc, argv);
}
