/*
 * A suite over HTTP from end to end, through openapi-fetch and the types that openapi-typescript made of the served document.
 *
 * The suite has been imported: two tests, sort and count, over one sample each. What a worker would find out is told by hand. A line of TAP a chapter.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type ErrorResponse = Schemas["ErrorResponse"];
type Answer<T> = { data?: T; error?: ErrorResponse; response: Response };

function setting(name: string): string {
  const value = process.env[`STORY_${name}`];
  assert(value, name);
  return value;
}

const [url, email, password, repo] = [setting("URL"), setting("EMAIL"), setting("PASSWORD"), setting("REPO")];
const sha = "0123456789abcdef0123456789abcdef01234567";
const right = "a\nb\n", wrong = "b\na\n", count = "2\n";
const scopes: Schemas["Scope"][] = ["runs:read", "runs:write", "results:read", "baselines:write", "system:read", "tokens:manage"];

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const client = (token?: string) => createClient<paths>({ baseUrl: url, headers: token ? { Authorization: `Bearer ${token}` } : {} });
type Client = ReturnType<typeof client>;

function got<T>(answer: Answer<T>, status = 200): T {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert(answer.data !== undefined);
  return answer.data;
}

/* That every error is an ErrorResponse is what the type of answer says: what is wrong in the document does not compile. */
function refused(answer: Answer<unknown>, status: number, code: string): ErrorResponse {
  assert.equal(answer.response.status, status);
  assert(answer.error !== undefined);
  assert.equal(answer.error.code, code);
  assert(answer.error.message.length > 0);
  return answer.error;
}

const anybody = client();
let me: Client = anybody;
let sampleId = 0, sort = 0, counting = 0, outputId = 0, failedRun = 0, passedRun = 0;

async function signIn(name: string, of: Schemas["Scope"][]): Promise<Client> {
  const token = got(await anybody.POST("/api/v1/auth/tokens", { body: { token_name: name, email, password, scopes: of, expires_in_days: 1 } }), 201);
  assert.equal(token.token_type, "bearer");
  assert.match(token.token, /^slc_/);
  return client(token.token);
}

async function a_token_is_made_of_a_password_and_another_password_makes_none(): Promise<void> {
  me = await signIn("story", scopes);
  refused(await anybody.POST("/api/v1/auth/tokens", { body: { token_name: "no", email, password: "not the password", expires_in_days: 7, scopes } }), 401, "unauthorized");
  const tokens = got(await me.GET("/api/v1/auth/tokens", {}));
  assert.equal(tokens.data.filter((t) => t.token_name === "story").length, 1);
  assert(got(await anybody.GET("/api/v1/system/health", {})).dependencies.length > 0);
}

async function the_suite_is_listed(): Promise<void> {
  const samples = got(await me.GET("/api/v1/samples", { params: { query: { extension: "txt" } } }));
  assert.equal(samples.pagination.total, 1);
  sampleId = samples.data[0]?.sample_id ?? 0;
  assert.equal(got(await me.GET("/api/v1/samples/{sample_id}", { params: { path: { sample_id: sampleId } } })).regression_test_count, 2);
  const tests = got(await me.GET("/api/v1/regression-tests", { params: { query: { sample_id: sampleId } } })).data;
  sort = tests.find((t) => t.name === "sort")?.regression_test_id ?? 0;
  counting = tests.find((t) => t.name === "count")?.regression_test_id ?? 0;
  assert(sort > 0 && counting > 0);
}

async function ask(tests: number[]): Promise<number> {
  const run = got(await me.POST("/api/v1/runs", { body: { repository: repo, commit_sha: sha, platform: "linux", branch: "main", regression_test_ids: tests } }), 202);
  assert.equal(run.status, "queued");
  assert.equal(run.started_at, null);
  return run.run_id;
}

