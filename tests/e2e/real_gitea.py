#!/usr/bin/python3
"""The loop against a real Gitea and its real runner (tools/gitea builds them): what tests/e2e/stand_in_forge.py only stands for. Hooks, logs that are fetched and that a runner sends,
re-runs that nobody counts, comments, an agent that mends it, a gate, and people who sign in with their account there."""
import base64
import contextlib
import html
import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import sluice_test as s
from commits_forge import git
from sluice_test import Server, eventually

SECRET, PASSWORD, REPO = "the-secret-of-the-hooks", "pass-of-them-1234", "acme/widget"
BAD, GOOD = "int flow(int x)\n{\n\treturn rate * x;\n}\n", "int flow(int x)\n{\n\treturn 2 * x;\n}\n"
ACTION = os.path.join(os.path.dirname(__file__), "../../action.yml")
RUNNER_FILES = os.path.dirname(s.SLUICE)
FETCH = 'git clone -q "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git" src && cd src && git checkout -q "$GITHUB_SHA"'
PLAIN = f"""name: CI
on: [push, pull_request]
jobs:
  build:
    runs-on: here
    steps:
      - name: fetch
        run: {FETCH}
      - name: make
        run: |
          cd src
          cc -Wall -c pump.c
"""
WITH_ACTION = """name: CI
on: [push]
env:
  SLUICE_URL: %s
  SLUICE_TOKEN: ${{ secrets.SLUICE_TOKEN }}
defaults:
  run:
    shell: sluice run -- bash -e {0}
jobs:
  build:
    runs-on: here
    strategy:
      matrix:
        opt: [O0, O2]
    steps:
      - uses: %s/acme/sluice-action@main
        with:
          leg: ${{ toJSON(matrix) }}
      - id: fetch
        run: """ + FETCH + """
      - id: make
        run: |
          cd src
          cc -Wall -${{ matrix.opt }} -c pump.c
"""
INI = """RUN_MODE = prod
WORK_PATH = %(folder)s
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %(port)d
ROOT_URL = %(url)s/
OFFLINE_MODE = true
DISABLE_SSH = true
STATIC_ROOT_PATH = %(source)s
[database]
DB_TYPE = sqlite3
PATH = %(folder)s/gitea.db
[security]
INSTALL_LOCK = true
SECRET_KEY = 0123456789abcdef0123456789abcdef
[actions]
ENABLED = true
[webhook]
ALLOWED_HOST_LIST = loopback
[log]
MODE = console
LEVEL = Warn
"""


def free_port():
    with socket.socket() as x:
        x.bind(("127.0.0.1", 0))
        return x.getsockname()[1]


