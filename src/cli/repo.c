/* repo: `sluice repo add|list|set|remove`, which repos may send. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/sub.h"
#include "cli/table.h"

#include <stdio.h>
#include <unistd.h>

#define ADD "repo add"
#define LIST "repo list"
#define SET "repo set"
#define REMOVE "repo remove"

static enum err_code add(
	const struct client_flags *flags, const char *repo, const char *forge, bool as_json, struct err *e)
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
	TRY(client_call(&c, "POST", "/api/v1/repos", &body, e));
	if (as_json)
		buf_str(&line, buf_view(&c.body));
	else
		buf_fmt(&line, "%s is watched%s", repo, c.status == 200 ? " already" : " now");
	buf_char(&line, '\n');
	return print_all(buf_view(&line), e);
}

static int cmd_add(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const char *forge = NULL;
	bool json = false;
	const struct opt opts[] = {
		{ "forge", 0, OPT_STRING, "NAME", "forge that it is on (else the server's default)", &forge },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = ADD,
		.synopsis = "[OPTIONS] OWNER/NAME",
		.prose = "Watches a repo: only watched ones may send. Again is no error.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(ADD, "one repo is needed: sluice repo add OWNER/NAME");
	return add(&flags, argv[0], forge, json, &e) == ERR_OK ? 0 : command_fail(ADD, &e);
}

static enum err_code put_row(void *arg, struct json *item, struct err *e)
{
	struct table *t = arg;
	int64_t id = 0;

	(void)e;
	json_int(json_get(item, "repo_id"), &id);
	table_put_int(t, id);
	table_put(t, json_str(json_get(item, "forge")));
	table_put(t, json_str(json_get(item, "repo")));
	table_put(t, json_str(json_get(item, "added_at")));
	table_put(t, json_str(json_get(item, "visibility")));
	return ERR_OK;
}

static enum err_code put_json(void *arg, struct json *item, struct err *e)
{
	struct json_out *j = arg;
	int64_t id = 0;

	json_int(json_get(item, "repo_id"), &id);
	json_open_object(j, NULL);
	json_put_int(j, "repo_id", id);
	json_put_str(j, "forge", json_str(json_get(item, "forge")));
	json_put_str(j, "repo", json_str(json_get(item, "repo")));
	json_put_str(j, "visibility", json_str(json_get(item, "visibility")));
	json_put_str(j, "added_at", json_str(json_get(item, "added_at")));
	json_close_object(j);
	return buf_check(j->out, "list", e);
}

static enum err_code list_json(struct client *c, const char *path, struct err *e)
{
	struct json_out j;
	AUTO_BUF out;

	buf_init(&out, 64 * 1024 * 1024);
	json_out_init(&j, &out);
	json_open_array(&j, NULL);
	TRY(client_each(c, path, put_json, &j, e));
	json_close_array(&j);
	buf_char(&out, '\n');
	TRY(buf_check(&out, "list", e));
	return print_all(buf_view(&out), e);
}

static enum err_code list(const struct client_flags *flags, const char *forge, bool as_json, struct err *e)
{
	static const char *const headings[] = { "ID", "FORGE", "REPO", "WATCHED SINCE", "FOR" };
	AUTO_CLIENT c = { 0 };
	AUTO_TABLE t = { 0 };
	AUTO_BUF path = { 0 };

	TRY(client_init(&c, flags, e));
	buf_init(&path, 16 * 1024);
	buf_z(&path, "/api/v1/repos");
	query_add(&path, "forge", forge);
	if (as_json)
		return list_json(&c, buf_cstr(&path), e);
	table_init(&t, headings, 5);
	TRY(client_each(&c, buf_cstr(&path), put_row, &t, e));
	return table_print(&t, isatty(STDOUT_FILENO), e);
}

static int cmd_list(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const char *forge = NULL;
	bool json = false;
	const struct opt opts[] = {
		{ "forge", 0, OPT_STRING, "NAME", "only those of this forge", &forge },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &json },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = LIST,
		.synopsis = "[OPTIONS]",
		.prose = "Lists the repos that are watched: id, forge, name, since when, for whom their "
			 "pages are.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(LIST, "there is nothing to be done with \"%.60s\"", argv[0]);
	return list(&flags, forge, json, &e) == ERR_OK ? 0 : command_fail(LIST, &e);
}

struct found {
	int64_t id;
	size_t n;
};

static enum err_code count(void *arg, struct json *item, struct err *e)
{
	struct found *f = arg;

	f->n++;
	if (!json_int(json_get(item, "repo_id"), &f->id))
		return err_set(e, ERR_NETWORK, "the answer has no repo_id; is it a Sluice server?");
	return ERR_OK;
}

static enum err_code find(
	struct client *c, const char *repo, const char *forge, int64_t *ret_id, struct err *e)
{
	struct found f = { 0 };
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	buf_z(&path, "/api/v1/repos");
	query_add(&path, "repo", repo);
	query_add(&path, "forge", forge);
	TRY(client_each(c, buf_cstr(&path), count, &f, e));
	if (f.n == 0)
		return err_set(
			e, ERR_NOT_FOUND, "%.120s is not watched; `sluice repo list` shows what is", repo);
	if (f.n > 1)
		return err_set(e, ERR_INVALID, "%.120s is watched on %zu forges; say which with --forge NAME",
			repo, f.n);
	*ret_id = f.id;
	return ERR_OK;
}

static enum err_code set_repo(const struct client_flags *flags, const char *repo, const char *forge,
	const char *visibility, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json_out j;
	char path[64];
	int64_t id = 0;
	AUTO_BUF body;

	buf_init(&body, 64 * 1024);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "visibility", visibility);
	json_close_object(&j);
	TRY(client_init(&c, flags, e));
	TRY(find(&c, repo, forge, &id, e));
	snprintf(path, sizeof path, "/api/v1/repos/%lld", (long long)id);
	return client_call(&c, "PATCH", path, &body, e);
}

static int cmd_set(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const char *forge = NULL, *visibility = NULL;
	const struct opt opts[] = {
		{ "visibility", 0, OPT_STRING, "WHO",
			"who sees it: users (everybody) or members (admins, machines, and those of whom its "
			"forge said so; it is not asked yet)",
			&visibility },
		{ "forge", 0, OPT_STRING, "NAME", "forge that it is on, if it is watched on several",
			&forge },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = SET,
		.synopsis = "--visibility WHO OWNER/NAME",
		.prose = "Says who sees the pages of a repo. Tokens see what their scopes say.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1 || !visibility)
		return command_usage_fail(SET,
			"a repo and who sees it are needed: sluice repo set --visibility members OWNER/NAME");
	return set_repo(&flags, argv[0], forge, visibility, &e) == ERR_OK ? 0 : command_fail(SET, &e);
}

/* Where a person sits, once more: what goes is gone. Scripts are not asked. */
static bool is_meant(const char *repo)
{
	int answer, next;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return true;
	fprintf(stderr, "Stop watching %.120s and delete all that it sent? [y/N] ", repo);
	answer = getchar();
	for (next = answer; next != '\n' && next != EOF;)
		next = getchar();
	return answer == 'y' || answer == 'Y';
}

