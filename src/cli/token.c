/*
 * token: `sluice token create|list|revoke`.
 *
 * create prints the token alone on stdout and what there is to know of it on stderr, so that T=$(sluice token
 * create ...) works. It is shown once; the server keeps a digest.
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/digest.h"
#include "cli/client.h"
#include "cli/password.h"
#include "cli/sub.h"
#include "cli/table.h"
#include "model/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CREATE "token create"
#define LIST "token list"
#define REVOKE "token revoke"
#define TOKENS "/api/v1/auth/tokens"

struct create {
	struct client_flags client;
	const char *name, *repo, *forge, *host, *email;
	struct opt_many scopes;
	int64_t days, machine_days;
	bool json;
};

static enum err_code read_scopes(const struct create *r, scope_set *ret, struct err *e)
{
	scope_set set = 0, one;

	for (size_t i = 0; i < r->scopes.n; i++) {
		TRY(scope_parse(str_z(r->scopes.values[i]), &one, e));
		set |= one;
	}
	if (set == 0 && r->host)
		set = SCOPE_BIT(SCOPE_EPISODES_WRITE); /* what a host's token is for */
	if (set == 0 && r->repo)
		set = SCOPE_BIT(SCOPE_LOGS_WRITE); /* what a repo's token is for; else the server's default */
	*ret = set;
	return ERR_OK;
}

/* A token needs a name to be told from others: that of the repo, if nobody thought of one. */
static struct str name_of(const struct create *r, struct arena *a)
{
	struct str name = str_z(r->name ? r->name : r->repo ? r->repo : r->host ? r->host : "cli");
	char *p;

	if (r->name)
		return name;
	if (name.len > TOKEN_NAME_MAX)
		name.len = TOKEN_NAME_MAX;
	p = arena_cstr(a, name);
	for (size_t i = 0; i < name.len; i++)
		if (p[i] == '/' || p[i] == '.')
			p[i] = '-';
	return (struct str){ p, name.len };
}

static enum err_code write_request(
	const struct create *r, struct str password, struct arena *a, struct buf *out, struct err *e)
{
	struct json_out j;
	scope_set set;

	TRY(read_scopes(r, &set, e));
	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_str(&j, "token_name", name_of(r, a));
	if (r->days != 0)
		json_put_int(&j, "expires_in_days", r->days);
	if (r->repo)
		json_put_z(&j, "repository", r->repo);
	if (r->forge)
		json_put_z(&j, "forge", r->forge);
	if (r->host)
		json_put_z(&j, "host", r->host);
	if (r->machine_days != 0)
		json_put_int(&j, "machine_days", r->machine_days);
	if (r->email) {
		json_put_z(&j, "email", r->email);
		json_put_str(&j, "password", password);
	}
	if (set != 0) {
		json_open_array(&j, "scopes");
		for (enum scope s = 0; s < SCOPE_N; s++)
			if (set & SCOPE_BIT(s))
				json_put_z(&j, NULL, scope_name(s));
		json_close_array(&j);
	}
	json_close_object(&j);
	return buf_check(out, "request", e);
}

static void join_scopes(struct json *scopes, struct buf *out)
{
	for (size_t i = 0; i < json_len(scopes); i++)
		buf_fmt(out, "%s%.*s", i ? " " : "", STR_FMT(json_str(json_at(scopes, i))));
}

static enum err_code tell(const struct create *r, const struct client *c, struct err *e)
{
	struct json *root = client_root(c);
	struct str token = json_str(json_get(root, "token")), until = json_str(json_get(root, "expires_at"));
	int64_t id = 0;
	AUTO_BUF scopes = { 0 };

