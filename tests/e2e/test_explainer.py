#!/usr/bin/python3
"""What the server makes of a step when it has ended: the errors that `sluice explain` finds in the same log, without being asked, in time, once,
and again when the rules have changed."""
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import sluice_test as s
from sluice_test import INTERNAL, REPO, SLUICE, Case, CompiledRules, Server, eventually, new_sha, post_of
from test_logs import Stream, streamed

GREEN = "".join(f"[{i}/40] compiling part{i}.c\n" for i in range(40)) + "warning: the cache is cold\nall 12 tests passed\n"
RED = GREEN.replace("[20/40] compiling part20.c\n", "[20/40] compiling part20.c\nsrc/part20.c:14:9: error: 'x' undeclared "
                    "(first use in this function)\n   14 |     x = 1;\n      |     ^\n") + "make: *** [Makefile:7: part20.o] Error 1\n"


def offline(text, baseline=None, *more):
    """What the same program says of the same text without a server."""
    with tempfile.TemporaryDirectory() as folder:
        def put(name, content):
            path = os.path.join(folder, name)
            with open(path, "wb") as f:
                f.write(content.encode())
            return path
        args = [SLUICE, "explain", "--format=json", *more]
        if baseline is not None:
            args += ["--baseline", put("pass.log", baseline)]
        cache = os.path.join(folder, ".cache/sluice")
        CompiledRules.give(cache)
        out = subprocess.run([*args, put("fail.log", text)], capture_output=True, check=True, env={"HOME": folder})
        CompiledRules.keep(cache)
        return json.loads(out.stdout)["blocks"]


class Explained(Case):
    config = ""

    def errors(self, step_id):
        names = ("number", "role", "class", "from_line", "to_line", "start_byte", "end_byte", "file", "line", "code", "message", "rule",
                 "fingerprint", "group_id", "test")
        rows = self.server.query(f"SELECT {', '.join(names)} FROM error WHERE step_id = ? ORDER BY number", step_id)
        return [dict(zip(names, row)) for row in rows]

    def wait(self, step_id):
        def is_done():
            rows = self.server.query("SELECT explain_due, explained_at FROM step WHERE id = ?", step_id)
            return rows and rows[0][0] == 0 and rows[0][1] > 0
        eventually(f"step {step_id} is explained", is_done)
        return self.errors(step_id)

    def step_of(self, sha):
        return self.server.query("SELECT step.id FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id "
                                 "WHERE run.head_sha = ?", sha)[0][0]

    def is_like(self, errors, blocks):
        told = [(e["role"], e["class"], e["from_line"] + 1, e["to_line"], e["start_byte"], e["end_byte"], e["fingerprint"]) for e in errors]
        want = [(b["role"], b["class"], b["start_line"], b["end_line"], b["start_byte"], b["end_byte"], b["fingerprint"]) for b in blocks]
        self.assertEqual(told, want)


