/* outputs: what tests wrote and what was expected: read, compared, accepted, taken back; and what else there is of a run to be fetched. */
#include "tests/test.h"

#include "store/suite_nouns.h"
#include "tests/http/suite_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SORT wrote this. */
static struct work sorted_as(const char *text)
{
	struct work w = a_work("");

	must_tell(&w, result(SORT, 0, wrote("out", text)));
	must_send_output(&w, OUT, text);
	return w;
}

static struct answer of_out(int64_t run_id, const char *what)
{
	return of_output(run_id, ALPHA, SORT, OUT, what);
}

/* As if the disk had lost it. */
static void lose_file(const char *text)
{
	const char *digest = hex_of(text);
	char path[300];

	snprintf(path, sizeof path, "find %s -name '*%s*' -type f -delete", fx.folder, digest + 4);
	assert_int_equal(system(path), 0);
}

/* ---- contents ---- */

static void an_output_is_told_as_text_or_in_base64(void **state)
{
	struct work w = sorted_as("3\n2\n");
	(void)state;

	AUTO_ANSWER text = of_out(w.run_id, "actual?format=text");
	AUTO_ANSWER base64 = of_out(w.run_id, "actual");
	AUTO_ANSWER expected = of_out(w.run_id, "expected?format=text");
	struct json *j = json_of(&text);

	assert_int_equal(text.status, 200);
	assert_text(j, "encoding", "utf-8");
	assert_text(j, "content", "3\n2\n");
	assert_text(j, "filename", "out");
	assert_text(j, "sha256", hex_of("3\n2\n"));
	assert_text(j, "storage_status", "ok");
	assert_text(j, "content_type", "text/plain; charset=utf-8");
	assert_int_equal(number(j, "size_bytes"), 4);
	assert_int_equal(number(j, "regression_id"), SORT);
	assert_int_equal(json_kind(json_get(j, "truncated")), JSON_BOOL);
	assert_false(json_is_true(json_get(j, "truncated")));
	assert_text(j, "download_url",
		arena_fmt(&fx.arena, "https://sluice.example.org/api/v1/blobs/%s", hex_of("3\n2\n")).p);
	assert_text(json_of(&base64), "encoding", "base64");
	assert_text(json_of(&base64), "content", "MwoyCg==");
	assert_text(json_of(&expected), "content", SORTED);
	AUTO_ANSWER all = get(arena_fmt(&fx.arena, "/api/v1/blobs/%s", hex_of("3\n2\n")).p);
	assert_string_equal(all.body, "3\n2\n");
}

static void what_passed_is_expected_as_the_variant_that_it_is(void **state)
{
	struct work w = sorted_as(SORTED_TOO);
	(void)state;

	AUTO_ANSWER expected = of_out(w.run_id, "expected?format=text");
	assert_text(json_of(&expected), "content", SORTED_TOO);
}

static void what_was_not_written_or_not_expected_is_not_there(void **state)
{
	struct work w = a_work("");
	(void)state;

	AUTO_ANSWER early = of_out(w.run_id, "actual");
	must_tell(&w, result(SORT, 0, ""));
	must_tell(&w, result(NEW, 0, wrote("c", "c\n")));
	AUTO_ANSWER actual = of_out(w.run_id, "actual");
	AUTO_ANSWER expected = of_output(w.run_id, BETA, NEW, OUT_C, "expected");
	AUTO_ANSWER sample = of_output(w.run_id, BETA, SORT, OUT, "expected");
	AUTO_ANSWER test = of_output(w.run_id, ALPHA, TWO, OUT, "expected");
	AUTO_ANSWER output = of_output(w.run_id, ALPHA, SORT, OUT_A, "expected");
	AUTO_ANSWER format = of_out(w.run_id, "expected?format=hex");
	assert_error(&early, 404, "not_found");
	assert_error(&actual, 404, "not_found");
	assert_error(&expected, 404, "not_found");
	assert_error(&sample, 404, "not_found");
	assert_error(&test, 404, "not_found");
	assert_error(&output, 404, "not_found");
	assert_wrong_field(&format, "format");
}