	if (token.len == 0)
		return err_set(e, ERR_NETWORK, "the answer has no token; is it a Sluice server?");
	if (r->json) {
		TRY(print_all(buf_view(&c->body), e));
		return print_all(STR("\n"), e);
	}
	buf_init(&scopes, 16 * 1024);
	join_scopes(json_get(root, "scopes"), &scopes);
	json_int(json_get(root, "id"), &id);
	command_say(CREATE, "token %lld, %s%s%s, good until %.*s; it is shown this once", (long long)id,
		buf_cstr(&scopes), r->repo ? " for " : "", r->repo ? r->repo : "",
		(int)(until.len < 10 ? until.len : 10), until.p);
	TRY(print_all(token, e));
	return print_all(STR("\n"), e);
}

/* With a password no token is sent along: the one in the environment is another's, or has expired. */
static enum err_code ask_for_it(const struct create *r, struct client *c, struct err *e)
{
	char what[300];
	enum err_code code = ERR_OK;
	AUTO_ARENA a;
	AUTO_BUF body, password;

	arena_init(&a);
	buf_init(&body, 64 * 1024);
	buf_init(&password, PASSWORD_LINE_MAX + 1);
	if (r->email) {
		snprintf(what, sizeof what, "Password of %.200s", r->email);
		code = password_read(what, false, &password, e);
		client_forget_token(c);
	}
	if (code == ERR_OK)
		code = write_request(r, buf_view(&password), &a, &body, e);
	if (code == ERR_OK)
		code = client_call(c, "POST", TOKENS, &body, e);
	secret_wipe(password.p, password.len);
	secret_wipe(body.p, body.len);
	return code;
}

static enum err_code create(const struct create *r, struct err *e)
{
	AUTO_CLIENT c = { 0 };

	TRY(client_init(&c, &r->client, e));
	TRY(ask_for_it(r, &c, e));
	return tell(r, &c, e);
}

static int cmd_create(int argc, char **argv)
{
	struct create r = { 0 };
	const struct opt opts[] = {
		{ "name", 0, OPT_STRING, "N",
			"name of the token: letters, digits, '_' and '-' (else that of the repo)", &r.name },
		{ "scope", 0, OPT_MANY, "S",
			"what it may do (else logs:write with --repo, episodes:write with --host, runs:read "
			"and results:read without)",
			&r.scopes },
		{ "repo", 0, OPT_STRING, "O/R", "bind it to this repo", &r.repo },
		{ "forge", 0, OPT_STRING, "NAME", "forge of the repo (else the server's default)", &r.forge },
		{ "host", 0, OPT_STRING, "H", "bind it to this host: it sends and reads episodes", &r.host },
		{ "days", 0, OPT_INT, "N", "how long it is good: 1 to 30 (7)", &r.days },
		{ "machine-days", 0, OPT_INT, "N",
			"make it a machine's, good for 1 to 3650 days; with --repo or --host, for admins",
			&r.machine_days },
		{ "email", 0, OPT_STRING, "ADDRESS",
			"ask as this user, with their password: asked for on the terminal, or standard "
			"input's first line",
			&r.email },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = CREATE,
		.synopsis = "[OPTIONS]",
		.prose = "Makes a token and prints it, once. It may do no more than the one that asks, or "
			 "with\n"
			 "--email than the role of that user.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_GO) {
		if (argc > 0)
			exit_code = command_usage_fail(
				CREATE, "there is nothing to be done with \"%.60s\"", argv[0]);
		else
			exit_code = create(&r, &e) == ERR_OK ? 0 : command_fail(CREATE, &e);
	}
	free(r.scopes.values);
	return exit_code;
}

struct lister {
	struct table table;
	char now[CLOCK_RFC3339_LEN];
};

static struct str state_of(struct json *item, const char *now)
{
	struct str expires = json_str(json_get(item, "expires_at"));

	if (json_is_true(json_get(item, "is_revoked")))
		return STR("revoked");
	/* Times in one form and one zone sort as text. */
	if (expires.len > 0 && strncmp(expires.p, now, expires.len) < 0)
		return STR("expired");
	return STR("good");
}