class Gitea:
    """A forge in a folder, with a user acme, and a runner that runs jobs on this machine."""

    def __init__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="sluice-gitea-"), free_port()
        self.url, self.ini = f"http://127.0.0.1:{self.port}", os.path.join(self.folder, "app.ini")
        self.env = {"PATH": os.environ["PATH"], "HOME": self.folder, "USER": "root"}
        with open(self.ini, "w", encoding="utf-8") as f:
            f.write(INI % {"folder": self.folder, "port": self.port, "url": self.url, "source": os.environ["GITEA_SOURCE"]})
        self.processes = []

    def begin(self):
        self.admin("migrate")
        self.user("acme")
        self.token = self.admin("admin", "user", "generate-access-token", "--username", "acme", "--token-name", "t", "--scopes", "all", "--raw").split()[-1]
        self.start(os.environ["GITEA"], "--config", self.ini, "web")
        eventually("Gitea answers", lambda: self.try_call("/version"))
        self.call("/user/repos", {"name": "widget", "auto_init": True, "default_branch": "main"})
        self.run_jobs()

    def admin(self, *words):
        done = subprocess.run([os.environ["GITEA"], "--config", self.ini, *words], env=self.env, capture_output=True, text=True, check=False, timeout=s.DEADLINE)
        if done.returncode != 0:
            raise AssertionError(f"gitea {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def user(self, name):
        self.admin("admin", "user", "create", *(["--admin"] if name == "acme" else []), "--username", name, "--password", PASSWORD, "--email", f"{name}@example.org", "--must-change-password=false")

    def start(self, *argv, cwd=None):
        with open(os.path.join(self.folder, f"{os.path.basename(argv[0])}.log"), "ab") as log:
            self.processes.append(subprocess.Popen(argv, env=self.env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def run_jobs(self):
        folder = os.path.join(self.folder, "jobs")
        os.mkdir(folder)
        token = self.admin("actions", "generate-runner-token").split()[-1]
        subprocess.run([os.environ["GITEA_RUNNER"], "register", "--no-interactive", "--instance", self.url, "--token", token, "--name", "r", "--labels", "here:host"],
                       env=self.env, cwd=folder, check=True, capture_output=True, timeout=s.DEADLINE)
        self.start(os.environ["GITEA_RUNNER"], "daemon", cwd=folder)

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(s.DEADLINE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, path, body=None, method=None):
        """What its API answers; body: what is posted, unless another method is said."""
        request = urllib.request.Request(f"{self.url}/api/v1{path}", json.dumps(body).encode() if body is not None else None,
                                         {"Content-Type": "application/json", "Authorization": f"token {self.token}"}, method=method)
        with urllib.request.urlopen(request, timeout=s.DEADLINE) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def try_call(self, path):
        with contextlib.suppress(OSError):
            return self.call(path)
        return None

    def clone(self, repo, folder):
        git("clone", "-q", f"http://acme:{PASSWORD}@127.0.0.1:{self.port}/{repo}.git", folder)
        for key, value in (("user.email", "acme@example.org"), ("user.name", "acme")):
            git("config", key, value, cwd=folder)
        return folder


class Story(unittest.TestCase):
    def setUp(self):
        self.forge = Gitea()
        self.addCleanup(self.forge.close)
        self.forge.begin()
        port = free_port()
        self.conf = (f'[server]\n\tlisten = 127.0.0.1:{port}\n\tpublic-url = http://127.0.0.1:{port}\n\tdownloads = {RUNNER_FILES}\n'
                     f'[forge "home"]\n\tkind = gitea\n\turl = {self.forge.url}\n\ttoken-file = {self.file("token", self.forge.token)}\n'
                     f'[hook "gitea"]\n\tsecret = {SECRET}\n'
                     f'[dispatch "{REPO}"]\n\twait = 20s\n\tcooldown = 0s\n\taction = claim\n\taction = comment\n\taction = status\n'
                     f'[gate "widget"]\n\tkind = gitea\n\turl = {self.forge.url}\n\towner = acme\n\trepo = widget\n\twindow = 2\n')
        self.server = Server(self.conf, watch=(REPO,))
        self.server.__enter__()
        self.addCleanup(self.server.close)
        self.server.must("hook", "install", REPO)
        self.work = self.forge.clone(REPO, os.path.join(self.forge.folder, "work"))

    def file(self, name, text):
        path = os.path.join(self.forge.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def push(self, branch="main", **files):
        """A commit with these texts of pump.c and of the workflow; its id."""
        for name, text in files.items():
            path = os.path.join(self.work, {"pump": "pump.c", "ci": ".gitea/workflows/ci.yml"}[name])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        git("add", "-A", cwd=self.work)
        git("commit", "-q", "--allow-empty", "-m", "a change", cwd=self.work)
        git("push", "-q", "origin", f"HEAD:{branch}", cwd=self.work)
        return git("rev-parse", "HEAD", cwd=self.work).strip()

    def until(self, state, sha):
        def found():
            return [d for d in self.server.get(f"/api/v1/dispatches?state={state}").json["data"] if d["head_sha"] == sha]
        return eventually(f"a dispatch of {sha[:8]} is {state}", found, seconds=3 * s.DEADLINE)[0]

    def context(self, sha):
        return self.server.must("context", REPO, sha)

    def test_from_red_to_green(self):
        sha = self.push(pump=BAD, ci=PLAIN)
        offered = self.until("offered", sha)
        self.assertEqual((offered["class"], offered["branch"], offered["author"]), ("compile", "main", "acme"))
        told = self.context(sha)
        self.assertIn("step `make`", told)
        self.assertRegex(told, r"(?m)^pump\.c:3:\d+: error: ")  # without the runner's stamps
        eventually("the commit has a status of ours", lambda: "sluice" in [x["context"] for x in self.forge.call(f"/repos/{REPO}/commits/{sha}/statuses")])
        self.server.must("dispatch", "cancel", str(offered["dispatch_id"]))
        run = self.forge.call(f"/repos/{REPO}/actions/runs")["workflow_runs"][0]["id"]
        self.forge.call(f"/repos/{REPO}/actions/runs/{run}/rerun", method="POST")
        self.assertEqual(self.until("offered", sha)["attempt"], 2)
        fixer = self.file("fixer", f'#!/bin/sh\nset -e\ncat > /dev/null\ncd {self.work}\nprintf %s "$GOOD" > pump.c\n'
                                   'git commit -qam "two"\ngit push -q origin HEAD:main\n')
        os.chmod(fixer, 0o700)
        self.server.must("fix", "--repo", REPO, "--once", "--env", "GOOD", "--", fixer, env={"GOOD": GOOD, "XDG_RUNTIME_DIR": self.forge.folder})
        over = self.until("over", sha)
        self.assertEqual((over["outcome"], over["fixed_sha"]), ("fixed", git("rev-parse", "HEAD", cwd=self.work).strip()))
        self.server.must("gate", "check", "widget", over["fixed_sha"])

    def test_a_pull_request_has_one_comment(self):
        self.push(pump=GOOD, ci=PLAIN)
        self.push("topic", pump=BAD)
        number = self.forge.call(f"/repos/{REPO}/pulls", {"head": "topic", "base": "main", "title": "a topic"})["number"]
        for text in (BAD.replace("rate", "speed"), BAD.replace("rate", "turns")):
            self.assertEqual(self.until("offered", self.push("topic", pump=text))["pull_request"], number)
        def bodies():
            return [x["body"] for x in self.forge.call(f"/repos/{REPO}/issues/{number}/comments")]
        eventually("the comment is edited", lambda: "turns" in "".join(bodies()))
        self.assertEqual(len(bodies()), 1)

    def test_the_action_on_the_runner(self):
        if not os.path.exists(os.path.join(RUNNER_FILES, "sluice-run-linux-x86_64")):
            self.skipTest("there is no sluice-run: make sluice-run")
        self.forge.call("/user/repos", {"name": "sluice-action", "default_branch": "main"})
        with open(ACTION, encoding="utf-8") as f:
            self.forge.call("/repos/acme/sluice-action/contents/action.yml", {"content": base64.b64encode(f.read().encode()).decode()})
        self.forge.call(f"/repos/{REPO}/actions/secrets/SLUICE_TOKEN", {"data": self.server.new_token("logs:write", repo=REPO)[0]}, method="PUT")
        sha = self.push(pump=BAD, ci=WITH_ACTION % (self.server.url, self.forge.url))
        self.until("offered", sha)
        steps = self.server.get(f"/api/v1/steps?repo={REPO}&sha={sha}").json["data"]
        self.assertEqual({x["source"] for x in steps}, {"push"})
        self.assertEqual(len({x["leg"] for x in steps}), 2)
        self.assertEqual({(x["step"], x["conclusion"]) for x in steps}, {("fetch", "success"), ("make", "failure")})

    def test_people_sign_in_and_see_what_they_may(self):
        app = self.forge.call("/user/applications/oauth2", {"name": "sluice", "redirect_uris": [f"{self.server.url}/oauth/home/callback"], "confidential_client": True})
        self.server.configure(self.conf + f'[oauth "home"]\n\tkind = gitea\n\turl = {self.forge.url}\n\tclient-id = {app["client_id"]}\n'
                              f'\tclient-secret-file = {self.file("oauth", app["client_secret"])}\n\tallow = *\n\tmembers = true\n')
        self.server.stop()
        self.server.start()
        self.forge.user("bob")
        self.until("offered", self.push(pump=BAD, ci=PLAIN))
        self.forge.call(f"/repos/{REPO}", {"private": True}, method="PATCH")
        self.server.must("repo", "set", "--visibility", "members", REPO)
        self.assertIn(REPO, self.seen_by("acme"))
        self.assertNotIn(REPO, self.seen_by("bob"))

    def seen_by(self, user):
        """The first page, for who signs in with that account and lets Sluice see what it asks for."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

        def go(url, **form):
            data = urllib.parse.urlencode(form).encode() if form else None
            with browser.open(urllib.request.Request(url, data, {"Sec-Fetch-Site": "same-origin"}), timeout=s.DEADLINE) as answer:
                return answer.url, answer.read().decode()
        go(f"{self.forge.url}/user/login", user_name=user, password=PASSWORD)
        url, page = go(f"{self.server.url}/oauth/home/start")
        self.assertIn("/login/oauth/authorize", url)
        fields = {k: html.unescape(v) for k, v in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)}
        url, page = go(f"{self.forge.url}/login/oauth/grant", **{**fields, "granted": "true"})
        self.assertEqual(url, f"{self.server.url}/")
        return page


if __name__ == "__main__":
    s.main()
