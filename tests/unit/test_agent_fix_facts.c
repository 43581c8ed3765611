/* What a claim says of a dispatch: what gets into the environment of a fixer, and what does not. */
#include "tests/test.h"

#include "agent/fix_facts.h"
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"

static struct fix_claim claim;
static struct buf told;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	claim = (struct fix_claim){ .dispatch_id = 7,
		.number = 2,
		.repo = STR("acme/widget"),
		.head_sha = STR(SHA),
		.prompt = STR("fix it") };
	buf_init(&told, 100000);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&told);
	return 0;
}

static void tell(void *arg, const char *name, struct str value, bool dropped)
{
	(void)arg;
	buf_fmt(&told, "%s=%.*s%s\n", name, STR_FMT(value), dropped ? " (dropped)" : "");
}

static void assert_told(const char *line)
{
	buf_reset(&told);
	fix_facts_each(&claim, tell, NULL);
	if (!strstr(buf_cstr(&told), line))
		fail_msg("no %s in:\n%s", line, buf_cstr(&told));
}

static void every_fact_is_told_and_what_is_not_known_is_empty(void **state)
{
	(void)state;
	assert_told("SLUICE_DISPATCH_ID=7\nSLUICE_REPO=acme/widget\nSLUICE_FORGE=\nSLUICE_SHA=" SHA
		    "\nSLUICE_BRANCH=\nSLUICE_PULL_REQUEST=\nSLUICE_WORKFLOW=\nSLUICE_RUN_ID=\n"
		    "SLUICE_RUN_URL=\nSLUICE_PAGE_URL=\nSLUICE_ATTEMPT=\nSLUICE_TRY=\nSLUICE_TRIES_MAX=\n"
		    "SLUICE_GROUP=\nSLUICE_CLASS=\n");
	assert_int_equal(FIX_N_FACTS, 15);
	claim.pull_request = 12;
	claim.forge = STR("forgejo");
	claim.run_url = STR("https://forge.example.org/acme/widget/actions/runs/3?a=b#c");
	claim.class = STR("compile");
	assert_told("SLUICE_PULL_REQUEST=12\n");
	assert_told("SLUICE_FORGE=forgejo\n");
	assert_told("SLUICE_RUN_URL=https://forge.example.org/acme/widget/actions/runs/3?a=b#c\n");
	assert_told("SLUICE_CLASS=compile\n");
}

static void a_branch_may_be_called_what_branches_may_be_called(void **state)
{
	const struct str names[] = { STR("main"), STR("topic/x y"), STR("$(touch pwned)"), STR("`id`;'\"&|"),
		STR("gr\xc3\xbc\xc3\x9f"
		    "e/\xe6\x97\xa5"),
		STR("a") };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char line[100];

		claim.branch = names[i];
		snprintf(line, sizeof line, "SLUICE_BRANCH=%.*s\n", STR_FMT(names[i]));
		assert_told(line);
	}
}

static void what_could_do_harm_as_a_value_is_empty(void **state)
{
	char long_name[FIX_NAME_MAX + 1];
	const struct str names[] = { STR("-rf"), STR("a\nb"), STR("a\rb"), STR("a\0b"), STR("a\x1b[31mb"),
		STR("a\x7f"), STR("\xff"),
		STR("a\xc2\x9b"
		    "b"),
		STR("a\xe2\x80\xa8"
		    "b"),
		{ long_name, sizeof long_name } };

	(void)state;
	memset(long_name, 'x', sizeof long_name);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		claim.branch = claim.workflow = names[i];
		assert_told("SLUICE_BRANCH= (dropped)\n");
		assert_told("SLUICE_WORKFLOW= (dropped)\n");
	}
	claim.branch = (struct str){ long_name, FIX_NAME_MAX };
	assert_told("xxx\nSLUICE_PULL_REQUEST=");
}

static void a_url_is_one_of_http_and_a_word_is_a_word(void **state)
{
	const struct str urls[] = { STR("javascript:alert(1)"), STR("file:///etc/passwd"), STR("https://a b"),
		STR("https://a\n"), STR("https://a\"b"), STR("https://\xc3\xa4") };
	const struct str wrong[] = { STR("a b"), STR("-x"), STR("a\n"), STR("a;b"), STR("$x") };

	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		claim.run_url = urls[i];
		assert_told("SLUICE_RUN_URL= (dropped)\n");
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		claim.class = wrong[i];
		assert_told("SLUICE_CLASS= (dropped)\n");
	}
	claim.attempt = -1;
	assert_told("SLUICE_ATTEMPT= (dropped)\n");
}

static void a_claim_is_refused_without_what_the_fixer_needs(void **state)
{
	const struct fix_claim good = claim;
	const struct str repo = STR("Acme/Widget");

	(void)state;
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_OK);
	claim.dispatch_id = 0;
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_INVALID);
	claim = good;
	claim.number = 0;
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_INVALID);
	claim = good;
	assert_int_equal(fix_claim_check(&claim, STR("acme/other"), &e), ERR_INVALID);
	claim.head_sha = STR("HEAD; rm -rf .");
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_INVALID);
	claim.head_sha = STR("0123456789ABCDEF0123456789abcdef01234567");
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_INVALID);
	claim = good;
	claim.prompt = STR("");
	assert_int_equal(fix_claim_check(&claim, repo, &e), ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_fact_is_told_and_what_is_not_known_is_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_branch_may_be_called_what_branches_may_be_called, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_could_do_harm_as_a_value_is_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_url_is_one_of_http_and_a_word_is_a_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_claim_is_refused_without_what_the_fixer_needs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
