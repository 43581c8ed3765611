#!/usr/bin/python3
"""From red CI to a fixer, against a forge that stands in: what it is told and asked, what a webhook's receiver gets, hooks and logs that are lost, and a server that is killed while it hands over."""
import hashlib
import hmac
import json
import os
import shutil
import socket
import tempfile
import time
import unittest

import sluice_test as s
from sluice_test import Server, eventually, post_of
from stand_in_forge import STAMP, GitRepo, Listener, StandInForge, Step

SECRET = "the-secret-of-the-hooks"
TOKEN = "the-token-of-the-forge"
REPO = "acme/widget"
LOG = "cc -c pump.c\npump.c:12:3: error: 'rate' undeclared (first use in this function)\nmake: *** [Makefile:2: pump.o] Error 1\n"


class Dispatches(unittest.TestCase):
    kind = "forgejo"

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-dispatch-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.forge = StandInForge(self.new_repo(), kind=self.kind, token=TOKEN)
        self.forge.__enter__()
        self.addCleanup(self.forge.go_away)

    def new_repo(self):
        return GitRepo(os.path.join(self.folder, "widget"))

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def server(self, dispatch, forge=""):
        conf = (f'[forge "home"]\n\turl = {self.forge.url}\n\tkind = {self.kind}\n\ttoken-file = {self.file("token", TOKEN)}\n{forge}'
                f'[hook "{self.kind}"]\n\tsecret = {SECRET}\n[dispatch "{REPO}"]\n\twait = 5s\n\tcooldown = 0s\n{dispatch}')
        self.conf = conf
        server = Server(conf, watch=(REPO,))
        server.__enter__()
        self.addCleanup(server.close)
        self.forge.add_hook(f"{server.url}/hooks/{self.kind}", SECRET)
        return server

    def red(self, branch="main", log=LOG, server=None, pull=None):
        """A commit of that branch, whose run fails; with its log sent by a runner, if that is wanted."""
        sha = self.forge.repo.commit(branch=branch)[0]
        self.forge.push(branch)
        run = self.forge.run(sha, branch=branch, pull=pull)
        run.job("build", steps=[Step("make", "failure", log or LOG)])
        if log:
            server.must_post(post_of(repo=REPO, head_sha=sha, run_id=str(run.id), branch=branch, workflow="ci.yml", job_name="build", step_name="make", log_tail=log))
            server.explained(sha, repo=REPO)
        return run

    def dispatches(self, server, **query):
        return server.get("/api/v1/dispatches?" + "&".join(f"{k}={v}" for k, v in query.items())).json["data"]

    def until(self, server, state, **query):
        return eventually(f"a dispatch is {state}", lambda: self.dispatches(server, state=state, **query))[0]

    def claim(self, server):
        answer = server.request("POST", "/api/v1/dispatches/claim", {"agent": "fixer-1"}, token=server.admin)
        return answer.json if answer.status == 200 else None

    def tell(self, server, claimed, **result):
        answer = server.request("POST", f"/api/v1/dispatches/{claimed['dispatch']['dispatch_id']}/result", {"claim": claimed["claim"], **result}, token=server.admin)
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class Loop(Dispatches):
    def test_red_claimed_pushed_green_fixed(self):
        server = self.server("\taction = claim\n\taction = status\n")
        self.red(server=server).finish("failure")
        offered = self.until(server, "offered")
        self.assertEqual((offered["class"], offered["branch"], offered["author"]), ("compile", "main", "dev"))
        claimed = self.claim(server)
        self.assertIn("pump.c:12:3", claimed["prompt"])
        self.assertIsNone(self.claim(server))
        self.tell(server, claimed, outcome="note", note="pushed")
        fixed = self.forge.repo.commit()[0]
        self.forge.push("main")
        self.forge.run(fixed).finish("success")
        over = self.until(server, "over")
        self.assertEqual((over["outcome"], over["fixed_sha"], over["note"]), ("fixed", fixed, "pushed"))
        self.assertEqual([x["context"] for x in self.forge.statuses[offered["head_sha"]]], ["sluice"])

    def test_three_fixes_that_fail_and_the_guard_stops_it_and_says_why(self):
        server = self.server("\taction = claim\n")
        for i in range(1, 4):
            self.red(server=server).finish("failure")
            claimed = eventually("it is offered", lambda: self.claim(server))
            self.assertEqual(claimed["facts"]["try"], i)
            self.assertEqual(len(claimed["facts"]["earlier"]), i - 1)
            self.tell(server, claimed, outcome="failed", note="no luck")
        self.red(server=server).finish("failure")
        refused = self.until(server, "refused")
        self.assertEqual(refused["refused_by"], "attempts")
        self.assertIn("3 attempts since its branch was green", refused["reason"])
        self.assertIn("attempts", server.must("dispatch", "list", REPO))
        self.assertIn("people have to look", server.must("dispatch", "show", str(refused["dispatch_id"])))

    def test_fifty_red_runs_of_one_group_at_once_are_one_dispatch(self):
        server = self.server("\taction = claim\n")
        runs = [self.red(branch=f"b{i}", server=server) for i in range(50)]
        for run in runs:
            run.finish("failure")
        eventually("all are decided", lambda: len(self.dispatches(server, state="refused", limit=100)) == 49)
        self.assertEqual(len(self.dispatches(server, state="offered")), 1)
        self.assertEqual({d["refused_by"] for d in self.dispatches(server, state="refused", limit=100)}, {"open"})

    def test_the_hook_is_lost(self):
        server = self.server("\taction = claim\n", forge="\treconcile = 10s\n")
        self.forge.hooks_lost = True
        self.forge.clock = int(time.time()) - 60  # what was over long ago is let lie
        self.red(server=server).finish("failure")
        eventually("the forge was asked", lambda: self.dispatches(server), seconds=120)
        self.until(server, "offered")

    def test_the_log_is_lost(self):
        self.forge.can = set()  # nor can it be fetched
        server = self.server("\taction = claim\n")
        self.red(log=None).finish("failure")
        self.until(server, "offered")
        claimed = self.claim(server)
        self.assertIn("## CI failure context", claimed["prompt"])
        self.assertIsNone(claimed["dispatch"]["group_id"])

    def test_the_log_is_fetched_where_no_runner_sent_it(self):
        server = self.server("\taction = claim\n\twait = 120s\n")
        self.red(log=None).finish("failure")
        eventually("it is fetched and offered", lambda: self.dispatches(server, state="offered"), seconds=120)
        prompt = self.claim(server)["prompt"]
        self.assertIn("pump.c:12:3", prompt)
        self.assertNotIn(STAMP, prompt)

    def test_a_branch_that_moved_on_is_no_affair_of_ours(self):
        server = self.server("\taction = claim\n")
        run = self.red(server=server)
        self.forge.repo.commit()
        self.forge.push("main")
        run.finish("failure")
        refused = self.until(server, "refused")
        self.assertEqual(refused["refused_by"], "head")

    def test_where_no_push_was_heard_the_forge_is_asked(self):
        server = self.server("\taction = claim\n")
        self.forge.hooks_lost = True
        run = self.red(server=server)
        self.forge.repo.commit()
        self.forge.hooks_lost = False
        run.finish("failure")
        self.assertEqual(self.until(server, "refused")["refused_by"], "head")
        self.assertGreater(self.forge.count("GET", "/branches/main"), 0)


