/* user: `sluice user add|list|role|disable|enable|password`. A user goes by their e-mail address, or by their number. */
#include "cli/cli.h"

#include "base/digest.h"
#include "cli/client.h"
#include "cli/password.h"
#include "cli/sub.h"
#include "cli/table.h"
#include "model/scope.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USERS "/api/v1/users"

/* ---- which user ---- */

struct found {
	int64_t id;
	size_t n;
};

static enum err_code count(void *arg, struct json *item, struct err *e)
{
	struct found *f = arg;

	f->n++;
	if (!json_int(json_get(item, "user_id"), &f->id))
		return err_set(e, ERR_NETWORK, "the answer has no user_id; is it a Sluice server?");
	return ERR_OK;
}

static enum err_code find(struct client *c, const char *who, int64_t *ret_id, struct err *e)
{
	struct found f = { 0 };
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	if (str_to_int(str_z(who), ret_id) && *ret_id > 0)
		return ERR_OK;
	buf_z(&path, USERS);
	query_add(&path, "email", who);
	TRY(client_each(c, buf_cstr(&path), count, &f, e));
	if (f.n == 0)
		return err_set(
			e, ERR_NOT_FOUND, "there is no user %.120s; `sluice user list` shows them", who);
	*ret_id = f.id;
	return ERR_OK;
}

/* ---- what is done ---- */

struct change {
	struct client_flags client;
	const char *name; /* of the command */
	const char *who, *role, *state;
	bool ask_password, no_password, json;
};

static void put_password(struct json_out *j, const struct change *x, struct str password)
{
	if (x->no_password)
		json_put_null(j, "password");
	else if (password.len > 0)
		json_put_str(j, "password", password);
}

static void write_body(const struct change *x, bool is_new, struct str password, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	if (is_new)
		json_put_z(&j, "email", x->who);
	if (x->role)
		json_put_z(&j, "role", x->role);
	if (x->state)
		json_put_z(&j, "state", x->state);
	put_password(&j, x, password);
	json_close_object(&j);
}

static enum err_code print_user(const struct client *c, const struct change *x, struct err *e)
{
	struct json *u = client_root(c);
	int64_t id = 0;
	AUTO_BUF line;

	buf_init(&line, 16 * 1024);
	if (x->json) {
		buf_str(&line, buf_view(&c->body));
	} else {
		json_int(json_get(u, "user_id"), &id);
		buf_fmt(&line, "user %lld, %.*s: %.*s, %.*s, %s password", (long long)id,
			STR_FMT(json_str(json_get(u, "email"))), STR_FMT(json_str(json_get(u, "role"))),
			STR_FMT(json_str(json_get(u, "state"))),
			json_is_true(json_get(u, "has_password")) ? "with a" : "no");
	}
	buf_char(&line, '\n');
	return print_all(buf_view(&line), e);
}

static enum err_code send(
	struct client *c, const struct change *x, bool is_new, const struct buf *body, struct err *e)
{
	char path[80];
	int64_t id = 0;

	if (is_new)
		return client_call(c, "POST", USERS, body, e);
	TRY(find(c, x->who, &id, e));
	snprintf(path, sizeof path, USERS "/%lld", (long long)id);
	return client_call(c, "PATCH", path, body, e);
}

static enum err_code do_change(const struct change *x, bool is_new, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	char what[300];
	enum err_code code = ERR_OK;
	AUTO_BUF body, password;

	buf_init(&body, 64 * 1024);
	buf_init(&password, PASSWORD_LINE_MAX + 1);
	TRY(client_init(&c, &x->client, e));
	snprintf(what, sizeof what, "Password of %.200s", x->who);
	if (x->ask_password)
		code = password_read(what, true, &password, e);
	if (code == ERR_OK) {
		write_body(x, is_new, buf_view(&password), &body);
		code = send(&c, x, is_new, &body, e);
	}
	secret_wipe(password.p, password.len);
	secret_wipe(body.p, body.len);
	TRY(code);
	return print_user(&c, x, e);
}

static int run(const struct change *x, bool is_new)
{
	struct err e;

	return do_change(x, is_new, &e) == ERR_OK ? 0 : command_fail(x->name, &e);
}

#define PASSWORD_HELP                                                                                        \
	"ask for a password on the terminal; without one, take it from standard input's first line"

static int cmd_add(int argc, char **argv)
{
	struct change x = { .name = "user add" };
	const struct opt opts[] = {
		{ "role", 0, OPT_STRING, "R", "admin, contributor, tester or user (user)", &x.role },
		{ "password", 0, OPT_FLAG, NULL, PASSWORD_HELP, &x.ask_password },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &x.json },
		CLIENT_OPTS(&x.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "user add",
		.synopsis = "[OPTIONS] EMAIL",
		.prose = "Adds a user. Without a password they come in with a token, or by signing in with a "
			 "forge.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("user add", "one address is needed: sluice user add EMAIL");
	x.who = argv[0];
	return run(&x, true);
}

static int cmd_role(int argc, char **argv)
{
	struct change x = { .name = "user role" };
	const struct opt opts[] = { { "json", 0, OPT_FLAG, NULL, "print JSON", &x.json },
		CLIENT_OPTS(&x.client), { 0 } };
	const struct command_usage usage = { .name = "user role",
		.synopsis = "[OPTIONS] EMAIL|ID admin|contributor|tester|user",
		.prose = "Gives a user another role. It counts at once, also for tokens they have.",
		.opts = opts };
	enum role role;
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 2)
		return command_usage_fail(
			"user role", "a user and a role are needed: sluice user role EMAIL ROLE");
	if (!role_find(str_z(argv[1]), &role))
		return command_usage_fail("user role",
			"there is no role \"%.60s\", only admin, contributor, tester and user", argv[1]);
	x.who = argv[0];
	x.role = argv[1];
	return run(&x, false);
}

