/* api_groups: errors that are the same, over runs and branches: listed, shown, and what people say of them. */
#include "api_table.h"

#include "http/error_json.h"

#define NEWEST_MAX 10 /* errors that are told with a group */

/* ---- the list ---- */

static void read_sort(struct str sort, struct group_query *q)
{
	static const struct {
		const char *name;
		enum group_order order;
	} orders[] = {
		{ "count", GROUPS_BY_COUNT },
		{ "newest", GROUPS_NEWEST },
		{ "last_seen", GROUPS_LAST_SEEN },
	};

	q->up = !str_starts(sort, STR("-"));
	sort = str_from(sort, q->up ? 0 : 1);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		if (str_eq(sort, str_z(orders[i].name)))
			q->order = orders[i].order;
}

static enum err_code read_new(const struct call *c, struct group_query *q, struct err *e)
{
	if (arg_has(c, "days") && !arg_bool(c, "new"))
		return err_field(e, "days", "goes with new=true: seen first within so many days");
	if (arg_has(c, "new_since") && arg_bool(c, "new"))
		return err_field(e, "new_since", "or new=true says since when; give one of them");
	if (arg_bool(c, "new"))
		q->new_since = c->now - (arg_has(c, "days") ? arg_int(c, "days") : 7) * DAY_MS;
	else if (arg_has(c, "new_since"))
		clock_parse(arg_str(c, "new_since"), &q->new_since); /* was read once already */
	return ERR_OK;
}

static enum err_code query_of(const struct call *c, struct group_query *ret, struct err *e)
{
	struct group_query q = { .repo = arg_str(c, "repo"),
		.forge = arg_str(c, "forge"),
		.flaky = arg_bool(c, "flaky"),
		.now = c->now,
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	enum group_state state;
	enum error_class class;

	if (group_state_find(arg_str(c, "state"), &state))
		q.states = 1u << state;
	if (error_class_find(arg_str(c, "class"), &class))
		q.classes = 1u << class;
	read_sort(arg_str(c, "sort"), &q);
	TRY(read_new(c, &q, e));
	*ret = q;
	return ERR_OK;
}

enum err_code api_list_groups(struct call *c, struct err *e)
{
	struct group *groups = NULL;
	struct group_query q;
	struct json_out j;
	int64_t total;
	size_t n = 0;

	TRY(query_of(c, &q, e));
	TRY(errors_groups(c->app->store, &c->identity, &q, &c->arena, &groups, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		group_json(&j, &groups[i]);
		json_close_object(&j);
	}
	reply_page_end(&j);
	return ERR_OK;
}

/* ---- one ---- */

static enum err_code reply_group(struct call *c, struct err *e)
{
	struct error *newest = NULL;
	struct group group;
	struct json_out j;
	size_t n = 0;

	TRY(errors_group(c->app->store, &c->identity, arg_int(c, "group_id"), NEWEST_MAX, c->now, &c->arena,
		&group, &newest, &n, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	group_json_detail(&j, &group, newest, n);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_group(struct call *c, struct err *e)
{
	return reply_group(c, e);
}

/* Of an issue null is none, as "" is. */
static struct group_change change_of(const struct call *c)
{
	struct group_change change = { .has_issue = json_get(c->body, "issue") != NULL,
		.issue = json_str(json_get(c->body, "issue")) };

	change.has_state = group_state_find(json_str(json_get(c->body, "state")), &change.state);
	clock_parse(json_str(json_get(c->body, "snoozed_until")), &change.snoozed_until);
	return change;
}

enum err_code api_change_group(struct call *c, struct err *e)
{
	struct group_change change = change_of(c);

	TRY(errors_group_change(c->app->store, &c->identity, arg_int(c, "group_id"), &change, c->now, e));
	return reply_group(c, e);
}
