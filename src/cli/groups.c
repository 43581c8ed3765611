/*
 * groups: `sluice groups`, errors that are the same over runs and branches: listed, shown, and what people say of them.
 *
 * Without a word that is a command of its own it lists; `groups show 5` and the others take the number of a group.
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "cli/client.h"
#include "cli/error_text.h"
#include "cli/json_copy.h"
#include "cli/sub.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX (64 * 1024 * 1024)
#define LIST_MAX 10000
#define PAGE_MAX 100

static int64_t number(struct json *object, const char *key)
{
	int64_t n = 0;

	json_int(json_get(object, key), &n);
	return n;
}

static struct str text(struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

/* ---- the list ---- */

struct list_request {
	struct client_flags client;
	const char *repo, *forge, *state, *class, *sort;
	int64_t days, most;
	bool new, flaky, json;
};

/* "open", "resolved, flaky" */
static struct str state_of(struct table *t, struct json *group)
{
	struct str state = text(group, "state");
	bool flaky = json_is_true(json_get(group, "flaky"));

	return arena_fmt(&t->arena, "%.*s%s", STR_FMT(state), flaky ? ", flaky" : "");
}

static struct str date_of(struct table *t, struct str time)
{
	AUTO_BUF date;

	buf_init(&date, 1000);
	error_text_date(time, &date);
	return arena_str(&t->arena, buf_view(&date));
}

static struct str count_of(struct table *t, struct json *counts)
{
	int64_t n = number(counts, "days_30");

	return n < 0 ? STR(">10000") : arena_fmt(&t->arena, "%lld", (long long)n);
}

static void put_row(struct table *t, struct json *group)
{
	table_put_int(t, number(group, "group_id"));
	table_put(t, state_of(t, group));
	table_put(t, count_of(t, json_get(group, "counts")));
	table_put(t, date_of(t, text(group, "first_seen_at")));
	table_put(t, date_of(t, text(group, "last_seen_at")));
	table_put(t, text(group, "repo"));
	table_put(t, text(group, "class"));
	table_put(t, text(group, "message"));
}

struct listing {
	struct table *table; /* or */
	struct json_out *json;
};

static void put_page(struct listing *l, struct json *data)
{
	for (size_t i = 0; i < json_len(data); i++)
		if (l->table)
			put_row(l->table, json_at(data, i));
		else
			json_copy(l->json, NULL, json_at(data, i));
}

/* As many as are wanted, over as many pages as that takes. */
static enum err_code read_list(
	struct client *c, const char *path, int64_t most, struct listing *l, struct err *e)
{
	int64_t offset = 0, next = 0;
	AUTO_BUF paged;

	buf_init(&paged, 64 * 1024);
	while (offset < most) {
		buf_reset(&paged);
		buf_z(&paged, path);
		query_add_int(&paged, "limit", most - offset < PAGE_MAX ? most - offset : PAGE_MAX);
		query_add_int(&paged, "offset", offset);
		TRY(client_call(c, "GET", buf_cstr(&paged), NULL, e));
		put_page(l, json_get(client_root(c), "data"));
		if (!json_int(json_get(json_get(client_root(c), "pagination"), "next_offset"), &next) ||
			next <= offset)
			return ERR_OK;
		offset = next;
	}
	command_say("groups", "there are more; --limit N shows so many");
	return ERR_OK;
}

static void write_query(const struct list_request *r, struct buf *path)
{
	buf_z(path, "/api/v1/groups");
	query_add(path, "repo", r->repo);
	query_add(path, "forge", r->forge);
	query_add(path, "state", r->state);
	query_add(path, "class", r->class);
	query_add(path, "sort", r->sort);
	query_add(path, "flaky", r->flaky ? "true" : NULL);
	query_add(path, "new", r->new || r->days != 0 ? "true" : NULL);
	if (r->days != 0)
		query_add_int(path, "days", r->days);
}

static enum err_code print_list_json(
	struct client *c, const char *path, const struct list_request *r, struct err *e)
{
	struct json_out j;
	struct listing l = { .json = &j };
	AUTO_BUF out;

