/* Tokens by password, users and the audit, as they are asked for over HTTP. */
#include "tests/test.h"

#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD "a long password"

static struct answer call(const char *method, const char *target, const char *token, const char *body)
{
	return ask((struct ask){ .method = method, .target = target, .token = token, .body = body });
}

static struct answer add_user(const char *email, const char *role, const char *password)
{
	char body[300];

	snprintf(body, sizeof body, "{\"email\":\"%s\",\"role\":\"%s\"%s%s%s}", email, role,
		password ? ",\"password\":\"" : "", password ? password : "", password ? "\"" : "");
	return call("POST", "/api/v1/users", fx.admin.p, body);
}

static int64_t id_in(struct answer *r, const char *name)
{
	int64_t id = 0;

	json_int(json_get(json_of(r), name), &id);
	return id;
}

static struct answer log_in(const char *email, const char *password, const char *more)
{
	char body[500];

	atomic_fetch_add(&fx.steady, 2 * 3600 * 1000); /* what was tried before is forgotten */
	snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\",\"token_name\":\"t\"%s}", email,
		password, more);
	return call("POST", "/api/v1/auth/tokens", NULL, body);
}

static const char *token_in(struct answer *r)
{
	return arena_str(&fx.arena, json_str(json_get(json_of(r), "token"))).p;
}

/* ---- tokens by password ---- */

static void a_password_gives_a_token_to_the_letter_of_the_results_api(void **state)
{
	AUTO_ANSWER u = add_user("letter@example.org", "tester", PASSWORD);
	AUTO_ANSWER r = log_in("Letter@Example.org", PASSWORD, "");
	struct json *j = json_of(&r);
	char until[CLOCK_RFC3339_LEN];
	(void)state;

	assert_int_equal(u.status, 201);
	assert_int_equal(r.status, 201);
	assert_true(str_starts(json_str(json_get(j, "token")), STR("slc_")));
	assert_true(str_eq(json_str(json_get(j, "token_type")), STR("bearer")));
	assert_true(str_eq(json_str(json_get(j, "token_name")), STR("t")));
	assert_int_equal(json_len(json_get(j, "scopes")), 2); /* runs:read, results:read */
	assert_true(
		str_eq(json_str(json_get(j, "expires_at")), str_z(clock_rfc3339(NOW + 7 * DAY_MS, until))));
	AUTO_ANSWER runs = call("GET", "/api/v1/runs", token_in(&r), NULL);
	assert_int_equal(runs.status, 200);
}

static void a_password_gives_no_more_than_the_role_has(void **state)
{
	AUTO_ANSWER u = add_user("more@example.org", "user", PASSWORD);
	AUTO_ANSWER r = log_in("more@example.org", PASSWORD, ",\"scopes\":[\"runs:read\",\"logs:write\"]");
	struct json *details;
	(void)state;

	assert_int_equal(u.status, 201);
	assert_error(&r, 403, "forbidden");
	details = json_get(json_of(&r), "details");
	assert_int_equal(json_len(json_get(details, "required_scopes")), 2);
	assert_int_equal(json_len(json_get(details, "held_scopes")),
		(size_t)__builtin_popcount(role_scopes(ROLE_USER)));
}

static void whatever_is_wrong_with_a_login_is_one_answer(void **state)
{
	AUTO_ANSWER u = add_user("wrong@example.org", "user", PASSWORD);
	AUTO_ANSWER none = add_user("nopassword@example.org", "user", NULL);
	AUTO_ANSWER a = log_in("wrong@example.org", "not the password", "");
	AUTO_ANSWER b = log_in("nobody@example.org", "not the password", "");
	AUTO_ANSWER c = log_in("nopassword@example.org", "not the password", "");
	(void)state;

	assert_int_equal(u.status, 201);
	assert_int_equal(none.status, 201);
	assert_error(&a, 401, "unauthorized");
	assert_string_equal(header_of(&a, "WWW-Authenticate"), "Bearer");
	assert_string_equal(a.body, b.body);
	assert_string_equal(a.body, c.body);
}

