#!/usr/bin/python3
"""Forges tell the real program of what happened: GitHub's own examples, and deliveries that come while the program is killed or its secret is changed."""
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import signal
import sys
import tempfile
import unittest
import uuid

import sluice_test as s
from sluice_test import REPO, Server, eventually, new_sha
from stand_in_forge import GitRepo, StandInForge

sys.path.insert(0, os.path.join(s.ROOT, "tests", "contract"))
import pinned  # noqa: E402

SECRET = "the-secret-of-the-hooks"
HOOKS = "".join(f'[hook "{kind}"]\n\tsecret = {SECRET}\n' for kind in ("forgejo", "gitea", "github"))
NAMES = {"forgejo": "Forgejo", "gitea": "Gitea", "github": "GitHub"}
EXAMPLES = pathlib.Path(s.ROOT) / "build" / "hook-examples"
WHY = pinned.by_npm(EXAMPLES, pathlib.Path(s.ROOT) / "tests" / "e2e" / "hooks" / "package-lock.json")
READ = {"workflow_run", "workflow_job", "status", "push", "pull_request"}


def deliver(server, event, payload, kind="github", delivery=None, secret=SECRET, **headers):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return server.request("POST", f"/hooks/{kind}", body, headers={
        f"X-{NAMES[kind]}-Event": event, f"X-{NAMES[kind]}-Delivery": delivery or str(uuid.uuid4()), "X-Hub-Signature-256": f"sha256={signature}", **headers})


def a_run(run_id, sha=None, **over):
    return {"action": "completed", "repository": {"full_name": REPO},
            "workflow_run": {"id": run_id, "head_sha": sha or new_sha(), "head_branch": "main", "status": "completed", "conclusion": "failure", **over}}


@unittest.skipIf(WHY, f"GitHub's examples are not here: {WHY}")
class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.examples = json.loads((EXAMPLES / "node_modules/@octokit/webhooks-examples/api.github.com/index.json").read_text())
        cls.repos = {e["repository"]["full_name"] for x in cls.examples if x["name"] in READ for e in x["examples"]}

    def told(self, server, wanted):
        for x in self.examples:
            if wanted(x["name"]):
                for example in x["examples"]:
                    yield x["name"], example, deliver(server, x["name"], example)

    def test_each_that_is_read_here_is_understood(self):
        with Server(HOOKS, watch=self.repos) as server:
            n = {}
            for event, example, answer in self.told(server, lambda name: name in READ):
                of_a_tag = event == "push" and not example["ref"].startswith("refs/heads/")
                self.assertEqual((answer.status, answer.json["done"]), (200, "ignored" if of_a_tag else "kept"), f"{event}: {answer}")
                n[event] = n.get(event, 0) + 1
            self.assertEqual(set(n), READ)
            runs = {str(e[x["name"]]["id" if x["name"] == "workflow_run" else "run_id"]) for x in self.examples for e in x["examples"]
                    if x["name"] in ("workflow_run", "workflow_job")}
            self.assertEqual({r[0] for r in server.query("SELECT external_run_id FROM forge_run")}, runs)
            pulls = {f"pull:{e['number']}" for x in self.examples if x["name"] == "pull_request" for e in x["examples"]}
            self.assertEqual({r[0] for r in server.query("SELECT name FROM forge_head WHERE name LIKE 'pull:%'")}, pulls)

    def test_every_other_is_ignored_and_leaves_nothing(self):
        with Server(HOOKS, watch=()) as server:
            n = 0
            for event, _, answer in self.told(server, lambda name: name not in READ):
                self.assertEqual((answer.status, answer.json["done"]), (200, "pong" if event == "ping" else "ignored"), f"{event}: {answer}")
                n += 1
            self.assertGreater(n, 100)
            self.assertEqual(server.count("hook_delivery") + server.count("forge_run") + server.count("forge_head"), 0)