	buf_init(&out, OUT_MAX);
	json_out_init(&j, &out);
	json_open_array(&j, NULL);
	TRY(read_list(c, path, r->most, &l, e));
	json_close_array(&j);
	buf_char(&out, '\n');
	TRY(buf_check(&out, "list", e));
	return print_all(buf_view(&out), e);
}

static enum err_code list(const struct list_request *r, struct err *e)
{
	static const char *const headings[] = { "ID", "STATE", "30 DAYS", "FIRST SEEN", "LAST SEEN", "REPO",
		"CLASS", "MESSAGE" };
	AUTO_CLIENT c = { 0 };
	AUTO_TABLE t = { 0 };
	AUTO_BUF path = { 0 };
	struct listing l = { .table = &t };

	TRY(client_init(&c, &r->client, e));
	buf_init(&path, 16 * 1024);
	write_query(r, &path);
	TRY(buf_check(&path, "request", e));
	if (r->json)
		return print_list_json(&c, buf_cstr(&path), r, e);
	table_init(&t, headings, 8);
	TRY(read_list(&c, buf_cstr(&path), r->most, &l, e));
	return table_print(&t, isatty(STDOUT_FILENO), e);
}

static int cmd_list(int argc, char **argv)
{
	struct list_request r = { .most = 50 };
	const struct opt opts[] = {
		{ "new", 0, OPT_FLAG, NULL, "only those that were seen first in the last 7 days", &r.new },
		{ "days", 0, OPT_INT, "N", "or in the last N days", &r.days },
		{ "flaky", 0, OPT_FLAG, NULL, "only those that passed and failed on one commit", &r.flaky },
		{ "state", 0, OPT_STRING, "S", "only those that are open, snoozed or resolved", &r.state },
		{ "class", 0, OPT_STRING, "CLASS", "only those of this class: compile, test, network, ..",
			&r.class },
		{ "forge", 0, OPT_STRING, "NAME", "only those of this forge", &r.forge },
		{ "sort", 0, OPT_STRING, "BY",
			"count (of 30 days), newest or last_seen; -count and so on downwards (-last_seen)",
			&r.sort },
		{ "limit", 'n', OPT_INT, "N", "at most N of them (50)", &r.most },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "groups",
		.synopsis = "[OPTIONS] [OWNER/NAME] | show|resolve|snooze|reopen ID",
		.prose = "Lists errors that are the same over runs and branches: number, state, how often\n"
			 "in 30 days, first and last seen, repo, class and message. `sluice groups show ID`\n"
			 "tells all about one; resolve, snooze and reopen say what is to be done with it.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 1)
		return command_usage_fail(
			"groups", "there is nothing to be done with \"%.60s\"", argv[argc - 1]);
	if (r.most < 1 || r.most > LIST_MAX)
		return command_usage_fail("groups", "--limit goes from 1 to %d", LIST_MAX);
	r.repo = argc > 0 ? argv[0] : NULL;
	return list(&r, &e) == ERR_OK ? 0 : command_fail("groups", &e);
}

/* ---- one ---- */

static void put_line(const char *what, struct str value, struct buf *out)
{
	if (value.len == 0)
		return;
	buf_fmt(out, "  %s: ", what);
	error_text_name(value, out);
	buf_char(out, '\n');
}

static void put_seen(struct json *g, struct buf *out)
{
	buf_z(out, "  first seen: ");
	error_text_date(text(g, "first_seen_at"), out);
	buf_z(out, " in ");
	error_text_sha(text(g, "new_in_sha"), out);
	buf_z(out, "\n  last seen: ");
	error_text_date(text(g, "last_seen_at"), out);
	buf_char(out, '\n');
	if (json_is_true(json_get(g, "flaky"))) {
		buf_z(out, "  flaky: on ");
		error_text_date(text(g, "flaky_at"), out);
		buf_z(out, ", ");
		error_text_sha(text(g, "flaky_sha"), out);
		buf_char(out, '\n');
	}
	if (text(g, "fixed_in").len > 0) {
		buf_z(out, "  fixed in: ");
		error_text_sha(text(g, "fixed_in"), out);
		buf_char(out, '\n');
	}
}

static void put_count(int64_t n, const char *what, struct buf *out)
{
	if (n < 0)
		buf_fmt(out, "more than 10000 %s", what);
	else
		buf_fmt(out, "%lld %s", (long long)n, what);
}

static void put_counts(struct json *g, struct buf *out)
{
	struct json *counts = json_get(g, "counts");

	buf_z(out, "  errors: ");
	put_count(number(counts, "hours_24"), "in 24 hours, ", out);
	put_count(number(counts, "days_7"), "in 7 days, ", out);
	put_count(number(counts, "days_30"), "in 30 days, ", out);
	put_count(number(counts, "all"), "in all", out);
	buf_fmt(out, "; runs: %lld, branches: %lld\n", (long long)number(g, "runs"),
		(long long)number(g, "branches"));
}

static void put_newest(struct json *error, struct buf *out)
{
	AUTO_BUF lines;

	buf_init(&lines, 1000);
	error_text_lines(error, &lines);
	buf_z(out, "  ");
	error_text_date(text(error, "occurred_at"), out);
	buf_fmt(out, ", step %lld", (long long)number(error, "step_id"));
	if (json_kind(json_get(error, "location")) == JSON_OBJECT) {
		buf_z(out, ", ");
		error_text_place(json_get(error, "location"), out);
	}
	if (lines.len > 0)
		buf_fmt(out, ", %.*s", STR_FMT(buf_view(&lines)));
	buf_char(out, '\n');
}

static void put_group(struct json *g, struct buf *out)
{
	struct json *why = json_get(g, "why"), *errors = json_get(g, "errors");

	buf_fmt(out, "group %lld of ", (long long)number(g, "group_id"));
	error_text_name(text(g, "repo"), out);
	buf_z(out, ": ");
	error_text_name(text(g, "state"), out);
	buf_char(out, '\n');
	put_line("class", text(g, "class"), out);
	error_text_message(text(g, "message"), "  ", out);
	put_counts(g, out);
	put_seen(g, out);
	put_line("snoozed until", text(g, "snoozed_until"), out);
	put_line("seen again after it was resolved", text(g, "reopened_at"), out);
	put_line("issue", text(g, "issue"), out);
	buf_z(out, json_len(why) > 0 ? "What its errors have in common:\n" : "");
	for (size_t i = 0; i < json_len(why); i++) {
		buf_z(out, "  ");
		error_text_name(json_str(json_at(why, i)), out);
		buf_char(out, '\n');
	}
	buf_z(out, json_len(errors) > 0 ? "The newest of them:\n" : "");
	for (size_t i = 0; i < json_len(errors); i++)
		put_newest(json_at(errors, i), out);
}

struct one_request {
	struct client_flags client;
	int64_t id;
	const char *state; /* NULL: as it is */
	const char *until, *issue;
	bool json;
};

static enum err_code print_group(struct client *c, const struct one_request *r, struct err *e)
{
	AUTO_BUF out;

	buf_init(&out, OUT_MAX);
	if (r->json)
		buf_str(&out, buf_view(&c->body));
	else if (r->state)
		buf_fmt(&out, "group %lld is %.*s", (long long)r->id, STR_FMT(text(client_root(c), "state")));
	else
		put_group(client_root(c), &out);
	if (out.len == 0 || out.p[out.len - 1] != '\n')
		buf_char(&out, '\n');
	TRY(buf_check(&out, "group", e));
	return print_all(buf_view(&out), e);
}

static enum err_code show(const struct one_request *r, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	char path[64];

	TRY(client_init(&c, &r->client, e));
	snprintf(path, sizeof path, "/api/v1/groups/%lld", (long long)r->id);
	TRY(client_call(&c, "GET", path, NULL, e));
	return print_group(&c, r, e);
}

static enum err_code change(const struct one_request *r, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json_out j;
	char path[64];
	AUTO_BUF body;

	buf_init(&body, 64 * 1024);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "state", r->state);
	if (r->until)
		json_put_z(&j, "snoozed_until", r->until);
	if (r->issue)
		json_put_z(&j, "issue", r->issue);
	json_close_object(&j);
	TRY(buf_check(&body, "request", e));
	TRY(client_init(&c, &r->client, e));
	snprintf(path, sizeof path, "/api/v1/groups/%lld", (long long)r->id);
	TRY(client_call(&c, "PATCH", path, &body, e));
	return print_group(&c, r, e);
}

