/* hosts: `sluice hosts`: the hosts of the fleet: when they were heard of, what became of what they sent, how far behind they are. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/table.h"

#include <unistd.h>

#define NAME "hosts"

static void put_number(struct table *t, const struct json *n)
{
	int64_t value = 0;

	if (json_int(n, &value))
		table_put_int(t, value);
	else
		table_put(t, STR("-"));
}

static struct str cut(struct str s, size_t max)
{
	return s.len == 0 ? STR("-") : s.len > max ? (struct str){ s.p, max } : s;
}

static enum err_code put_row(void *arg, struct json *x, struct err *e)
{
	struct table *t = arg;

	(void)e;
	table_put(t, json_str(json_get(x, "host")));
	table_put(t, cut(json_str(json_get(x, "last_seen_at")), 19));
	put_number(t, json_get(x, "accepted"));
	put_number(t, json_get(x, "refused"));
	table_put(t, cut(json_str(json_get(x, "commit")), 12));
	put_number(t, json_get(x, "behind"));
	table_put(t, cut(json_str(json_get(x, "refused_why")), 200));
	return ERR_OK;
}

static enum err_code show(const struct client_flags *flags, bool json, struct err *e)
{
	static const char *const headings[] = { "HOST", "LAST SEEN", "ACCEPTED", "REFUSED", "CODE", "BEHIND",
		"LAST REFUSED BECAUSE" };
	AUTO_CLIENT c = { 0 };
	enum err_code code;
	struct table t;

	TRY(client_init(&c, flags, e));
	if (json)
		return client_print_list(&c, "/api/v1/hosts", 0, e);
	table_init(&t, headings, 7);
	code = client_each(&c, "/api/v1/hosts", put_row, &t, e);
	if (code == ERR_OK)
		code = table_print(&t, isatty(STDOUT_FILENO), e);
	table_done(&t);
	return code;
}

int cmd_hosts(int argc, char **argv)
{
	struct client_flags client = { 0 };
	bool json = false;
	const struct opt opts[] = {
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&client),
		{ 0 },
	};
	const struct command_usage usage = { .name = NAME,
		.synopsis = "[OPTIONS]",
		.prose =
			"Lists the hosts of the fleet: when each was last heard of, how many episodes of it\n"
			"were accepted and refused, the commit that it told last, and how many commits\n"
			"that is behind the head of the gate.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(NAME, "there is nothing to be done with \"%.60s\"", argv[0]);
	return show(&client, json, &e) == ERR_OK ? 0 : command_fail(NAME, &e);
}