static enum err_code remove_repo(
	const struct client_flags *flags, const char *repo, const char *forge, bool sure, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	char path[64];
	int64_t id = 0;

	TRY(client_init(&c, flags, e));
	TRY(find(&c, repo, forge, &id, e));
	if (!sure && !is_meant(repo))
		return err_set(e, ERR_CONFLICT, "nothing was removed");
	snprintf(path, sizeof path, "/api/v1/repos/%lld", (long long)id);
	return client_call(&c, "DELETE", path, NULL, e);
}

static int cmd_remove(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const char *forge = NULL;
	bool yes = false;
	const struct opt opts[] = {
		{ "forge", 0, OPT_STRING, "NAME", "forge that it is on, if it is watched on several",
			&forge },
		{ "yes", 'y', OPT_FLAG, NULL, "do not ask, on a terminal either", &yes },
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = REMOVE,
		.synopsis = "[OPTIONS] OWNER/NAME",
		.prose = "Stops watching a repo. What it sent is deleted, tokens bound to it are revoked.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(REMOVE, "one repo is needed: sluice repo remove OWNER/NAME");
	return remove_repo(&flags, argv[0], forge, yes, &e) == ERR_OK ? 0 : command_fail(REMOVE, &e);
}

int cmd_repo(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "add", cmd_add, "watch a repo, so that it may send" },
		{ "list", cmd_list, "list the repos that are watched" },
		{ "set", cmd_set, "say who sees the pages of one" },
		{ "remove", cmd_remove, "stop watching one and delete what it sent" },
	};

	return sub_run("repo", "Which repos may send: only watched ones.", subs, sizeof subs / sizeof *subs,
		argc, argv);
}