static void bytes_that_are_no_text_are_replaced_in_text_and_exact_in_base64(void **state)
{
	struct work w = sorted_as("a\xFF"
				  "b");
	(void)state;

	AUTO_ANSWER text = of_out(w.run_id, "actual?format=text");
	AUTO_ANSWER base64 = of_out(w.run_id, "actual?format=base64");
	assert_text(json_of(&text), "content",
		"a\xEF\xBF\xBD"
		"b");
	assert_text(json_of(&text), "content_type", "application/octet-stream");
	assert_text(json_of(&base64), "content", "Yf9i");
}

static void a_content_is_cut_at_a_mebibyte_and_says_so(void **state)
{
	static char text[(1 << 20) + 1];
	struct work w;
	(void)state;

	memset(text, 'x', sizeof text - 1);
	w = sorted_as(text); /* as much as one may send */
	AUTO_ANSWER whole = of_out(w.run_id, "actual?format=text");
	AUTO_ANSWER half = of_out(w.run_id, "actual?format=base64");
	assert_int_equal(json_str(json_get(json_of(&whole), "content")).len, 1 << 20);
	assert_false(json_is_true(json_get(json_of(&whole), "truncated")));
	assert_int_equal(json_str(json_get(json_of(&half), "content")).len, 1 << 20);
	assert_true(json_is_true(json_get(json_of(&half), "truncated")));
	assert_int_equal(number(json_of(&half), "size_bytes"), 1 << 20);
	text[100] = '\xC3'; /* no text: it is longer when it is told */
	finish(&w);
	struct work longer = a_work("");
	must_tell(&longer, result(SORT, 0, wrote("out", text)));
	must_send_output(&longer, OUT, text);
	AUTO_ANSWER cut = of_out(longer.run_id, "actual?format=text");
	assert_true(json_str(json_get(json_of(&cut), "content")).len <= 1 << 20);
	assert_true(json_is_true(json_get(json_of(&cut), "truncated")));
}

static void a_file_that_is_lost_is_told_as_missing_and_never_linked(void **state)
{
	struct work w = sorted_as("3\n2\n");
	(void)state;

	lose_file("3\n2\n");
	AUTO_ANSWER r = of_out(w.run_id, "actual?format=text");
	AUTO_ANSWER artifacts = of_run(w.run_id, "/artifacts?type=sample_output");
	AUTO_ANSWER diff = of_out(w.run_id, "diff");
	AUTO_ANSWER blob = get(arena_fmt(&fx.arena, "/api/v1/blobs/%s", hex_of("3\n2\n")).p);
	assert_int_equal(r.status, 200);
	assert_text(json_of(&r), "storage_status", "missing");
	assert_text(json_of(&r), "content", "");
	assert_null_member(json_of(&r), "download_url");
	assert_text(json_at(data_of(&artifacts), 0), "storage_status", "missing");
	assert_null_member(json_at(data_of(&artifacts), 0), "download_url");
	assert_error(&diff, 410, "gone");
	assert_error(&blob, 404, "not_found");
	must_send_output(&w, OUT, "3\n2\n"); /* sent again it is well again */
	AUTO_ANSWER again = of_out(w.run_id, "actual?format=text");
	assert_text(json_of(&again), "storage_status", "ok");
}

struct state_op {
	struct store_op op;
	struct str digest;
};

static enum err_code apply_degraded(struct store_op *op, struct db *db, struct err *e)
{
	return blobs_set_state(db, ((struct state_op *)(void *)op)->digest, BLOB_DEGRADED, NOW, e);
}