class Outside(Dispatches):
    kind = "gitea"

    def hand_over(self, server, pull=None, **red):
        run = self.red(server=server, pull=pull, **red)
        if pull:
            self.forge.tell_pull(pull, "synchronized")
        run.finish("failure")
        handed = eventually("it is handed over", lambda: [d for d in self.dispatches(server, state="handed") if d["head_sha"] == run.sha])[0]
        server.request("POST", f"/api/v1/dispatches/{handed['dispatch_id']}/result", {"outcome": "failed"}, token=server.admin)

    def test_a_pull_request_has_one_comment_edited_in_place_and_folded(self):
        server = self.server("\taction = comment\n\taction = issue\n")
        self.forge.repo.commit()
        self.forge.repo.commit(branch="topic")
        number = self.forge.pull("topic")
        for i in range(2):
            self.hand_over(server, branch="topic", pull=number)
        self.assertEqual(len(self.forge.comments), 1)
        comment, = self.forge.comments.values()
        self.assertEqual(comment["n_edits"], 1)
        self.assertIn("<details>", comment["body"])
        self.assertIn("pump.c:12:3", comment["body"])
        self.assertEqual(len(self.forge.issues), 1)

    def test_a_comment_of_ours_that_nobody_remembers_is_found_by_its_mark(self):
        server = self.server("\taction = comment\n")
        self.forge.repo.commit()
        self.forge.repo.commit(branch="topic")
        number = self.forge.pull("topic")
        theirs = self.forge.comment_on(number, "<!-- sluice: dispatch -->\nnot ours", "mallory")
        ours = self.forge.comment_on(number, "<!-- sluice: dispatch -->\nas it was", "sluice")
        self.hand_over(server, branch="topic", pull=number)
        self.assertEqual(len(self.forge.comments), 2)
        self.assertEqual((theirs["n_edits"], ours["n_edits"]), (0, 1))
        self.assertIn("pump.c:12:3", ours["body"])

    def test_after_an_issue_that_was_closed_there_is_a_new_one_that_says_so(self):
        server = self.server("\taction = issue\n")
        for i in range(3):
            self.hand_over(server)
            self.assertEqual(len(self.forge.issues), 1 if i < 2 else 2)
            if i == 1:
                first, = self.forge.issues
                self.forge.issues[first]["state"] = "closed"
        self.assertIn(f"Again after #{first}, which is closed.", self.forge.issues[max(self.forge.issues)]["body"])

    def test_a_webhook_is_signed_and_says_all(self):
        with Listener() as listener:
            secret = self.file("webhook-secret", "the-secret-of-the-webhook")
            server = self.server(f"\taction = webhook\n\turl = {listener.url}\n\tsecret-file = {secret}\n")
            self.red(server=server).finish("failure")
            self.until(server, "handed")
            (headers, body), = listener.received
        digest = hmac.new(b"the-secret-of-the-webhook", body, hashlib.sha256).hexdigest()
        told = json.loads(body)
        self.assertEqual(headers["X-Sluice-Signature-256"], f"sha256={digest}")
        self.assertEqual((headers["X-Sluice-Delivery"], headers["X-Sluice-Event"], told["event"]), ("1-0", "dispatch", "dispatch"))
        self.assertEqual(told["dispatch"]["repo"], REPO)
        self.assertIn("pump.c:12:3", told["prompt"])

    def test_killed_while_it_hands_over_it_is_unknown_and_not_repeated(self):
        with socket.socket() as receiver:  # takes what comes, and never answers
            receiver.bind(("127.0.0.1", 0))
            receiver.listen(8)
            receiver.settimeout(s.DEADLINE)
            server = self.server(f"\taction = webhook\n\turl = http://127.0.0.1:{receiver.getsockname()[1]}/x\n")
            self.red(server=server).finish("failure")
            connection, _ = receiver.accept()
            self.assertIn(b"POST /x", connection.recv(4096))
            server.kill()
            connection.close()
            server.start()
            unknown = self.until(server, "unknown")
            receiver.settimeout(0.5)
            self.assertRaises(TimeoutError, receiver.accept)
        one = server.get(f"/api/v1/dispatches/{unknown['dispatch_id']}").json
        self.assertEqual([(a["action"], a["state"], a["tries"]) for a in one["actions"]], [("webhook", "unknown", 1)])

    def test_a_status_alone_has_the_forge_asked(self):
        server = self.server("\taction = claim\n")
        self.forge.clock = int(time.time()) - 60  # what was over long ago is let lie
        run = self.red(server=server)
        run.finish("failure", tell=False)
        self.forge.tell_status(run)
        self.assertEqual(self.until(server, "offered")["head_sha"], run.sha)

    def test_one_that_is_run_again_and_fails_again_is_looked_at_again_though_nobody_counts(self):
        server = self.server("\taction = claim\n")
        run = self.red(server=server)
        run.finish("failure")
        self.tell(server, eventually("it is offered", lambda: self.claim(server)), outcome="failed")
        run.again().finish("failure")
        again = eventually("it is offered again", lambda: self.claim(server))
        self.assertEqual((again["dispatch"]["head_sha"], again["dispatch"]["attempt"]), (run.sha, 2))

    def test_a_hook_waits_for_no_forge(self):
        server = self.server("\taction = claim\n")
        self.forge.hooks_lost = True  # so that nobody knows where the branch stands, and the forge has to say
        run = self.red(server=server)
        self.forge.hooks_lost = False
        self.forge.trouble = "slow"  # from now on it answers nobody, until release()
        self.addCleanup(self.forge.release)
        before = len(self.forge.requests)
        run.finish("failure")
        eventually("the forge is asked", lambda: len(self.forge.requests) > before)
        self.assertEqual([status for status, _ in self.forge.push("main")], [200])
        self.assertEqual([status for status, _ in self.forge.tell_status(run)], [200])

    def test_what_code_cannot_fix_is_run_again_once(self):
        server = self.server("\taction = claim\n\taction = rerun\n")
        sha = self.forge.repo.commit()[0]
        self.forge.push("main")
        run = self.forge.run(sha)
        log = "fatal: unable to access 'https://git.example.org/': Could not resolve host: git.example.org\n"
        server.must_post(post_of(repo=REPO, head_sha=sha, run_id=str(run.id), branch="main", workflow="ci.yml", job_name="build", step_name="fetch", log_tail=log))
        server.explained(sha, repo=REPO)
        run.finish("failure")
        refused = self.until(server, "refused")
        self.assertEqual(refused["refused_by"], "class", refused)
        eventually("it runs again", lambda: self.forge.reruns == [run.id])


