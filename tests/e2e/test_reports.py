#!/usr/bin/python3
"""Reports beside a log: `sluice report`, `sluice run --report`, and what the server makes of them; with the reports that pytest, CTest and node write where
these are installed. None is lost that was acknowledged, whenever the server is killed."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

import sluice_test as s
from sluice_test import INTERNAL, REPO, SLUICE, Case, Server, eventually, new_sha
from test_logs import Stream, streamed

JUNIT = ('<testsuites><testsuite name="pytest" tests="2" failures="1"><testcase classname="tests.test_a" name="test_b">'
         '<failure message="assert 1 == 2">tests/test_a.py:7: AssertionError</failure></testcase>'
         '<testcase classname="tests.test_a" name="test_c"/></testsuite></testsuites>\n')
GREEN = '<testsuite name="s"><testcase classname="a" name="b"/></testsuite>\n'
ERRORS = ("SELECT test, file, line, message, from_line, to_line, flaky FROM error WHERE step_id = ? AND role = 'cause' "
          "AND found_by NOT IN ('last', 'outcome') ORDER BY number")


class Reports(Case):
    """A server, a folder to work in, and the environment of a runner."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="sluice-reports-", dir=self.server.folder)
        self.work = os.path.join(self.home, "work")
        self.temp = os.path.join(self.home, "temp")
        os.mkdir(self.work)
        os.mkdir(self.temp)
        self.sha = new_sha()

    def environment(self, **more):
        env = {"SLUICE_URL": self.server.url, "SLUICE_TOKEN": INTERNAL, "RUNNER_TEMP": self.temp, "GITHUB_ACTIONS": "true",
               "GITHUB_REPOSITORY": REPO, "GITHUB_SHA": self.sha, "GITHUB_RUN_ID": "77", "GITHUB_JOB": "build", **more}
        return s.clean_environment(self.home, {k: v for k, v in env.items() if v is not None})

    def call(self, *args, cwd=None, stdin=b"", **env):
        return subprocess.run([SLUICE, *args], env=self.environment(**env), input=stdin, capture_output=True, timeout=s.DEADLINE, check=False,
                              cwd=cwd or self.work)

    def run_it(self, script, *options, **env):
        return self.call("run", *options, "--", "sh", "-c", script, **env)

    def put(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def step(self, name=None):
        """The id of the only step of this test's commit, or of that name."""
        rows = self.server.query("SELECT step.id FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id "
                                 "WHERE run.head_sha = ? AND (? IS NULL OR step.name = ?)", self.sha, name, name)
        self.assertEqual(len(rows), 1, rows)
        return rows[0][0]

    def kept(self, step_id=None):
        return self.server.query("SELECT name, kind FROM report WHERE step_id = ? ORDER BY name", step_id or self.step())

    def errors(self, step_id=None):
        """Causes that somebody said, when the step has been explained."""
        step_id = step_id or self.step()
        eventually("it is explained", lambda: self.server.query(
            "SELECT 1 FROM step WHERE id = ? AND explain_due = 0 AND explained_at > 0", step_id))
        return self.server.query(ERRORS, step_id)

    def fails(self, done, code, *words):
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, b"")
        for word in words:
            self.assertIn(word, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)


