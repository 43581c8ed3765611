#!/usr/bin/python3
"""Reading it back: the account of a failure, for a bot and for a person, and the truth when there is none."""
import contextlib
import re
import sqlite3
import time
import unittest

import sluice_test as s
from sluice_test import REPO, Case, Server, new_sha, post_of
from test_logs import streamed


def outside_fences(text):
    return re.sub(r"(?ms)^(`{3,})text\n.*?^\1\n", "", text)


class Markdown(Case):
    def md(self, sha, **more):
        self.server.explained(sha, budget=1048576)
        query = "&".join(f"{k}={v}" for k, v in {"repo": REPO, "sha": sha, **more}.items())
        answer = self.server.get("/api/v1/context?" + query)
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("text/markdown", answer.headers["Content-Type"])
        return answer.text

    def test_it_begins_with_its_heading_and_says_that_it_is_data(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        text = self.md(sha)
        self.assertTrue(text.startswith("## CI failure context"))
        before_the_fence = text[:text.index("\n```")]
        self.assertRegex(before_the_fence, r"(?i)data.*not.*instructions")

    def test_a_step_is_told_with_job_name_exit_code_and_how_much_of_it_is_shown(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="build (gcc)", step_name="Run make", exit_code=2,
                                      log_tail="".join(f"line {i}\n" for i in range(2140))))
        text = self.md(sha)
        for part in ("build (gcc)", "Run make", "2", "last 200 of 2,140 lines", "line 2139", "line 1940"):
            self.assertIn(part, text)
        self.assertNotIn("line 1939\n", text)

    def test_every_failed_step_of_the_commit_is_told_in_the_order_they_came(self):
        sha = new_sha()
        for i, name in enumerate(("configure", "build", "check")):
            self.server.must_post(post_of(head_sha=sha, job_name=f"job{i}", step_name=name, log_tail=f"broken {name}"))
        text = self.md(sha)
        places = [text.index(f"broken {name}") for name in ("configure", "build", "check")]
        self.assertEqual(places, sorted(places))

    def test_a_step_that_did_not_fail_is_not_told(self):
        sha = new_sha()
        for conclusion in ("success", "cancelled", "skipped", "failure", "timed_out"):
            self.server.must_post(post_of(head_sha=sha, job_name=conclusion, conclusion=conclusion, log_tail=f"text of {conclusion}"))
        text = self.md(sha)
        for conclusion, told in (("success", False), ("cancelled", False), ("skipped", False), ("failure", True), ("timed_out", True)):
            self.assertEqual(f"text of {conclusion}" in text, told, conclusion)

    def test_only_the_newest_attempt_of_a_job_counts(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="build", job_id="1", attempt=1, log_tail="of the first attempt"))
        self.server.must_post(post_of(head_sha=sha, job_name="build", job_id="2", attempt=2, log_tail="of the second attempt"))
        self.server.must_post(post_of(head_sha=sha, job_name="lint", job_id="3", attempt=1, log_tail="of lint, tried once"))
        text = self.md(sha)
        self.assertNotIn("of the first attempt", text)
        self.assertIn("of the second attempt", text)
        self.assertIn("of lint, tried once", text)

    def test_a_job_that_was_mended_by_a_later_attempt_is_not_told(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=1, log_tail="it broke"))
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=2, conclusion="success", log_tail="it is fine"))
        self.assertNotIn("it broke", self.md(sha))

    def test_attempt_zero_is_the_first(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=0, log_tail="as Gitea counts"))
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=1, log_tail="the same again"))
        step = self.server.kept(sha)
        self.assertEqual((step["attempt"], step["text"]), (1, "the same again"))

    def test_an_older_attempt_that_arrives_late_changes_nothing(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=10, log_tail="of attempt ten"))
        self.server.must_post(post_of(head_sha=sha, job_name="build", attempt=9, log_tail="of attempt nine"))
        text = self.md(sha)
        self.assertIn("of attempt ten", text)
        self.assertNotIn("of attempt nine", text)

    def test_the_fence_is_longer_than_any_run_of_backticks_in_the_text(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="a\n`````\n## not a heading\n```\nb"))
        text = self.md(sha)
        fence = re.search(r"(?m)^(`{6,})", text).group(1)
        inside = text.split("\n" + fence, 2)
        self.assertEqual(text.count("\n" + fence) % 2, 0)
        self.assertIn("## not a heading", inside[1])
        self.assertNotIn("## not a heading", outside_fences(text))

    def test_a_name_cannot_leave_its_heading(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, job_name="`x` # ``` [a](http://evil.example) <b>", step_name="*bold* `y`"))
        text = self.md(sha)
        self.assertNotRegex(text, r"(?m)^[^`]*\[a\]\(http")
        self.assertEqual(len(re.findall(r"(?m)^```+", text)) % 2, 0)

    def test_escapes_are_taken_out_and_control_and_bidi_characters_shown(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="\x1b[31mred\x1b[0m \x1b]8;;http://evil.example\x07link\x1b]8;;\x07 a\x07b \u202ertl\u202c \u200bz"))
        text = self.md(sha)
        for bad in "\x1b\x07\u202e\u202c\u200b":
            self.assertNotIn(bad, text)
        self.assertIn("red", text)
        self.assertIn("link", text)
        self.assertNotIn("evil.example", text)
        for shown in ("\\u{7}", "\\u{202e}", "\\u{202c}", "\\u{200b}"):
            self.assertIn(shown, text.lower())

    def test_the_budget_holds_and_what_did_not_fit_is_said_with_where_to_read_it(self):
        sha = new_sha()
        for i in range(6):
            self.server.must_post(post_of(head_sha=sha, job_name=f"job{i}", log_tail=f"first of {i}\n" + f"x{i} " * 5000 + f"\nlast of {i}\n"))
        for budget in (1024, 2048, 8192, 100000, 1048576):
            with self.subTest(budget):
                text = self.md(sha, budget=budget)
                self.assertLessEqual(len(text.encode()), budget)
                self.assertEqual(len(re.findall(r"(?m)^```+", text)) % 2, 0)
        whole = self.md(sha, budget=1048576)
        small = self.md(sha, budget=8192)
        for i in range(6):
            self.assertIn(f"first of {i}", whole)
            self.assertIn(f"last of {i}", small)  # the end is what matters
            self.assertIn(f"job{i}", small)
        self.assertIn("/api/v1/context", small)

    def test_the_budget_is_32_kib_unless_said(self):
        sha = new_sha()
        for i in range(3):
            self.server.must_post(post_of(head_sha=sha, job_name=f"job{i}", log_tail="y" * 30000))
        size = len(self.md(sha).encode())
        self.assertLessEqual(size, 32768)
        self.assertGreater(size, 28000)

    def test_multibyte_text_is_never_cut_inside_a_character(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="\u20ac" * 9000))
        for budget in range(1024, 1034):
            answer = self.server.get(f"/api/v1/context?repo={REPO}&sha={sha}&budget={budget}")
            answer.body.decode("utf-8")  # raises if it is


