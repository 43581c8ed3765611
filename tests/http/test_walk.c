/*
 * Every operation of api/openapi.yaml, walked with no token, tokens that are good no more, each single scope and each role, and compared with what the
 * document says of it. The document is read here by itself, not through the tables that the server is made from.
 */
#include "tests/test.h"

#include "base/file.h"
#include "base/yaml.h"
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

#define DOCUMENT SOURCE_ROOT "/api/openapi.yaml"

struct walked {
	char id[64], method[8], target[200];
	struct str auth;
	scope_set scope;
	unsigned roles; /* 0: any */
};

typedef void visit_fn(const struct walked *w);

/* /api/v1/steps/{step_id}/log becomes /api/v1/steps/999999/log: nothing that is there. But for a kind of hook, of which there is a list. */
static void fill_in(struct str path, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		if (path.p[i] == '{') {
			n += (size_t)snprintf(out + n, size - n,
				str_starts(str_from(path, i), STR("{kind}")) ? "github" : "999999");
			i += str_find(str_from(path, i), '}');
		} else {
			out[n++] = path.p[i];
		}
		assert_true(n < size - 10);
	}
	out[n] = '\0';
}

static void visit_operation(struct str path, struct str method, struct yaml *op, visit_fn *visit)
{
	struct walked w = { .auth = yaml_str(yaml_get(op, "x-auth")) };
	struct yaml *roles = yaml_get(op, "x-required-roles");
	struct err e;

	snprintf(w.id, sizeof w.id, "%.*s", STR_FMT(yaml_str(yaml_get(op, "operationId"))));
	for (size_t i = 0; i < method.len; i++)
		w.method[i] = (char)(method.p[i] - 'a' + 'A');
	fill_in(path, w.target, sizeof w.target);
	if (scope_parse(yaml_str(yaml_get(op, "x-required-scope")), &w.scope, &e) != ERR_OK)
		fail_msg("%s: %s", w.id, e.text);
	for (size_t i = 0; i < yaml_len(roles); i++) {
		enum role role;

		assert_true(role_find(yaml_str(yaml_at(roles, i)), &role));
		w.roles |= ROLE_BIT(role);
	}
	visit(&w);
}

static void walk(visit_fn *visit)
{
	struct yaml_doc *doc = NULL;
	struct yaml *paths;
	size_t n = 0;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 4 << 20);
	if (file_read(DOCUMENT, 4 << 20, &text, &e) != ERR_OK ||
		yaml_doc_parse(buf_view(&text), &doc, &e) != ERR_OK)
		fail_msg("%s", e.text);
	paths = yaml_get(yaml_doc_root(doc), "paths");
	for (size_t i = 0; i < yaml_len(paths); i++)
		for (size_t k = 0; k < yaml_len(yaml_at(paths, i)); k++, n++)
			visit_operation(yaml_key(paths, i), yaml_key(yaml_at(paths, i), k),
				yaml_at(yaml_at(paths, i), k), visit);
	yaml_doc_free(doc);
	assert_int_equal(n, api_n_ops);
}

static bool is(const struct walked *w, const char *auth)
{
	return str_eq(w->auth, str_z(auth));
}

static int status_of(const struct walked *w, const char *token)
{
	AUTO_ANSWER r = ask((struct ask){ .method = w->method, .target = w->target, .token = token });

	return r.status;
}

/* 303: of a page, to the one where one signs in. */
static bool passes(int status)
{
	return status != 401 && status != 403 && status != 303;
}

/* ---- who shows nothing that is good ---- */

static struct user user_of(enum role role)
{
	static int n;
	struct identity by = { .kind = IDENTITY_NONE, .role = ROLE_ADMIN, .scopes = SCOPE_ALL };
	struct user u = { 0 };
	char email[40];
	struct err e;

