/* audit: `sluice audit`: who did what, when. */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/client.h"
#include "cli/table.h"

#include <stdio.h>
#include <unistd.h>

#define NAME "audit"
#define LIMIT_DEFAULT 50

struct wanted {
	struct client_flags client;
	const char *action, *kind, *since, *until;
	int64_t user_id, subject_id, limit;
	bool json;
};

struct lister {
	struct table table;
	int64_t left;
};

/* What else there is to say, in the words of the JSON text: it is short. */
static bool put_member(void *arg, struct str key, struct json *value)
{
	struct buf *out = arg;
	int64_t n;

	buf_fmt(out, "%s%.*s=", out->len > 0 ? " " : "", STR_FMT(key));
	if (json_kind(value) == JSON_STRING)
		buf_str(out, json_str(value));
	else if (json_kind(value) == JSON_BOOL)
		buf_z(out, json_is_true(value) ? "true" : "false");
	else if (json_int(value, &n))
		buf_fmt(out, "%lld", (long long)n);
	else
		for (size_t i = 0; i < json_len(value); i++)
			buf_fmt(out, "%s%.*s", i ? "," : "", STR_FMT(json_str(json_at(value, i))));
	return true;
}

static enum err_code put_row(void *arg, struct json *item, struct err *e)
{
	struct lister *l = arg;
	struct str at = json_str(json_get(item, "at")), address = json_str(json_get(item, "address"));
	int64_t id = 0;
	AUTO_BUF detail, subject;

	(void)e;
	buf_init(&detail, 64 * 1024);
	buf_init(&subject, 64 * 1024);
	json_each(json_get(item, "detail"), put_member, &detail);
	buf_str(&subject, json_str(json_get(item, "subject_kind")));
	if (json_int(json_get(item, "subject_id"), &id))
		buf_fmt(&subject, " %lld", (long long)id);
	table_put(&l->table, at.len >= 19 ? (struct str){ at.p, 19 } : at);
	table_put(&l->table, json_str(json_get(item, "actor")));
	table_put(&l->table, json_str(json_get(item, "action")));
	table_put(&l->table, buf_view(&subject));
	table_put(&l->table, json_str(json_get(item, "subject")));
	table_put(&l->table, detail.len > 0 ? buf_view(&detail) : STR("-"));
	table_put(&l->table, address.len > 0 ? address : STR("-"));
	return ERR_OK;
}

static void write_path(const struct wanted *w, struct buf *out)
{
	buf_z(out, "/api/v1/audit");
	query_add(out, "action", w->action);
	query_add(out, "subject_kind", w->kind);
	if (w->user_id > 0)
		query_add_int(out, "user_id", w->user_id);
	if (w->subject_id > 0)
		query_add_int(out, "subject_id", w->subject_id);
	query_add(out, "created_after", w->since);
	query_add(out, "created_before", w->until);
}

static enum err_code show(const struct wanted *w, struct err *e)
{
	static const char *const headings[] = { "AT", "WHO", "DID", "TO", "NAME", "DETAIL", "FROM" };
	AUTO_CLIENT c = { 0 };
	struct lister l = { 0 };
	enum err_code code;
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	TRY(client_init(&c, &w->client, e));
	write_path(w, &path);
	TRY(buf_check(&path, "request", e));
	if (w->json)
		return client_print_list(&c, buf_cstr(&path), w->limit, e);
	table_init(&l.table, headings, 7);
	code = client_each_first(&c, buf_cstr(&path), w->limit, put_row, &l, e);
	if (code == ERR_OK)
		code = table_print(&l.table, isatty(STDOUT_FILENO), e);
	table_done(&l.table);
	return code;
}

int cmd_audit(int argc, char **argv)
{
	struct wanted w = { .limit = LIMIT_DEFAULT };
	const struct opt opts[] = {
		{ "action", 0, OPT_STRING, "A", "only this kind of deed, such as token.create", &w.action },
		{ "user", 0, OPT_INT, "ID", "only what this user did", &w.user_id },
		{ "kind", 0, OPT_STRING, "K", "only what was done to a user, token, repo, step or session",
			&w.kind },
		{ "id", 0, OPT_INT, "ID", "only what was done to this one; with --kind", &w.subject_id },
		{ "since", 0, OPT_STRING, "TIME", "only from then on: 2026-01-31T00:00:00Z", &w.since },
		{ "until", 0, OPT_STRING, "TIME", "only before then", &w.until },
		{ "limit", 0, OPT_INT, "N", "how many, 0 for all (50)", &w.limit },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &w.json },
		CLIENT_OPTS(&w.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = NAME,
		.synopsis = "[OPTIONS]",
		.prose = "Shows who did what, when, newest first: tokens, users, repos, pins. For admins.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(NAME, "there is nothing to be done with \"%.60s\"", argv[0]);
	if (w.limit < 0)
		return command_usage_fail(NAME, "--limit is 0 or more");
	return show(&w, &e) == ERR_OK ? 0 : command_fail(NAME, &e);
}