class TheCommand(Reports):
    def test_a_report_is_sent_to_a_step_of_the_same_job_and_one_line_says_what_was_taken(self):
        self.put("junit.xml", JUNIT)
        self.put("lint.json", json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [
            {"level": "error", "message": {"text": "bad"}}, {"level": "warning", "message": {"text": "poor"}}]}]}))
        self.run_it("echo it broke; exit 1", "--step", "Test")
        done = self.call("report", "--step", "Test", "junit.xml", "./lint.json")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.decode(), "junit.xml: junit, 1 failure\n./lint.json: sarif, 1 failure, 1 other finding\n")
        self.assertEqual(self.kept(), [("junit.xml", "junit"), ("lint.json", "sarif")])
        told = self.errors()
        self.assertIn(("tests.test_a.test_b", "tests/test_a.py", 7, "assert 1 == 2", 0, 0, 0), told)
        self.assertEqual(len(told), 2)

    def test_sent_again_it_replaces_and_is_one_error_still(self):
        self.put("junit.xml", JUNIT)
        self.run_it("exit 1", "--step", "Test")
        for _ in range(3):
            self.assertEqual(self.call("report", "--step", "Test", "junit.xml").returncode, 0)
        self.assertEqual([e[0] for e in self.errors()], ["tests.test_a.test_b"])

    def test_a_step_under_the_shell_is_known_by_its_index_and_found_by_its_name(self):
        script = self.put("script", "make it\n")
        self.call("run", "--", "sh", "-e", script, GITHUB_ACTION="2", GITEA_ACTIONS="true")
        self.put("junit.xml", JUNIT)
        done = self.call("report", "--step", "Run make it", "junit.xml", GITHUB_ACTION="3", GITEA_ACTIONS="true")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.kept(), [("junit.xml", "junit")])

    def test_a_posted_step_and_one_by_its_number(self):
        self.server.must_post(head_sha=self.sha, run_id="77", job_name="build", step_name="posted")
        self.put("a.tap", "TAP version 13\n1..1\nnot ok 1 - x\n")
        self.assertEqual(self.call("report", "--step", "posted", "a.tap", RUNNER_TEMP=None).stdout, b"a.tap: tap, 1 failure\n")
        step = self.step()
        done = self.call("report", "--step-id", str(step), "a.tap", GITHUB_SHA=None, GITHUB_REPOSITORY=None, GITHUB_RUN_ID=None)
        self.assertEqual((done.returncode, done.stdout), (0, b"a.tap: tap, 1 failure\n"))
        self.assertEqual(self.kept(), [("a.tap", "tap")])
        self.assertEqual(self.server.query("SELECT count(*) FROM tail WHERE step_id = ?", step), [(1,)])

    def test_a_pattern_may_go_through_any_folders(self):
        self.put("a/target/TEST-a.xml", JUNIT)
        self.put("b/c/target/TEST-b.xml", GREEN)
        self.put("b/.hidden/TEST-c.xml", JUNIT)
        os.symlink(self.work, os.path.join(self.work, "b", "loop"))
        self.run_it("exit 1", "--step", "Test")
        done = self.call("report", "--step", "Test", "**/TEST-*.xml")
        self.assertEqual(sorted(done.stdout.decode().splitlines()),
                         ["a/target/TEST-a.xml: junit, 1 failure", "b/c/target/TEST-b.xml: junit, 0 failures"])

    def test_what_is_wrong_is_said_in_one_line_that_names_the_file(self):
        self.run_it("exit 1", "--step", "Test")
        os.mkdir(os.path.join(self.work, "folder"))
        self.put("empty.xml", "")
        self.put("log.txt", "make: *** [all] Error 1\n")
        report = ("report", "--step", "Test")
        self.fails(self.call(*report, "missing.xml"), 3, "missing.xml", "No such file")
        self.fails(self.call(*report, "folder"), 2, "folder is a folder", "folder/*.xml")
        self.fails(self.call(*report, "out/*.xml"), 3, "no file matches 'out/*.xml'")
        self.fails(self.call(*report, "empty.xml"), 2, "empty.xml is empty")
        self.fails(self.call(*report, "log.txt"), 2, "log.txt: ", "JUnit XML, SARIF 2.1.0, TAP 13 and 14, rdjson and rdjsonl")
        self.fails(self.call("report", "--step", "No", "log.txt"), 3, 'step "No" of job "build"', "--step-id")
        self.fails(self.call("report", "log.txt"), 2, "--step")
        self.fails(self.call(*report), 2, "which file")
        self.fails(self.call(*report, "log.txt", SLUICE_TOKEN=None), 2, "a token")
        self.fails(self.call(*report, "log.txt", SLUICE_TOKEN="slc_wrong"), 4, "bearer token")

    def test_one_that_is_too_large_is_told_with_the_limit_and_the_setting(self):
        self.run_it("exit 1", "--step", "Test")
        self.put("large.xml", JUNIT + "\n" * (4 << 20))
        self.fails(self.call("report", "--step", "Test", "large.xml"), 6, "large.xml: ", str(4 << 20), "[limits] report-bytes")
        with open(os.path.join(self.work, "huge.xml"), "wb") as f:
            f.truncate((64 << 20) + 1)
        self.fails(self.call("report", "--step", "Test", "huge.xml"), 6, "huge.xml has more than 64 MiB")

    def test_of_several_the_good_ones_are_sent_and_the_first_error_is_the_exit_code(self):
        self.run_it("exit 1", "--step", "Test")
        self.put("a.xml", JUNIT)
        self.put("b.txt", "no report\n")
        self.put("c.xml", JUNIT[:JUNIT.index("<testcase classname=\"tests.test_a\" name=\"test_c\"")])
        done = self.call("report", "--step", "Test", "b.txt", "a.xml", "c.xml", "missing")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count(b"\n"), 2)
        self.assertRegex(done.stdout.decode(), r"\Aa.xml: junit, 1 failure\nc.xml: junit, 1 failure; cut there: .*\n\Z")

    def test_nobody_there_is_a_network_error(self):
        self.put("a.xml", JUNIT)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            self.fails(self.call("report", "--step", "Test", "a.xml", SLUICE_URL=url), 9)

    def test_secrets_of_the_runner_do_not_leave_it(self):
        self.run_it("echo '::add-mask::sentinel<named>'; exit 1", "--step", "Test")
        self.put("sentinel-token-4711.xml", JUNIT.replace("assert 1", "sentinel-token-4711 sentinel&lt;named&gt; sentinel&amp;short")
                 .replace("AssertionError", "<![CDATA[sentinel&short]]> ghp_0123456789abcdefghijABCDEFGHIJ012345"))
        done = self.call("report", "--step", "Test", "--mask-env", "SHORT", "sentinel-token-4711.xml", MY_TOKEN="sentinel-token-4711",
                         SHORT="sentinel&short")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.kept(), [("***.xml", "junit")])
        self.assertEqual([e[3] for e in self.errors()], ["*** *** *** == 2"])
        for where, data in self.server.everything().items():
            if not where.startswith(self.home):
                self.assertNotIn(b"sentinel", data, where)
                self.assertNotIn(b"ghp_0123", data, where)
        for path in ("/errors", ""):
            self.assertNotIn("sentinel", self.server.get(f"/api/v1/steps/{self.step()}{path}").text)
        self.assertNotIn("sentinel", self.server.get(f"/api/v1/context?repo={REPO}&sha={self.sha}").text)


