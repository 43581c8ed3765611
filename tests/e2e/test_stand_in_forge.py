#!/usr/bin/python3
"""The stand-in forge itself: it says what each forge says, signs as they sign, and fails as it is told to. What the end-to-end tests of dispatch stand on."""
import http.client
import json
import os
import tempfile
import unittest
import urllib.parse

from sluice_test import main
from stand_in_forge import GitRepo, Listener, StandInForge, Step, sign

KINDS = ("forgejo", "gitea", "github")
FAILED = [Step("actions/checkout@v4"), Step("make test", "failure", "a.c:1:1: error: x\n", 2)]


class StandIn(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.repo = GitRepo(os.path.join(self.folder.name, "r"))
        self.first = self.repo.commit()[0]

    def forge(self, kind="forgejo", **more):
        forge = StandInForge(self.repo, kind=kind, **more)
        forge.__enter__()
        self.addCleanup(forge.go_away)
        return forge

    def ask(self, forge, method, path, body=None, headers=None):
        url = urllib.parse.urlsplit(forge.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
        path = path if path.startswith("/") else f"{forge.api}/repos/{forge.full_name}/{path}"
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def must(self, forge, method, path, body=None, **more):
        status, text, _ = self.ask(forge, method, path, body, **more)
        self.assertIn(status, (200, 201), text)
        return json.loads(text)

    def test_runs_and_jobs_have_the_shape_of_their_forge(self):
        for kind in KINDS:
            forge = self.forge(kind)
            run = forge.run(branch="main")
            run.job("test", steps=FAILED)
            run.finish("failure")
            said = self.must(forge, "GET", "actions/runs?limit=5&per_page=5")["workflow_runs"][0]
            jobs = self.must(forge, "GET", f"actions/runs/{run.id}/jobs")
            job = jobs[0] if kind == "forgejo" else jobs["jobs"][0]
            self.assertEqual(said["id"], run.id)
            self.assertEqual(said["commit_sha" if kind == "forgejo" else "head_sha"], self.first)
            self.assertEqual(said["status"], "failure" if kind == "forgejo" else "completed")
            if kind == "forgejo":
                self.assertNotIn("steps", job)
            else:
                self.assertEqual([s["conclusion"] for s in job["steps"]][:2], ["failure", "failure"] if kind == "gitea" else ["success", "success"])

    def test_logs_are_as_the_runner_writes_them(self):
        for kind in KINDS:
            forge = self.forge(kind)
            job = forge.run().job("test", steps=FAILED)
            status, text, headers = self.ask(forge, "GET", f"actions/jobs/{job.id}/logs")
            if kind == "github":
                self.assertEqual(status, 302)
                where = headers["Location"][len(forge.url):]
                self.assertEqual(self.ask(forge, "GET", where, headers={"Authorization": "Bearer x"})[0], 400)
                self.assertEqual(len(forge.wants_no_token), 1)
                status, text, _ = self.ask(forge, "GET", where)
                self.assertIn(b"##[error]Process completed with exit code 2.", text)
            else:
                self.assertIn("::group::Run make test" if kind == "gitea" else "\u2b50 Run Main make test", text.decode())
            self.assertEqual(status, 200)
            self.assertIn(b"a.c:1:1: error: x", text)
        forge = self.forge("forgejo")
        job = forge.run().job("test", steps=FAILED)
        self.assertIn(b"error: x", self.ask(forge, "GET", f"actions/jobs/{job.id}/logs?step=2")[1])
        self.assertEqual(self.ask(forge, "GET", f"actions/jobs/{job.id}/logs?step=3")[0], 404)

    def test_branches_pulls_and_commits_are_those_of_the_repository(self):
        for kind in KINDS:
            forge = self.forge(kind)
            sha = self.repo.commit(branch="topic/" + kind)[0]
            number = forge.pull("topic/" + kind)
            self.assertEqual(self.must(forge, "GET", f"branches/topic/{kind}")["commit"]["sha" if kind == "github" else "id"], sha)
            self.assertEqual(self.ask(forge, "GET", "branches/none")[0], 404)
            self.assertEqual(self.must(forge, "GET", f"pulls/{number}")["head"]["sha"], sha)
            forge.close(number)
            self.assertEqual(self.must(forge, "GET", f"pulls/{number}")["state"], "closed")
            self.assertEqual(self.must(forge, "GET", "commits?sha=main&limit=1&per_page=1")[0]["sha"], self.first)

    def test_what_it_is_told_is_there_and_counted(self):
        forge = self.forge("gitea", token="t")
        good = {"Authorization": "Bearer t"}
        self.assertEqual(self.ask(forge, "POST", "issues", {"title": "x"})[0], 401)
        self.must(forge, "POST", f"statuses/{self.first}", {"state": "failure", "context": "sluice"}, headers=good)
        comment = self.must(forge, "POST", "issues/5/comments", {"body": "one"}, headers=good)["id"]
        self.must(forge, "PATCH", f"issues/comments/{comment}", {"body": "two"}, headers=good)
        self.must(forge, "POST", "issues", {"title": "x", "body": "y"}, headers=good)
        self.assertEqual(forge.statuses[self.first][0]["state"], "failure")
        self.assertEqual([(c["body"], c["n_edits"]) for c in forge.comments_on(5)], [("two", 1)])
        self.assertEqual(forge.issues[1]["title"], "x")
        self.assertEqual(forge.count("POST", "/statuses/"), 1)
        self.assertEqual(forge.count("POST", "/issues$"), 2)

    def test_what_ran_is_run_again_where_it_can(self):
        forge = self.forge("github")
        run = forge.run()
        self.assertEqual(self.ask(forge, "POST", f"actions/runs/{run.id}/rerun-failed-jobs", {})[0], 409)
        run.finish("failure")
        self.assertEqual(self.ask(forge, "POST", f"actions/runs/{run.id}/rerun-failed-jobs", {})[0], 201)
        self.assertEqual((run.attempt, forge.reruns), (2, [run.id]))
        self.assertEqual(self.ask(self.forge("forgejo"), "POST", "actions/runs/1/rerun", {})[0], 404)

    def test_it_shows_what_it_can_do(self):
        forge = self.forge("forgejo", can={"tasks"})
        text = self.ask(forge, "GET", "/swagger.v1.json")[1].decode()
        self.assertIn("/repos/{owner}/{repo}/actions/tasks", text)
        self.assertNotIn("/logs", text)
        forge.shows_api = False
        self.assertEqual(self.ask(forge, "GET", "/swagger.v1.json")[0], 404)

    def test_hooks_are_signed_and_sent_to_those_who_want_them(self):
        for kind in KINDS:
            with Listener() as listener:
                forge = self.forge(kind)
                body = {"config": {"url": listener.url, "secret": "s", "content_type": "json"}, "active": True,
                        "events": ["push", "action_run_failure", "workflow_run"]}
                self.assertEqual(self.ask(forge, "POST", "hooks", body)[0], 422)
                self.must(forge, "POST", "hooks", {**body, **({"name": "web"} if kind == "github" else {"type": kind})})
                self.assertNotIn("secret", self.must(forge, "GET", "hooks")[0]["config"])
                self.assertEqual(forge.push("main"), [(200, b"")])
                run = forge.run(pull=None)
                run.job("test", steps=FAILED)
                self.assertEqual(run.finish("failure"), [(200, b"")])
                self.assertEqual(forge.pull("main", tell=True), 1)  # which nobody wanted to hear of
                self.assertEqual(len(listener.received), 2)
                headers, text = listener.received[1]
                self.assertEqual(headers["X-Hub-Signature-256"], "sha256=" + sign("s", text))
                name = {"forgejo": "Forgejo", "gitea": "Gitea", "github": "GitHub"}[kind]
                self.assertEqual(headers[f"X-{name}-Event"], "action_run_failure" if kind == "forgejo" else "workflow_run")
                said = json.loads(text)
                self.assertEqual(said["run"]["repository"]["full_name"] if kind == "forgejo" else said["repository"]["full_name"], "acme/widget")
                forge.hooks_lost = True
                self.assertEqual(forge.push("main"), [None])
                forge.hooks_lost = False
                forge.redeliver(0)
                self.assertEqual(listener.received[2][0][f"X-{name}-Delivery"], listener.received[0][0][f"X-{name}-Delivery"])

    def test_the_vector_of_the_documents(self):
        self.assertEqual(sign("It's a Secret to Everybody", b"Hello, World!"), "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")

    def test_trouble_comes_as_it_is_ordered(self):
        forge = self.forge("forgejo")
        forge.troubles["GET .*/pulls/"] = 500
        self.assertEqual(self.ask(forge, "GET", "pulls/1")[0], 500)
        self.assertEqual(self.ask(forge, "GET", "branches/main")[0], 200)
        forge.trouble = "rate"
        status, _, headers = self.ask(forge, "GET", "branches/main")
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        for trouble in ("cut", "reset"):
            forge.trouble = trouble
            with self.assertRaises((http.client.HTTPException, OSError)):
                self.ask(forge, "GET", "branches/main")
        forge.trouble = "done-reset"
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.ask(forge, "POST", "issues", {"title": "x"})
        self.assertEqual(len(forge.issues), 1)
        forge.trouble = None
        forge.go_away()
        with self.assertRaises(OSError):
            self.ask(forge, "GET", "branches/main")
        forge.come_back()
        self.assertEqual(self.ask(forge, "GET", "branches/main")[0], 200)


if __name__ == "__main__":
    main()