LOG = """cc -c part19.c
src/part20.c:14:9: error: 'x' undeclared (first use in this function)
   14 |     x = 1;
      |     ^
cc -c part21.c
make: *** [Makefile:7: part20.o] Error 1
"""


class WhatBroke(Case):
    """Of steps that were explained."""

    def md(self, sha, **more):
        self.server.explained(sha, budget=1048576)
        query = "&".join(f"{k}={v}" for k, v in {"repo": REPO, "sha": sha, **more}.items())
        return self.server.get("/api/v1/context?" + query).text

    def post(self, sha, log=LOG, name=None, **more):
        """name: what is undeclared in it; every test has errors of its own."""
        self.server.must_post(post_of(head_sha=sha, log_tail=log.replace("'x'", f"'{name or self._testMethodName}'"), **more))

    def test_the_cause_comes_first_with_its_lines_then_what_followed_then_the_rest_of_the_log(self):
        sha = new_sha()
        self.post(sha)
        text = self.md(sha)
        parts = ["### step", "**Cause**: compile", "`src/part20.c:14:9`", "- new in this commit", "- lines 2 to 4: `/steps/",
                 "```text\nsrc/part20.c:14:9: error", "Consequence: ", "part20.o", "The end of the log.", "cc -c part19.c",
                 "[lines 2 to 4 are above]", "cc -c part21.c"]
        places = [text.find(part) for part in parts]
        self.assertEqual(places, sorted(places), text)
        self.assertNotIn(-1, places, text)

    def test_the_link_of_a_cause_gets_its_lines(self):
        sha = new_sha()
        self.post(sha)
        path = re.search(r"`GET (/api/v1/steps/\d+/lines\?from=\d+&to=\d+)`", self.md(sha)).group(1)
        lines = [line["text"] for line in self.server.get(path).json["data"]]
        self.assertEqual(lines[1:], LOG.splitlines()[2:4])
        self.assertIn(self._testMethodName, lines[0])

    def test_json_has_the_error_with_its_lines_and_its_group(self):
        sha = new_sha()
        self.post(sha)
        error = self.server.explained(sha)["steps"][0]["errors"][0]
        for name, value in {"role": "cause", "class": "compile", "severity": "error", "tool": "gcc", "file": "src/part20.c", "line": 14, "col": 9,
                            "start_line": 2, "end_line": 4, "truncated": False}.items():
            self.assertEqual(error[name], value, name)
        self.assertEqual(error["text"].splitlines()[1:], LOG.splitlines()[2:4])
        self.assertTrue(error["group"]["new"])
        self.assertEqual(error["group"]["state"], "open")

    def test_what_other_commits_had_is_known_since_then_and_in_how_many_runs(self):
        for branch in ("main", "topic", "main"):
            sha = new_sha()
            self.post(sha, branch=branch, run_id=sha)
            text = self.md(sha)
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self.assertRegex(text, r"- known since \d{4}-\d\d-\d\d, in 3 runs on 2 branches\n")
        self.assertIn(today[:7], text)
        group = self.server.explained(sha)["steps"][0]["errors"][0]["group"]
        self.assertEqual((group["new"], group["runs"], group["branches"], group["more"]), (False, 3, 2, False))

    def test_legs_that_fail_alike_have_their_cause_told_once(self):
        sha = new_sha()
        for leg in ("gcc", "clang", "tcc"):
            self.post(sha, job_name="build", leg=leg)
        text = self.md(sha)
        self.assertEqual(text.count("- new in this commit"), 1, text)
        self.assertEqual(text.count("the same as above, of job `build`, leg `gcc`"), 2, text)
        steps = self.server.explained(sha)["steps"]
        self.assertEqual([step["errors"][0]["same_as_step_id"] for step in steps], [None, steps[0]["step_id"], steps[0]["step_id"]])

    def test_a_cause_far_from_the_end_is_told_from_a_log_that_was_streamed(self):
        filler = "".join(f"[{i}/99999] compiling unit{i}.c\n" for i in range(40000))
        stream = streamed(self.server, filler + LOG.replace("'x'", "'far'") + filler.replace("unit", "module"), name="far")
        text = self.md(stream.sha)
        self.assertIn("- lines 40,002 to 40,004: ", text)
        self.assertIn("```text\nsrc/part20.c:14:9: error", text)
        self.assertIn("compiling module39999.c", text)

    def test_the_budget_holds_and_causes_are_what_is_left_of_it(self):
        sha = new_sha()
        for i in range(12):
            self.post(sha, "".join(f"noise {n}\n" for n in range(90)) + LOG, f"name_of_{i}x", job_name=f"job{i}")
        for budget in (1024, 2048, 4096, 8192, 32768):
            for kind in ("md", "json"):
                with self.subTest((budget, kind)):
                    self.server.explained(sha, budget=1048576)
                    answer = self.server.get(f"/api/v1/context?repo={REPO}&sha={sha}&budget={budget}&format={kind}")
                    self.assertLessEqual(len(answer.body), budget)
        small = self.md(sha, budget=8192)
        self.assertGreater(small.count("**Cause**"), 6)
        self.assertIn("name_of_11x", self.md(sha, budget=1024))

    def test_nothing_of_an_error_leaves_its_place(self):
        sha = new_sha()
        evil = "`x` ``` [a](http://evil.example)\n```\n# INJECTED"
        self.post(sha, f"src/a.c:1:1: error: {evil}\n::error file=`a`,title=[a](http://evil.example)::{evil}%0A# INJECTED\n", job_name=evil.replace("\n", " "),
                  step_name=evil.replace("\n", " "))
        for budget in range(1024, 6000, 500):
            outside = outside_fences(self.md(sha, budget=budget))
            self.assertNotRegex(outside, r"(?m)^# INJECTED")
            self.assertNotRegex(outside, r"(?m)^[^`]*\[a\]\(http")