static void a_login_within_the_delay_is_refused_unseen_and_told_alike(void **state)
{
	const char *body =
		"{\"email\":\"late@example.org\",\"password\":\"not the password\",\"token_name\":\"t\"}";
	AUTO_ANSWER u = add_user("late@example.org", "user", PASSWORD);
	AUTO_ANSWER first = log_in("late@example.org", "not the password", "");
	(void)state;

	assert_int_equal(u.status, 201);
	for (int i = 0; i < 5; i++) {
		AUTO_ANSWER r = call("POST", "/api/v1/auth/tokens", NULL, body);

		assert_string_equal(r.body, first.body);
	}
	AUTO_ANSWER right = call("POST", "/api/v1/auth/tokens", NULL,
		"{\"email\":\"late@example.org\",\"password\":\"" PASSWORD "\",\"token_name\":\"t\"}");
	assert_string_equal(right.body, first.body);
	AUTO_ANSWER later = log_in("late@example.org", PASSWORD, "");
	assert_int_equal(later.status, 201);
}

static void the_body_of_a_token_request_is_closed_and_says_what_is_missing(void **state)
{
	AUTO_ANSWER neither = call("POST", "/api/v1/auth/tokens", NULL, "{\"token_name\":\"t\"}");
	AUTO_ANSWER half = call(
		"POST", "/api/v1/auth/tokens", NULL, "{\"token_name\":\"t\",\"email\":\"a@example.org\"}");
	AUTO_ANSWER more =
		call("POST", "/api/v1/auth/tokens", fx.admin.p, "{\"token_name\":\"t\",\"admin\":true}");
	AUTO_ANSWER shorter = call("POST", "/api/v1/auth/tokens", NULL,
		"{\"token_name\":\"t\",\"email\":\"a@example.org\",\"password\":\"short\"}");
	AUTO_ANSWER no_mail = call("POST", "/api/v1/auth/tokens", NULL,
		"{\"token_name\":\"t\",\"email\":\"a\",\"password\":\"" PASSWORD "\"}");
	AUTO_ANSWER days = call(
		"POST", "/api/v1/auth/tokens", fx.admin.p, "{\"token_name\":\"t\",\"expires_in_days\":31}");
	AUTO_ANSWER bad_token = call("POST", "/api/v1/auth/tokens", "slc_wrong", "{\"token_name\":\"t\"}");
	AUTO_ANSWER forge = log_in("root@example.org", PASSWORD, ",\"forge\":\"hub\"");
	(void)state;

	assert_wrong_field(&neither, "email");
	assert_wrong_field(&half, "password");
	assert_wrong_field(&more, "admin");
	assert_wrong_field(&shorter, "password");
	assert_wrong_field(&no_mail, "email");
	assert_wrong_field(&days, "expires_in_days");
	assert_error(&bad_token, 401, "unauthorized");
	assert_error(
		&forge, 401, "unauthorized"); /* before it is known who asks, nothing is said of the rest */
}

static void a_token_makes_one_only_with_tokens_manage(void **state)
{
	AUTO_ANSWER no = call("POST", "/api/v1/auth/tokens",
		token_with(SCOPE_BIT(SCOPE_RUNS_READ) | SCOPE_BIT(SCOPE_RESULTS_READ), ROLE_ADMIN).p,
		"{\"token_name\":\"t\"}");
	AUTO_ANSWER yes = call("POST", "/api/v1/auth/tokens", fx.admin.p, "{\"token_name\":\"t\"}");
	(void)state;

	assert_error(&no, 403, "forbidden");
	assert_true(
		str_eq(json_str(json_at(json_get(json_get(json_of(&no), "details"), "required_scopes"), 0)),
			STR("tokens:manage")));
	assert_int_equal(yes.status, 201);
}