/* Of two files that are compared. */
static void a_difference_is_as_well_as_the_worse_of_its_sides(void **state)
{
	struct work w = sorted_as("new");
	struct state_op op = { .op = { .apply = apply_degraded, .bytes = 100 },
		.digest = str_z(hex_of(SORTED_TOO)) };
	struct err e;
	(void)state;

	AUTO_ANSWER well = of_run(w.run_id, "/artifacts?type=diff");
	for (int i = 0; i < 2; i++) { /* it was compared with one of the two */
		assert_int_equal(store_write(fx.app.store, &op.op, &e), ERR_OK);
		op.digest = str_z(hex_of(SORTED));
	}
	AUTO_ANSWER worse = of_run(w.run_id, "/artifacts?type=diff");
	AUTO_ANSWER actual = of_run(w.run_id, "/artifacts?type=sample_output");
	assert_text(json_at(data_of(&well), 0), "storage_status", "ok");
	assert_text(json_at(data_of(&worse), 0), "storage_status", "degraded");
	assert_text(json_at(data_of(&actual), 0), "storage_status", "ok");
}

/* ---- differences ---- */

static void a_difference_is_told_in_hunks_and_as_diff_writes_it(void **state)
{
	struct work w = sorted_as("1\n3\n4\n");
	struct json *hunk, *lines;
	(void)state;

	AUTO_ANSWER r = of_out(w.run_id, "diff");
	AUTO_ANSWER unified = of_out(w.run_id, "diff?format=unified");
	assert_text(json_of(&r), "status", "different");
	assert_int_equal(number(json_get(json_of(&r), "summary"), "added_lines"), 1);
	assert_int_equal(number(json_get(json_of(&r), "summary"), "removed_lines"), 1);
	hunk = json_at(json_get(json_of(&r), "hunks"), 0);
	lines = json_get(hunk, "lines");
	assert_int_equal(number(hunk, "expected_start"), 1);
	assert_int_equal(json_len(lines), 4);
	assert_text(json_at(lines, 1), "kind", "removed");
	assert_text(json_at(lines, 1), "text", "2");
	assert_int_equal(number(json_at(lines, 1), "expected_line"), 2);
	assert_null_member(json_at(lines, 1), "actual_line");
	assert_text(json_at(lines, 3), "kind", "added");
	assert_int_equal(number(json_at(lines, 3), "actual_line"), 3);
	assert_text(json_of(&unified), "format", "unified");
	assert_text(json_of(&unified), "content",
		"--- expected/out\n+++ actual/out\n@@ -1,3 +1,3 @@\n 1\n-2\n 3\n+4\n");
}

static void what_is_identical_missing_or_new_has_no_hunks(void **state)
{
	struct work w = sorted_as(SORTED);
	static const struct {
		int64_t sample, test, output;
		const char *status;
	} cases[] = { { ALPHA, SORT, OUT, "identical" }, { ALPHA, TWO, OUT_A, "missing_actual" },
		{ BETA, NEW, OUT_C, "missing_expected" } };
	(void)state;

	must_tell(&w, result(TWO, 0, ""));
	must_tell(&w, result(NEW, 0, wrote("c", "c\n")));
	for (size_t i = 0; i < 3; i++) {
		AUTO_ANSWER r = of_output(w.run_id, cases[i].sample, cases[i].test, cases[i].output, "diff");
		AUTO_ANSWER unified = of_output(
			w.run_id, cases[i].sample, cases[i].test, cases[i].output, "diff?format=unified");

		if (r.status != 200)
			fail_msg("%s: %s", cases[i].status, r.body);
		assert_text(json_of(&r), "status", cases[i].status);
		assert_int_equal(json_len(json_get(json_of(&r), "hunks")), 0);
		assert_text(json_of(&unified), "content", "");
	}
}

static void of_files_that_are_no_text_it_is_told_that_they_differ(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, result(SORT, 0,
			      "{\"filename\":\"out\",\"sha256\":"
			      "\"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d\"}"));
	AUTO_ANSWER put = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena,
			"/internal/runs/%lld/outputs/1?claim=1&sha256="
			"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
			(long long)w.run_id)
				  .p,
		.token = INTERNAL,
		.type = "application/octet-stream",
		.body = "\0",
		.body_len = 1 });
	AUTO_ANSWER r = of_out(w.run_id, "diff");
	assert_int_equal(put.status, 201);
	assert_text(json_of(&r), "status", "different");
	assert_true(json_is_true(json_get(json_of(&r), "binary")));
	assert_int_equal(json_len(json_get(json_of(&r), "hunks")), 0);
}