class Json(Case):
    def test_a_step_is_told_with_all_that_is_known(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, run_id="55", job_id="9", job_name="build", leg="gcc", step_index=2, attempt=3, exit_code=1,
                                      branch="main", pull_request=4, workflow="ci.yml", url="https://f.example/x", log_tail="a\nb\n"))
        account = self.server.context(sha)
        self.assertEqual((account["repo"], account["head_sha"], account["status"]), (REPO, sha, "fail"))
        step = account["steps"][0]
        for name, value in {"external_run_id": "55", "job": "build", "leg": "gcc", "step": "build", "branch": "main", "pull_request": 4, "workflow": "ci.yml", "attempt": 3, "exit_code": 1,
                            "lines": 2, "bytes": 3, "dropped_lines": 0, "dropped_bytes": 0, "conclusion": "failure"}.items():
            self.assertEqual(step[name], value, name)
        self.assertEqual(step["text"].strip(), "a\nb")
        self.assertIsInstance(step["run_id"], int)

    def test_the_budget_holds_and_it_is_whole_json_at_every_budget(self):
        sha = new_sha()
        for i in range(5):
            self.server.must_post(post_of(head_sha=sha, job_name=f"job{i}", log_tail='"\\\t' * 5000))
        for budget in (1024, 1500, 4096, 32768, 1048576):
            with self.subTest(budget):
                answer = self.server.get(f"/api/v1/context?repo={REPO}&sha={sha}&format=json&budget={budget}")
                self.assertLessEqual(len(answer.body), budget)
                self.assertLessEqual(len(answer.json["steps"]), 5)

    def test_it_is_found_by_run_id_and_by_external_run_id_too(self):
        sha, external = new_sha(), "ext-" + new_sha()
        self.server.must_post(post_of(head_sha=sha, run_id=external, log_tail="of this run"))
        run_id = self.server.context(sha)["steps"][0]["run_id"]
        for query in (f"run_id={run_id}", f"external_run_id={external}", f"external_run_id={external}&repo={REPO}"):
            with self.subTest(query):
                answer = self.server.get(f"/api/v1/context?format=json&{query}")
                self.assertEqual([step["text"].strip() for step in answer.json["steps"]], ["of this run"])

    def test_not_exactly_one_way_to_find_it_is_400(self):
        sha = "a" * 40
        for query in ("", f"sha={sha}", f"repo={REPO}", f"repo={REPO}&sha={sha}&run_id=1", "run_id=1&external_run_id=2"):
            with self.subTest(query):
                self.refused(self.server.get("/api/v1/context?" + query), 400, "validation_error")

    def test_a_run_that_is_not_there_is_404(self):
        self.refused(self.server.get("/api/v1/context?run_id=999999"), 404, "not_found")


