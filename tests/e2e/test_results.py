#!/usr/bin/python3
"""A suite from the command line: a run is asked for and waited for, what it wrote is accepted and taken back; and results of tests that something else ran."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import sluice_test as s
from sluice_test import Server

SUITE = """samples:
  - file: words
tests:
  - name: sorted
    sample: words
    command: "sort {input} -o {output}/out.txt"
    outputs: [{ file: out.txt, accepted: [wrong] }]
  - name: counted
    sample: words
    command: "wc -l {input}"
"""
JUNIT = """<testsuites><testsuite name="s"><testcase classname="a" name="x" time="0.5"/><testcase classname="a" name="y" time="1.25">
<failure message="assert 1 == 2"/></testcase><testcase classname="a" name="z"><skipped message="no net"/></testcase></testsuite></testsuites>"""
TAP = "1..2\nok 1 - one\nnot ok 2 - two\n"
SARIF = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint", "rules": [{"id": "A1"}, {"id": "B2"}]}},
                                       "results": [{"ruleId": "B2", "level": "error", "message": {"text": "bad"}}]}]}


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.server = Server(watch=("team/app",))
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def work(self):
        self.server.must("work", "--platform", "linux", "--name", "w", "--once", "--folder", self.folder, "--cache", os.path.join(self.folder, "cache"),
                         env={"SLUICE_TOKEN": s.INTERNAL, "SLUICE_SPOOL": os.path.join(self.folder, "spool")})

    def ask(self, *more):
        return self.server.cli("suite", "run", "--repo", "team/app", "--sha", "a" * 40, *more)

    def test_a_run_is_asked_for_and_what_it_wrote_accepted_and_taken_back(self):
        for name, text in (("suite.yaml", SUITE), ("words", "b\na\n"), ("wrong", "nothing\n")):
            self.write(name, text)
        self.server.must("suite", "import", self.folder)
        self.assertIn("run 1: queued", self.ask().stdout)
        self.work()
        run = self.server.get("/api/v1/runs/1").json
        self.assertEqual(run["status"], "fail")
        context = self.server.get("/api/v1/context?run_id=1").text
        self.assertIn("`sorted` over `words`", context)
        self.assertIn("+a\n+b", context)
        self.server.must("baseline", "approve", "1", "1", "--remove-variants")
        self.assertEqual(self.server.get("/api/v1/runs/1").json["status"], "pass")
        waiting = subprocess.Popen([s.SLUICE, "suite", "run", "--repo", "team/app", "--sha", "b" * 40, "--wait"], stdout=subprocess.PIPE, text=True,
                                   env={**self.server.env, "SLUICE_URL": self.server.url, "SLUICE_TOKEN": self.server.admin})
        s.eventually("the run waits", lambda: self.server.get("/api/v1/system/queue").json["pagination"]["total"] == 1)
        self.work()
        self.assertIn("run 2: pass", waiting.communicate(timeout=s.DEADLINE)[0])
        self.assertEqual(waiting.returncode, 0)
        self.server.must("baseline", "revert", "1", "1")
        self.assertEqual(self.server.get("/api/v1/runs/1").json["status"], "fail")
        self.assertEqual(self.server.get("/api/v1/runs/2").json["status"], "pass", "another run stays what it was")
        again = self.server.cli("baseline", "revert", "1", "1")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("taken back already", again.stderr)
        deeds = self.server.must("audit")
        for deed in ("run.ask", "baseline.approve", "baseline.revert"):
            self.assertIn(deed, deeds)

    def import_results(self, *args):
        return self.server.cli("results", "import", "--repo", "team/app", "--sha", "c" * 40, "--run-id", "77", *args, env={"SLUICE_TOKEN": s.INTERNAL})

    def test_reports_become_results_of_the_forges_run(self):
        done = self.import_results("--junit", self.write("j.xml", JUNIT), "--tap", self.write("t.tap", TAP), self.write("s.sarif", json.dumps(SARIF)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("7 tests, 3 passed, 3 failed, 1 skipped", done.stdout)
        self.assertEqual(self.import_results(os.path.join(self.folder, "j.xml")).returncode, 0)
        results = {r["name"]: r for r in self.server.get("/api/v1/runs/1/samples").json["data"]}
        self.assertEqual({n: r["status"] for n, r in results.items()}, {"a.x": "pass", "a.y": "fail", "a.z": "skipped", "one": "pass", "two": "fail",
                                                                         "lint A1": "pass", "lint B2": "fail"})
        self.assertEqual(results["a.y"]["runtime_ms"], 1250)
        self.assertEqual(results["a.y"]["message"], "assert 1 == 2")
        errors = self.server.get("/api/v1/runs/1/errors?type=test_failure").json
        self.assertEqual(errors["pagination"]["total"], 3)
        summary = self.server.get("/api/v1/runs/1/summary").json
        self.assertEqual((summary["status"], summary["total_samples"], summary["error_count"]), ("fail", 7, 3))
        self.assertNotIn("run elsewhere", self.server.get("/api/v1/suite").text, "no part of the suite")

    def test_mistakes_are_told_and_nothing_is_sent(self):
        for args, why in (((), "which report?"), ((self.write("no", "hello\n"),), "is none of JUnit"), (("--junit", self.write("t", TAP)), "is tap, not junit"),
                          ((os.path.join(self.folder, "nowhere"),), "nowhere")):
            done = self.import_results(*args)
            self.assertNotEqual(done.returncode, 0, args)
            self.assertIn(why, done.stderr)
        self.assertEqual(self.server.get("/api/v1/runs").json["pagination"]["total"], 0)

    def test_secrets_in_reports_are_masked_before_they_are_sent(self):
        report = self.write("j.xml", JUNIT.replace("assert 1 == 2", "said hunter2hunter2"))
        done = self.server.cli("results", "import", "--repo", "team/app", "--sha", "c" * 40, "--run-id", "77", report,
                               env={"SLUICE_TOKEN": s.INTERNAL, "MY_SECRET": "hunter2hunter2"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("hunter2", self.server.get("/api/v1/runs/1/samples").text)


if __name__ == "__main__":
    s.main()
