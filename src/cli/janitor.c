/* janitor: `sluice janitor`, a pass of the janitor now, and what it did or would do. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/table.h"

#include <unistd.h>

static enum err_code put_chores(struct json *chores, struct table *t, bool *ret_failed)
{
	for (size_t i = 0; i < json_len(chores); i++) {
		struct json *chore = json_at(chores, i);
		int64_t rows = 0, bytes = 0;

		json_int(json_get(chore, "rows"), &rows);
		json_int(json_get(chore, "bytes"), &bytes);
		table_put(t, json_str(json_get(chore, "chore")));
		table_put_int(t, rows);
		table_put_int(t, bytes);
		table_put(t, json_str(json_get(chore, "message")));
		*ret_failed |= json_is_true(json_get(chore, "failed"));
	}
	return ERR_OK;
}

static enum err_code print_chores(const struct client *c, struct err *e)
{
	static const char *const headings[] = { "CHORE", "ROWS", "BYTES", "WHAT" };
	struct json *root = client_root(c);
	bool failed = false;
	AUTO_TABLE t = { 0 };

	table_init(&t, headings, 4);
	put_chores(json_get(root, "chores"), &t, &failed);
	TRY(table_print(&t, isatty(STDOUT_FILENO), e));
	if (str_eq(json_str(json_get(root, "mode")), STR("dry-run")))
		command_say("janitor", "a dry run: nothing was deleted");
	if (failed)
		return err_set(e, ERR_INTERNAL, "not every chore succeeded; the server's diag says more");
	return ERR_OK;
}

static enum err_code janitor(const struct client_flags *flags, bool dry_run, bool as_json, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, 1000);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_bool(&j, "dry_run", dry_run);
	json_close_object(&j);
	TRY(client_init(&c, flags, e));
	TRY(client_call(&c, "POST", "/api/v1/janitor/run", &body, e));
	if (!as_json)
		return print_chores(&c, e);
	TRY(print_all(buf_view(&c.body), e));
	return print_all(STR("\n"), e);
}

int cmd_janitor(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	bool dry_run = false, json = false;
	const struct opt opts[] = {
		{ "dry-run", 'n', OPT_FLAG, NULL, "delete nothing, say what would be deleted", &dry_run },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = "janitor",
		.synopsis = "[OPTIONS]",
		.prose = "Runs the janitor's chores now: deletes what is older than the settings allow, and\n"
			 "says what it did, by rows and bytes.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail("janitor", "there is nothing to be done with \"%.60s\"", argv[0]);
	return janitor(&flags, dry_run, json, &e) == ERR_OK ? 0 : command_fail("janitor", &e);
}
