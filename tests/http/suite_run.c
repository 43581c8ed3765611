/* suite_run: see the header. */
#include "tests/test.h"

#include "tests/http/suite_run.h"

#include "base/digest.h"

#include <stdio.h>
#include <string.h>

#define RAW "application/octet-stream"

const char *hex_of(const char *text)
{
	struct sha256 d = sha256_of(str_z(text));
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d.b, sizeof d.b, &hex);
	return arena_str(&fx.arena, buf_view(&hex)).p;
}

static void went_well(struct answer *r, const char *what)
{
	if (r->status / 100 != 2)
		fail_msg("%s: %d: %s", what, r->status, r->body);
}

static void send_blob(const char *text)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/api/v1/blobs/%s", hex_of(text)).p,
		.token = fx.admin.p,
		.type = RAW,
		.body = text });

	went_well(&r, "a file of the suite");
}

void import_suite(const char *yaml)
{
	AUTO_ANSWER r = ask((struct ask){
		.method = "PUT", .target = "/api/v1/suite", .token = fx.admin.p, .type = RAW, .body = yaml });

	went_well(&r, "the suite");
}

int suite_up(void **state)
{
	static const char *const files[] = { "alpha", "beta", SORTED, SORTED_TOO, "A", "B" };

	if (router_up(state) != 0)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		send_blob(files[i]);
	import_suite(arena_fmt(&fx.arena,
		"samples:\n"
		"  - {file: \"sha256:%s\", name: alpha.txt, tags: [small, text]}\n"
		"  - {file: \"sha256:%s\", name: beta.bin, tags: [large]}\n"
		"tests:\n"
		"  - {name: sort, sample: \"sha256:%s\", command: \"sort {input}\", categories: [basic],\n"
		"     outputs: [{file: out, accepted: [\"sha256:%s\", \"sha256:%s\"]}]}\n"
		"  - {name: two, sample: \"sha256:%s\", command: split, categories: [basic, Odd],\n"
		"     outputs: [{file: a, accepted: [\"sha256:%s\"]}, {file: b, accepted: "
		"[\"sha256:%s\"]}]}\n"
		"  - {name: fails, sample: \"sha256:%s\", command: \"false\", expected_rc: 3}\n"
		"  - {name: new, sample: \"sha256:%s\", command: cat, outputs: [{file: c}]}\n"
		"  - {name: retired, sample: \"sha256:%s\", command: cat, active: false}\n",
		hex_of("alpha"), hex_of("beta"), hex_of("alpha"), hex_of(SORTED), hex_of(SORTED_TOO),
		hex_of("alpha"), hex_of("A"), hex_of("B"), hex_of("beta"), hex_of("beta"), hex_of("beta"))
			     .p);
	return 0;
}

/* ---- asking ---- */

const char *run_body(const char *more)
{
	return arena_fmt(&fx.arena, "{\"repository\":\"" REPO "\",\"commit_sha\":\"" SHA "\"%s%s}",
		strstr(more, "\"platform\"") ? "" : "," LINUX, more)
		.p;
}

struct answer ask_run(const char *token, const char *body)
{
	return ask((struct ask){ .method = "POST", .target = "/api/v1/runs", .token = token, .body = body });
}

int64_t a_run(const char *more)
{
	AUTO_ANSWER r = ask_run(fx.admin.p, run_body(more));

	went_well(&r, "a run");
	return number(json_of(&r), "run_id");
}

struct answer cancel(const char *token, int64_t run_id, const char *body)
{
	return ask((struct ask){ .method = "POST",
		.target = arena_fmt(&fx.arena, "/api/v1/runs/%lld/cancel", (long long)run_id).p,
		.token = token,
		.body = body });
}

/* ---- doing ---- */

struct answer claim_as(const char *token, const char *worker, const char *platform)
{
	return ask((struct ask){ .method = "POST",
		.target = "/internal/queue/claim",
		.token = token,
		.body = arena_fmt(&fx.arena, "{\"platform\":\"%s\",\"worker\":\"%s\"}", platform, worker)
				.p });
}

struct work claimed_by(const char *worker)
{
	AUTO_ANSWER r = claim_as(INTERNAL, worker, "linux");
	struct json *run;
	struct work w;

	went_well(&r, "a claim");
	run = json_get(json_of(&r), "run");
	w = (struct work){ number(run, "run_id"), number(run, "claim"), "" };
	if (json_kind(run) != JSON_OBJECT)
		fail_msg("nothing waits: %s", r.body);
	snprintf(w.external_id, sizeof w.external_id, "%.*s",
		STR_FMT(json_str(json_get(run, "external_run_id"))));
	return w;
}

struct work a_work(const char *more)
{
	int64_t run_id = a_run(more);
	struct work w = claimed_by("w1");

	assert_int_equal(w.run_id, run_id);
	return w;
}