static void a_difference_has_as_much_context_as_was_asked_for(void **state)
{
	static const struct {
		const char *query;
		int status;
	} cases[] = { { "?context_lines=0", 400 }, { "?context_lines=1", 200 }, { "?context_lines=50", 200 },
		{ "?context_lines=51", 400 }, { "?format=side-by-side", 400 }, { "?surprise=1", 400 } };
	struct work w = sorted_as("1\n2\n3\n4\n");
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = of_out(w.run_id, arena_fmt(&fx.arena, "diff%s", cases[i].query).p);

		assert_int_equal(r.status, cases[i].status);
	}
	AUTO_ANSWER one = of_out(w.run_id, "diff?context_lines=1");
	assert_int_equal(json_len(json_get(json_at(json_get(json_of(&one), "hunks"), 0), "lines")), 2);
}

static void lines_that_are_long_and_hunks_that_are_many_are_cut_with_a_mark(void **state)
{
	struct work w;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 1500; i++)
		buf_char(&text, 'x');
	for (int i = 0; i < 3000; i++)
		buf_fmt(&text, "\n%d", i);
	w = sorted_as(buf_cstr(&text));
	AUTO_ANSWER r = of_out(w.run_id, "diff");
	AUTO_ANSWER unified = of_out(w.run_id, "diff?format=unified");
	assert_int_equal(r.status, 200); /* the bounds are the document's, which every answer is held to */
	assert_true(json_is_true(json_get(json_of(&r), "truncated")));
	assert_int_equal(unified.status, 200);
}

/* ---- approvals ---- */

static struct answer approve_as(const char *token, int64_t run_id, int64_t sample, const char *body)
{
	return ask((struct ask){ .method = "POST",
		.target = arena_fmt(&fx.arena, "/api/v1/runs/%lld/samples/%lld/baseline-approval",
			(long long)run_id, (long long)sample)
				  .p,
		.token = token,
		.body = body });
}

#define APPROVE_OUT "{\"regression_id\":1,\"output_id\":1}"
#define APPROVE_ONLY_OUT "{\"regression_id\":1,\"output_id\":1,\"remove_variants\":true}"

static void must_approve(int64_t run_id, const char *body)
{
	AUTO_ANSWER r = approve_as(fx.admin.p, run_id, ALPHA, body);

	if (r.status != 200)
		fail_msg("%s", r.body);
	assert_text(json_of(&r), "status", "approved");
	assert_text(json_of(&r), "requested_by", "root@example.org");
	assert_int_equal(number(json_of(&r), "run_id"), run_id);
}

static struct answer revert(const char *token, int64_t run_id, int64_t sample, const char *query)
{
	return ask((struct ask){ .method = "DELETE",
		.target = arena_fmt(&fx.arena, "/api/v1/runs/%lld/samples/%lld/baseline-approval?%s",
			(long long)run_id, (long long)sample, query)
				  .p,
		.token = token });
}

static void assert_revert(int64_t run_id, int status)
{
	AUTO_ANSWER r = revert(fx.admin.p, run_id, ALPHA, "regression_id=1&output_id=1");

	if (r.status != status)
		fail_msg("%d %s", r.status, r.body);
}

/* What SORT would be judged now, if it wrote this. */
static void assert_judged(const char *text, const char *status)
{
	struct work w = a_work(",\"regression_test_ids\":[1]");

	must_tell(&w, result(SORT, 0, wrote("out", text)));
	assert_result(w.run_id, SORT, status);
	finish(&w);
}