class Cli(Dispatches):
    def test_what_people_do(self):
        server = self.server("\taction = claim\n")
        run = self.red(server=server)
        preview = server.must("dispatch", "preview", REPO, run.sha)
        self.assertIn("attempt 1 of 3", preview)
        self.assertEqual(self.dispatches(server), [])
        run.finish("failure")
        one = str(self.until(server, "offered")["dispatch_id"])
        self.assertIn("It would go out.", server.must("dispatch", "preview", REPO, run.sha))
        self.assertIn("pump.c:12:3", server.must("dispatch", "preview", "--prompt", REPO, run.sha))
        self.assertIn("offered", server.must("dispatch", "list"))
        self.assertEqual(json.loads(server.must("dispatch", "list", "--json"))[0]["state"], "offered")
        self.assertIn("pump.c:12:3", server.must("dispatch", "show", "--prompt", one))
        self.assertIn("is paused", server.must("dispatch", "pause", REPO))
        self.assertIsNone(self.claim(server))
        self.assertIn("Dispatching is paused.", server.must("dispatch", "figures", REPO))
        self.assertIn("as it was", server.must("dispatch", "pause", REPO))
        self.assertIn("goes on", server.must("dispatch", "resume", REPO))
        self.assertIn("canceled", server.must("dispatch", "cancel", one))
        self.assertEqual(server.cli("dispatch", "cancel", one).returncode, 5)
        self.assertIn("waiting", server.must("dispatch", "retry", one))
        self.until(server, "offered")
        self.assertEqual(server.cli("dispatch", "show", "99").returncode, 3)
        self.assertEqual(server.cli("dispatch", "show", "x").returncode, 2)
        self.assertRegex(server.must("dispatch", "figures"), r"Red runs +1\n")


if __name__ == "__main__":
    s.main()