async function work(run_id: number, sorted: string): Promise<Schemas["RunStatus"]> {
  const { run } = got(await me.POST("/internal/queue/claim", { body: { platform: "linux", worker: "story" } }));
  assert(run);
  assert.equal(run.run_id, run_id);
  const claim = run.claim, path = { run_id };
  assert(got(await me.POST("/internal/runs/{run_id}/progress", { params: { path }, body: { claim, status: "testing", message: "both at once", step: 1 } })).lease_seconds > 0);
  const results = run.tests.map((t) => ({
    regression_test_id: t.regression_test_id, exit_code: 0, runtime_ms: 12,
    outputs: t.outputs.map((o) => ({ filename: o.filename, sha256: digest(t.name === "sort" ? sorted : count) })),
  }));
  const taken = got(await me.POST("/internal/runs/{run_id}/results", { params: { path }, body: { claim, results } }));
  for (const output_id of taken.results.flatMap((r) => r.wanted)) {
    const sent = await me.PUT("/internal/runs/{run_id}/outputs/{output_id}", {
      params: { path: { run_id, output_id }, query: { claim, sha256: digest(sorted) } },
      body: sorted, bodySerializer: (body) => body, headers: { "Content-Type": "application/octet-stream" },
    });
    assert.equal(sent.response.status, 201, JSON.stringify(sent.error));
  }
  return got(await me.POST("/internal/runs/{run_id}/finish", { params: { path }, body: { claim, status: "completed" } })).status;
}

async function a_run_is_queued_and_done_and_fails(): Promise<void> {
  failedRun = await ask([]);
  const queue = got(await me.GET("/api/v1/system/queue", { params: { query: { platform: "linux" } } })).data;
  assert.deepEqual(queue.map((j) => [j.run_id, j.status, j.position]), [[failedRun, "queued", 1]]);
  const config = got(await me.GET("/api/v1/runs/{run_id}/config", { params: { path: { run_id: failedRun } } }));
  assert.deepEqual(config.regression_test_ids, [sort, counting].sort((a, b) => a - b));
  const logs = got(await me.GET("/api/v1/runs/{run_id}/logs", { params: { path: { run_id: failedRun } } }));
  assert.deepEqual([logs.data, logs.pagination.next_cursor], [[], null]);
  assert.equal(await work(failedRun, wrong), "fail");
  const run = got(await me.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: failedRun } } }));
  assert.equal(run.status, "fail");
  assert(run.completed_at && new Date(run.completed_at).getTime() > 0);
}

async function what_failed_is_told_alike_everywhere(): Promise<void> {
  const path = { run_id: failedRun };
  const summary = got(await me.GET("/api/v1/runs/{run_id}/summary", { params: { path } }));
  assert.deepEqual([summary.total_samples, summary.pass_count, summary.fail_count, summary.error_count], [2, 1, 1, 1]);
  const failed = got(await me.GET("/api/v1/runs/{run_id}/samples", { params: { path, query: { status: "fail" } } })).data;
  assert.deepEqual(failed.map((r) => r.regression_test_id), [sort]);
  outputId = failed[0]?.outputs?.[0]?.output_id ?? 0;
  assert.equal(failed[0]?.outputs?.[0]?.status, "fail");
  const other = got(await me.GET("/api/v1/runs/{run_id}/samples/{regression_test_id}", { params: { path: { ...path, regression_test_id: counting } } }));
  assert.equal(other.status, "pass");
  const errors = got(await me.GET("/api/v1/runs/{run_id}/errors", { params: { path } })).data;
  assert.deepEqual(errors.map((e) => [e.type, e.severity, e.regression_id]), [["diff_mismatch", "warning", sort]]);
  const buckets = got(await me.GET("/api/v1/runs/{run_id}/error-summary", { params: { path } })).data;
  assert.deepEqual(buckets.map((b) => [b.key, b.count, b.sample_ids]), [["diff_mismatch", 1, [sampleId]]]);
  assert.deepEqual(got(await me.GET("/api/v1/runs/{run_id}/infrastructure-errors", { params: { path } })).data, []);
  const told = got(await me.GET("/api/v1/runs/{run_id}/progress", { params: { path } })).data.map((e) => e.message);
  assert(told.includes("both at once"));
  refused(await me.GET("/api/v1/runs/{run_id}/logs", { params: { path } }), 404, "not_found"); // the story's worker has sent no log
}