static void what_is_approved_is_right_from_now_on_and_in_its_run(void **state)
{
	struct work w = sorted_as("new"), before = w;
	(void)state;

	finish(&before);
	w = sorted_as("new");
	finish(&w);
	assert_run(w.run_id, "fail", NULL);
	must_approve(w.run_id, APPROVE_OUT);
	assert_result(w.run_id, SORT, "pass");
	assert_int_equal(counts_of(w.run_id).errors, 0);
	assert_result(before.run_id, SORT, "fail"); /* says what it said */
	assert_judged("new", "pass");
	assert_judged(SORTED, "pass");
	assert_judged(SORTED_TOO, "pass");
	must_approve(w.run_id, APPROVE_OUT);
	assert_revert(w.run_id, 204);
	assert_result(w.run_id, SORT, "fail");
	assert_judged("new", "fail");
	assert_judged(SORTED, "pass");
	assert_revert(w.run_id, 404);
}

static void an_approval_that_removes_variants_gives_them_back_when_it_is_taken_back(void **state)
{
	struct work w = sorted_as("new");
	(void)state;

	finish(&w);
	must_approve(w.run_id, APPROVE_ONLY_OUT);
	must_approve(w.run_id, APPROVE_ONLY_OUT);
	assert_judged("new", "pass");
	assert_judged(SORTED, "fail");
	assert_judged(SORTED_TOO, "fail");
	assert_revert(w.run_id, 204);
	assert_judged("new", "fail");
	assert_judged(SORTED, "pass");
	assert_judged(SORTED_TOO, "pass");
	assert_revert(w.run_id, 404);
	must_approve(w.run_id, APPROVE_OUT); /* and again */
	assert_judged("new", "pass");
}

/* Each approval is its own: one that is taken back takes no other with it, in whatever order. */
static void approvals_are_taken_back_one_by_one(void **state)
{
	struct work one = sorted_as("one"), two;
	(void)state;

	finish(&one);
	two = sorted_as("two");
	finish(&two);
	must_approve(one.run_id, APPROVE_ONLY_OUT);
	must_approve(two.run_id, APPROVE_ONLY_OUT);
	assert_judged("one", "fail");
	assert_judged("two", "pass");
	assert_revert(one.run_id, 204);
	assert_judged("two", "pass");
	assert_judged(SORTED, "fail");
	assert_revert(two.run_id, 204);
	assert_judged("one", "fail");
	assert_judged("two", "fail");
	assert_judged(SORTED, "pass");
	must_approve(one.run_id, APPROVE_OUT);
	must_approve(two.run_id, APPROVE_ONLY_OUT);
	assert_judged("one", "fail");
	assert_revert(two.run_id, 204);
	assert_judged("one", "pass");
	assert_judged(SORTED, "pass");
}

/* Two runs wrote the same, and both were approved: it is accepted until both are taken back. */
static void what_two_approved_stays_when_one_is_taken_back(void **state)
{
	struct work one = sorted_as("new"), two;
	(void)state;

	finish(&one);
	two = sorted_as("new");
	finish(&two);
	must_approve(one.run_id, APPROVE_OUT);
	must_approve(two.run_id, APPROVE_OUT);
	assert_revert(one.run_id, 204);
	assert_judged("new", "pass");
	assert_revert(two.run_id, 204);
	assert_judged("new", "fail");
}

static void of_an_output_twenty_contents_are_accepted(void **state)
{
	struct work w;
	(void)state;

	for (int i = 0; i < 18; i++) { /* two there are */
		w = sorted_as(arena_fmt(&fx.arena, "%d", i).p);
		finish(&w);
		must_approve(w.run_id, APPROVE_OUT);
		must_approve(w.run_id, APPROVE_OUT);
	}
	w = sorted_as("one more");
	finish(&w);
	AUTO_ANSWER over = approve_as(fx.admin.p, w.run_id, ALPHA, APPROVE_OUT);
	AUTO_ANSWER suite = ask((struct ask){ .method = "PUT",
		.target = "/api/v1/suite",
		.token = fx.admin.p,
		.type = "application/octet-stream",
		.body = arena_fmt(&fx.arena,
			"samples: [{file: \"sha256:%s\", name: alpha.txt}]\n"
			"tests: [{name: sort, sample: \"sha256:%s\", command: sort, outputs: [{file: out, "
			"accepted: [\"sha256:%s\"]}]}]\n",
			hex_of("alpha"), hex_of("alpha"), hex_of("A"))
				.p });
	assert_error(&over, 422, "unprocessable");
	assert_error(&suite, 422, "unprocessable");
	assert_judged("one more", "fail");
	assert_judged("A", "fail");
	assert_judged("17", "pass");
	must_approve(w.run_id, APPROVE_ONLY_OUT);
	assert_judged("one more", "pass");
	assert_judged("17", "fail");
}