static void a_list_of_tokens_shows_their_last_use_and_what_they_are_bound_to(void **state)
{
	AUTO_ANSWER made = call("POST", "/api/v1/auth/tokens", fx.admin.p,
		"{\"token_name\":\"bench\",\"scopes\":[\"episodes:write\"],\"host\":\"bench-7\",\"machine_"
		"days\":100}");
	AUTO_ANSWER list = call("GET", "/api/v1/auth/tokens?limit=1", fx.admin.p, NULL);
	struct json *item = json_at(json_get(json_of(&list), "data"), 0);
	char until[CLOCK_RFC3339_LEN];
	(void)state;

	assert_int_equal(made.status, 201);
	assert_true(str_eq(json_str(json_get(item, "host")), STR("bench-7")));
	assert_true(json_is_true(json_get(item, "machine")));
	assert_int_equal(json_kind(json_get(item, "repository")), JSON_NULL);
	assert_int_equal(json_kind(json_get(item, "last_used_at")), JSON_NULL);
	assert_true(str_eq(
		json_str(json_get(item, "expires_at")), str_z(clock_rfc3339(NOW + 100 * DAY_MS, until))));
}

static void everybodys_tokens_are_for_admins_and_anothers_is_not_there(void **state)
{
	AUTO_ANSWER u = add_user("two@example.org", "contributor", PASSWORD);
	AUTO_ANSWER r = log_in("two@example.org", PASSWORD, ",\"scopes\":[\"tokens:manage\"]");
	const char *token = token_in(&r);
	char mine[80];
	(void)state;

	AUTO_ANSWER own = call("GET", "/api/v1/auth/tokens", token, NULL);
	AUTO_ANSWER all = call("GET", "/api/v1/auth/tokens?all=true", token, NULL);
	AUTO_ANSWER others = call("DELETE", "/api/v1/auth/tokens/1", token, NULL);
	AUTO_ANSWER nobodys = call("DELETE", "/api/v1/auth/tokens/99999", token, NULL);
	snprintf(mine, sizeof mine, "/api/v1/auth/tokens/%lld", (long long)id_in(&r, "id"));
	AUTO_ANSWER gone = call("DELETE", mine, token, NULL);
	AUTO_ANSWER after = call("GET", "/api/v1/auth/tokens", token, NULL);

	assert_int_equal(u.status, 201);
	assert_int_equal(own.status, 200);
	assert_int_equal(json_len(json_get(json_of(&own), "data")), 1);
	assert_error(&all, 403, "forbidden");
	assert_error(&others, 404, "not_found");
	assert_error(&nobodys, 404, "not_found");
	assert_int_equal(gone.status, 204);
	assert_error(&after, 401, "unauthorized");
}

/* ---- users ---- */

static void a_user_is_added_shown_changed_and_disabled(void **state)
{
	AUTO_ANSWER added = add_user("Life@example.org", "tester", PASSWORD);
	AUTO_ANSWER again = add_user("life@example.org", "user", NULL);
	AUTO_ANSWER token = log_in("life@example.org", PASSWORD, "");
	char path[60];
	(void)state;

	assert_int_equal(added.status, 201);
	assert_true(str_eq(json_str(json_get(json_of(&added), "email")), STR("Life@example.org")));
	assert_true(json_is_true(json_get(json_of(&added), "has_password")));
	assert_int_equal(json_kind(json_get(json_of(&added), "disabled_at")), JSON_NULL);
	assert_null(strstr(added.body, "argon2"));
	assert_error(&again, 409, "conflict");
	assert_int_equal(token.status, 201);
	snprintf(path, sizeof path, "/api/v1/users/%lld", (long long)id_in(&added, "user_id"));
	AUTO_ANSWER got = call("GET", path, fx.admin.p, NULL);
	assert_string_equal(got.body, added.body);
	AUTO_ANSWER changed = call("PATCH", path, fx.admin.p, "{\"role\":\"user\",\"state\":\"disabled\"}");
	assert_int_equal(changed.status, 200);
	assert_true(str_eq(json_str(json_get(json_of(&changed), "role")), STR("user")));
	assert_true(str_eq(json_str(json_get(json_of(&changed), "state")), STR("disabled")));
	AUTO_ANSWER shut = call("GET", "/api/v1/runs", token_in(&token), NULL);
	assert_error(&shut, 401, "unauthorized");
	AUTO_ANSWER back = call("PATCH", path, fx.admin.p, "{\"state\":\"active\",\"password\":null}");
	assert_int_equal(back.status, 200);
	assert_false(json_is_true(json_get(json_of(&back), "has_password")));
	AUTO_ANSWER still = call("GET", "/api/v1/runs", token_in(&token), NULL);
	assert_error(&still, 401, "unauthorized"); /* what was revoked stays so */
	AUTO_ANSWER nothing = call("PATCH", path, fx.admin.p, "{}");
	assert_error(&nothing, 400, "validation_error");
	AUTO_ANSWER nobody = call("PATCH", "/api/v1/users/99999", fx.admin.p, "{\"role\":\"user\"}");
	assert_error(&nobody, 404, "not_found");
	AUTO_ANSWER role = call("PATCH", path, fx.admin.p, "{\"role\":\"king\"}");
	assert_wrong_field(&role, "role");
}

