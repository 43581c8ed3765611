/* story: see the header. */
#include "tests/store/story.h"

#include <stdio.h>
#include <string.h>

/* ---- saying what was found ---- */

int64_t due_of(int64_t step_id)
{
	struct db *db = NULL;
	int64_t due = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(db_int(db, "SELECT explain_due FROM step WHERE id = $1", DB_ARGS(DB_I(step_id)), &due, &e), &e);
	store_reader_put(fx.store, db);
	return due;
}

enum err_code replace_w(struct db *db, void *arg, struct err *e)
{
	return errors_replace(db, arg, e);
}

enum err_code mark_w(struct db *db, void *arg, struct err *e)
{
	return explaining_mark(db, *(int64_t *)arg, e);
}

/* A cause; change what matters. Its fingerprint is its message. */
struct error cause(const char *message)
{
	return (struct error){ .role = ERROR_CAUSE,
		.class = CLASS_COMPILE,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_RULE,
		.rule = STR("gcc/error"),
		.tool = STR("gcc"),
		.code = STR("C1"),
		.file = STR("src/pump.c"),
		.line = 12,
		.col = 3,
		.from_line = 10,
		.to_line = 14,
		.head_line = 10,
		.start_byte = 100,
		.end_byte = 200,
		.message = str_z(message),
		.fingerprint = str_z(message) };
}

void replace(int64_t step_id, const struct error *errors, size_t n)
{
	struct str templates[32];
	struct explained x = { .step = { step_id, due_of(step_id) },
		.now = EXPLAINED_AT,
		.errors = errors,
		.templates = templates,
		.n = n };

	assert_true(n <= 32);
	for (size_t i = 0; i < n; i++)
		templates[i] = errors[i].message;
	must_write(replace_w, &x);
	assert_int_equal(due_of(step_id), 0);
}

/* One error each, with these messages; NULL ends them. */
void found(int64_t step_id, const char *one, const char *two)
{
	struct error errors[2] = { cause(one ? one : ""), cause(two ? two : "") };

	if (two)
		errors[1].head_line = 20;
	replace(step_id, errors, one ? two ? 2 : 1 : 0);
}

/* ---- steps of a story ---- */

int64_t repo;

int one_repo(void **state)
{
	if (store_up(state) != 0)
		return -1;
	repo = add_repo("home", "acme/pump");
	return 0;
}

/* The step "test" of a run of a commit. */
int64_t step_of(const char *sha, const char *run, const char *branch, enum conclusion c, int64_t at)
{
	struct step_facts f = a_step("test");

	f.head_sha = str_z(sha);
	f.external_run_id = str_z(run);
	f.branch = str_z(branch);
	f.conclusion = c;
	return put(repo, &f, "x", at);
}

int64_t failed(const char *sha, const char *run, int64_t at)
{
	return step_of(sha, run, "main", CONCLUSION_FAILURE, at);
}

int64_t passed(const char *sha, const char *run, int64_t at)
{
	int64_t id = step_of(sha, run, "main", CONCLUSION_SUCCESS, at);

	found(id, NULL, NULL);
	return id;
}

/* ---- asking ---- */

struct error *list(const struct error_query *q, size_t *ret_n, int64_t *ret_total)
{
	struct error_query all = *q;
	struct error *errors = NULL;
	struct db *db = NULL;
	struct err e;

	all.limit = all.limit ? all.limit : 100;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_list(db, &fx.arena, &all, &errors, ret_n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return errors;
}

/* Their messages, like "a b". */
void assert_errors(const struct error_query *q, const char *want)
{
	char got[500] = "";
	int64_t total;
	size_t n = 0;
	struct error *errors = list(q, &n, &total);

	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(errors[i].message));
	assert_string_equal(got, want);
	if (q->limit == 0)
		assert_int_equal(total, n);
}

struct group *groups(const struct group_query *q, size_t *ret_n, int64_t *ret_total)
{
	struct group *list = NULL;
	struct group_query all = *q;
	struct db *db = NULL;
	struct err e;

	all.limit = all.limit ? all.limit : 100;
	all.now = all.now ? all.now : T0 + DAY;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(groups_list(db, &fx.arena, &all, &list, ret_n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return list;
}

void assert_groups(const struct group_query *q, const char *want)
{
	char got[500] = "";
	int64_t total;
	size_t n = 0;
	struct group *list = groups(q, &n, &total);

	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(list[i].fingerprint));
	assert_string_equal(got, want);
	if (q->limit == 0)
		assert_int_equal(total, n);
}

/* The group of this fingerprint, as it is at now. */
struct group group_at(const char *fingerprint, int64_t now)
{
	struct group_query q = { .now = now };
	int64_t total;
	size_t n = 0;
	struct group *list = groups(&q, &n, &total);

	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].fingerprint, str_z(fingerprint)))
			return list[i];
	fail_msg("there is no group \"%s\"", fingerprint);
	return (struct group){ 0 };
}

struct group group_of(const char *fingerprint)
{
	return group_at(fingerprint, T0 + DAY);
}

enum err_code change_w(struct db *db, void *arg, struct err *e)
{
	struct change_call *c = arg;

	return groups_change(db, c->id, c->repo_id, &c->change, c->now, e);
}

void say(const char *fingerprint, enum group_state state, int64_t until, int64_t now)
{
	struct change_call c = { .id = group_of(fingerprint).id,
		.now = now,
		.change = { .has_state = true, .state = state, .snoozed_until = until } };

	must_write(change_w, &c);
}

void link_issue(const char *fingerprint, const char *url)
{
	struct change_call c = { .id = group_of(fingerprint).id,
		.now = T0,
		.change = { .has_issue = true, .issue = str_z(url) } };

	must_write(change_w, &c);
}