class AfterAnAbsence(Reports):
    def test_a_log_that_an_earlier_call_had_to_leave_goes_first(self):
        self.put("a.xml", JUNIT)
        self.server.stop()
        self.assertIn(b"is kept in", self.call("post", "--step", "Test", stdin=b"it broke\n").stderr)
        self.server.base = self.server.base.replace("127.0.0.1:0\n", f"127.0.0.1:{self.server.port}\n")
        self.server.configure("")
        self.server.start()
        done = self.call("report", "--step", "Test", "a.xml")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"a.xml: junit, 1 failure\n", b""))
        self.assertEqual(self.kept(), [("a.xml", "junit")])


class BesideACommand(Reports):
    def test_what_the_command_writes_is_sent_and_what_lay_there_before_is_not(self):
        old = self.put("old.xml", JUNIT)
        os.utime(old, (1000000000, 1000000000))
        self.put("new", JUNIT)
        done = self.run_it("echo running; cp new new.xml; mkdir d; cp new d/deep.xml; exit 3", "--step", "Test", "--report", "*.xml",
                           "--report", "**/*.xml")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"running\n", b""))
        self.assertEqual(self.kept(), [("d/deep.xml", "junit"), ("new.xml", "junit")])
        self.assertEqual({e[0] for e in self.errors()}, {"tests.test_a.test_b"})

    def test_a_pattern_may_come_from_the_environment_and_a_second_step_sends_its_own(self):
        self.put("a", JUNIT)
        self.put("b", "TAP version 13\n1..1\nnot ok 1 - x\n")
        for step, script in (("one", "cp a out.xml; exit 1"), ("two", "cp b out.tap; exit 1"), ("three", "exit 1")):
            done = self.run_it(script, "--step", step, SLUICE_REPORT="*.xml  *.tap")
            self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertEqual(self.kept(self.step("one")), [("out.xml", "junit")])
        self.assertEqual(self.kept(self.step("two")), [("out.tap", "tap")])
        self.assertEqual(self.kept(self.step("three")), [])

    def test_the_second_log_of_a_name_has_its_own_reports(self):
        self.put("a", JUNIT)
        for _ in range(2):
            self.run_it("cp a out.xml; exit 1", "--step", "Test", "--report", "*.xml")
        self.assertEqual(self.kept(self.step("Test")), [("out.xml", "junit")])
        self.assertEqual(self.kept(self.step("Test (2)")), [("out.xml", "junit")])

    def test_the_exit_code_is_the_commands_whatever_becomes_of_the_reports(self):
        self.put("a", "no report at all\n")
        done = self.run_it("cp a out.xml; exit 5", "--step", "Test", "--report", "*.xml")
        self.assertEqual(done.returncode, 5)
        self.assertRegex(done.stderr.decode(), r"\Asluice run: 1 of 1 reports were not taken by http://\S+: out.xml: .*\n\Z")
        done = self.run_it("cp a out.xml; exit 0", "--step", "Test 2", "--report", "*.xml")
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (0, 1))
        done = self.run_it("kill -9 $$", "--step", "Test 3", "--report", "*.xml")
        self.assertEqual(done.returncode, -9)

    def test_a_server_that_is_away_costs_a_line(self):
        self.put("a", JUNIT)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            done = self.run_it("cp a out.xml; exit 5", "--report", "*.xml", SLUICE_URL=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        self.assertEqual(done.returncode, 5)
        self.assertIn("1 report was not sent", done.stderr.decode())

    def test_values_that_the_command_named_are_masked_before_they_leave(self):
        self.put("a", JUNIT.replace("assert 1", "sentinel&amp;named"))
        self.run_it("echo '::add-mask::sentinel&named'; cp a out.xml; exit 1", "--step", "Test", "--report", "*.xml", RUNNER_TEMP=None)
        self.assertEqual([e[3] for e in self.errors()], ["*** == 2"])

    def test_of_a_success_whose_log_is_dropped_nothing_is_sent_and_of_another_it_is_kept(self):
        self.put("a", JUNIT)
        done = self.run_it("cp a out.xml", "--step", "dropped", "--on-success=drop", "--report", "*.xml")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        done = self.run_it("cp a out.xml", "--step", "kept", "--report", "*.xml")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.kept(self.step("dropped")), [])
        self.assertEqual(self.kept(self.step("kept")), [("out.xml", "junit")])


