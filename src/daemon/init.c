/*
 * init: `sluice init`, from nothing to a server that can be started: the data folder, the config file, the
 * first admin and its token.
 *
 * Done again it changes nothing: what is there stays. The token is printed once, and is nowhere afterwards;
 * --new-token makes another.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/json.h"
#include "daemon/settings.h"
#include "service/manage.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct init {
	const char *config, *data, *email;
	bool new_token, json;

	/* what came of it */
	struct arena arena;
	struct str data_path;
	const char *config_path; /* NULL: none was named */
	bool wrote_config;
	struct token token;
	struct buf token_text;
};

static enum err_code absolute(struct init *i, const char *path, struct str *ret, struct err *e)
{
	char cwd[PATH_MAX];

	if (path[0] == '/') {
		*ret = str_z(path);
		return ERR_OK;
	}
	if (!getcwd(cwd, sizeof cwd))
		return err_set(e, ERR_CONFIG, "the current folder is gone; give --data as an absolute path");
	*ret = arena_fmt(&i->arena, "%s/%s", cwd, path);
	return ERR_OK;
}

static enum err_code write_config(struct init *i, struct err *e)
{
	struct str data = STR("");
	char *copy;
	AUTO_BUF text;

	buf_init(&text, 1024 * 1024);
	if (i->data)
		TRY(absolute(i, i->data, &data, e));
	copy = arena_cstr(&i->arena, str_z(i->config_path));
	TRY(dir_make(dirname(copy), 0755, e));
	settings_example(data, &text);
	TRY(buf_check(&text, "config file", e));
	TRY(file_create(i->config_path, buf_view(&text), 0640, e));
	i->wrote_config = true;
	return ERR_OK;
}

static enum err_code read_settings(struct init *i, struct settings **ret, struct err *e)
{
	struct str data;
	const char *set;

	if (!i->data || i->wrote_config)
		return settings_load(&(struct settings_source){ .config = i->config }, ret, e);
	TRY(absolute(i, i->data, &data, e));
	set = arena_fmt(&i->arena, "store.data=%.*s", STR_FMT(data)).p;
	return settings_load(&(struct settings_source){ i->config, &set, 1 }, ret, e);
}

static enum err_code make_admin(struct init *i, struct err *e)
{
	struct store_options o = { .data = i->data_path.p };
	struct store *store = NULL;
	enum err_code code;

	TRY(store_open(&o, &store, e));
	code = manage_first_admin(store, str_z(i->email), i->new_token, clock_wall_ms(&clock_system),
		&i->token, &i->token_text, e);
	store_close(store);
	return code;
}

static enum err_code init(struct init *i, struct err *e)
{
	struct settings *s = NULL;
	enum err_code code;

	i->config_path = settings_path(i->config);
	if (i->config_path && !file_exists(i->config_path))
		TRY(write_config(i, e));
	TRY(read_settings(i, &s, e));
	code = settings_data(s, &i->arena, &i->data_path, e);
	settings_free(s);
	TRY(code);
	return make_admin(i, e);
}

static void tell_json(const struct init *i, bool fresh)
{
	struct json_out j;
	AUTO_BUF out;

	buf_init(&out, 64 * 1024);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_str(&j, "data", i->data_path);
	json_put_z(&j, "config", i->config_path);
	json_put_bool(&j, "config_written", i->wrote_config);
	if (fresh) {
		json_put_z(&j, "email", i->email);
		json_put_str(&j, "token", buf_view(&i->token_text));
		json_put_time(&j, "expires_at", i->token.expires_at);
	} else {
		json_put_null(&j, "token");
	}
	json_close_object(&j);
	puts(buf_cstr(&out));
	secret_wipe(out.p, out.len);
}

static void tell(const struct init *i, bool fresh)
{
	char date[CLOCK_DATE_LEN];

	printf("data    %s\n", i->data_path.p);
	if (i->config_path)
		printf("config  %s (%s)\n", i->config_path, i->wrote_config ? "written" : "was there");
	else
		printf("config  none: the defaults hold (--config FILE writes one)\n");
	if (!fresh) {
		printf("token   there is an admin already; --new-token makes another token for it\n");
		return;
	}
	printf("token   %s\n", buf_cstr(&i->token_text));
	printf("        the admin's, shown this once; good until %s. Next:\n",
		clock_date(i->token.expires_at, date));
	printf("        sluice serve%s%s &\n", i->config_path ? " --config " : "",
		i->config_path ? i->config_path : "");
	printf("        export SLUICE_TOKEN=...; sluice repo add OWNER/NAME; sluice token create --repo "
	       "OWNER/NAME\n");
}

int cmd_init(int argc, char **argv)
{
	struct init i = { .email = "admin@localhost" };
	const struct opt opts[] = {
		{ "config", 'c', OPT_STRING, "FILE",
			"config file to write if it is not there (else $SLUICE_CONFIG)", &i.config },
		{ "data", 'd', OPT_STRING, "DIR", "data folder, written into a new config file", &i.data },
		{ "email", 0, OPT_STRING, "ADDRESS", "of the first admin (admin@localhost)", &i.email },
		{ "new-token", 0, OPT_FLAG, NULL, "make another token for the admin who is there",
			&i.new_token },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &i.json },
		{ 0 },
	};
	const struct command_usage usage = { .name = "init",
		.synopsis = "[OPTIONS]",
		.prose = "Makes the data folder, the config file if one is named and is not there, and the\n"
			 "first admin with a token that may do everything, which is printed once. Done\n"
			 "again it changes nothing. Not while the server runs.",
		.opts = opts };
	struct err e;
	enum err_code code;
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	arena_init(&i.arena);
	buf_init(&i.token_text, 200);
	code = init(&i, &e);
	if (code == ERR_OK || (code == ERR_CONFLICT && i.data_path.len > 0 && !i.new_token))
		(i.json ? tell_json : tell)(&i, code == ERR_OK), exit_code = 0;
	else
		exit_code = command_fail("init", &e);
	if (i.token_text.p)
		secret_wipe(i.token_text.p, i.token_text.len);
	buf_done(&i.token_text);
	arena_done(&i.arena);
	return exit_code;
}
