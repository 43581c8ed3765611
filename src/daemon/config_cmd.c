/* config_cmd: `sluice config`, the settings told to whoever runs the server. */
#include "daemon/daemon.h"

#include "base/command.h"
#include "daemon/settings.h"

#include <stdio.h>
#include <stdlib.h>

static int print(struct buf *out, const char *what)
{
	struct err e;

	if (buf_check(out, what, &e) != ERR_OK)
		return command_fail("config", &e);
	fwrite(buf_cstr(out), 1, out->len, stdout);
	return fflush(stdout) == 0 ? 0 : err_exit(ERR_STORAGE);
}

static int show(const struct settings_source *from, struct buf *out)
{
	struct settings *s = NULL;
	struct config *c = NULL;
	struct err e;

	if (settings_load(from, &s, &e) != ERR_OK)
		return command_fail("config", &e);
	if (settings_config(s, &c, &e) != ERR_OK) {
		settings_free(s);
		return command_fail("config", &e);
	}
	settings_show(s, out);
	config_free(c);
	settings_free(s);
	return print(out, "settings");
}

int cmd_config(int argc, char **argv)
{
	const char *config = NULL;
	struct opt_many sets = { 0 };
	bool example = false, mdoc = false;
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"the file to read (else $SLUICE_CONFIG, else /etc/sluice/sluice.conf)", &config },
		{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting over the file's", &sets },
		{ "example", 0, OPT_FLAG, NULL, "print sluice.conf.example instead", &example },
		{ "mdoc", 0, OPT_FLAG, NULL, "print the settings as sluice.conf(5) has them instead", &mdoc },
		{ 0 },
	};
	const struct command_usage usage = { .name = "config",
		.synopsis = "[OPTIONS]",
		.prose = "Checks the configuration and prints every setting that is in force and where it\n"
			 "is from. Secrets are not shown. Exits with 10 when something is wrong.",
		.opts = opts };
	AUTO_BUF out;
	int code;

	buf_init(&out, 1024 * 1024);
	if (command_options(&usage, &argc, argv, &code) == COMMAND_DONE)
		return code;
	if (example || mdoc) {
		if (example)
			settings_example(STR(""), &out);
		else
			settings_mdoc(&out);
		return print(&out, "text");
	}
	code = show(&(struct settings_source){ config, sets.values, sets.n }, &out);
	free(sets.values);
	return code;
}