class OverTheLimit(Reports):
    options = {"limits": "reads = 0\n\twrites = 0\n\treports = 3"}

    def test_those_that_tell_of_a_failure_go_first(self):
        self.put("green", GREEN)
        self.put("red", JUNIT)
        done = self.run_it("for i in 1 2 3 4 5 6; do cp green $i.xml; done; cp red 7.xml; cp red 8.xml; exit 1", "--step", "Test",
                           "--report", "*.xml")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([name for name, _ in self.kept()], ["1.xml", "7.xml", "8.xml"])
        self.assertRegex(done.stderr.decode(), r"\Asluice run: 5 of 8 reports were not taken by .*\[limits\] reports.*\n\Z")


class RealTools(Reports):
    def needs(self, *programs):
        for program in programs:
            if not shutil.which(program):
                self.skipTest(f"{program} is not installed")

    def told(self, script):
        """The errors of a step whose log and report tell of the same failure: either all of them stand in the log, or it says nothing and the report
        alone does."""
        done = self.run_it(script, "--step", "Test", "--report", "**/junit.xml")
        self.assertEqual((done.returncode != 0, done.stderr.count(b"sluice run:")), (True, 0), done)
        self.assertEqual(self.kept(), [("junit.xml", "junit")], done)
        errors = self.errors()
        self.assertEqual(len({e[4] == e[5] for e in errors}), 1, errors)
        return errors

    def test_pytest_in_log_and_report_is_told_once_with_what_both_know(self):
        self.needs("pytest")
        self.put("tests/test_sums.py", "import pytest\n\nclass TestSums:\n    @pytest.mark.parametrize('n', [1, 2])\n"
                 "    def test_add(self, n):\n        assert n + 1 == 2\n\ndef test_fine():\n    pass\n")
        errors = self.told("pytest -p no:cacheprovider --junitxml=junit.xml tests")
        self.assertIn("test_add[2]", errors[0][0])
        self.assertEqual(errors[0][1:3], ("tests/test_sums.py", 6))

    def test_ctest_in_log_and_report_is_told_once(self):
        self.needs("cmake", "ctest")
        self.put("CMakeLists.txt", "cmake_minimum_required(VERSION 3.10)\nproject(p NONE)\nenable_testing()\n"
                 "add_test(NAME sums_add COMMAND sh -c \"echo 3 is not 2; exit 1\")\nadd_test(NAME fine COMMAND true)\n")
        errors = self.told("cmake -S . -B b >/dev/null && ctest --test-dir b --output-on-failure --output-junit ../junit.xml")
        self.assertEqual({e[0] for e in errors}, {"sums_add"}, errors)

    def test_node_in_log_and_report_is_told_once(self):
        self.needs("node")
        self.put("sums.test.js", "const test = require('node:test');\nconst assert = require('node:assert');\n"
                 "test('sums add', () => { assert.strictEqual(1 + 1, 3); });\ntest('fine', () => {});\n")
        script = "node --test --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=junit.xml"
        if subprocess.run(["sh", "-c", script], cwd=self.temp, capture_output=True, check=False).returncode not in (0, 1):
            self.skipTest("this node writes no JUnit")
        errors = self.told(script)
        self.assertIn("sums add", errors[0][0])

    def test_where_the_log_says_nothing_the_report_alone_tells(self):
        self.needs("pytest")
        self.put("tests/test_sums.py", "def test_add():\n    assert 1 + 1 == 3\n")
        self.run_it("pytest -q -p no:cacheprovider --junitxml=junit.xml tests >all.log", "--step", "Test", "--report", "*.xml")
        told = [e for e in self.errors() if e[4] == e[5]]
        self.assertEqual([e[:3] for e in told], [("tests.test_sums.test_add", "tests/test_sums.py", 2)])


