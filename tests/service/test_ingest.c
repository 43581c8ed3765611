

#include "tests/test.h"

#include "tests/service/fixture.h"

#include <stdlib.h>
#include <string.h>

static void shows(const char *what)
{
	char *text = context_of(ACCOUNT_MARKDOWN);

	if (!strstr(text, what))
		fail_msg("\"%s\" is not in:\n%s", what, text);
	free(text);
}

static void hides(const char *what)
{
	char *text = context_of(ACCOUNT_MARKDOWN);

	if (strstr(text, what))
		fail_msg("\"%s\" is in:\n%s", what, text);
	free(text);
}

static void a_post_is_there_when_it_is_acknowledged(void **state)
{
	(void)state;
	post_text("compile", "pump.c:3: error: no valve\n");
	shows("pump.c:3: error: no valve");
	shows("compile");
	shows("exit code 2");
}

static void the_same_step_again_replaces(void **state)
{
	(void)state;
	post_text("compile", "first");
	post_text("compile", "second");
	shows("second");
	hides("first");
}

static void two_legs_stand_side_by_side(void **state)
{
	struct ingest_post a = a_post("test", STR("from leg a")), b = a_post("test", STR("from leg b"));
	(void)state;

	a.facts.leg = STR("a");
	b.facts.leg = STR("b");
	assert_int_equal(post_at(&a, NOW), ERR_OK);
	assert_int_equal(post_at(&b, NOW), ERR_OK);
	shows("from leg a");
	shows("from leg b");
}

static void invalid_bytes_and_nuls_become_replacement_characters(void **state)
{
	struct ingest_post p = a_post("s", (struct str){ "a\0b\xff"
							 "c",
						   5 });
	(void)state;

	assert_int_equal(post_at(&p, NOW), ERR_OK);
	shows("a\xEF\xBF\xBD"
	      "b\xEF\xBF\xBD"
	      "c");
}

static void crlf_is_one_line_end_and_one_final_line_end_goes(void **state)
{
	(void)state;
	post_text("s", "one\r\ntwo\r\n\r\n");
	shows("one\ntwo\n");
	shows("all 3 lines");
}

static void secrets_are_masked_before_the_cut(void **state)
{
	static char log[70000];
	struct ingest_post p;
	char *text;
	(void)state;

	/* The cut falls inside the secret: half of it must not be left over. */
	assert_int_equal(mask_add(fx.cfg->mask, STR("sentinel-of-the-vault"), NULL), ERR_OK);
	fx.cfg->tail_bytes = 1000;
	memset(log, 'x', sizeof log);
	memcpy(log + sizeof log - 1010, "sentinel-of-the-vault", 21);
	p = a_post("s", (struct str){ log, sizeof log });
	assert_int_equal(post_at(&p, NOW), ERR_OK);
	text = context_of(ACCOUNT_MARKDOWN);
	assert_null(strstr(text, "vault"));
	assert_null(strstr(text, "sentinel"));
	free(text);
}

static void shapes_and_added_masks_are_masked(void **state)
{
	(void)state;
	post_text("s", "::add-mask::hunter2hunter2\nlogin hunter2hunter2\n"
		       "ghp_0123456789abcdefghijklmnopqrstuvwxyz\n");
	hides("hunter2");
	hides("ghp_0123");
	shows("login ***");
}

static void secrets_in_names_are_masked_too(void **state)
{
	struct ingest_post p = a_post("curl -H 'Authorization: Bearer aB3dE5gH7jK9mN1p'", STR("x"));
	(void)state;

	assert_int_equal(mask_add(fx.cfg->mask, STR("sentinel"), NULL), ERR_OK);
	p.facts.job_name = STR("job sentinel-j");
	p.facts.leg = STR("leg sentinel-l");
	p.facts.workflow = STR("workflow sentinel-w");
	p.facts.branch = STR("branch/sentinel-b");
	p.facts.url = STR("https://bot:hunter2@git.example.org/acme/pump/actions/runs/77");
	assert_int_equal(post_at(&p, NOW), ERR_OK);
	hides("sentinel");
	hides("hunter2");
	hides("aB3dE5gH");
	shows("curl -H 'Authorization: Bearer ***'");
	shows("job ***-j");
	shows("leg ***-l");
	shows("workflow ***-w");
	shows("branch/***-b");
	shows("https://bot:***@git.example.org/acme/pump/actions/runs/77");
}