class WhoMayRead(Case):
    def test_it_takes_logs_read(self):
        path = f"/api/v1/context?repo={REPO}&sha={'a' * 40}"
        self.refused(self.server.request("GET", path), 401, "unauthorized")
        writer, _ = self.server.new_token("logs:write")
        details = self.refused(self.server.get(path, token=writer), 403, "forbidden")
        self.assertIn("logs:read", str(details))
        reader, _ = self.server.new_token("logs:read")
        self.assertEqual(self.server.get(path, token=reader).status, 200)

    def test_a_token_bound_to_a_repo_reads_that_repo_alone(self):
        self.server.must("repo", "add", "acme/other")
        here, there = post_of(run_id="shared-id", log_tail="of widget"), post_of(repo="acme/other", run_id="shared-id", log_tail="of other")
        self.server.must_post(here)
        self.server.must_post(there)
        token, _ = self.server.new_token("logs:read", repo=REPO)
        self.assertEqual(len(self.server.context(here["head_sha"], token=token)["steps"]), 1)
        self.refused(self.server.get(f"/api/v1/context?repo=acme/other&sha={there['head_sha']}", token=token), 404, "not_found")
        run_id = self.server.context(there["head_sha"], repo="acme/other")["steps"][0]["run_id"]
        self.refused(self.server.get(f"/api/v1/context?run_id={run_id}", token=token), 404, "not_found")
        self.assertNotIn("of other", self.server.get("/api/v1/context?external_run_id=shared-id", token=token).text)