STATIC = os.path.join(os.environ.get("SLUICE_RUN_FOLDER", os.path.join(s.ROOT, "build")), f"sluice-run-linux-{os.uname().machine}")


@unittest.skipUnless(os.access(STATIC, os.X_OK), f"{STATIC} is not there: make sluice-run builds it")
class TheStaticFile(Reports):
    def test_it_sends_reports_as_the_whole_program_does(self):
        self.put("a", JUNIT)
        done = subprocess.run([STATIC, "--step", "Test", "--report", "**/out.xml", "--", "sh", "-c", "mkdir d; cp a d/out.xml; exit 4"], cwd=self.work,
                              env=self.environment(), capture_output=True, timeout=s.DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stderr), (4, b""))
        done = subprocess.run([STATIC, "report", "--step", "Test", "a"], cwd=self.work, env=self.environment(), capture_output=True,
                              timeout=s.DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"a: junit, 1 failure\n", b""))
        self.assertEqual(self.kept(), [("a", "junit"), ("d/out.xml", "junit")])


class Killed(unittest.TestCase):
    def test_a_report_that_was_acknowledged_is_explained_after_a_kill(self):
        with Server() as server:
            for i in range(5):
                steps = [streamed(server, "it broke\n", name=f"step {i}.{k}") for k in range(4)]
                for k, step in enumerate(steps):
                    body = JUNIT.replace("test_b", f"test_{i}_{k}").encode()
                    answer = server.request("POST", f"/internal/steps/{step.id}/reports?name=junit.xml", body, token=INTERNAL,
                                            headers={"Content-Type": "application/octet-stream"})
                    self.assertEqual(answer.status, 201, answer)
                server.kill()
                server.start()
                for k, step in enumerate(steps):
                    eventually("it is explained", lambda: server.query(
                        "SELECT 1 FROM step WHERE id = ? AND explain_due = 0 AND explained_at > 0", step.id))
                    self.assertEqual([row[0] for row in server.query(ERRORS, step.id)], [f"tests.test_a.test_{i}_{k}"])


class Expiry(Case):
    def test_reports_go_with_the_text_of_their_step(self):
        step = Stream(self.server, "expired").send("text\n")
        send = ("POST", f"/internal/steps/{step.id}/reports", JUNIT.encode())
        more = {"token": INTERNAL, "headers": {"Content-Type": "application/octet-stream"}}
        self.assertEqual(self.server.request(*send, **more).status, 201)
        step.finish("success", keep=False)
        self.assertEqual(self.server.query("SELECT count(*) FROM report WHERE step_id = ?", step.id), [(0,)])
        self.refused(self.server.request(*send, **more), 410, "gone")


if __name__ == "__main__":
    s.main()
