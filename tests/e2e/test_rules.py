#!/usr/bin/python3
"""What the commands for who reads failures and writes rules say: what is new in a step's log, which rules there are, what a rule would find."""
import json
import os
import tempfile
import unittest

import sluice_test as s
from sluice_test import REPO, Case, eventually
from test_logs import streamed

GREEN = "".join(f"compiling part {chr(97 + i)}\n" for i in range(20)) + "all tests passed\n"
RED = GREEN.replace("all tests passed\n", "\x1b[31mwidget lost\x1b[0m in the mud\nall tests done\n")
RULE = """rules:
  - id: own.widget
    class: config
    tool: widgetd
    match: ['^widget (?<message>.*) in the mud$']
    examples: { yes: ['widget lost in the mud'], no: ['widget found'] }
"""


class OfAServer(Case):
    def put(self, text):
        f = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.addCleanup(f.close)
        f.write(text)
        f.flush()
        return f.name

    def compared(self, name, green=GREEN, red=RED):
        passed = streamed(self.server, green, name=name, conclusion="success", branch="main")
        eventually("the green log is sealed", lambda: self.server.query("SELECT stored_bytes FROM step WHERE id = ?", passed.id)[0][0] > 0)
        return passed, streamed(self.server, red, name=name, branch="main")

    def test_a_diff_prints_what_is_new_with_signs_and_says_with_what_it_is_compared(self):
        passed, failed = self.compared("signs")
        told = self.server.cli("diff", "--step", str(failed.id), "-C", "1")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stdout, "@@ line 20 @@\n  compiling part t\n+ widget lost in the mud\n+ all tests done\n")
        self.assertIn(f"compared with step {passed.id} (run {passed.run}, commit {passed.sha[:12]}, branch main)", told.stderr)
        pages = self.server.cli("diff", "--step", str(failed.id), "--format=json").stdout.splitlines()
        self.assertEqual([json.loads(page)["baseline"]["step_id"] for page in pages], [passed.id])

    def test_a_long_diff_comes_in_pages_and_is_printed_as_one(self):
        red = "".join(f"odd thing {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)} happened\n" for i in range(4500))
        _, failed = self.compared("pages", red=red)
        told = self.server.cli("diff", "--step", str(failed.id))
        self.assertEqual(told.stdout, "@@ line 1 @@\n" + "".join(f"+ {line}\n" for line in red.splitlines()))

    def test_without_a_baseline_a_diff_says_what_to_do(self):
        failed = streamed(self.server, RED, name="never green")
        other = streamed(self.server, GREEN, name="another")
        told = self.server.cli("diff", "--step", str(failed.id))
        self.assertEqual(told.returncode, 3)
        self.assertIn("name another step as baseline", told.stderr)
        told = self.server.cli("diff", "--step", str(failed.id), "--baseline", str(other.id), "-C0")
        self.assertEqual(told.stdout, "@@ line 21 @@\n+ widget lost in the mud\n+ all tests done\n")

    def test_rules_are_tried_on_steps_and_on_logs(self):
        failed = streamed(self.server, RED, name="tried")
        rule = self.put(RULE)
        told = self.server.cli("rules", "try", "--step", str(failed.id), rule)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stdout, f"step {failed.id}, line 21: own.widget: lost\n")
        told = self.server.cli("rules", "try", rule, self.put("widget bent in the mud\n"))
        self.assertEqual(told.stdout, "line 1: own.widget: bent\n")
        of_repo = json.loads(self.server.cli("rules", "try", "--json", "--repo", REPO, rule).stdout)
        self.assertIn(failed.id, [hit["step_id"] for hit in of_repo["hits"]])

    def test_rules_that_are_wrong_or_find_too_much_are_refused_with_the_reason(self):
        self.compared("much")
        told = self.server.cli("rules", "try", self.put("rules: [{id: a, match: '^all', examples: {yes: [all], no: [none]}}]"))
        self.assertEqual(told.returncode, 2)
        self.assertRegex(told.stderr, r"rule a finds something in \d+ % of the steps that passed")
        told = self.server.cli("rules", "try", self.put("rules: [{id: a, match: '(x'}]"))
        self.assertEqual(told.returncode, 2)
        self.assertIn("rule a", told.stderr)
        told = self.server.cli("rules", "try", self.put("rules: [{id: a, match: 'qq', examples: {yes: [b], no: [c]}}]"))
        self.assertEqual(told.returncode, 2)
        self.assertIn("is to match, but does not", told.stderr)


class Offline(unittest.TestCase):
    def test_rules_of_the_program_and_of_folders_are_listed(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = os.path.join(folder, "rules")
            os.mkdir(rules)
            with open(os.path.join(rules, "own.yaml"), "w", encoding="utf-8") as f:
                f.write(RULE)
            told = s.run("rules", "list", "--rules", rules, home=folder)
            self.assertEqual(told.returncode, 0, told.stderr)
            rows = [line.split("\t") for line in told.stdout.splitlines()]
            self.assertIn(["own.widget", "widgetd", "config", "error", "cause", "50", "2", "own.yaml"], rows)
            self.assertGreater(len(rows), 100)

    def test_options_of_a_diff_that_do_not_go_together_are_refused(self):
        for args in (["a", "b", "--baseline", "3"], ["--step", "3", "a", "b"], ["--step", "3", "--format=md"], ["--step", "-1"], ["a"]):
            self.assertEqual(s.run("diff", *args).returncode, 2, args)


if __name__ == "__main__":
    s.main()