class Deliveries(unittest.TestCase):
    def test_what_was_answered_is_there_after_a_kill_and_a_replay_does_nothing(self):
        with Server(HOOKS) as server:
            first = deliver(server, "workflow_run", a_run(7), delivery="one")
            self.assertEqual((first.status, first.json["done"]), (200, "kept"))
            server.kill()
            server.start()
            again = deliver(server, "workflow_run", a_run(8), delivery="one")
            self.assertEqual((again.status, again.json["done"]), (200, "replayed"))
            self.assertEqual(server.query("SELECT external_run_id, conclusion FROM forge_run"), [("7", "failure")])

    def test_the_same_delivery_many_times_at_once_is_kept_once(self):
        with Server(HOOKS) as server, concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: deliver(server, "workflow_run", a_run(7), delivery="one").json["done"], range(64)))
            self.assertEqual((answers.count("kept"), answers.count("replayed")), (1, 63))

    def test_a_secret_comes_with_the_settings_and_goes_with_them(self):
        with Server() as server:
            self.assertEqual(deliver(server, "workflow_run", a_run(7)).status, 503)
            server.configure(HOOKS)
            server.process.send_signal(signal.SIGHUP)
            eventually("the secret is known", lambda: deliver(server, "workflow_run", a_run(7)).status == 200)
            self.assertEqual(deliver(server, "workflow_run", a_run(7), secret="another secret").status, 401)
            server.configure(HOOKS.replace(SECRET, "another-secret"))
            server.process.send_signal(signal.SIGHUP)
            eventually("the old secret is not", lambda: deliver(server, "workflow_run", a_run(7)).status == 401)

    def test_each_kind_has_a_secret_of_its_own(self):
        with Server('[hook "forgejo"]\n\tsecret = first-secret\n[hook "gitea"]\n\tsecret = second-secret\n') as server:
            self.assertEqual(deliver(server, "workflow_run", a_run(7), kind="forgejo", secret="first-secret").status, 200)
            self.assertEqual(deliver(server, "workflow_run", a_run(7), kind="gitea", secret="first-secret").status, 401)
            self.assertEqual(deliver(server, "workflow_run", a_run(7), kind="gitea", secret="second-secret").status, 200)
            self.assertEqual(deliver(server, "workflow_run", a_run(7), kind="github", secret="").status, 503)

    def test_no_secret_is_in_any_answer_or_diag(self):
        with Server(HOOKS) as server:
            told = [deliver(server, *what) for what in (("push", b"{"), ("", {}), ("push", {"ref": "refs/heads/m"}), ("ping", {}))]
            told += [deliver(server, "push", {}, secret="wrong"), server.request("POST", "/hooks/github", b"{}")]
            self.assertNotIn(SECRET, " ".join(a.text for a in told) + server.stderr)


class Setup(unittest.TestCase):
    """sluice hook install and test, against a stand-in for each forge."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.repo = GitRepo(os.path.join(self.folder.name, "r"))
        self.repo.commit()
        with open(os.path.join(self.folder.name, "token"), "w", encoding="utf-8") as f:
            f.write("token-of-the-forge\n")

    def configure(self, server, forge, more=""):
        """Where the server is reached is known when it runs."""
        server.configure(f'{HOOKS}[forge "home"]\n\tkind = {forge.kind}\n\turl = {forge.url}\n\ttoken-file = {self.folder.name}/token\n'
                         f"[server]\n\tpublic-url = {server.url}\n{more}")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_line("settings re-read")
        server.must("repo", "add", "--forge", "home", REPO)

    def test_a_hook_is_made_once_and_what_comes_of_it_is_kept(self):
        for kind in NAMES:
            with self.subTest(kind), StandInForge(self.repo, kind=kind, token="token-of-the-forge") as forge, Server(watch=()) as server:
                self.configure(server, forge)
                self.assertIn(f"{server.url}/hooks/{kind}\n", server.must("hook", "install", REPO))
                again = json.loads(server.must("hook", "install", "--json", REPO))
                self.assertEqual((again["kind"], again["is_new"], len(forge.hooks)), (kind, False, 1))
                self.assertIn("was asked to send something", server.must("hook", "test", REPO))
                self.assertEqual([(status, json.loads(body)["done"]) for status, body in forge.send_tests()], [(200, "pong" if kind == "github" else "kept")])
                run = forge.run()
                run.job("test", conclusion="failure")
                self.assertEqual({(status, json.loads(body)["done"]) for status, body in run.finish("failure")}, {(200, "kept")})
                self.assertEqual(server.query("SELECT external_run_id, conclusion FROM forge_run"), [(str(run.id), "failure")])
                self.assertEqual([json.loads(forge.redeliver()[1])["done"] for _ in range(2)], ["replayed"] * 2)
                self.assertEqual([row.split("\t")[2] for row in server.must("audit", "--action", "hook.install").splitlines()], ["hook.install"] * 2)
                self.assertNotIn(SECRET, server.stderr)
                self.assertNotIn("token-of-the-forge", server.stderr)

    def test_what_the_forge_refuses_is_told(self):
        with StandInForge(self.repo, token="another token") as forge, Server(watch=()) as server:
            self.configure(server, forge)
            done = server.cli("hook", "install", REPO)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("token-file", done.stderr)
            self.assertEqual(forge.hooks, {})

    def test_a_hook_that_is_not_there_is_told_how_to_make(self):
        with StandInForge(self.repo, token="token-of-the-forge") as forge, Server(watch=()) as server:
            self.configure(server, forge)
            done = server.cli("hook", "test", REPO)
            self.assertEqual(done.returncode, 3)
            self.assertIn(f"`sluice hook install {REPO}` makes it", done.stderr)


if __name__ == "__main__":
    s.main()