async function the_difference_is_read_and_approved(): Promise<void> {
  const path = { run_id: failedRun, sample_id: sampleId, regression_id: sort, output_id: outputId };
  const of = "/api/v1/runs/{run_id}/samples/{sample_id}/regression-tests/{regression_id}/outputs/{output_id}";
  const diff = got(await me.GET(`${of}/diff`, { params: { path } }));
  assert("hunks" in diff && diff.status === "different" && diff.summary);
  assert.deepEqual([diff.summary.added_lines, diff.summary.removed_lines], [1, 1]);
  const unified = got(await me.GET(`${of}/diff`, { params: { path, query: { format: "unified" } } }));
  assert("content" in unified && unified.content.includes("@@"));
  const actual = got(await me.GET(`${of}/actual`, { params: { path, query: { format: "text" } } }));
  assert.equal(actual.content, wrong);
  assert.equal(actual.storage_status, "ok");
  const expected = got(await me.GET(`${of}/expected`, { params: { path } }));
  assert.equal(Buffer.from(expected.content, "base64").toString(), right);
  const approved = got(await me.POST("/api/v1/runs/{run_id}/samples/{sample_id}/baseline-approval",
    { params: { path: { run_id: failedRun, sample_id: sampleId } }, body: { regression_id: sort, output_id: outputId, remove_variants: false } }));
  assert.equal(approved.requested_by, email);
}

async function the_next_run_passes_and_both_are_history(): Promise<void> {
  passedRun = await ask([sort, counting]);
  assert.equal(await work(passedRun, wrong), "pass");
  const history = got(await me.GET("/api/v1/samples/{sample_id}/history", { params: { path: { sample_id: sampleId } } })).data;
  const of = history.filter((h) => h.regression_test_id === sort);
  assert.deepEqual(of.map((h) => h.run_id), [passedRun, failedRun]);
  assert.equal(of[0]?.status, "pass");
  const artifacts = got(await me.GET("/api/v1/runs/{run_id}/artifacts", { params: { path: { run_id: passedRun }, query: { type: "sample_output" } } })).data;
  assert.equal(artifacts.length, 2);
  const link = artifacts.find((a) => a.regression_id === sort)?.download_url;
  assert(link);
  assert.equal(new URL(link).protocol, "http:");
}

async function a_run_is_canceled_once(): Promise<void> {
  const path = { run_id: await ask([]) };
  const first = got(await me.POST("/api/v1/runs/{run_id}/cancel", { params: { path }, body: { reason: "a better one comes" } }), 202);
  assert.equal(first.status, "accepted");
  assert.equal(got(await me.POST("/api/v1/runs/{run_id}/cancel", { params: { path } }), 202).status, "no_op");
  assert.equal(got(await me.GET("/api/v1/runs/{run_id}", { params: { path } })).status, "canceled");
}

async function each_refusal_is_typed(): Promise<void> {
  refused(await me.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: 999999 } } }), 404, "not_found");
  const fields = refused(await me.GET("/api/v1/runs", { params: { query: { limit: 0 } } }), 400, "validation_error").details.fields;
  assert(fields && typeof fields["limit"] === "string");
  refused(await me.POST("/api/v1/runs", { body: { repository: repo, commit_sha: sha, platform: "linux", regression_test_ids: [999999] } }), 422, "unprocessable");
  const reader = await signIn("reader", ["runs:read"]);
  refused(await reader.POST("/api/v1/runs/{run_id}/cancel", { params: { path: { run_id: passedRun } } }), 403, "forbidden");
  assert.equal((await reader.DELETE("/api/v1/auth/tokens/current", {})).response.status, 204);
  refused(await reader.GET("/api/v1/runs", {}), 401, "unauthorized");
}

const chapters = [a_token_is_made_of_a_password_and_another_password_makes_none, the_suite_is_listed, a_run_is_queued_and_done_and_fails, what_failed_is_told_alike_everywhere,
  the_difference_is_read_and_approved, the_next_run_passes_and_both_are_history, a_run_is_canceled_once, each_refusal_is_typed];
console.log(`1..${chapters.length}`);
for (const [n, chapter] of chapters.entries()) {
  try {
    await chapter();
    console.log(`ok ${n + 1} - ${chapter.name}`);
  } catch (error) { // whatever it is: the next chapter may still be told
    process.exitCode = 1;
    console.log(`not ok ${n + 1} - ${chapter.name}`);
    console.log(String(error instanceof Error ? error.stack : error).replace(/^/gm, "# "));
  }
}