static void the_last_admin_stays(void **state)
{
	char path[60];
	(void)state;

	snprintf(path, sizeof path, "/api/v1/users/%lld", (long long)fx.admin_user);
	AUTO_ANSWER demoted = call("PATCH", path, fx.admin.p, "{\"role\":\"user\"}");
	AUTO_ANSWER disabled = call("PATCH", path, fx.admin.p, "{\"state\":\"disabled\"}");
	AUTO_ANSWER both =
		call("PATCH", path, fx.admin.p, "{\"password\":\"" PASSWORD "\",\"state\":\"disabled\"}");

	assert_error(&demoted, 409, "conflict");
	assert_error(&disabled, 409, "conflict");
	assert_error(&both, 409, "conflict");
}

static void users_are_listed_and_filtered(void **state)
{
	AUTO_ANSWER a = add_user("list-a@example.org", "tester", NULL);
	AUTO_ANSWER b = add_user("list-b@example.org", "contributor", NULL);
	AUTO_ANSWER one = call("GET", "/api/v1/users?email=LIST-b@example.org", fx.admin.p, NULL);
	AUTO_ANSWER role = call("GET", "/api/v1/users?role=contributor&state=active", fx.admin.p, NULL);
	AUTO_ANSWER none =
		call("GET", "/api/v1/users?email=list-a@example.org&state=disabled", fx.admin.p, NULL);
	AUTO_ANSWER wrong = call("GET", "/api/v1/users?state=asleep", fx.admin.p, NULL);
	AUTO_ANSWER page = call("GET", "/api/v1/users?limit=1&offset=1", fx.admin.p, NULL);
	(void)state;

	assert_int_equal(a.status, 201);
	assert_int_equal(b.status, 201);
	assert_int_equal(json_len(json_get(json_of(&one), "data")), 1);
	assert_int_equal(json_len(json_get(json_at(json_get(json_of(&one), "data"), 0), "logins")), 0);
	assert_true(json_len(json_get(json_of(&role), "data")) >= 1);
	assert_int_equal(json_len(json_get(json_of(&none), "data")), 0);
	assert_wrong_field(&wrong, "state");
	assert_int_equal(json_len(json_get(json_of(&page), "data")), 1);
}

/* ---- who sees a repo, and the audit ---- */

static void a_repo_is_shown_to_members_only_when_it_is_said(void **state)
{
	AUTO_ANSWER before = call("GET", "/api/v1/repos?repo=" REPO, fx.admin.p, NULL);
	struct json *repo = json_at(json_get(json_of(&before), "data"), 0);
	int64_t id = 0;
	char path[60];
	(void)state;

	assert_true(str_eq(json_str(json_get(repo, "visibility")), STR("users")));
	json_int(json_get(repo, "repo_id"), &id);
	snprintf(path, sizeof path, "/api/v1/repos/%lld", (long long)id);
	AUTO_ANSWER r = call("PATCH", path, fx.admin.p, "{\"visibility\":\"members\"}");
	assert_int_equal(r.status, 200);
	assert_true(str_eq(json_str(json_get(json_of(&r), "visibility")), STR("members")));
	AUTO_ANSWER wrong = call("PATCH", path, fx.admin.p, "{\"visibility\":\"nobody\"}");
	assert_wrong_field(&wrong, "visibility");
	AUTO_ANSWER none = call("PATCH", "/api/v1/repos/99999", fx.admin.p, "{\"visibility\":\"members\"}");
	assert_error(&none, 404, "not_found");
}