struct answer say(const struct work *w, const char *what, const char *members)
{
	return ask((struct ask){ .method = "POST",
		.target = arena_fmt(&fx.arena, "/internal/runs/%lld/%s", (long long)w->run_id, what).p,
		.token = INTERNAL,
		.body = arena_fmt(&fx.arena, "{\"claim\":%lld%s}", (long long)w->claim, members).p });
}

void must_say(const struct work *w, const char *what, const char *members)
{
	AUTO_ANSWER r = say(w, what, members);

	went_well(&r, what);
}

void finish(const struct work *w)
{
	must_say(w, "finish", "");
}

const char *wrote(const char *file, const char *text)
{
	return arena_fmt(&fx.arena, "{\"filename\":\"%s\",\"sha256\":\"%s\",\"size_bytes\":%zu}", file,
		hex_of(text), strlen(text))
		.p;
}

const char *result(int64_t test_id, int exit_code, const char *outputs)
{
	return arena_fmt(&fx.arena,
		"{\"regression_test_id\":%lld,\"exit_code\":%d,\"runtime_ms\":7,\"outputs\":[%s]}",
		(long long)test_id, exit_code, outputs)
		.p;
}

struct answer tell_results(const struct work *w, const char *results)
{
	return say(w, "results", arena_fmt(&fx.arena, ",\"results\":[%s]", results).p);
}

void must_tell(const struct work *w, const char *results)
{
	AUTO_ANSWER r = tell_results(w, results);

	went_well(&r, "results");
}

struct answer send_output(const struct work *w, int64_t output_id, const char *text)
{
	return ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/internal/runs/%lld/outputs/%lld?claim=%lld&sha256=%s",
			(long long)w->run_id, (long long)output_id, (long long)w->claim, hex_of(text))
				  .p,
		.token = INTERNAL,
		.type = RAW,
		.body = text,
		.chunked = true });
}

void must_send_output(const struct work *w, int64_t output_id, const char *text)
{
	AUTO_ANSWER r = send_output(w, output_id, text);

	went_well(&r, "an output");
}

void all_well(const struct work *w)
{
	must_tell(
		w, arena_fmt(&fx.arena, "%s,%s,%s,%s", result(SORT, 0, wrote("out", SORTED)),
			   result(TWO, 0, arena_fmt(&fx.arena, "%s,%s", wrote("a", "A"), wrote("b", "B")).p),
			   result(FAILS, 3, ""), result(NEW, 0, wrote("c", "c\n")))
			   .p);
	must_send_output(w, OUT_C, "c\n");
}

int64_t test_log(const struct work *w, const char *test, const char *log, const char *conclusion)
{
	static int n;
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.token = INTERNAL,
		.body = arena_fmt(&fx.arena,
			"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"run_id\":\"%s\","
			"\"job_name\":\"%s\",\"step_name\":\"run "
			"%d\",\"conclusion\":\"%s\",\"log_tail\":\"%s\"}",
			w->external_id, test, n++, conclusion, log)
				.p });

	went_well(&r, "a log");
	AUTO_ANSWER list = get(arena_fmt(&fx.arena, "/api/v1/steps?repo=" REPO "&sha=" SHA "&limit=100").p);
	struct json *data = data_of(&list);
	int64_t id = 0;

	for (size_t i = 0; i < json_len(data); i++)
		if (number(json_at(data, i), "step_id") > id)
			id = number(json_at(data, i), "step_id");
	return id;
}

/* ---- reading ---- */

struct answer of_run(int64_t run_id, const char *behind)
{
	return get_of("/api/v1/runs/", run_id, behind);
}

struct answer of_output(int64_t run_id, int64_t sample, int64_t test, int64_t output, const char *what)
{
	return get(
		arena_fmt(&fx.arena, "/api/v1/runs/%lld/samples/%lld/regression-tests/%lld/outputs/%lld/%s",
			(long long)run_id, (long long)sample, (long long)test, (long long)output, what)
			.p);
}

void assert_run(int64_t run_id, const char *status, const char *reason)
{
	AUTO_ANSWER r = of_run(run_id, "");

	assert_text(json_of(&r), "status", status);
	assert_text(json_of(&r), "reason", reason ? reason : "");
}

struct counts counts_of(int64_t run_id)
{
	AUTO_ANSWER r = of_run(run_id, "/summary");
	struct json *j = json_of(&r);

	if (r.status != 200)
		fail_msg("%d: %s", r.status, r.body);
	return (struct counts){ number(j, "total_samples"), number(j, "pass_count"), number(j, "fail_count"),
		number(j, "skipped_count"), number(j, "missing_output_count"), number(j, "running_count"),
		number(j, "not_started_count"), number(j, "error_count") };
}

void assert_result(int64_t run_id, int64_t test_id, const char *status)
{
	AUTO_ANSWER r = of_run(run_id, arena_fmt(&fx.arena, "/samples/%lld", (long long)test_id).p);

	assert_text(json_of(&r), "status", status);
}