	snprintf(email, sizeof email, "walker%d@example.org", n++);
	if (manage_user_add(fx.app.store, &by, str_z(email), role, STR(""), NOW, &u, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return u;
}

static const char *make_token(int64_t user_id, enum role role, scope_set scopes, int64_t at)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity by = {
		.kind = IDENTITY_PASSWORD, .user_id = user_id, .role = role, .scopes = role_scopes(role)
	};
	struct token_request r = { .name = STR("t"), .scopes = scopes, .days = 7 };
	struct token t = { 0 };
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_token_create(fx.app.store, cfg, &by, &r, at, &fx.arena, &t, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return arena_str(&fx.arena, buf_view(&text)).p;
}

static const char *bad[5]; /* wrong, expired, revoked, of a disabled user, no slc_ */

static void make_bad_ones(void)
{
	struct identity by = { .kind = IDENTITY_NONE, .role = ROLE_ADMIN, .scopes = SCOPE_ALL };
	struct user_change disable = { .has_disabled = true, .disabled = true };
	struct user gone = user_of(ROLE_ADMIN);
	struct err e;

	bad[0] = "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	bad[1] = make_token(fx.admin_user, ROLE_ADMIN, SCOPE_ALL, NOW - 7 * DAY_MS);
	bad[2] = make_token(fx.admin_user, ROLE_ADMIN, SCOPE_ALL, NOW);
	AUTO_ANSWER r = ask(
		(struct ask){ .method = "DELETE", .target = "/api/v1/auth/tokens/current", .token = bad[2] });
	assert_int_equal(r.status, 204);
	bad[3] = make_token(gone.id, ROLE_ADMIN, SCOPE_ALL, NOW);
	assert_int_equal(manage_user_change(fx.app.store, &by, gone.id, &disable, NOW, &e), ERR_OK);
	bad[4] = "nothing";
}

static void visit_with_nothing_good(const struct walked *w)
{
	struct ask a = { .method = w->method, .target = w->target };
	AUTO_ANSWER none = ask(a);

	if (passes(none.status) != (is(w, "none") || is(w, "login")))
		fail_msg("%s without a token: %d", w->id, none.status);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		a.token = bad[i];
		AUTO_ANSWER r = ask(a);

		if (is(w, "session") && !passes(r.status))
			continue;
		/* Whatever is wrong with it, what is said is the same, to the byte. */
		if (r.status != none.status || (r.status == 401 && strcmp(r.body, none.body) != 0))
			fail_msg("%s with a bad token (%zu): %d %s, and without: %d %s", w->id, i, r.status,
				r.body, none.status, none.body);
	}
}

static void without_a_good_token_all_but_the_open_operations_are_closed_and_say_the_same(void **state)
{
	(void)state;

	make_bad_ones();
	walk(visit_with_nothing_good);
}

/* ---- each scope ---- */

static const char *with_scope[SCOPE_N];

static void visit_with_each_scope(const struct walked *w)
{
	if (is(w, "none") || is(w, "login"))
		return;
	for (enum scope s = 0; s < SCOPE_N; s++) {
		const char *token = strcmp(w->id, "revokeCurrentToken") == 0
					    ? make_token(fx.admin_user, ROLE_ADMIN, SCOPE_BIT(s), NOW)
					    : with_scope[s];
		int status = status_of(w, token);

		if (passes(status) != (!is(w, "signature") && (w->scope & ~SCOPE_BIT(s)) == 0))
			fail_msg("%s with %s alone: %d", w->id, scope_name(s), status);
	}
}

static void a_scope_opens_what_the_document_says_and_nothing_else(void **state)
{
	(void)state;

	for (enum scope s = 0; s < SCOPE_N; s++)
		with_scope[s] = make_token(fx.admin_user, ROLE_ADMIN, SCOPE_BIT(s), NOW);
	walk(visit_with_each_scope);
}

/* ---- each role ---- */

static struct user of_role[ROLE_N];
static const char *with_role[ROLE_N];

static void visit_with_each_role(const struct walked *w)
{
	if (is(w, "none") || is(w, "login"))
		return;
	for (enum role role = 0; role < ROLE_N; role++) {
		const char *token = strcmp(w->id, "revokeCurrentToken") == 0
					    ? make_token(of_role[role].id, role, role_scopes(role), NOW)
					    : with_role[role];
		bool may = !is(w, "signature") && (w->scope & ~role_scopes(role)) == 0 &&
			   (w->roles == 0 || (w->roles & ROLE_BIT(role)));
		int status = status_of(w, token);

		if (passes(status) != may)
			fail_msg("%s as %s: %d", w->id, role_name(role), status);
	}
}

static void a_role_opens_what_its_scopes_and_the_document_say(void **state)
{
	(void)state;

	for (enum role role = 0; role < ROLE_N; role++) {
		of_role[role] = user_of(role);
		with_role[role] = make_token(of_role[role].id, role, role_scopes(role), NOW);
	}
	walk(visit_with_each_role);
}

/* What a 403 says it wants is what the document says. */
static void visit_with_no_scope(const struct walked *w)
{
	static const char *token;
	struct json *details;

	if (is(w, "none") || is(w, "login") || is(w, "session") || w->scope == 0)
		return; /* those of sessions are pages, and say it in HTML */
	token = token ? token : make_token(fx.admin_user, ROLE_ADMIN, 0, NOW);
	AUTO_ANSWER r = ask((struct ask){ .method = w->method, .target = w->target, .token = token });

	assert_error(&r, 403, "forbidden");
	assert_true(r.before_body);
	details = json_get(json_of(&r), "details");
	for (enum scope s = 0, n = 0; s < SCOPE_N; s++)
		if (w->scope & SCOPE_BIT(s))
			assert_true(str_eq(json_str(json_at(json_get(details, "required_scopes"), n++)),
				str_z(scope_name(s))));
	assert_int_equal(json_len(json_get(details, "held_scopes")), 0);
}

static void a_refusal_names_what_the_document_requires(void **state)
{
	(void)state;

	walk(visit_with_no_scope);
}

/* Hooks are open to who signs: no token is anything there. */
static int up(void **state)
{
	struct config *c;

	if (router_up(state) != 0)
		return -1;
	c = fixture_config(0, 0);
	c->hooks[HOOK_GITHUB].secret = STR("the secret of the hook");
	config_swap(fx.app.config, c);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			without_a_good_token_all_but_the_open_operations_are_closed_and_say_the_same),
		cmocka_unit_test(a_scope_opens_what_the_document_says_and_nothing_else),
		cmocka_unit_test(a_role_opens_what_its_scopes_and_the_document_say),
		cmocka_unit_test(a_refusal_names_what_the_document_requires),
	};

	return cmocka_run_group_tests(tests, up, router_down);
}