class OnTheServer(Explained):
    def test_a_streamed_step_has_the_errors_that_the_command_finds_in_its_text(self):
        step = streamed(self.server, RED, name="offline")
        errors = self.wait(step.id)
        self.is_like(errors, offline(RED))
        self.assertEqual((errors[0]["role"], errors[0]["class"], errors[0]["file"], errors[0]["line"]), ("cause", "compile", "src/part20.c", 14))

    def test_it_is_compared_with_the_last_time_that_the_same_step_passed(self):
        new = "thing that nobody knows: 17 widgets lost\n"
        red = GREEN + new + "done with status 3\n"
        streamed(self.server, GREEN + "an old line\n", name="compared", conclusion="success")
        green = streamed(self.server, GREEN, name="compared", conclusion="success")
        streamed(self.server, GREEN + new, name="another step", conclusion="success")
        eventually("the green log is sealed", lambda: self.server.query("SELECT stored_bytes FROM step WHERE id = ?", green.id)[0][0] > 0)
        step = streamed(self.server, red, name="compared")
        self.is_like(self.wait(step.id), offline(red, GREEN))

    def test_a_branch_is_compared_with_the_one_that_it_is_for(self):
        ours, other = GREEN + "only main prints this strange line\n", GREEN
        red = GREEN + "only main prints this strange line\nbroken\n"
        main = streamed(self.server, ours, name="target", conclusion="success", branch="main")
        newer = streamed(self.server, other, name="target", conclusion="success", branch="someone/else")
        for step in (main, newer):
            eventually("the green log is sealed",
                       lambda: self.server.query("SELECT stored_bytes FROM step WHERE id = ?", step.id)[0][0] > 0)
        step = streamed(self.server, red, name="target", branch="feature", target_branch="main")
        self.is_like(self.wait(step.id), offline(red, ours))
        self.assertNotEqual(offline(red, ours), offline(red, other))

    def test_a_post_is_explained_and_its_lines_are_counted_from_the_first_that_was_dropped(self):
        sha = new_sha()
        self.server.must_post(head_sha=sha, log_tail=RED, dropped_lines=1000, dropped_bytes=20000)
        step_id = eventually("it is there", lambda: self.step_of(sha))
        errors = self.wait(step_id)
        blocks = offline(RED)
        self.assertEqual([e["from_line"] + 1 for e in errors], [1000 + b["start_line"] for b in blocks])
        self.assertEqual([e["fingerprint"] for e in errors], [b["fingerprint"] for b in blocks])

    def test_a_post_that_comes_again_replaces_its_errors(self):
        sha = new_sha()
        self.server.must_post(head_sha=sha, log_tail=RED)
        step_id = self.step_of(sha)
        self.assertEqual(self.wait(step_id)[0]["class"], "compile")
        self.server.must_post(head_sha=sha, log_tail="ld: undefined reference to `frob'\ncollect2: error: ld returned 1 exit status\n")
        eventually("the new text is explained", lambda: [e for e in self.errors(step_id) if e["class"] == "link"])
        self.assertNotIn("compile", [e["class"] for e in self.wait(step_id)])

    def test_a_step_that_passed_has_no_errors(self):
        step = streamed(self.server, RED, conclusion="success", name="ignored")
        self.assertEqual(self.wait(step.id), [])

    def test_one_cause_in_two_runs_is_one_group_and_two_causes_are_two(self):
        red = RED.replace("'x'", "'only_here'")
        a = streamed(self.server, red, name="grouped")
        b = streamed(self.server, red.replace("14:9", "17:9").replace("14 |", "17 |"), name="grouped")
        c = streamed(self.server, RED.replace("'x'", "'and_there'"), name="grouped")
        groups = [self.wait(step.id)[0]["group_id"] for step in (a, b, c)]
        self.assertEqual(groups[0], groups[1])
        self.assertNotEqual(groups[0], groups[2])
        self.assertEqual(self.server.query("SELECT new_in_sha FROM error_group WHERE id = ?", groups[0])[0][0], a.sha)

    def test_how_a_step_ended_is_a_cause_where_the_log_says_nothing(self):
        step = streamed(self.server, "working\nstill working\n", name="killed", conclusion="timed_out")
        errors = self.wait(step.id)
        self.assertEqual((errors[0]["class"], errors[0]["from_line"], errors[0]["to_line"]), ("timeout", 1, 2))
        silent = Stream(self.server, "silent").finish("failure", exit_code=139)
        self.assertEqual([(e["class"], e["from_line"], e["to_line"]) for e in self.wait(silent.id)], [("crash", 0, 0)])

    def test_a_log_of_many_mib_is_looked_at_from_both_ends(self):
        filler = "".join(f"line {i} of what nobody reads {i * 7919}\n" for i in range(40000))
        head = "src/a.c:1:1: error: unknown type name 'foo'\n"
        tail = "src/z.c:9:9: error: unknown type name 'bar'\nmake: *** [all] Error 1\n"
        with Server(config="[explain]\n\tlog-bytes = 1m\n") as server:
            server.must("repo", "add", REPO)
            step = streamed(server, head + filler + tail, name="long")
            eventually("it is explained", lambda: server.query("SELECT 1 FROM step WHERE id = ? AND explain_due = 0 AND explained_at > 0", step.id))
            rows = server.query("SELECT file, from_line, start_byte FROM error WHERE step_id = ? AND role = 'cause' ORDER BY from_line", step.id)
            whole = head + filler
            self.assertEqual(rows, [("src/a.c", 0, 0), ("src/z.c", whole.count("\n"), len(whole))])


class Restarts(Case):
    def test_what_waits_is_explained_after_a_kill(self):
        with Server() as server:
            server.must("repo", "add", REPO)
            for _ in range(3):
                steps = [streamed(server, RED, name=f"step {i}") for i in range(20)]
                server.kill()
                server.start()
                for step in steps:
                    eventually("it is explained", lambda: server.query(
                        "SELECT 1 FROM step WHERE id = ? AND explain_due = 0 AND explained_at > 0", step.id))
                    rows = server.query("SELECT number, class FROM error WHERE step_id = ? AND role = 'cause'", step.id)
                    self.assertEqual(rows, [(0, "compile")])

    def test_new_rules_explain_again_and_wrong_ones_are_told_and_not_taken(self):
        rule = """rules:
  - id: widget-lost
    class: network
    tool: widgetd
    match: ['^widget (?<message>.*) was lost$']
    examples: { yes: ['widget seven was lost'], no: ['widget seven was found'] }
"""
        with tempfile.TemporaryDirectory() as folder, Server(config=f"[explain]\n\trules = {folder}\n") as server:
            server.must("repo", "add", REPO)
            step = streamed(server, "start\nwidget seven was lost\nend\n", name="ruled")

            def causes(of):
                return server.query("SELECT error.rule, error.class FROM error JOIN step ON step.id = error.step_id "
                                    "WHERE step_id = ? AND role = 'cause' AND explain_due = 0", of.id)
            eventually("it is explained", lambda: server.query("SELECT 1 FROM step WHERE id = ? AND explained_at > 0", step.id))
            self.assertNotIn("widget-lost", [rule for rule, _ in causes(step)])
            with open(os.path.join(folder, "widget.yaml"), "w", encoding="utf-8") as f:
                f.write(rule)
            server.process.send_signal(signal.SIGHUP)
            eventually("it is explained again", lambda: causes(step) == [("widget-lost", "network")])
            with open(os.path.join(folder, "wrong.yaml"), "w", encoding="utf-8") as f:
                f.write("rules: [{id: 7 wrong")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_line("rules of .explain. rules are not taken: .*wrong.yaml")
            again = streamed(server, "start\nwidget eight was lost\nend\n", name="ruled")
            eventually("it goes on with the rules it had", lambda: causes(again) == [("widget-lost", "network")])


if __name__ == "__main__":
    s.main()