static void one_of_the_variants_may_become_the_only_one(void **state)
{
	struct work w = sorted_as(SORTED_TOO);
	(void)state;

	finish(&w);
	assert_revert(w.run_id, 404);
	must_approve(w.run_id, APPROVE_ONLY_OUT);
	assert_judged(SORTED, "fail");
	assert_judged(SORTED_TOO, "pass");
	assert_revert(w.run_id, 204);
	assert_judged(SORTED, "pass");
	assert_judged(SORTED_TOO, "pass");
}

static void approvals_are_kept_with_who_and_when(void **state)
{
	struct work w = sorted_as("new");
	(void)state;

	must_approve(w.run_id, APPROVE_ONLY_OUT);
	assert_revert(w.run_id, 204);
	AUTO_ANSWER audit = get("/api/v1/audit");
	struct json *newest = json_at(data_of(&audit), 0), *before = json_at(data_of(&audit), 1);
	assert_text(newest, "action", "baseline.revert");
	assert_text(before, "action", "baseline.approve");
	assert_non_null(strstr(audit.body, "remove_variants"));
	assert_non_null(strstr(audit.body, "root@example.org"));
}

static void what_cannot_be_approved_says_why(void **state)
{
	struct work w = a_work("");
	static const struct {
		const char *body;
		int status;
	} cases[] = { { "{\"regression_id\":2,\"output_id\":2}", 422 }, /* nothing was written */
		{ "{\"regression_id\":1,\"output_id\":1}", 422 },       /* its bytes were not sent */
		{ "{\"regression_id\":1,\"output_id\":2}", 404 },
		{ "{\"regression_id\":4,\"output_id\":4}", 404 }, { "{\"regression_id\":1}", 400 },
		{ "{\"output_id\":1}", 400 }, { "{\"regression_id\":0,\"output_id\":1}", 400 },
		{ "{\"regression_id\":1,\"output_id\":1,\"remove_variants\":1}", 400 },
		{ "{\"regression_id\":1,\"output_id\":1,\"surprise\":true}", 400 } };
	(void)state;

	must_tell(&w, result(TWO, 0, ""));
	must_tell(&w, result(SORT, 0, wrote("out", "never sent")));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = approve_as(fx.admin.p, w.run_id, ALPHA, cases[i].body);

		if (r.status != cases[i].status)
			fail_msg("%s: %d %s", cases[i].body, r.status, r.body);
	}
	AUTO_ANSWER contributor = approve_as(token_of_a(ROLE_CONTRIBUTOR), w.run_id, ALPHA, APPROVE_OUT);
	AUTO_ANSWER taken = revert(token_of_a(ROLE_TESTER), w.run_id, ALPHA, "regression_id=1&output_id=1");
	AUTO_ANSWER lacks = revert(fx.admin.p, w.run_id, ALPHA, "regression_id=1");
	AUTO_ANSWER else_ = revert(fx.admin.p, w.run_id, BETA, "regression_id=1&output_id=1");
	assert_error(&contributor, 403, "forbidden");
	assert_error(&taken, 403, "forbidden");
	assert_wrong_field(&lacks, "output_id");
	assert_error(&else_, 404, "not_found");
}