static int set_state(const char *name, const char *state, const char *prose, int argc, char **argv)
{
	struct change x = { .name = name, .state = state };
	const struct opt opts[] = { { "json", 0, OPT_FLAG, NULL, "print JSON", &x.json },
		CLIENT_OPTS(&x.client), { 0 } };
	const struct command_usage usage = {
		.name = name, .synopsis = "[OPTIONS] EMAIL|ID", .prose = prose, .opts = opts
	};
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(name, "one user is needed: sluice %s EMAIL", name);
	x.who = argv[0];
	return run(&x, false);
}

static int cmd_disable(int argc, char **argv)
{
	return set_state("user disable", "disabled",
		"Lets a user in no more: their tokens and sessions are revoked at once.", argc, argv);
}

static int cmd_enable(int argc, char **argv)
{
	return set_state("user enable", "active", "Lets a disabled user in again. What was revoked stays so.",
		argc, argv);
}

static int cmd_password(int argc, char **argv)
{
	struct change x = { .name = "user password" };
	const struct opt opts[] = {
		{ "none", 0, OPT_FLAG, NULL, "take the password away instead of asking for one",
			&x.no_password },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &x.json },
		CLIENT_OPTS(&x.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "user password",
		.synopsis = "[OPTIONS] EMAIL|ID",
		.prose = "Sets a user's password, asked for on the terminal or taken from standard input's\n"
			 "first line. It is never an argument. Their browsers are signed out.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("user password", "one user is needed: sluice user password EMAIL");
	x.who = argv[0];
	x.ask_password = !x.no_password;
	return run(&x, false);
}

/* ---- list ---- */

static void join_logins(struct json *logins, struct buf *out)
{
	for (size_t i = 0; i < json_len(logins); i++) {
		struct str login = json_str(json_get(json_at(logins, i), "login"));

		buf_fmt(out, "%s%.*s:%.*s", i ? " " : "",
			STR_FMT(json_str(json_get(json_at(logins, i), "provider"))),
			STR_FMT(login.len > 0 ? login : STR("?")));
	}
}

static enum err_code put_row(void *arg, struct json *item, struct err *e)
{
	struct table *t = arg;
	struct str since = json_str(json_get(item, "created_at"));
	int64_t id = 0;
	AUTO_BUF logins;

	(void)e;
	buf_init(&logins, 64 * 1024);
	join_logins(json_get(item, "logins"), &logins);
	json_int(json_get(item, "user_id"), &id);
	table_put_int(t, id);
	table_put(t, json_str(json_get(item, "email")));
	table_put(t, json_str(json_get(item, "role")));
	table_put(t, json_str(json_get(item, "state")));
	table_put(t, json_is_true(json_get(item, "has_password")) ? STR("yes") : STR("no"));
	table_put(t, logins.len > 0 ? buf_view(&logins) : STR("-"));
	table_put(t, since.len >= 10 ? (struct str){ since.p, 10 } : since);
	return ERR_OK;
}

static enum err_code list(
	const struct client_flags *flags, const char *role, const char *state, bool as_json, struct err *e)
{
	static const char *const headings[] = { "ID", "EMAIL", "ROLE", "STATE", "PASSWORD", "LOGINS",
		"SINCE" };
	AUTO_CLIENT c = { 0 };
	AUTO_TABLE t = { 0 };
	AUTO_BUF path = { 0 };

	TRY(client_init(&c, flags, e));
	buf_init(&path, 16 * 1024);
	buf_z(&path, USERS);
	query_add(&path, "role", role);
	query_add(&path, "state", state);
	if (as_json)
		return client_print_list(&c, buf_cstr(&path), 0, e);
	table_init(&t, headings, 7);
	TRY(client_each(&c, buf_cstr(&path), put_row, &t, e));
	return table_print(&t, isatty(STDOUT_FILENO), e);
}

static int cmd_list(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const char *role = NULL, *state = NULL;
	bool json = false;
	const struct opt opts[] = {
		{ "role", 0, OPT_STRING, "R", "only those of this role", &role },
		{ "state", 0, OPT_STRING, "S", "only those that are active, or disabled", &state },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = "user list",
		.synopsis = "[OPTIONS]",
		.prose = "Lists users: id, address, role, state, password or not, accounts on forges, since "
			 "when.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail("user list", "there is nothing to be done with \"%.60s\"", argv[0]);
	return list(&flags, role, state, json, &e) == ERR_OK ? 0 : command_fail("user list", &e);
}

int cmd_user(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "add", cmd_add, "add a user" },
		{ "list", cmd_list, "list users" },
		{ "role", cmd_role, "give a user another role" },
		{ "disable", cmd_disable, "let a user in no more, from this moment on" },
		{ "enable", cmd_enable, "let a disabled user in again" },
		{ "password", cmd_password, "set a user's password, or take it away" },
	};

	return sub_run("user", "Users: who may come in, and as what. For admins.", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
