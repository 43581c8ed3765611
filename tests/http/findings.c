/* findings: put in the place of what the explainer would have found, so that the tests know it. */
#include "tests/test.h"

#include "tests/http/findings.h"

#include <stdio.h>
#include <string.h>

struct answer get_as(const char *token, const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = token });
}

struct answer get(const char *target)
{
	return get_as(fx.admin.p, target);
}

struct answer get_of_as(const char *token, const char *before, int64_t id, const char *behind)
{
	char target[300];

	snprintf(target, sizeof target, "%s%lld%s", before, (long long)id, behind);
	return get_as(token, target);
}

struct answer get_of(const char *before, int64_t id, const char *behind)
{
	return get_of_as(fx.admin.p, before, id, behind);
}

struct answer change_group(const char *token, int64_t group_id, const char *body)
{
	char target[100];

	snprintf(target, sizeof target, "/api/v1/groups/%lld", (long long)group_id);
	return ask((struct ask){ .method = "PATCH", .target = target, .token = token, .body = body });
}

int64_t number(struct json *object, const char *key)
{
	int64_t n = -4711;

	json_int(json_get(object, key), &n);
	return n;
}

void assert_text(struct json *object, const char *key, const char *want)
{
	struct str got = json_str(json_get(object, key));

	if (!str_eq(got, str_z(want)))
		fail_msg("%s: \"%.*s\", not \"%s\"", key, STR_FMT(got), want);
}

void assert_null_member(struct json *object, const char *key)
{
	if (json_kind(json_get(object, key)) != JSON_NULL)
		fail_msg("%s is not null", key);
}

struct json *data_of(struct answer *r)
{
	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	return json_get(json_of(r), "data");
}

int64_t total_of(struct answer *r)
{
	return number(json_get(json_of(r), "pagination"), "total");
}

void assert_messages(struct answer *r, const char *want)
{
	struct json *data = data_of(r);
	char got[600] = "";

	for (size_t i = 0; i < json_len(data); i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(json_str(json_get(json_at(data, i), "message"))));
	assert_string_equal(got, want);
	assert_int_equal(total_of(r), json_len(data));
}

/* ---- what was found ---- */

struct finding_op {
	struct store_op op;
	struct explained x;
};

static enum err_code apply_finding(struct store_op *op, struct db *db, struct err *e)
{
	struct finding_op *w = (struct finding_op *)(void *)op;

	TRY(db_int(db, "SELECT explain_due FROM step WHERE id = $1", DB_ARGS(DB_I(w->x.step.step_id)),
		&w->x.step.due, e));
	return errors_replace(db, &w->x, e);
}

void found(int64_t step_id, const struct error *errors, size_t n)
{
	struct str templates[200];
	struct finding_op w = { .op = { .apply = apply_finding, .bytes = 100 },
		.x = { .step = { .step_id = step_id },
			.now = NOW + 5,
			.errors = errors,
			.templates = templates,
			.n = n } };
	struct err e;

	assert_true(n <= 200);
	for (size_t i = 0; i < n; i++)
		templates[i] = errors[i].message;
	if (store_write(fx.app.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

struct error an_error(enum error_class class, const char *message)
{
	return (struct error){ .role = ERROR_CAUSE,
		.class = class,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_RULE,
		.rule = STR("gcc/error"),
		.tool = STR("gcc"),
		.file = STR("src/pump.c"),
		.line = 12,
		.col = 3,
		.from_line = 1,
		.to_line = 3,
		.head_line = 1,
		.start_byte = 10,
		.end_byte = 40,
		.message = str_z(message),
		.fingerprint = str_z(message),
		.why = STR("the first"),
		.score = 9 };
}

/* A step that was posted; its id, and its run in *ret_run. */
int64_t post(const char *sha, int run, const char *more, int64_t *ret_run)
{
	static int n;
	char body[600], name[30];

	snprintf(name, sizeof name, "step %d", n++);
	snprintf(body, sizeof body,
		"{\"repo\":\"" REPO "\",\"head_sha\":\"%s\",\"run_id\":%d,\"step_name\":\"%s\","
		"\"log_tail\":\"one\\ntwo\\nthree\\nfour\\n\"%s}",
		sha, run, name, more);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = body, .token = INTERNAL });
	assert_int_equal(r.status, 204);
	snprintf(body, sizeof body, "/api/v1/steps?repo=" REPO "&sha=%s&limit=100", sha);
	AUTO_ANSWER list = get(body);
	struct json *data = data_of(&list);

	for (size_t i = 0; i < json_len(data); i++) {
		struct json *step = json_at(data, i);

		if (!str_eq(json_str(json_get(step, "step")), str_z(name)))
			continue;
		if (ret_run)
			*ret_run = number(step, "run_id");
		return number(step, "step_id");
	}
	fail_msg("step %s is not there", name);
	return 0;
}

/* The group of the first error of a step. */
int64_t group_of(int64_t step_id)
{
	AUTO_ANSWER r = get_of("/api/v1/steps/", step_id, "/errors");

	return number(json_get(json_at(data_of(&r), 0), "group"), "group_id");
}

/* A token of the admin's scopes whose user has this role. */
struct user_op {
	struct store_op op;
	enum role role;
	int64_t id;
};

static enum err_code apply_user(struct store_op *op, struct db *db, struct err *e)
{
	struct user_op *w = (struct user_op *)(void *)op;

	return users_add(db, str_z(role_name(w->role)), STR(""), w->role, NOW, &w->id, e);
}

const char *token_of_a(enum role role)
{
	struct user_op w = { .op = { .apply = apply_user, .bytes = 100 }, .role = role };
	int64_t admin = fx.admin_user;
	struct str token;
	struct err e;

	if (store_write(fx.app.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
	fx.admin_user = w.id;
	token = token_with(SCOPE_ALL, ROLE_ADMIN);
	fx.admin_user = admin;
	return token.p;
}

/* A token that is bound to another repo, which is watched from now on. */
const char *token_of_another_repo(void)
{
	AUTO_ANSWER repo = ask((struct ask){ .method = "POST",
		.target = "/api/v1/repos",
		.token = fx.admin.p,
		.body = "{\"repo\":\"acme/valve\"}" });
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/api/v1/auth/tokens",
		.token = fx.admin.p,
		.body = "{\"token_name\":\"bound\",\"repository\":\"acme/valve\",\"scopes\":[\"logs:read\","
			"\"logs:write\",\"results:read\",\"system:read\"]}" });

	assert_true(repo.status == 201 || repo.status == 200);
	assert_int_equal(r.status, 201);
	return arena_cstr(&fx.arena, json_str(json_get(json_of(&r), "token")));
}