/* Large ones are compared where that was asked for, and nowhere else. */
static void the_account_of_a_run_compares_small_files_alone(void **state)
{
	struct work small = sorted_as("new"), large;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 60000; i++)
		buf_fmt(&text, "%d\n", i);
	AUTO_ANSWER before = get_of("/api/v1/context?format=json&run_id=", small.run_id, "");
	assert_non_null(strstr(before.body, "@@"));
	finish(&small);
	large = sorted_as(buf_cstr(&text));
	must_approve(large.run_id, APPROVE_ONLY_OUT);
	finish(&large);
	small = sorted_as("new");
	AUTO_ANSWER after = get_of("/api/v1/context?format=json&run_id=", small.run_id, "");
	AUTO_ANSWER diff = of_out(small.run_id, "diff?format=unified");
	assert_null(strstr(after.body, "@@"));
	assert_non_null(strstr(after.body, "\"sort\""));
	assert_non_null(strstr(diff.body, "+new"));
}

/* ---- what there is to be fetched ---- */

static void assert_artifacts(int64_t run_id, const char *type, int64_t want)
{
	AUTO_ANSWER r = of_run(run_id, arena_fmt(&fx.arena, "/artifacts?type=%s", type).p);
	struct json *data = data_of(&r);

	if (total_of(&r) != want)
		fail_msg("%s: %s", type, r.body);
	for (size_t i = 0; i < json_len(data); i++)
		assert_text(json_at(data, i), "type", type);
}

static void artifacts_are_logs_outputs_and_differences_by_type(void **state)
{
	struct work w = sorted_as("new");
	(void)state;

	must_tell(&w, result(NEW, 0, wrote("c", "c\n")));
	test_log(&w, "sort", "one", "failure");
	test_log(&w, "build", "two", "success");
	assert_artifacts(w.run_id, "build_log", 1);
	assert_artifacts(w.run_id, "combined_stdout", 1);
	assert_artifacts(w.run_id, "sample_output", 2);
	assert_artifacts(w.run_id, "expected_output", 1);
	assert_artifacts(w.run_id, "diff", 1);
	assert_artifacts(w.run_id, "media_info", 0);
	assert_artifacts(w.run_id, "coredump", 0);
	assert_artifacts(w.run_id, "binary", 0);
	AUTO_ANSWER all = of_run(w.run_id, "/artifacts");
	AUTO_ANSWER wrong = of_run(w.run_id, "/artifacts?type=actual_output");
	AUTO_ANSWER out = of_run(w.run_id, "/artifacts?type=sample_output");
	struct json *first = json_at(data_of(&out), 0), *second = json_at(data_of(&out), 1);
	assert_int_equal(total_of(&all), 6);
	assert_wrong_field(&wrong, "type");
	assert_text(first, "filename", "out");
	assert_text(first, "storage_status", "ok");
	assert_int_equal(number(first, "sample_id"), ALPHA);
	assert_int_equal(number(first, "size_bytes"), 3);
	assert_text(second, "storage_status", "missing"); /* it was told, and did not come */
	assert_null_member(second, "download_url");
}

/* Each link that is told leads somewhere. */
static void what_is_linked_can_be_fetched(void **state)
{
	struct work w = sorted_as("new");
	const size_t base = strlen("https://sluice.example.org");
	(void)state;

	test_log(&w, "sort", "one", "failure");
	test_log(&w, "build", "two", "success");
	AUTO_ANSWER all = of_run(w.run_id, "/artifacts");
	for (size_t i = 0; i < json_len(data_of(&all)); i++) {
		struct str url = json_str(json_get(json_at(data_of(&all), i), "download_url"));

		assert_true(url.len > base);
		AUTO_ANSWER r = get(arena_str(&fx.arena, str_from(url, base)).p);
		if (r.status != 200)
			fail_msg("%.*s: %d", STR_FMT(url), r.status);
	}
	assert_int_equal(total_of(&all), 5);
}

/* ---- what tests printed ---- */

/* Messages of a page of lines, like "a b". */
static void assert_lines(int64_t run_id, const char *behind, const char *want)
{
	AUTO_ANSWER r = of_run(run_id, behind);
	struct json *data = data_of(&r);
	char got[300] = "";

	for (size_t i = 0; i < json_len(data); i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(json_str(json_get(json_at(data, i), "message"))));
	assert_string_equal(got, want);
}