/* Until when: "7d", "12h", a day or a time; as RFC 3339 in room. NULL: it is none of these. */
static const char *read_until(const char *said, int64_t now, char room[CLOCK_RFC3339_LEN])
{
	struct str s = str_z(said);
	char unit = s.len > 1 ? s.p[s.len - 1] : '\0', day[64];
	int64_t n = 0, ms = 0;

	if ((unit == 'd' || unit == 'h') && str_to_int((struct str){ s.p, s.len - 1 }, &n)) {
		if (n < 1 || n > 36500)
			return NULL;
		return clock_rfc3339(now + n * (unit == 'd' ? DAY_MS : DAY_MS / 24), room);
	}
	snprintf(day, sizeof day, "%.30sT00:00:00Z", said);
	if (clock_parse(s, &ms) || (s.len == 10 && clock_parse(str_z(day), &ms)))
		return clock_rfc3339(ms, room);
	return NULL;
}

static int run_one(const struct command_usage *usage, struct one_request *r, int argc, char **argv)
{
	char until[CLOCK_RFC3339_LEN];
	int exit_code;
	struct err e;

	if (command_options(usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1 || !str_to_int(str_z(argv[0]), &r->id) || r->id < 1)
		return command_usage_fail(
			usage->name, "one group is needed, by its number: sluice %s ID", usage->name);
	if (r->until) {
		r->until = read_until(r->until, clock_wall_ms(&clock_system), until);
		if (!r->until)
			return command_usage_fail(usage->name,
				"--until takes 7d, 12h, a day (2026-10-01) or a time in RFC 3339");
	} else if (r->state && strcmp(r->state, "snoozed") == 0) {
		return command_usage_fail(usage->name, "until when? --until 7d, or --until 2026-10-01");
	}
	return (r->state ? change : show)(r, &e) == ERR_OK ? 0 : command_fail(usage->name, &e);
}

static int cmd_show(int argc, char **argv)
{
	struct one_request r = { 0 };
	const struct opt opts[] = {
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "groups show",
		.synopsis = "[OPTIONS] ID",
		.prose = "Tells all about a group: how often and since when, what its errors have in\n"
			 "common, and the newest of them.",
		.opts = opts };

	return run_one(&usage, &r, argc, argv);
}

static int set_state(const char *name, const char *state, const char *prose, int argc, char **argv)
{
	struct one_request r = { .state = state };
	const struct opt opts[] = {
		{ "issue", 0, OPT_STRING, "URL", "where it is dealt with", &r.issue },
		{ "json", 0, OPT_FLAG, NULL, "print JSON: the group as it is now", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = {
		.name = name, .synopsis = "[OPTIONS] ID", .prose = prose, .opts = opts
	};

	return run_one(&usage, &r, argc, argv);
}

static int cmd_resolve(int argc, char **argv)
{
	return set_state("groups resolve", "resolved",
		"Says that it is mended. Seen again after that it is open again.", argc, argv);
}

static int cmd_reopen(int argc, char **argv)
{
	return set_state(
		"groups reopen", "open", "Says that it is neither mended nor to be put off.", argc, argv);
}

static int cmd_snooze(int argc, char **argv)
{
	struct one_request r = { .state = "snoozed" };
	const struct opt opts[] = {
		{ "until", 0, OPT_STRING, "WHEN", "7d, 12h, a day (2026-10-01), or a time in RFC 3339",
			&r.until },
		{ "issue", 0, OPT_STRING, "URL", "where it is dealt with", &r.issue },
		{ "json", 0, OPT_FLAG, NULL, "print JSON: the group as it is now", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "groups snooze",
		.synopsis = "[OPTIONS] --until WHEN ID",
		.prose = "Puts it off: it is open again at that time.",
		.opts = opts };

	return run_one(&usage, &r, argc, argv);
}

int cmd_groups(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "show", cmd_show, "tell all about one" },
		{ "resolve", cmd_resolve, "say that it is mended" },
		{ "snooze", cmd_snooze, "put it off until a time" },
		{ "reopen", cmd_reopen, "say that it is neither" },
	};
	bool lists = argc < 2 || argv[1][0] == '-' || strchr(argv[1], '/');

	if (lists)
		return cmd_list(argc, argv);
	return sub_run("groups", "Errors that are the same over runs and branches.", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