static void what_was_dropped_is_kept_and_shown(void **state)
{
	struct ingest_post p;
	AUTO_BUF log;
	(void)state;

	buf_init(&log, 1 << 20);
	for (int i = 0; i < 500; i++)
		buf_fmt(&log, "line %d\n", i);
	p = a_post("s", buf_view(&log));
	p.dropped_lines = 1640;
	assert_int_equal(post_at(&p, NOW), ERR_OK);
	shows("last 200 of 2,140 lines");
	shows("line 300\n");
	hides("line 299\n");
}

static enum err_code find(
	const char *forge, const char *repo, const char *url, const struct identity *id, struct repo *ret)
{
	struct err e;

	return ingest_find_repo(
		fx.store, fx.cfg, id, str_z(forge), str_z(repo), str_z(url), &fx.arena, ret, &e);
}

static void only_watched_repos_are_found_without_regard_to_case(void **state)
{
	struct repo r;
	(void)state;

	assert_int_equal(find("", "acme/PUMP", "", &fx.internal, &r), ERR_OK);
	assert_true(str_eq(r.name, STR("Acme/Pump")));
	assert_int_equal(find("", "acme/valve", "", &fx.internal, &r), ERR_NOT_FOUND);
}

static void mirrors_on_two_forges_do_not_collide(void **state)
{
	struct repo on_hub, r;
	struct err e;
	bool is_new;
	(void)state;

	assert_int_equal(find("hub", "acme/pump", "", &fx.internal, &r), ERR_NOT_FOUND);
	assert_int_equal(manage_repo_add(fx.store, fx.cfg, &fixture_server, STR("hub"), STR("acme/pump"), NOW,
				 &fx.arena, &on_hub, &is_new, &e),
		ERR_OK);
	assert_true(is_new && on_hub.id != fx.repo.id);
	assert_int_equal(find("hub", "acme/pump", "", &fx.internal, &r), ERR_OK);
	assert_int_equal(r.id, on_hub.id);
	/* Told by the url of the run; a longer host that begins alike is another one. */
	assert_int_equal(
		find("", "acme/pump", "https://hub.example.org/acme/pump/actions", &fx.internal, &r), ERR_OK);
	assert_int_equal(r.id, on_hub.id);
	assert_int_equal(find("", "acme/pump", "https://hub.example.org.evil/x", &fx.internal, &r), ERR_OK);
	assert_int_equal(r.id, fx.repo.id);
	assert_int_equal(find("nowhere", "acme/pump", "", &fx.internal, &r), ERR_INVALID);
}

static void a_bound_token_is_for_its_repo_alone(void **state)
{
	struct identity bound = { .kind = IDENTITY_TOKEN, .token = { .repo_id = fx.repo.id + 1 } };
	struct repo r;
	(void)state;

	assert_int_equal(find("", "acme/pump", "", &bound, &r), ERR_NOT_FOUND);
	bound.token.repo_id = fx.repo.id;
	assert_int_equal(find("", "acme/pump", "", &bound, &r), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_post_is_there_when_it_is_acknowledged),
		TEST(the_same_step_again_replaces),
		TEST(two_legs_stand_side_by_side),
		TEST(invalid_bytes_and_nuls_become_replacement_characters),
		TEST(crlf_is_one_line_end_and_one_final_line_end_goes),
		TEST(secrets_are_masked_before_the_cut),
		TEST(shapes_and_added_masks_are_masked),
		TEST(secrets_in_names_are_masked_too),
		TEST(what_was_dropped_is_kept_and_shown),
		TEST(only_watched_repos_are_found_without_regard_to_case),
		TEST(mirrors_on_two_forges_do_not_collide),
		TEST(a_bound_token_is_for_its_repo_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
