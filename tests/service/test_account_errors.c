/* account: what was found out about failed steps, with the lines of its errors, wherever these are. */
#include "tests/test.h"

#include "store/errors.h"
#include "tests/service/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct one { /* error of a step, as an explainer would say it */
	int64_t step_id;
	struct error error;
	const char *failed; /* instead of it */
};

static struct one *explaining;

static enum err_code apply_explained(struct store_op *op, struct db *db, struct err *e)
{
	const struct str template = STR("it broke");
	struct due_step *due = NULL;
	size_t n = 0;

	(void)op;
	TRY(explaining_mark(db, explaining->step_id, e));
	TRY(explaining_due(db, &fx.arena, 1000, &due, &n, e));
	for (size_t i = 0; i < n; i++) {
		struct explained x = { .step = due[i],
			.now = NOW,
			.failed = str_z(explaining->failed ? explaining->failed : ""),
			.errors = &explaining->error,
			.templates = &template,
			.n = explaining->failed || explaining->error.to_line < 0 ? 0 : 1 };

		if (due[i].step_id == explaining->step_id)
			return errors_replace(db, &x, e);
	}
	return err_set(e, ERR_INTERNAL, "step %lld is not due", (long long)explaining->step_id);
}

static void explain(struct one one)
{
	struct store_op op = { .apply = apply_explained, .bytes = 1000 };
	struct err e;

	explaining = &one;
	if (store_write(fx.store, &op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* Lines [from, to) of a step broke; errors with one fingerprint are of one group. */
static void explain_as(int64_t step_id, int64_t from, int64_t to, const char *fingerprint)
{
	explain((struct one){ .step_id = step_id,
		.error = { .role = ERROR_CAUSE,
			.class = CLASS_COMPILE,
			.severity = SEVERITY_ERROR,
			.from_line = from,
			.to_line = to,
			.head_line = from,
			.message = STR("it broke"),
			.fingerprint = str_z(fingerprint) } });
}

static void explain_lines(int64_t step_id, int64_t from, int64_t to)
{
	explain_as(step_id, from, to, "1:it broke");
}

static int64_t step_named(const char *name)
{
	struct step_query q = { .repo_id = fx.repo.id, .head_sha = STR(SHA) };
	struct step *steps = NULL;
	struct run_tally tally;
	struct db *db = NULL;
	struct err e;
	int64_t expired_at, id = 0;
	size_t n = 0;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(steps_failed(db, &fx.arena, &q, 100, &steps, &n, &tally, &expired_at, &e), ERR_OK);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		if (str_eq(steps[i].facts.step_name, str_z(name)))
			id = steps[i].id;
	assert_true(id > 0);
	return id;
}

static void assert_context_has(const char *part)
{
	char *md = context_of(ACCOUNT_MARKDOWN);

	if (!strstr(md, part))
		fail_msg("no \"%s\" in\n%s", part, md);
	free(md);
}

static void assert_context_has_not(const char *part)
{
	char *md = context_of(ACCOUNT_MARKDOWN);

	if (strstr(md, part))
		fail_msg("\"%s\" is in\n%s", part, md);
	free(md);
}

/* "line 1".."line n", each with its end. */
static struct str numbered(int n)
{
	struct str s;
	AUTO_BUF b;

	buf_init(&b, (size_t)64 << 20);
	for (int i = 1; i <= n; i++)
		buf_fmt(&b, "line %d\n", i);
	s = arena_str(&fx.arena, buf_view(&b));
	return s;
}

static void a_step_that_is_not_explained_says_so_and_why(void **state)
{
	(void)state;

	post_text("compile", "broken pump");
	assert_context_has("\nNot explained yet");
	explain((struct one){ .step_id = step_named("compile"), .failed = "it is too long" });
	assert_context_has("\nIt could not be explained: `it is too long`.\n");
	assert_context_has("broken pump");
}

static void a_step_in_which_no_error_was_found_says_so(void **state)
{
	(void)state;

	post_text("compile", "broken pump");
	explain((struct one){ .step_id = step_named("compile"), .error = { .to_line = -1 } });
	assert_context_has("\nNo error was found in it.\n");
	assert_context_has("broken pump");
}

static void a_cause_in_a_log_that_was_posted_has_its_lines(void **state)
{
	(void)state;

	post_text("compile", "one\ntwo\nthree\nfour");
	explain_lines(step_named("compile"), 1, 3);
	assert_context_has("**Cause**: compile · `it broke`\n- new in this commit\n- lines 2 to 3: `/steps/");
	assert_context_has("```text\ntwo\nthree\n```\n");
	assert_context_has("```text\none\n[lines 2 to 3 are above]\nfour\n```\n");
}

/* Of 300 lines that were posted the last 200 are kept. */
static void lines_of_a_posted_log_are_counted_from_its_first_one(void **state)
{
	struct ingest_post p = a_post("compile", numbered(300));
	(void)state;

	assert_int_equal(post_at(&p, NOW), ERR_OK);
	explain_lines(step_named("compile"), 149, 151);
	assert_context_has("- lines 150 to 151: ");
	assert_context_has("```text\nline 150\nline 151\n```\n");
	assert_context_has("line 149\n[lines 150 to 151 are above]\nline 152\n");
	assert_context_has("last 200 of 300 lines");
}

static void a_cause_far_from_the_end_of_a_streamed_log_has_its_lines(void **state)
{
	struct str text = numbered(200000);
	int64_t id;
	(void)state;

	id = streamed_log("compile", "77", text, CONCLUSION_FAILURE);
	explain_lines(id, 4999, 5002);
	assert_context_has("```text\nline 5000\nline 5001\nline 5002\n```\n");
	assert_context_has("line 200000\n```\n");
	assert_context_has_not("line 199799\n"); /* the end is as long as without errors */
}

/* Where one frame ends and another begins is not seen. */
static void lines_are_found_in_every_frame_and_across_frames(void **state)
{
	struct str text = numbered(60000); /* of three frames, with those that are cut at lines */
	char want[200];
	int64_t id;
	(void)state;

	id = streamed_log("compile", "77", text, CONCLUSION_FAILURE);
	for (int64_t line = 1; line < 60000; line += 3989) {
		explain_lines(id, line - 1, line + 38); /* 39 lines */
		snprintf(want, sizeof want, "```text\nline %lld\n", (long long)line);
		assert_context_has(want);
		snprintf(want, sizeof want, "line %lld\n```\n", (long long)line + 38);
		assert_context_has(want);
		assert_context_has_not("not shown]");
	}
}

static void a_log_that_still_lies_in_chunks_has_the_lines_too(void **state)
{
	int64_t id;
	(void)state;

	id = streamed("compile", numbered(3000), 7000, false);
	end_stream(id, CONCLUSION_FAILURE);
	explain_lines(id, 100, 102);
	assert_context_has("```text\nline 101\nline 102\n```\n");
}

static void a_long_line_is_cut_and_said_to_be(void **state)
{
	struct str text;
	char *json;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 2000; i++)
		buf_z(&b, "0123456789");
	text = buf_view(&b);
	streamed_log("compile", "77", text, CONCLUSION_FAILURE);
	explain_lines(step_named("compile"), 0, 1);
	json = context_of(ACCOUNT_JSON);
	assert_non_null(strstr(json, "\"truncated\":true,\"text\":\"0123"));
	free(json);
}

static void a_context_of_little_room_reads_little_and_still_tells_the_newest_cause(void **state)
{
	struct account_query q = { .repo = STR("acme/pump"), .head_sha = STR(SHA), .budget = 1024 };
	struct identity id = { .kind = IDENTITY_TOKEN, .scopes = SCOPE_ALL };
	char names[8][20];
	struct err e;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	for (int i = 0; i < 8; i++) {
		snprintf(names[i], sizeof names[i], "step %d", i);
		explain_lines(
			streamed_log(names[i], "77", numbered(2000), CONCLUSION_FAILURE), 10 + i, 12 + i);
	}
	if (account_write(fx.store, fx.cfg, &id, &q, &out, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_true(out.len <= 1024);
	assert_non_null(strstr(buf_cstr(&out), "**Cause**: "));
	assert_non_null(strstr(buf_cstr(&out), "`step 7`"));
}

static size_t times(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		n++;
	return n;
}

/* However many steps there are: three have room for their ends, and 32 more are read for the lines of their errors. */
static void a_bounded_number_of_logs_is_opened(void **state)
{
	struct str text = numbered(5000);
	char name[20], *json;
	(void)state;

	fx.cfg->tail_bytes = 100 * 1024;
	fx.cfg->tail_lines = 5000;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "step %d", i);
		explain_as(streamed_log(name, "77", text, CONCLUSION_FAILURE), 10, 12, name);
	}
	json = context_of(
		ACCOUNT_JSON); /* 64 KiB: ends are read until there are 128 KiB of them, 49 KiB each */
	assert_int_equal(times(json, "\"message\":\"it broke\""), 40);
	assert_int_equal(times(json, "\"text\":\"line 11\\nline 12\""), 3 + 32);
	free(json);
}

/* Legs of a matrix fail alike. */
static void the_same_cause_of_two_steps_is_told_once(void **state)
{
	const char *first;
	char *md;
	(void)state;

	post_text("compile", "broken pump");
	post_text("link", "broken pump");
	explain_lines(step_named("compile"), 0, 1);
	explain_lines(step_named("link"), 0, 1);
	md = context_of(ACCOUNT_MARKDOWN);
	first = strstr(md, "- new in this commit");
	assert_non_null(first);
	assert_null(strstr(first + 1, "- new in this commit"));
	assert_non_null(strstr(first, "the same as above, of job `build`, step `compile` · `it broke`"));
	free(md);
}

static void what_was_seen_on_another_commit_is_known(void **state)
{
	struct ingest_post before = a_post("compile", STR("broken pump"));
	struct step_query q = { .repo_id = fx.repo.id, .external_run_id = STR("76") };
	struct step *steps = NULL;
	struct run_tally tally;
	struct db *db = NULL;
	struct err e;
	int64_t expired_at;
	size_t n;
	(void)state;

	before.facts.head_sha = STR("89abcdef0123456789abcdef0123456789abcdef");
	before.facts.external_run_id = STR("76");
	before.facts.branch = STR("topic");
	assert_int_equal(post_at(&before, NOW - 3 * DAY_MS), ERR_OK);
	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(steps_failed(db, &fx.arena, &q, 100, &steps, &n, &tally, &expired_at, &e), ERR_OK);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 1);
	explain_lines(steps[0].id, 0, 1);
	post_text("compile", "broken pump");
	explain_lines(step_named("compile"), 0, 1);
	assert_context_has("- known since 2026-09-18, in 2 runs on 2 branches\n");
}

static void an_expired_log_keeps_the_facts_of_its_errors(void **state)
{
	struct chore_report reports[CHORE_N];
	struct ingest_post later = a_post("link", STR("still here"));
	struct err e;
	size_t n;
	(void)state;

	post_text("compile", "broken pump");
	explain_lines(step_named("compile"), 0, 1);
	assert_int_equal(post_at(&later, NOW + 14 * DAY_MS), ERR_OK);
	assert_int_equal(janitor_pass(fx.store, fx.cfg, false, NOW + 15 * DAY_MS, reports, &n, &e), ERR_OK);
	assert_context_has("**Cause**: compile · `it broke`\n");
	assert_context_has_not("broken pump");
	assert_context_has("still here");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, streaming_up, streaming_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_step_that_is_not_explained_says_so_and_why),
		TEST(a_step_in_which_no_error_was_found_says_so),
		TEST(a_cause_in_a_log_that_was_posted_has_its_lines),
		TEST(lines_of_a_posted_log_are_counted_from_its_first_one),
		TEST(a_cause_far_from_the_end_of_a_streamed_log_has_its_lines),
		TEST(lines_are_found_in_every_frame_and_across_frames),
		TEST(a_log_that_still_lies_in_chunks_has_the_lines_too),
		TEST(a_long_line_is_cut_and_said_to_be),
		TEST(a_context_of_little_room_reads_little_and_still_tells_the_newest_cause),
		TEST(a_bounded_number_of_logs_is_opened),
		TEST(the_same_cause_of_two_steps_is_told_once),
		TEST(what_was_seen_on_another_commit_is_known),
		TEST(an_expired_log_keeps_the_facts_of_its_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