static enum err_code put_row(void *arg, struct json *item, struct err *e)
{
	struct lister *l = arg;
	struct str expires = json_str(json_get(item, "expires_at")),
		   repo = json_str(json_get(item, "repository")), host = json_str(json_get(item, "host")),
		   used = json_str(json_get(item, "last_used_at"));
	int64_t id = 0, user = 0;
	AUTO_BUF scopes;

	(void)e;
	buf_init(&scopes, 16 * 1024);
	join_scopes(json_get(item, "scopes"), &scopes);
	json_int(json_get(item, "id"), &id);
	json_int(json_get(item, "user_id"), &user);
	table_put_int(&l->table, id);
	table_put_int(&l->table, user);
	table_put(&l->table, json_str(json_get(item, "token_name")));
	table_put(&l->table, state_of(item, l->now));
	table_put(&l->table, expires.len >= 10 ? (struct str){ expires.p, 10 } : STR("never"));
	table_put(&l->table, used.len >= 16 ? (struct str){ used.p, 16 } : STR("never"));
	table_put(&l->table, repo.len > 0 ? repo : host.len > 0 ? host : STR("-"));
	table_put(&l->table, buf_view(&scopes));
	return ERR_OK;
}

static enum err_code print_rows(struct client *c, const char *path, struct lister *l, struct err *e)
{
	static const char *const headings[] = { "ID", "USER", "NAME", "STATE", "UNTIL", "LAST USE",
		"REPO OR HOST", "SCOPES" };

	clock_rfc3339(clock_wall_ms(&clock_system), l->now);
	table_init(&l->table, headings, 8);
	TRY(client_each(c, path, put_row, l, e));
	return table_print(&l->table, isatty(STDOUT_FILENO), e);
}

static enum err_code list(const struct client_flags *flags, bool all, bool as_json, struct err *e)
{
	const char *path = all ? TOKENS "?all=true" : TOKENS;
	AUTO_CLIENT c = { 0 };
	struct lister l = { 0 };
	enum err_code code;

	TRY(client_init(&c, flags, e));
	if (as_json)
		return client_print_list(&c, path, 0, e);
	code = print_rows(&c, path, &l, e);
	table_done(&l.table);
	return code;
}

static int cmd_list(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	bool all = false, json = false;
	const struct opt opts[] = {
		{ "all", 0, OPT_FLAG, NULL, "everybody's; for admins", &all },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = LIST,
		.synopsis = "[OPTIONS]",
		.prose = "Lists tokens, newest first: id, user, name, state, until when, last use, repo or "
			 "host, scopes.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(LIST, "there is nothing to be done with \"%.60s\"", argv[0]);
	return list(&flags, all, json, &e) == ERR_OK ? 0 : command_fail(LIST, &e);
}

static enum err_code revoke_token(const struct client_flags *flags, const char *which, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	char path[100];

	TRY(client_init(&c, flags, e));
	snprintf(path, sizeof path, TOKENS "/%s", which);
	return client_call(&c, "DELETE", path, NULL, e);
}

static int cmd_revoke(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const struct opt opts[] = { CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = REVOKE,
		.synopsis = "[OPTIONS] ID|current",
		.prose = "Revokes a token at once: by its id, or the one that asks.",
		.opts = opts };
	int64_t id = 0;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(
			REVOKE, "one token is needed: sluice token revoke ID (`sluice token list` shows it)");
	if (strcmp(argv[0], "current") != 0 && (!str_to_int(str_z(argv[0]), &id) || id < 1))
		return command_usage_fail(REVOKE, "a token goes by its id, a number, not \"%.60s\"", argv[0]);
	return revoke_token(&flags, id > 0 ? argv[0] : "current", &e) == ERR_OK ? 0
										: command_fail(REVOKE, &e);
}

int cmd_token(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "create", cmd_create, "make a token and print it, once" },
		{ "list", cmd_list, "list tokens, never their text" },
		{ "revoke", cmd_revoke, "revoke a token at once" },
	};

	return sub_run("token", "Tokens: what programs and people show to the server.", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
