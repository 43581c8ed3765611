#!/usr/bin/python3
"""The version gate, from outside: a branch that goes on, a forge that goes away and comes back, and what is told of all that."""
import json
import os
import shutil
import signal
import tempfile
import threading
import unittest

import sluice_test as s
from commits_forge import CommitsForge, GitRepo
from sluice_test import INTERNAL, Server, eventually, post_of

WINDOW = 60


class Gates(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-git-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.repo = GitRepo(os.path.join(self.folder, "rig"))
        self.forge = CommitsForge(self.repo.path)

    def server(self, gate, watch=(s.REPO,)):
        server = Server(self.conf(gate), watch=watch)
        server.__enter__()
        self.addCleanup(server.close)
        return server

    def conf(self, gate, window=WINDOW, refresh=1):
        return f'[gate "fleet"]\n\twindow = {window}\n\trefresh = {refresh}s\n{gate}'

    def with_forge(self, more=""):
        self.forge.__enter__()
        self.addCleanup(self.forge.go_away)
        return self.server(self.forge.section + (more or "\tfallback-path =\n"))

    def status(self, server):
        return json.loads(server.must("gate", "status", "fleet", "--json"))

    def until(self, server, source):
        return eventually(f"source {source}", lambda: (g := self.status(server))["source"] == source and g)

    def check(self, server, commit):
        return json.loads(server.cli("gate", "check", "fleet", commit, "--json").stdout)

    def lets_in(self, server, commit):
        return self.check(server, commit)["answer"] == "admitted"

    def metric(self, server, name):
        return int(next(line.split()[1] for line in server.request("GET", "/metrics").text.splitlines() if line.startswith(name + " ")))


class Branch(Gates):
    def test_the_window_is_what_git_log_says_whatever_the_cap_of_the_forge(self):
        self.repo.commit(90)
        self.forge.cap = 7
        server = self.with_forge()
        self.assertEqual(self.until(server, "forge")["commits"], WINDOW)
        log = self.repo.log()
        for i in (0, 6, 7, WINDOW - 1):
            self.assertEqual(self.check(server, log[i])["behind"], i)
            self.assertTrue(self.lets_in(server, log[i]))
        self.assertEqual(self.check(server, log[WINDOW])["answer"], "outside")

    def test_a_commit_that_lands_is_let_in_without_a_restart(self):
        self.repo.commit(3)
        server = self.with_forge()
        self.until(server, "forge")
        new = self.repo.commit()[0]
        eventually("it is let in", lambda: self.lets_in(server, new[:12].upper()))
        self.assertEqual(self.status(server)["head_commit"], new)

    def test_a_head_that_stays_costs_the_forge_one_short_question(self):
        self.repo.commit(80)
        server = self.with_forge()
        self.until(server, "forge")
        before = self.forge.n_requests
        eventually("two more questions", lambda: self.forge.n_requests >= before + 2)
        for path in self.forge.requests[before:]:
            self.assertIn("limit=1&", path)

    def test_a_token_is_read_from_its_file_at_each_question(self):
        self.repo.commit(3)
        self.forge.token = "the-right-one"
        path = os.path.join(self.folder, "token")
        with open(path, "w", encoding="ascii") as f:
            f.write("the-wrong-one\n")
        server = self.with_forge(f"\ttoken-file = {path}\n\tfallback-path =\n")
        eventually("it is refused", lambda: "401" in (self.status(server)["error"] or ""))
        with open(path, "w", encoding="ascii") as f:
            f.write("the-right-one\n")
        self.until(server, "forge")
        self.assertNotIn("the-right-one", server.stderr)
        self.assertNotIn("the-wrong-one", server.stderr)


class Trouble(Gates):
    TROUBLES = (404, 401, 409, 500, 503, "empty", "garbage", "huge", "cut")

    def test_whatever_the_forge_does_the_last_window_stays(self):
        self.repo.commit(5)
        server = self.with_forge()
        heard = self.until(server, "forge")
        for trouble in self.TROUBLES:
            with self.subTest(trouble):
                self.forge.trouble = trouble
                eventually("it is noted", lambda: self.status(server)["error"])
                self.assertTrue(self.lets_in(server, self.repo.log()[4]))
                self.assertEqual(self.status(server)["source"], "forge")
                self.forge.trouble = None
                eventually("it is over", lambda: not self.status(server)["error"])
        self.forge.go_away()
        eventually("its age shows", lambda: self.status(server)["age_seconds"] >= 2)
        self.assertTrue(self.lets_in(server, self.repo.head))
        self.assertGreater(self.metric(server, "sluice_gate_refresh_failed_total"), 0)
        self.assertEqual(self.metric(server, "sluice_gate_fallback"), 0)
        self.assertEqual(heard["window"], WINDOW)

    def test_a_slow_forge_holds_nobody_up(self):
        self.repo.commit(5)
        self.forge.trouble = "slow"
        server = self.with_forge()
        eventually("it is asked", lambda: self.forge.n_requests)
        verdict = self.check(server, self.repo.head)
        self.assertEqual(verdict["answer"], "not-ready")
        self.assertEqual(self.status(server)["source"], "none")
        self.assertEqual(server.request("GET", "/healthz").status, 200)
        server.stop()  # with a question under way

    def test_the_repository_here_is_gone_by_while_the_forge_is_away_and_said_once(self):
        self.repo.commit(WINDOW + 20)
        server = self.with_forge(f"\tfallback-path = {self.repo.path}\n")
        self.until(server, "forge")
        self.forge.go_away()
        gate = self.until(server, "git-fallback")
        self.assertEqual(gate["from"], self.repo.path)
        self.assertEqual(self.metric(server, "sluice_gate_fallback"), 1)
        new = self.repo.commit()[0]
        eventually("what lands here is let in", lambda: self.lets_in(server, new))
        self.assertEqual(self.check(server, self.repo.log()[WINDOW + 15])["behind"], WINDOW + 15)
        self.assertEqual(server.stderr.count("source=git-fallback"), 1)
        shutil.move(self.repo.path, self.repo.path + ".away")
        eventually("that is gone too", lambda: "no git repository" in (self.status(server)["error"] or ""))
        self.assertTrue(self.lets_in(server, new))
        shutil.move(self.repo.path + ".away", self.repo.path)
        self.forge.come_back()
        self.until(server, "forge")
        self.assertEqual(self.metric(server, "sluice_gate_fallback"), 0)

    def test_a_path_alone_is_a_source_as_good_as_any(self):
        self.repo.commit(5)
        server = self.server(f"\tpath = {self.repo.path}\n")
        self.assertEqual(self.until(server, "git")["commits"], 5)


class Settings(Gates):
    def reload(self, server, gate, **more):
        server.configure(self.conf(gate, **more))
        n = server.stderr.count("settings re-read")
        server.process.send_signal(signal.SIGHUP)
        eventually("they are read", lambda: server.stderr.count("settings re-read") > n)

    def test_another_branch_counts_at_once_and_the_window_of_the_old_one_does_not(self):
        self.repo.commit(5)
        old = self.repo.commit(3, branch="old")
        gate = f"\tpath = {self.repo.path}\n"
        server = self.server(gate)
        self.until(server, "git")
        self.reload(server, gate, window=2, refresh=3600)
        self.assertFalse(self.lets_in(server, self.repo.log()[2]))
        self.assertTrue(self.lets_in(server, self.repo.log()[1]))
        self.reload(server, gate + "\tbranch = old\n", refresh=3600)
        self.assertFalse(self.lets_in(server, self.repo.head))
        eventually("the other is let in", lambda: self.lets_in(server, old[0]))

    def test_one_that_is_switched_off_lets_in_what_it_knows_nothing_of(self):
        server = self.server("\tenabled = false\n\tpath = /nonexistent\n")
        self.assertTrue(self.lets_in(server, "0" * 40))
        self.assertIn("off", server.must("gate", "status"))


class Commands(Gates):
    def test_check_ends_as_its_answer_is(self):
        self.repo.commit(WINDOW + 5)
        server = self.server(f"\tpath = {self.repo.path}\n\tremediation = \"Go to {{head_commit}}.\"\n")
        self.until(server, "git")
        log = self.repo.log()
        good = server.cli("gate", "check", "fleet", log[2][:12])
        self.assertEqual((good.returncode, good.stdout), (0, f"gate fleet lets {log[2]} in, 2 behind the head\n"))
        out = server.cli("gate", "check", "fleet", log[WINDOW])
        self.assertEqual(out.returncode, 5)
        self.assertIn(f"Go to {log[0]}.", out.stderr)
        self.assertIn(f"{WINDOW} behind", out.stderr)
        self.assertEqual(server.cli("gate", "check", "fleet", "main").returncode, 2)
        self.assertEqual(server.cli("gate", "check", "fleet", log[WINDOW], "--json").returncode, 5)
        self.assertEqual(server.cli("gate", "check", "nosuch", log[0]).returncode, 3)
        self.assertEqual(server.cli("gate", "check", "fleet").returncode, 2)

    def test_check_ends_with_7_while_nothing_is_known(self):
        server = self.server("\tpath = /nonexistent/rig\n")
        done = server.cli("gate", "check", "fleet", "0" * 40)
        self.assertEqual(done.returncode, 7)

    def test_status_shows_all_or_one(self):
        self.repo.commit(3)
        server = self.server(f"\tpath = {self.repo.path}\n[gate \"other\"]\n\tpath = /nonexistent/rig\n\trefresh = 1s\n")
        self.until(server, "git")
        rows = [line.split("\t") for line in server.must("gate", "status").splitlines()]
        self.assertEqual([row[0] for row in rows], ["fleet", "other"])
        self.assertEqual(rows[0][1:4], ["git", f"3/{WINDOW}", self.repo.head[:12]])
        self.assertEqual(server.must("gate", "status", "FLEET").count("\n"), 1)
        self.assertEqual(server.cli("gate", "status", "nosuch").returncode, 3)
        self.assertEqual([g["name"] for g in json.loads(server.must("gate", "status", "--json"))], ["fleet", "other"])


class Steps(Gates):
    def test_steps_of_a_guarded_repo_are_taken_of_the_window_alone(self):
        self.repo.commit(WINDOW + 3)
        server = self.server(f"\tpath = {self.repo.path}\n\tguards = steps\n\towner = acme\n\trepo = rig\n", watch=("acme/rig", s.REPO))
        self.until(server, "git")
        log = self.repo.log()
        self.assertEqual(server.post(post_of(repo="acme/rig", head_sha=log[0])).status, 204)
        self.assertEqual(server.post(post_of(head_sha=log[WINDOW])).status, 204)
        answer = server.post(post_of(repo="acme/rig", head_sha=log[WINDOW]))
        self.assertEqual((answer.status, answer.json["code"]), (412, "precondition_failed"))
        details = answer.json["details"]
        self.assertEqual((details["your_commit"], details["head_commit"], details["behind"], details["window"]),
                         (log[WINDOW], log[0], WINDOW, WINDOW))
        self.assertIn("git pull", details["remediation"])
        text = server.post(post_of(repo="acme/rig", head_sha=log[WINDOW]), headers={"Accept": "text/plain"})
        self.assertEqual(text.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("git pull", text.text)
        self.assertGreaterEqual(self.metric(server, "sluice_gate_refused_total"), 2)

    def test_a_runner_is_told_what_is_to_be_done_and_its_command_ends_as_ever(self):
        self.repo.commit(WINDOW + 3)
        server = self.server(f"\tpath = {self.repo.path}\n\tguards = steps\n\towner = acme\n\trepo = rig\n\tremediation = Rebase onto {{branch}}.\n",
                             watch=("acme/rig",))
        self.until(server, "git")
        of = ("--repo", "acme/rig", "--sha", self.repo.log()[WINDOW], "--run-id", "1", "--step", "make")
        for args in (("post", *of, "--tail", "-"), ("post", *of, "-")):
            done = server.cli(*args, token=INTERNAL, stdin="boom\n")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Rebase onto main.", done.stderr)
        done = server.cli("run", *of, "--", "sh", "-c", "echo boom; exit 3", token=INTERNAL)
        self.assertEqual((done.returncode, done.stdout), (3, "boom\n"))
        self.assertIn("Rebase onto main.", done.stderr)

    def test_commits_land_while_steps_come(self):
        self.repo.commit(5)
        server = self.server(f"\tpath = {self.repo.path}\n\tguards = steps\n\towner = acme\n\trepo = rig\n", watch=("acme/rig",))
        self.until(server, "git")
        head, statuses, over = self.repo.head, [], threading.Event()

        def send():
            while not over.is_set():
                statuses.append(server.request("POST", "/internal/ci-log", post_of(repo="acme/rig", head_sha=head), token=INTERNAL).status)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for t in threads:
            t.start()
        for _ in range(3):
            new = self.repo.commit()[0]
            eventually("it is let in", lambda: self.lets_in(server, new))
        over.set()
        for t in threads:
            t.join()
        self.assertEqual(set(statuses), {204})


if __name__ == "__main__":
    s.main()
