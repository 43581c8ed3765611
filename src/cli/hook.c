/* hook: `sluice hook install|test`: the server has the forge of a repo send it what happens. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/sub.h"
#include "text/visible.h"

#include <stdio.h>

#define INSTALL "hook install"
#define TEST "hook test"

static void say(const struct client *c, const char *repo, bool test, struct buf *line)
{
	struct str url = json_str(json_get(client_root(c), "url"));
	AUTO_BUF shown;

	buf_init(&shown, 16 * 1024);
	text_visible_name(url, 2000, &shown);
	if (test)
		buf_fmt(line,
			"the forge of %s was asked to send something to %s; its list of deliveries says how "
			"that went",
			repo, buf_cstr(&shown));
	else
		buf_fmt(line, "the forge tells of %s at %s%s", repo, buf_cstr(&shown),
			c->status == 201 ? "" : " (it had a hook to there, which was changed)");
}

static enum err_code ask(const struct client_flags *flags, const char *repo, const char *forge, bool test,
	bool as_json, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json_out j;
	AUTO_BUF body, line;

	buf_init(&body, 64 * 1024);
	buf_init(&line, 64 * 1024);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "repo", repo);
	if (forge)
		json_put_z(&j, "forge", forge);
	json_close_object(&j);
	TRY(client_init(&c, flags, e));
	TRY(client_call(&c, "POST", test ? "/api/v1/hooks/test" : "/api/v1/hooks/install", &body, e));
	if (as_json)
		buf_str(&line, buf_view(&c.body));
	else
		say(&c, repo, test, &line);
	buf_char(&line, '\n');
	return print_all(buf_view(&line), e);
}

static int run(int argc, char **argv, bool test)
{
	struct client_flags flags = { 0 };
	const char *forge = NULL, *name = test ? TEST : INSTALL;
	bool json = false;
	const struct opt opts[] = {
		{ "forge", 0, OPT_STRING, "NAME", "forge that it is on (else the server's default)", &forge },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = name,
		.synopsis = "[OPTIONS] OWNER/NAME",
		.prose = test ? "Has the forge of a repo send something to this server now."
			      : "Has the forge of a repo tell this server what happens in it. Again is no "
				"error.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(name, "one repo is needed: sluice %s OWNER/NAME", name);
	return ask(&flags, argv[0], forge, test, json, &e) == ERR_OK ? 0 : command_fail(name, &e);
}

static int cmd_install(int argc, char **argv)
{
	return run(argc, argv, false);
}

static int cmd_test(int argc, char **argv)
{
	return run(argc, argv, true);
}

int cmd_hook(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "install", cmd_install, "have the forge of a repo tell what happens in it" },
		{ "test", cmd_test, "have it send something now" },
	};

	return sub_run("hook", "What forges tell of the repos that are watched (doc/hooks.md).", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