class WhenThereIsNone(Case):
    def both(self, query):
        md = self.server.get("/api/v1/context?" + query)
        js = self.server.get("/api/v1/context?format=json&" + query)
        self.assertEqual((md.status, js.status), (200, 200))
        self.assertEqual(js.json["steps"], [])
        self.assertTrue(md.text.startswith("## CI failure context"))
        return md.text, js.json

    def test_a_repo_that_is_not_watched_is_said_to_be_so(self):
        text, account = self.both(f"repo=acme/nosuch&sha={'a' * 40}")
        self.assertIn("not watched", text)
        self.assertIn("not watched", account["message"])
        self.assertIn("acme/nosuch", text)

    def test_a_commit_of_which_nothing_arrived_is_said_to_be_so(self):
        text, account = self.both(f"repo={REPO}&sha={new_sha()}")
        self.assertIsNone(account["status"])
        self.assertRegex(text, r"(?i)no log|nothing")
        self.assertTrue(account["message"])
        self.assertNotIn("not watched", text)

    def test_a_commit_of_which_all_went_well_is_said_to_be_so(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, conclusion="success"))
        text, account = self.both(f"repo={REPO}&sha={sha}")
        self.assertIn("fail", text)
        self.assertNotIn("expired", text)
        self.assertNotEqual(account["status"], "fail")

    def test_a_log_that_expired_is_said_to_be_so_with_the_date(self):
        server = self.server
        sha = new_sha()
        server.must_post(post_of(head_sha=sha))
        with contextlib.closing(sqlite3.connect(f"{server.data}/sluice.db", timeout=20)) as db, db:
            db.execute("UPDATE step SET received_at = received_at - 15 * 86400000 WHERE id IN (SELECT step.id FROM step JOIN job ON job.id = step.job_id "
                       "JOIN run ON run.id = job.run_id WHERE run.head_sha = ?)", (sha,))
        server.must("janitor")
        text, account = self.both(f"repo={REPO}&sha={sha}")
        today = time.strftime("%Y-%m-%d", time.gmtime())
        self.assertIn("expired", text)
        self.assertIn(today, text)
        self.assertIn(today, account["message"])

    def test_when_empty_silent_gives_an_empty_body_and_only_then(self):
        silent = self.server.get(f"/api/v1/context?repo={REPO}&sha={new_sha()}&when_empty=silent")
        self.assertEqual((silent.status, silent.body), (200, b""))
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        self.assertIn("error: it broke", self.server.get(f"/api/v1/context?repo={REPO}&sha={sha}&when_empty=silent").text)


class OnTheCommandLine(Case):
    def test_context_prints_what_the_server_says(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="seen from a terminal"))
        printed = self.server.must("context", REPO, sha)
        self.assertTrue(printed.startswith("## CI failure context"))
        self.assertIn("seen from a terminal", printed)

    def test_a_repo_is_added_listed_and_removed(self):
        self.server.must("repo", "add", "acme/cli")
        self.assertIn("acme/cli", self.server.must("repo", "list"))
        self.server.must("repo", "add", "acme/cli")  # again: no error
        self.server.must("repo", "remove", "acme/cli")
        self.assertNotIn("acme/cli", self.server.must("repo", "list"))

    def test_a_wrong_repo_name_is_refused_with_the_rule(self):
        done = self.server.cli("repo", "add", "no-slash")
        self.assertEqual(done.returncode, 2)
        self.assertIn("owner/name", done.stderr.lower())

    def test_a_token_is_created_listed_and_revoked_and_shown_once(self):
        token, number = self.server.new_token("logs:write", name="of-ci")
        listed = self.server.must("token", "list")
        self.assertIn("of-ci", listed)
        self.assertNotIn(token, listed)
        self.server.must("token", "revoke", str(number))
        self.assertEqual(self.server.post(token=token).status, 401)

    def test_a_token_never_makes_one_with_more_scopes_than_its_own(self):
        small, _ = self.server.new_token("tokens:manage", "logs:read")
        done = self.server.cli("token", "create", "--name", "bigger", "--scope", "repos:manage", token=small)
        self.assertEqual(done.returncode, 4)
        self.assertIn("repos:manage", done.stderr)

    def test_a_bound_token_makes_only_tokens_bound_to_the_same_repo(self):
        self.server.must("repo", "add", "acme/elsewhere")
        bound, _ = self.server.new_token("tokens:manage", "logs:write", repo=REPO)
        done = self.server.cli("token", "create", "--name", "x", "--scope", "logs:write", "--repo", "acme/elsewhere", token=bound)
        self.assertNotEqual(done.returncode, 0)
        made = s.json.loads(self.server.must("token", "create", "--name", "y", "--scope", "logs:write", "--json", token=bound))
        self.assertEqual(self.server.post(token=made["token"]).status, 204)
        self.assertEqual(self.server.post(post_of(repo="acme/elsewhere"), token=made["token"]).status, 404)

    def test_a_wrong_token_is_exit_code_4_and_is_not_repeated(self):
        done = self.server.cli("repo", "list", token="slc_wrong-sentinel")
        self.assertEqual(done.returncode, 4)
        self.assertNotIn("wrong-sentinel", done.stderr + done.stdout)


if __name__ == "__main__":
    s.main()
