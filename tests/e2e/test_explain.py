#!/usr/bin/python3
"""What broke, told from a log alone: no server, no network, whatever the log."""
import json
import os
import shutil
import tempfile
import unittest

import sluice_test as s

LOG = "cc -c a.c\na.c:3:5: error: 'x' undeclared\n    3 | x\n      | ^\nmake: *** [a.o] Error 1\n"
RULE = "rules:\n- {id: own.one, class: config, weight: 95, match: '^kaputt: ', examples: {yes: ['kaputt: x'], no: [fine]}}\n"


class Explain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cache = os.path.join(self.folder, ".cache/sluice")
        s.CompiledRules.give(self.cache)
        self.addCleanup(lambda: s.CompiledRules.keep(self.cache))

    def put(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def sluice(self, *args, stdin=""):
        return s.run(*args, home=self.folder, stdin=stdin)

    def blocks(self, *args, stdin=""):
        done = self.sluice("explain", "--format=json", *args, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["blocks"]

    def test_a_file_and_standard_input_are_explained_alike(self):
        path = self.put("fail.log", LOG)
        blocks = self.blocks(path)
        self.assertEqual(blocks, self.blocks("-", stdin=LOG))
        self.assertEqual((blocks[0]["class"], blocks[0]["file"], blocks[0]["line"]), ("compile", "a.c", 3))
        self.assertEqual(LOG[blocks[0]["start_byte"]:blocks[0]["end_byte"]], "".join(LOG.splitlines(True)[1:4]).rstrip("\n"))

    def test_what_a_log_that_passed_has_too_is_no_cause(self):
        passed, failed = self.put("pass.log", "ERROR: no cache\nok\n"), self.put("fail.log", "ERROR: no cache\nok\nERROR: fire\n")
        self.assertIn("fire", self.blocks("--baseline", passed, failed)[0]["message"])
        told = self.sluice("diff", passed, failed)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("fire", told.stdout)
        self.assertNotIn("cache", told.stdout)

    def test_reports_beside_the_log_tell_what_it_does_not_and_nothing_twice(self):
        log = self.put("fail.log", "FAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed\n")
        junit = self.put("junit.xml", "<testsuite><testcase classname='tests.test_a' name='test_b'><failure message='assert 1 == 2'>"
                         "tests/test_a.py:7: AssertionError</failure></testcase></testsuite>")
        tap = self.put("a.tap", "TAP version 13\n1..2\nnot ok 1 - only here\n")
        blocks = self.blocks("--report", junit, "--report", tap, log)
        self.assertEqual([(b.get("test"), b.get("line")) for b in blocks if "test_b" in b.get("test", "")], [("tests/test_a.py::test_b", 7)])
        alone = [b for b in blocks if b.get("test") == "only here"]
        self.assertEqual((len(alone), "start_line" in alone[0], alone[0]["found_by"]), (1, False, "input"))
        cut = self.put("cut.xml", "<testsuite><testcase name='only here'><failure message='it &lt;broke&gt;'/></testcase><testcase")
        text = self.sluice("explain", "--report", cut, self.put("nothing.log", "fine\n"))
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertRegex(text.stdout, r"only here\n +it <broke>\n")
        self.assertRegex(text.stderr, r"cut.xml is read up to there: .+")

    def test_a_report_that_is_none_is_named(self):
        log = self.put("fail.log", LOG)
        for path, code in ((log, 2), (os.path.join(self.folder, "missing.xml"), 3)):
            done = self.sluice("explain", "--report", path, log)
            self.assertEqual((done.returncode, done.stdout), (code, ""))
            self.assertIn(path, done.stderr)

    def test_rules_of_a_folder_are_added_checked_and_tried(self):
        self.put("rules/own.yaml", RULE)
        folder, log = os.path.join(self.folder, "rules"), self.put("a.log", "fine\nkaputt: x\n")
        self.assertEqual(self.blocks("--rules", folder, log)[0]["rule"], "own.one")
        self.assertEqual(self.sluice("rules", "check", folder).returncode, 0)
        tried = self.sluice("rules", "test", "--rules", folder, "own.one", log)
        self.assertEqual((tried.returncode, tried.stdout), (0, "2: kaputt: x\n"))
        self.assertEqual(self.sluice("rules", "test", "--rules", folder, "own.one", self.put("b.log", "fine\n")).returncode, 1)

    def test_a_rule_that_is_wrong_is_named_and_nothing_is_explained(self):
        self.put("rules/own.yaml", "rules:\n- id: own.one\n  match: '(x'\n")
        done = self.sluice("explain", "--rules", os.path.join(self.folder, "rules"), self.put("a.log", LOG))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("own.one", done.stderr)

    def test_an_example_that_is_not_so_fails_the_check(self):
        self.put("rules/own.yaml", RULE.replace("no: [fine]", "no: ['kaputt: y']"))
        done = self.sluice("rules", "check", os.path.join(self.folder, "rules"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("own.one", done.stderr)

    def test_a_log_that_is_not_there_is_said(self):
        done = self.sluice("explain", os.path.join(self.folder, "none.log"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("none.log", done.stderr)

    def test_compiled_rules_are_kept_under_the_home_and_nothing_else_is(self):
        shutil.rmtree(self.cache, ignore_errors=True)
        self.blocks(self.put("fail.log", LOG))
        kept = [os.path.relpath(os.path.join(d, f), self.folder) for d, _, files in os.walk(self.folder) for f in files]
        self.assertEqual(len(kept), 2, kept)
        self.assertTrue(any(k.startswith(".cache/sluice/rules-") for k in kept), kept)


if __name__ == "__main__":
    s.main()