static void a_deed_is_found_in_the_audit_with_its_request(void **state)
{
	AUTO_ANSWER added = add_user("audited@example.org", "tester", PASSWORD);
	AUTO_ANSWER list = call("GET", "/api/v1/audit?action=user.add&limit=1", fx.admin.p, NULL);
	struct json *x = json_at(json_get(json_of(&list), "data"), 0);
	char target[200];
	int64_t id = 0;
	(void)state;

	assert_true(str_eq(json_str(json_get(x, "actor")), STR("root@example.org")));
	assert_true(str_eq(json_str(json_get(x, "subject")), STR("audited@example.org")));
	assert_true(str_eq(json_str(json_get(x, "subject_kind")), STR("user")));
	assert_true(str_eq(json_str(json_get(json_get(x, "detail"), "role")), STR("tester")));
	assert_true(str_eq(json_str(json_get(x, "request_id")), str_z(header_of(&added, "X-Request-Id"))));
	assert_true(str_eq(json_str(json_get(x, "address")), STR("192.0.2.1")));
	assert_true(json_int(json_get(x, "subject_id"), &id));
	assert_int_equal(id, id_in(&added, "user_id"));
	assert_int_equal(json_kind(json_get(x, "session_id")), JSON_NULL);
	assert_null(strstr(list.body, PASSWORD));
	snprintf(target, sizeof target, "/api/v1/audit?subject_kind=user&subject_id=%lld", (long long)id);
	AUTO_ANSWER of_user = call("GET", target, fx.admin.p, NULL);
	assert_int_equal(json_len(json_get(json_of(&of_user), "data")), 1);
	AUTO_ANSWER alone = call("GET", "/api/v1/audit?subject_id=1", fx.admin.p, NULL);
	assert_wrong_field(&alone, "subject_id");
	AUTO_ANSWER before =
		call("GET", "/api/v1/audit?created_before=2001-01-01T00:00:00Z", fx.admin.p, NULL);
	assert_int_equal(json_len(json_get(json_of(&before), "data")), 0);
}

static void a_token_made_by_password_is_audited_as_its_users_deed(void **state)
{
	AUTO_ANSWER u = add_user("self@example.org", "user", PASSWORD);
	AUTO_ANSWER r = log_in("self@example.org", PASSWORD, "");
	AUTO_ANSWER list = call("GET", "/api/v1/audit?limit=1&action=token.create", fx.admin.p, NULL);
	struct json *x = json_at(json_get(json_of(&list), "data"), 0);
	(void)state;

	assert_int_equal(u.status, 201);
	assert_int_equal(r.status, 201);
	assert_true(str_eq(json_str(json_get(x, "actor")), STR("self@example.org")));
	assert_int_equal(json_kind(json_get(x, "token_id")), JSON_NULL);
	assert_true(str_eq(json_str(json_get(x, "request_id")), str_z(header_of(&r, "X-Request-Id"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_gives_a_token_to_the_letter_of_the_results_api),
		cmocka_unit_test(a_password_gives_no_more_than_the_role_has),
		cmocka_unit_test(whatever_is_wrong_with_a_login_is_one_answer),
		cmocka_unit_test(a_login_within_the_delay_is_refused_unseen_and_told_alike),
		cmocka_unit_test(the_body_of_a_token_request_is_closed_and_says_what_is_missing),
		cmocka_unit_test(a_token_makes_one_only_with_tokens_manage),
		cmocka_unit_test(a_list_of_tokens_shows_their_last_use_and_what_they_are_bound_to),
		cmocka_unit_test(everybodys_tokens_are_for_admins_and_anothers_is_not_there),
		cmocka_unit_test(a_user_is_added_shown_changed_and_disabled),
		cmocka_unit_test(the_last_admin_stays),
		cmocka_unit_test(users_are_listed_and_filtered),
		cmocka_unit_test(a_repo_is_shown_to_members_only_when_it_is_said),
		cmocka_unit_test(a_deed_is_found_in_the_audit_with_its_request),
		cmocka_unit_test(a_token_made_by_password_is_audited_as_its_users_deed),
	};

	return cmocka_run_group_tests(tests, router_up, router_down);
}