static void the_logs_of_a_sample_are_those_of_the_tests_over_it(void **state)
{
	struct work w = a_work("");
	(void)state;

	test_log(&w, "sort", "s1\\nERROR:s2", "failure");
	test_log(&w, "fails", "f1", "success");
	test_log(&w, "build", "b1", "success");
	test_log(&w, "two", "t1", "success");
	assert_lines(w.run_id, "/samples/1/logs", "s1 ERROR:s2 t1");
	assert_lines(w.run_id, "/samples/2/logs", "f1");
	assert_lines(w.run_id, "/logs", "s1 ERROR:s2 f1 b1 t1");
	assert_lines(w.run_id, "/samples/1/logs?contains=T1", "t1");
	assert_lines(w.run_id, "/samples/1/logs?level=error", "ERROR:s2");
	AUTO_ANSWER first = of_run(w.run_id, "/samples/1/logs?limit=2");
	int64_t next = number(json_get(json_of(&first), "pagination"), "next_cursor");
	assert_lines(w.run_id, arena_fmt(&fx.arena, "/samples/1/logs?cursor=%lld", (long long)next).p, "t1");
	assert_int_equal(number(json_at(data_of(&first), 0), "sample_id"), ALPHA);
	AUTO_ANSWER many = of_run(w.run_id, "/samples/1/logs?limit=501");
	AUTO_ANSWER none = of_run(w.run_id, "/samples/99/logs");
	assert_wrong_field(&many, "limit");
	assert_error(&none, 404, "not_found");
}

/* Results API: a log that is not there yet is an empty page, one that never came 404. */
static void a_log_that_may_still_come_is_an_empty_page(void **state)
{
	int64_t waits = a_run("");
	struct work w;
	(void)state;

	assert_lines(waits, "/logs", "");
	assert_lines(waits, "/samples/1/logs", "");
	w = claimed_by("w1");
	assert_lines(w.run_id, "/samples/1/logs", "");
	AUTO_ANSWER no_sample = of_run(w.run_id, "/samples/99/logs");
	assert_error(&no_sample, 404, "not_found");
	test_log(&w, "fails", "f1", "success");
	assert_lines(w.run_id, "/samples/1/logs", "");
	finish(&w);
	AUTO_ANSWER never = of_run(w.run_id, "/samples/1/logs");
	assert_error(&never, 404, "not_found");
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(an_output_is_told_as_text_or_in_base64),
		T(what_passed_is_expected_as_the_variant_that_it_is),
		T(what_was_not_written_or_not_expected_is_not_there),
		T(bytes_that_are_no_text_are_replaced_in_text_and_exact_in_base64),
		T(a_content_is_cut_at_a_mebibyte_and_says_so),
		T(a_file_that_is_lost_is_told_as_missing_and_never_linked),
		T(a_difference_is_as_well_as_the_worse_of_its_sides),
		T(a_difference_is_told_in_hunks_and_as_diff_writes_it),
		T(what_is_identical_missing_or_new_has_no_hunks),
		T(of_files_that_are_no_text_it_is_told_that_they_differ),
		T(a_difference_has_as_much_context_as_was_asked_for),
		T(lines_that_are_long_and_hunks_that_are_many_are_cut_with_a_mark),
		T(what_is_approved_is_right_from_now_on_and_in_its_run),
		T(an_approval_that_removes_variants_gives_them_back_when_it_is_taken_back),
		T(approvals_are_taken_back_one_by_one),
		T(what_two_approved_stays_when_one_is_taken_back),
		T(of_an_output_twenty_contents_are_accepted),
		T(one_of_the_variants_may_become_the_only_one),
		T(approvals_are_kept_with_who_and_when),
		T(what_cannot_be_approved_says_why),
		T(the_account_of_a_run_compares_small_files_alone),
		T(artifacts_are_logs_outputs_and_differences_by_type),
		T(what_is_linked_can_be_fetched),
		T(the_logs_of_a_sample_are_those_of_the_tests_over_it),
		T(a_log_that_may_still_come_is_an_empty_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
