#!/usr/bin/python3
"""`sluice errors` and `sluice groups`: what broke, found by the server, in a terminal and for programs; and what people say of it."""
import datetime
import json


import sluice_test as s
from sluice_test import REPO, Case, eventually, new_sha
from test_logs import on_terminal, streamed

RED = ("[1/3] compiling\nsrc/pump.c:14:9: error: 'rate' undeclared (first use in this function)\n   14 |     rate = 1;\n      |     ^~~~\n"
       "make: *** [Makefile:7: pump.o] Error 1\n")


class Told(Case):
    def broken(self, text=RED, **over):
        """A step that failed and is explained."""
        step = streamed(self.server, text, **over)
        self.explained(step)
        return step

    def explained(self, step):
        def is_done():
            page = self.server.get(f"/api/v1/steps/{step.id}/errors").json
            return not page["due"] and page["explained_at"]
        eventually(f"step {step.id} is explained", is_done)

    def json(self, *args):
        return json.loads(self.server.must(*args, "--json"))


class Errors(Told):
    def test_a_commit_shows_its_causes_with_place_message_and_where_the_lines_are(self):
        step = self.broken(name="shown")
        out = self.server.must("errors", REPO, step.sha)
        self.assertIn(f"job / shown: failure, step {step.id}\n", out)
        self.assertIn("  cause, compile: src/pump.c:14:9\n", out)
        self.assertIn("'rate' undeclared", out)
        self.assertRegex(out, rf"    lines 2-4: sluice logs --step {step.id} --from 2\n")
        self.assertNotIn("Makefile", out)
        self.assertNotIn("\x1b", out)

    def test_a_run_and_a_step_are_named_by_their_numbers(self):
        step = self.broken(name="numbered")
        by_commit = self.server.must("errors", REPO, step.sha)
        self.assertEqual(self.server.must("errors", str(step.run)), by_commit)
        self.assertEqual(self.server.must("errors", "--step", str(step.id)), by_commit)

    def test_with_all_it_shows_what_followed_too_behind_the_causes(self):
        step = self.broken(name="all")
        out = self.server.must("errors", "--all", "--step", str(step.id))
        self.assertIn("  consequence", out)
        self.assertLess(out.index("  cause"), out.index("  consequence"))

    def test_json_is_what_the_server_tells(self):
        step = self.broken(name="json")
        told = self.server.get(f"/api/v1/steps/{step.id}/errors?role=cause").json["data"]
        self.assertEqual(self.json("errors", REPO, step.sha), told)
        self.assertEqual(len(told), 1)
        everything = self.server.get(f"/api/v1/steps/{step.id}/errors").json["data"]
        key = lambda e: e["number"]
        self.assertEqual(sorted(self.json("errors", "--all", REPO, step.sha), key=key), sorted(everything, key=key))

    def test_it_says_whether_an_error_is_new(self):
        text = RED.replace("rate", "novel_name")
        first, second = self.broken(text, name="novel"), self.broken(text, name="novel")
        group = self.json("errors", "--step", str(first.id))[0]["group"]["group_id"]
        day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-")
        self.assertIn(f"    new; group {group}\n", self.server.must("errors", REPO, first.sha))
        self.assertRegex(self.server.must("errors", REPO, second.sha), rf"    known since {day}\d\d; group {group}\n")

    def test_it_is_coloured_on_a_terminal_and_nowhere_else(self):
        step = self.broken(name="colours")
        code, out = on_terminal(self.server, "errors", REPO, step.sha)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[1;31mcause\x1b[0m", out)
        self.assertNotIn("\x1b", on_terminal(self.server, "errors", "--no-color", REPO, step.sha)[1])
        self.assertNotIn("\x1b", on_terminal(self.server, "errors", REPO, step.sha, env={"NO_COLOR": "1"})[1])

    def test_what_a_terminal_would_act_upon_is_shown_or_taken_out(self):
        step = self.broken("src/a.c:1:2: error: \u202eevil\u202c \x1b]0;title\x07 \x1b[5m 'x' undeclared\n", name="hostile")
        code, out = on_terminal(self.server, "errors", "--all", REPO, step.sha, env={"NO_COLOR": "1"})
        self.assertEqual(code, 0)
        self.assertIn("evil", out)
        for bad in ("\x1b", "\x07", "\u202e", "\x9b"):
            self.assertNotIn(bad, out)

    def test_a_step_without_errors_says_why(self):
        step = streamed(self.server, "all is well\n", name="green", conclusion="success")
        self.explained(step)
        self.assertIn("nothing was found in it", self.server.must("errors", "--step", str(step.id)))
        self.assertEqual(self.json("errors", "--step", str(step.id)), [])

    def test_what_is_not_there_is_said_and_not_shown_as_nothing(self):
        missing = self.server.cli("errors", REPO, new_sha())
        self.assertNotEqual(missing.returncode, 0)
        self.assertTrue(missing.stderr.startswith("sluice errors: "), missing.stderr)
        self.assertNotEqual(self.server.cli("errors", "--step", "999999").returncode, 0)
        for args in ((), ("x",), (REPO,), (REPO, new_sha(), "more"), ("--step", "0")):
            self.assertEqual(self.server.cli("errors", *args).returncode, 2, args)

    def test_the_run_the_results_api_and_the_command_agree(self):
        step = self.broken(name="agree")
        ours = self.json("errors", str(step.run))
        theirs = self.server.get(f"/api/v1/runs/{step.run}/errors").json
        self.assertEqual([e["error_id"] for e in theirs["data"]], [e["error_id"] for e in ours])
        self.assertEqual(theirs["due_steps"], 0)
        summary = self.server.get(f"/api/v1/runs/{step.run}/error-summary").json["data"]
        self.assertEqual(sum(b["count"] for b in summary), len(ours))


class Groups(Told):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.must("repo", "add", "acme/valve")

    def group(self, name, **over):
        """The number of a group of its own."""
        step = self.broken(RED.replace("rate", name), name=name, **over)
        return self.json("errors", "--step", str(step.id))[0]["group"]["group_id"]

    def ids(self, *args):
        return [g["group_id"] for g in self.json("groups", *args)]

    def test_groups_are_listed_of_a_repo_by_state_and_in_order(self):
        one, two = self.group("one"), self.group("two")
        other = self.group("three", repo="acme/valve")
        self.assertEqual([i for i in self.ids(REPO, "--sort", "-newest") if i in (one, two, other)], [two, one])
        self.assertEqual([i for i in self.ids("--sort", "newest") if i in (one, two, other)], [one, two, other])
        self.assertEqual(self.ids("acme/valve"), [other])
        self.assertEqual(self.ids("acme/valve", "--state", "resolved"), [])
        self.assertEqual(self.ids("acme/valve", "--new", "--class", "compile"), [other])
        self.assertEqual(self.ids("acme/valve", "--days", "3"), [other])
        self.assertEqual(self.ids("acme/valve", "--flaky"), [])
        self.assertEqual(len(self.ids("--limit", "2")), 2)

    def test_a_list_is_a_line_a_group_with_tabs(self):
        one = self.group("listed")
        lines = [line.split("\t") for line in self.server.must("groups", REPO).splitlines()]
        row = next(line for line in lines if line[0] == str(one))
        self.assertEqual((row[1], row[2], row[5], row[6]), ("open", "1", REPO, "compile"))
        self.assertIn("'listed' undeclared", row[7])

    def test_one_that_passes_on_its_commit_is_flaky(self):
        sha = new_sha()
        one = self.group("sometimes", head_sha=sha)
        green = streamed(self.server, "fine\n", name="sometimes", conclusion="success", head_sha=sha, run_id="2")
        self.explained(green)
        self.assertIn(one, self.ids("--flaky"))
        self.assertRegex(self.server.must("groups", "show", str(one)), rf"flaky: on [0-9-]+, {sha[:12]}\n")

    def test_all_about_one_is_shown(self):
        one = self.group("whole")
        out = self.server.must("groups", "show", str(one))
        self.assertIn(f"group {one} of {REPO}: open\n", out)
        self.assertIn("  errors: 1 in 24 hours, 1 in 7 days, 1 in 30 days, 1 in all; runs: 1, branches: 1\n", out)
        self.assertIn("What its errors have in common:\n", out)
        self.assertIn("a file of the same name, in whatever folder and line: pump.c\n", out)
        self.assertRegex(out, r"The newest of them:\n  [0-9-]+, step \d+, src/pump.c:14:9, lines 2-4: sluice logs --step \d+ --from 2\n")
        self.assertEqual(self.json("groups", "show", str(one)), self.server.get(f"/api/v1/groups/{one}").json)

    def test_it_is_resolved_and_opens_again_when_it_is_seen_again(self):
        one = self.group("returns")
        said = self.server.must("groups", "resolve", str(one), "--issue", "https://tracker.example.org/7")
        self.assertEqual(said, f"group {one} is resolved\n")
        self.assertIn(one, self.ids("--state", "resolved"))
        self.assertEqual(self.group("returns"), one)
        group = self.json("groups", "show", str(one))
        self.assertEqual((group["state"], group["issue"]), ("open", "https://tracker.example.org/7"))
        self.assertTrue(group["reopened_at"])
        self.assertEqual(self.json("groups", "reopen", str(one))["reopened_at"], None)

    def test_it_is_put_off_until_a_time(self):
        one = self.group("later")
        now = datetime.datetime.now(datetime.timezone.utc)
        for said, days in (("7d", 7), ("48h", 2), ((now + datetime.timedelta(days=30)).strftime("%Y-%m-%d"), 30),
                           ((now + datetime.timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ"), 4)):
            until = self.json("groups", "snooze", str(one), "--until", said)["snoozed_until"]
            delay = datetime.datetime.fromisoformat(until.replace("Z", "+00:00")) - now
            self.assertAlmostEqual(delay.total_seconds() / 86400, days, delta=1.01, msg=said)
        self.assertEqual(self.json("groups", "show", str(one))["state"], "snoozed")
        self.assertEqual(self.server.must("groups", "reopen", str(one)), f"group {one} is open\n")

    def test_what_makes_no_sense_is_refused_with_what_would(self):
        one = str(self.group("wrong"))
        for args, says in (((), "until when?"), (("--until", "soon"), "--until takes"), (("--until", "0d"), "--until takes")):
            done = self.server.cli("groups", "snooze", one, *args)
            self.assertEqual((done.returncode, says in done.stderr), (2, True), done.stderr)
        self.assertIn("in the future", self.server.cli("groups", "snooze", one, "--until", "2020-01-01").stderr)
        self.assertIn("http", self.server.cli("groups", "resolve", one, "--issue", "ftp://x").stderr)
        self.assertIn("only show", self.server.cli("groups", "mend", one).stderr)
        self.assertIn("there is no group", self.server.cli("groups", "show", "999999").stderr)
        self.assertEqual(self.json("groups", "show", one)["state"], "open")

    def test_a_token_of_another_repo_knows_of_none(self):
        one = self.group("theirs")
        token, _ = self.server.new_token("logs:read", "logs:write", repo="acme/valve")
        for args in (("groups", "show", str(one)), ("groups", "resolve", str(one))):
            done = self.server.cli(*args, token=token)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("there is no group", done.stderr)
        self.assertNotIn(one, [g["group_id"] for g in json.loads(self.server.cli("groups", "--json", token=token).stdout)])


if __name__ == "__main__":
    s.main()
